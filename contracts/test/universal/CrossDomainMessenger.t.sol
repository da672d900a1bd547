// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICrossDomainMessenger} from "../../src/interfaces/ICrossDomainMessenger.sol";
import {IWithdrawalPortal} from "../../src/interfaces/IWithdrawalPortal.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {WithdrawalTransaction} from "../../src/libraries/Withdrawals.sol";
import {vm} from "../Vm.sol";
import {Layers} from "./Layers.sol";

/// @notice Notes who called it, and fails for as long as it is told to.
contract Receiver {
    bool public fails;
    uint256 public calls;
    uint256 public gas;
    address public sender;
    bytes private _then;

    function setFails(bool fails_) external {
        fails = fails_;
    }

    function setThen(bytes calldata then_) external {
        _then = then_;
    }

    function take(bytes calldata) external payable {
        gas = gasleft();
        require(!fails, "not now");
        ++calls;
        sender = ICrossDomainMessenger(msg.sender).xDomainMessageSender();
        if (_then.length > 0) {
            (bool done,) = msg.sender.call(_then);
            require(done, "not then");
        }
    }
}

contract CrossDomainMessengerTest is Layers {
    Receiver private receiver = new Receiver();

    function testFuzz_message_toL2_isCalledWithWhatItAsksFor(
        uint96 value,
        uint24 more,
        bytes calldata argument
    ) public {
        uint32 minGasLimit = 40_000 + uint32(more);
        bytes memory message = abi.encodeCall(Receiver.take, (argument));
        vm.deal(USER, value);
        vm.recordLogs();
        vm.prank(USER);
        l1Messenger.sendMessage{value: value}(address(receiver), message, minGasLimit);
        Deposit memory made = deposited();
        vm.assertEq(made.from, fromL1());
        vm.assertEq(made.to, address(l2Messenger));
        vm.assertEq(made.mint, value);
        vm.assertTrue(execute(made));
        vm.assertEq(receiver.calls(), 1);
        vm.assertEq(receiver.sender(), USER);
        vm.assertEq(address(receiver).balance, value);
        vm.assertGe(receiver.gas() + 2000, 40_000 + uint256(minGasLimit));

        // It has come through, and does not again.
        (bool again,) = address(l2Messenger).call(made.data);
        vm.assertFalse(again);
        vm.assertEq(receiver.calls(), 1);
    }

    function testFuzz_message_toL1_isCalledOnce(uint96 value, bytes calldata argument) public {
        bytes memory message = abi.encodeCall(Receiver.take, (argument));
        WithdrawalTransaction memory withdrawal = send(value, message);
        vm.assertEq(withdrawal.sender, address(l2Messenger));
        vm.assertEq(withdrawal.target, address(l1Messenger));
        vm.deal(address(chain.portal), value);
        finish(withdrawal);
        vm.assertEq(receiver.calls(), 1);
        vm.assertEq(receiver.sender(), USER);
        vm.assertEq(address(receiver).balance, value);
        vm.assertEq(address(l1Messenger).balance, 0);
    }

    function test_message_thatFails_canBeCalledAgainByAnybody() public {
        receiver.setFails(true);
        bytes memory message = abi.encodeCall(Receiver.take, (""));
        WithdrawalTransaction memory withdrawal = send(1 ether, message);
        vm.deal(address(chain.portal), 1 ether);
        finish(withdrawal);
        bytes32 msgHash = keccak256(withdrawal.data);
        vm.assertTrue(l1Messenger.failedMessages(msgHash));
        vm.assertEq(address(l1Messenger).balance, 1 ether);

        // Still not; nothing is lost by trying, and no value is taken with it.
        (bool done,) = address(l1Messenger).call(withdrawal.data);
        vm.assertTrue(done && !l1Messenger.successfulMessages(msgHash));
        vm.deal(address(this), 1 ether);
        (done,) = address(l1Messenger).call{value: 1 ether}(withdrawal.data);
        vm.assertFalse(done);

        receiver.setFails(false);
        vm.expectEmit(address(l1Messenger));
        emit ICrossDomainMessenger.RelayedMessage(msgHash);
        (done,) = address(l1Messenger).call(withdrawal.data);
        vm.assertTrue(done && l1Messenger.successfulMessages(msgHash));
        vm.assertEq(address(receiver).balance, 1 ether);
        vm.expectRevert(
            abi.encodeWithSelector(ICrossDomainMessenger.AlreadyRelayed.selector, msgHash)
        );
        relay(withdrawal.data);
    }

    /// @dev A caller who gives too little gas cannot make a message fail for good.
    function test_message_againWithTooLittleGas_staysFailed() public {
        receiver.setFails(true);
        bytes memory message = abi.encodeCall(Receiver.take, (""));
        WithdrawalTransaction memory withdrawal = send(0, message);
        finish(withdrawal);
        receiver.setFails(false);
        (bool done,) = address(l1Messenger).call{gas: 120_000}(withdrawal.data);
        vm.assertTrue(done);
        vm.assertEq(receiver.calls(), 0);
        vm.assertFalse(l1Messenger.successfulMessages(keccak256(withdrawal.data)));
    }

    function test_message_withinAMessage_isCalledLater() public {
        receiver.setFails(true);
        WithdrawalTransaction memory inner = send(0, abi.encodeCall(Receiver.take, ("inner")));
        finish(inner);
        receiver.setFails(false);
        receiver.setThen(inner.data);
        WithdrawalTransaction memory outer = send(0, abi.encodeCall(Receiver.take, ("outer")));
        finish(outer);
        vm.assertTrue(l1Messenger.successfulMessages(keccak256(outer.data)));
        vm.assertFalse(l1Messenger.successfulMessages(keccak256(inner.data)));
        receiver.setThen("");
        relay(inner.data);
        vm.assertTrue(l1Messenger.successfulMessages(keccak256(inner.data)));
    }

    function testFuzz_relay_notFromTheOtherSide_reverts(address caller, bytes calldata data)
        public
    {
        vm.assume(caller != fromL1());
        bytes memory call_ = encode(USER, address(receiver), 0, data);
        bytes memory why = abi.encodeWithSelector(
            ICrossDomainMessenger.NotFailedBefore.selector, keccak256(call_)
        );
        vm.expectRevert(why);
        vm.prank(caller);
        relay(call_);
        vm.expectRevert(why);
        vm.prank(caller);
        l2Messenger.relayMessage(1 << 240, USER, address(receiver), 0, 100_000, data);
    }

    /// @dev A withdrawal that names the messenger, by somebody who is not the messenger on L2.
    function test_relay_byAWithdrawalOfSomebodyElse_fails() public {
        vm.recordLogs();
        vm.prank(USER);
        passer()
            .initiateWithdrawal(
                address(l1Messenger),
                500_000,
                encode(address(l2Bridge), address(receiver), 0, abi.encodeCall(Receiver.take, ("")))
            );
        WithdrawalTransaction memory withdrawal = initiated();
        prove(withdrawal, propose(withdrawal));
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(hashOf(withdrawal), false);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertEq(receiver.calls(), 0);
    }

    function test_relay_toTheBridgeItself_reverts() public {
        address[2] memory unsafe = [address(l2Messenger), Predeploys.L2_TO_L1_MESSAGE_PASSER];
        for (uint256 i = 0; i < unsafe.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ICrossDomainMessenger.UnsafeTarget.selector, unsafe[i])
            );
            vm.prank(fromL1());
            l2Messenger.relayMessage(1 << 240, USER, unsafe[i], 0, 0, "");
        }
        address[2] memory onL1 = [address(l1Messenger), address(chain.portal)];
        for (uint256 i = 0; i < onL1.length; ++i) {
            vm.recordLogs();
            vm.prank(USER);
            l2Messenger.sendMessage(onL1[i], "", 100_000);
            WithdrawalTransaction memory withdrawal = initiated();
            finish(withdrawal);
            vm.assertFalse(l1Messenger.failedMessages(keccak256(withdrawal.data)));
        }
    }

    function test_relay_otherVersionOrValue_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(ICrossDomainMessenger.UnknownVersion.selector, 2));
        vm.prank(fromL1());
        l2Messenger.relayMessage(2 << 240, USER, address(receiver), 0, 0, "");
        vm.expectRevert(ICrossDomainMessenger.WrongValue.selector);
        vm.prank(fromL1());
        l2Messenger.relayMessage(1 << 240, USER, address(receiver), 1, 0, "");
    }

    function test_xDomainMessageSender_noMessage_reverts() public {
        vm.expectRevert(ICrossDomainMessenger.NoMessage.selector);
        l1Messenger.xDomainMessageSender();
    }

    function test_messageNonce_rises() public {
        vm.assertEq(l1Messenger.messageNonce(), 1 << 240);
        l1Messenger.sendMessage(USER, "", 0);
        vm.assertEq(l1Messenger.messageNonce(), (1 << 240) + 1);
        vm.assertEq(l1Messenger.otherMessenger(), address(l2Messenger));
        vm.assertEq(l2Messenger.otherMessenger(), address(l1Messenger));
    }

    /// @dev Sends a message from L2.
    function send(uint256 value, bytes memory message)
        private
        returns (WithdrawalTransaction memory)
    {
        vm.deal(USER, value);
        vm.recordLogs();
        vm.prank(USER);
        l2Messenger.sendMessage{value: value}(address(receiver), message, 200_000);
        return initiated();
    }

    function relay(bytes memory call_) private {
        (bool done, bytes memory why) = address(l1Messenger).call(call_);
        if (!done) {
            assembly {
                revert(add(why, 32), mload(why))
            }
        }
    }

    function encode(address sender, address target, uint256 value, bytes memory message)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            l1Messenger.relayMessage, (1 << 240, sender, target, value, 100_000, message)
        );
    }

    function passer() private pure returns (ICaller) {
        return ICaller(Predeploys.L2_TO_L1_MESSAGE_PASSER);
    }
}

interface ICaller {
    function initiateWithdrawal(address target, uint256 gasLimit, bytes calldata data)
        external
        payable;
}
