// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {L2ToL1MessagePasser} from "../../src/L2/L2ToL1MessagePasser.sol";
import {IL2ToL1MessagePasser} from "../../src/interfaces/IL2ToL1MessagePasser.sol";
import {vm} from "../Vm.sol";

contract L2ToL1MessagePasserTest {
    address private constant USER = address(0x05E2);

    L2ToL1MessagePasser private passer;

    function setUp() public {
        passer = new L2ToL1MessagePasser();
    }

    function testFuzz_initiateWithdrawal_recordsAndEmits(
        address target,
        uint96 value,
        uint256 gasLimit,
        bytes calldata data
    ) public {
        uint256 nonce = passer.messageNonce();
        bytes32 hash = keccak256(abi.encode(nonce, USER, target, uint256(value), gasLimit, data));
        vm.assertFalse(passer.sentMessages(hash));
        vm.deal(USER, value);
        vm.expectEmit(address(passer));
        emit IL2ToL1MessagePasser.MessagePassed(nonce, USER, target, value, gasLimit, data, hash);
        vm.prank(USER);
        passer.initiateWithdrawal{value: value}(target, gasLimit, data);

        vm.assertTrue(passer.sentMessages(hash));
        vm.assertEq(passer.messageNonce(), nonce + 1);
        vm.assertEq(address(passer).balance, value);
        // Where the proof on L1 will look for it.
        bytes32 slot = keccak256(abi.encode(hash, uint256(0)));
        vm.assertEq(vm.load(address(passer), slot), bytes32(uint256(1)));
    }

    function test_messageNonce_hasVersionOnTop() public view {
        vm.assertEq(passer.messageNonce(), uint256(1) << 240);
        vm.assertEq(passer.MESSAGE_VERSION(), 1);
    }

    function test_initiateWithdrawal_twice_differs() public {
        passer.initiateWithdrawal(USER, 21_000, "");
        passer.initiateWithdrawal(USER, 21_000, "");
        uint256 first = uint256(1) << 240;
        for (uint256 nonce = first; nonce < first + 2; ++nonce) {
            bytes32 hash =
                keccak256(abi.encode(nonce, address(this), USER, 0, uint256(21_000), bytes("")));
            vm.assertTrue(passer.sentMessages(hash));
        }
    }

    function test_receive_withdrawsToSelf() public {
        vm.deal(USER, 1 ether);
        uint256 nonce = passer.messageNonce();
        bytes32 hash = keccak256(abi.encode(nonce, USER, USER, 1 ether, 100_000, bytes("")));
        vm.expectEmit(address(passer));
        emit IL2ToL1MessagePasser.MessagePassed(nonce, USER, USER, 1 ether, 100_000, "", hash);
        vm.prank(USER);
        (bool taken,) = address(passer).call{value: 1 ether}("");
        vm.assertTrue(taken);
        vm.assertTrue(passer.sentMessages(hash));
    }
}
