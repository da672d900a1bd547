// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../../src/interfaces/IStep.sol";
import {State, States} from "../../src/vm/State.sol";
import {vm} from "../Vm.sol";

/// @dev Against fields that Solidity puts together.
contract StateTest {
    struct Fields {
        bytes32 root;
        uint64 pc;
        uint64 step;
        bool isEnded;
        uint8 code;
        uint64[32] registers;
        bytes32 output;
    }

    function open(bytes calldata proof, bytes32 hash) external pure returns (bytes32) {
        return States.open(proof, hash).hash();
    }

    /// @dev Reads all fields, changes them all, and gives the hash.
    function change(bytes calldata proof, Fields calldata from, Fields calldata to)
        external
        pure
        returns (bytes32)
    {
        State state = States.open(proof, keccak256(encode(from)));
        vm.assertEq(state.root(), from.root);
        vm.assertEq(state.pc(), from.pc);
        vm.assertTrue(state.isEnded() == from.isEnded);
        state.setRoot(to.root);
        state.setPc(to.pc);
        state.count();
        for (uint256 number = 0; number < 32; ++number) {
            vm.assertEq(state.register(number), from.registers[number]);
            // Only the low 64 bits count.
            state.setRegister(number, uint256(to.registers[number]) | 1 << 64 | 1 << 255);
        }
        state.setOutput(to.output);
        state.end(to.code);
        return state.hash();
    }

    function testFuzz_fields_areWhereTheyAre(Fields memory from, Fields memory to) public view {
        (from.isEnded, to.isEnded) = (from.isEnded || from.code != 0, true);
        (from.registers[0], to.registers[0]) = (0, 0);
        unchecked {
            to.step = from.step + 1;
        }
        bytes32 changed = this.change(encode(from), from, to);
        vm.assertEq(changed, keccak256(encode(to)));
    }

    function test_open_otherState_reverts() public {
        Fields memory fields;
        bytes memory proof = encode(fields);
        bytes32 given = keccak256(proof);
        vm.expectRevert(abi.encodeWithSelector(IStep.WrongState.selector, given));
        this.open(proof, bytes32(0));
    }

    function test_open_registerOfZeros_reverts() public {
        Fields memory fields;
        fields.registers[0] = 1;
        _refuses(encode(fields));
    }

    function test_open_codeWithoutEnd_reverts() public {
        Fields memory fields;
        fields.code = 1;
        _refuses(encode(fields));
    }

    function test_open_endedByTwo_reverts() public {
        Fields memory fields;
        bytes memory proof = encode(fields);
        proof[48] = 0x02;
        _refuses(proof);
    }

    function test_open_short_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IStep.WrongLength.selector, 337, 338));
        this.open(new bytes(337), bytes32(0));
    }

    function encode(Fields memory fields) public pure returns (bytes memory bytes_) {
        bytes_ = abi.encodePacked(fields.root, fields.pc, fields.step, fields.isEnded, fields.code);
        for (uint256 number = 0; number < 32; ++number) {
            bytes_ = bytes.concat(bytes_, bytes8(fields.registers[number]));
        }
        bytes_ = bytes.concat(bytes_, fields.output);
    }

    function _refuses(bytes memory proof) private {
        bytes32 hash = keccak256(proof);
        vm.expectRevert(IStep.WrongFields.selector);
        this.open(proof, hash);
    }
}
