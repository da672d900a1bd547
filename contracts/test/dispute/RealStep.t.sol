// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Step} from "../../src/vm/Step.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {ToyMachine} from "./Toy.sol";

/// @notice The real step of the real machine, with a program that counts to twelve and ends.
/// @dev All of its memory is one word, so a proof of it is that word and the roots of empty trees. It is put
///      behind the state here, which is all that the arena knows.
contract CountingMachine is ToyMachine {
    Step private immutable STEP;
    bytes private _wordAndSiblings;
    bytes32 private _memoryRoot;

    constructor() ToyMachine(38, 0) {
        STEP = new Step();
        bytes32 word = bytes32(
            abi.encodePacked(
                hex"93821200", // 0: x5 = x5 + 1
                hex"1303c000", // 4: x6 = 12
                hex"e39c62fe", // 8: to 0 while they differ
                hex"9308d005", // 12: x17 = 93
                hex"73000000", // 16: exit with x10, which is 0
                new bytes(12)
            )
        );
        _wordAndSiblings = bytes.concat(word);
        bytes32 empty = 0;
        for (uint256 i = 0; i < 27; ++i) {
            _wordAndSiblings = bytes.concat(_wordAndSiblings, empty);
            word = keccak256(abi.encode(word, empty));
            empty = keccak256(abi.encode(empty, empty));
        }
        _memoryRoot = word;
    }

    function step(bytes32 state, bytes calldata proof, bytes32[] calldata locals)
        external
        view
        override
        returns (bytes32)
    {
        bool ended = proof[48] != 0;
        return STEP.step(state, ended ? proof : bytes.concat(proof, _wordAndSiblings), locals);
    }

    function initial() public view override returns (bytes memory) {
        return abi.encodePacked(_memoryRoot, new bytes(306));
    }

    /// @dev By hand what the instructions do, in place.
    function next(bytes memory state, bytes32[] memory)
        public
        pure
        override
        returns (bytes memory)
    {
        if (state[48] != 0) return state;
        uint8 pc = uint8(state[39]);
        state[47] = bytes1(uint8(state[47]) + 1);
        if (pc == 0) state[_register(5)] = bytes1(uint8(state[_register(5)]) + 1);
        if (pc == 4) state[_register(6)] = 0x0c;
        if (pc == 12) state[_register(17)] = 0x5d;
        if (pc == 16) state[48] = 0x01;
        bool back = pc == 8 && state[_register(5)] != state[_register(6)];
        if (pc != 16) state[39] = bytes1(back ? 0 : pc + 4);
        return state;
    }

    /// @dev The last byte of a register.
    function _register(uint256 number) private pure returns (uint256) {
        return 50 + 8 * number + 7;
    }
}

/// @notice Disputes that the real step decides.
contract RealStepTest is Arena {
    function setUp() public override {
        super.setUp();
        machine = new CountingMachine();
        _deploy();
    }

    /// @dev Steps of all kinds that the program has, its end, and the same state again behind that.
    function test_truthWins_whereverTheLieIs() public {
        for (uint256 place = 0; place < 8; ++place) {
            for (uint256 stride = 0; stride < 6; stride += 2) {
                _again();
                if (place % 2 == 0) enter(honest());
                enter(liar(1, stride, place));
                if (place % 2 == 1) enter(honest());
                _truthWins(1);
            }
        }
    }

    function test_run_meansItsOutput() public view {
        (, bytes memory last) = _strides(START, 0);
        vm.assertEq(last.length, 338);
        vm.assertEq(uint256(uint8(last[47])), 38);
        vm.assertTrue(last[48] == 0x01);
        vm.assertEq(runOf(START, 0), bytes32(0));
    }
}
