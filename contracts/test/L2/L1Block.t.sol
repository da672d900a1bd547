// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {L1Block} from "../../src/L2/L1Block.sol";
import {IL1Block} from "../../src/interfaces/IL1Block.sol";
import {vm} from "../Vm.sol";

contract L1BlockTest {
    /// @notice What one L1 attributes transaction says.
    struct Values {
        uint32 baseFeeScalar;
        uint32 blobBaseFeeScalar;
        uint64 sequenceNumber;
        uint64 timestamp;
        uint64 number;
        uint256 basefee;
        uint256 blobBaseFee;
        bytes32 hash;
        bytes32 batcherHash;
        uint32 operatorFeeScalar;
        uint64 operatorFeeConstant;
    }

    address private constant DEPOSITOR = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;

    L1Block private l1Block;

    function setUp() public {
        l1Block = new L1Block();
    }

    function test_setL1BlockValuesIsthmus_selector() public pure {
        vm.assertTrue(IL1Block.setL1BlockValuesIsthmus.selector == bytes4(0x098999be));
    }

    function testFuzz_setL1BlockValuesIsthmus_setsAll(Values calldata values) public {
        _set(encode(values));
        vm.assertEq(l1Block.baseFeeScalar(), values.baseFeeScalar);
        vm.assertEq(l1Block.blobBaseFeeScalar(), values.blobBaseFeeScalar);
        vm.assertEq(l1Block.sequenceNumber(), values.sequenceNumber);
        vm.assertEq(l1Block.timestamp(), values.timestamp);
        vm.assertEq(l1Block.number(), values.number);
        vm.assertEq(l1Block.basefee(), values.basefee);
        vm.assertEq(l1Block.blobBaseFee(), values.blobBaseFee);
        vm.assertEq(l1Block.hash(), values.hash);
        vm.assertEq(l1Block.batcherHash(), values.batcherHash);
        vm.assertEq(l1Block.operatorFeeScalar(), values.operatorFeeScalar);
        vm.assertEq(l1Block.operatorFeeConstant(), values.operatorFeeConstant);
    }

    /// @dev The executor reads the slots, not the functions.
    function testFuzz_setL1BlockValuesIsthmus_slotLayout(Values calldata values) public {
        _set(encode(values));
        _assertSlot(0, uint256(values.timestamp) << 64 | values.number);
        _assertSlot(1, values.basefee);
        _assertSlot(2, uint256(values.hash));
        _assertSlot(
            3,
            uint256(values.baseFeeScalar) << 96 | uint256(values.blobBaseFeeScalar) << 64
                | values.sequenceNumber
        );
        _assertSlot(4, uint256(values.batcherHash));
        _assertSlot(5, 0);
        _assertSlot(6, 0);
        _assertSlot(7, values.blobBaseFee);
        _assertSlot(8, uint256(values.operatorFeeScalar) << 64 | values.operatorFeeConstant);
    }

    function testFuzz_setL1BlockValuesIsthmus_notDepositor_reverts(address caller) public {
        vm.assume(caller != DEPOSITOR);
        vm.prank(caller);
        vm.expectRevert(IL1Block.NotDepositor.selector);
        l1Block.setL1BlockValuesIsthmus();
    }

    function testFuzz_setL1BlockValuesIsthmus_wrongLength_reverts(uint8 length) public {
        vm.assume(length != 176 - 4);
        vm.prank(DEPOSITOR);
        vm.expectRevert(
            abi.encodeWithSelector(IL1Block.WrongCalldataLength.selector, uint256(length) + 4)
        );
        _call(bytes.concat(bytes4(0x098999be), new bytes(length)));
    }

    function test_depositorAccount() public view {
        vm.assertEq(l1Block.DEPOSITOR_ACCOUNT(), DEPOSITOR);
    }

    function encode(Values calldata values) private pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                bytes4(0x098999be),
                values.baseFeeScalar,
                values.blobBaseFeeScalar,
                values.sequenceNumber,
                values.timestamp,
                values.number
            ),
            abi.encodePacked(
                values.basefee,
                values.blobBaseFee,
                values.hash,
                values.batcherHash,
                values.operatorFeeScalar,
                values.operatorFeeConstant
            )
        );
    }

    function _set(bytes memory data) private {
        vm.assertEq(data.length, 176);
        vm.prank(DEPOSITOR);
        _call(data);
    }

    /// @dev Bubbles a revert up, so that it can be expected.
    function _call(bytes memory data) private {
        (bool done, bytes memory answer) = address(l1Block).call(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function _assertSlot(uint256 slot, uint256 expected) private view {
        vm.assertEq(uint256(vm.load(address(l1Block), bytes32(slot))), expected);
    }
}
