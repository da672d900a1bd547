// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL1StandardBridge} from "../../src/interfaces/IL1StandardBridge.sol";
import {IL2StandardBridge} from "../../src/interfaces/IL2StandardBridge.sol";
import {IStandardBridge} from "../../src/interfaces/IStandardBridge.sol";
import {WithdrawalTransaction} from "../../src/libraries/Withdrawals.sol";
import {OptimismMintableERC20} from "../../src/universal/OptimismMintableERC20.sol";
import {vm} from "../Vm.sol";
import {Layers} from "./Layers.sol";
import {Token} from "./StandardBridge.t.sol";

/// @notice The bridge by its older names; its rules are tested by the newer ones.
contract OlderNamesTest is Layers {
    address private constant RECIPIENT = address(0x4ec1);
    address private constant ETHER = 0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000;

    Token private token = new Token();
    OptimismMintableERC20 private l2Token;

    function setUp() public override {
        super.setUp();
        l2Token = OptimismMintableERC20(
            factory.createOptimismMintableERC20(address(token), "Token", "TKN")
        );
    }

    /// @dev As clients know them.
    function test_selectors() public pure {
        vm.assertEq(bytes32(IL1StandardBridge.depositETH.selector), bytes32(bytes4(0xb1a1a882)));
        vm.assertEq(bytes32(IL1StandardBridge.depositETHTo.selector), bytes32(bytes4(0x9a2ac6d5)));
        vm.assertEq(bytes32(IL1StandardBridge.depositERC20.selector), bytes32(bytes4(0x58a997f6)));
        vm.assertEq(bytes32(IL1StandardBridge.depositERC20To.selector), bytes32(bytes4(0x838b2520)));
        vm.assertEq(bytes32(IL2StandardBridge.withdraw.selector), bytes32(bytes4(0x32b7006d)));
        vm.assertEq(bytes32(IL2StandardBridge.withdrawTo.selector), bytes32(bytes4(0xa3a79548)));
    }

    function testFuzz_ether_goesThereAndBack(uint96 amount, bytes calldata extraData) public {
        vm.deal(USER, amount);
        vm.expectEmit(address(l1Bridge));
        emit IL1StandardBridge.ETHDepositInitiated(USER, RECIPIENT, amount, extraData);
        vm.expectEmit(address(l1Bridge));
        emit IStandardBridge.ETHBridgeInitiated(USER, RECIPIENT, amount, extraData);
        vm.recordLogs();
        vm.prank(USER);
        l1Bridge.depositETHTo{value: amount}(RECIPIENT, 100_000, extraData);
        Deposit memory made = deposited();
        vm.expectEmit(address(l2Bridge));
        emit IL2StandardBridge.DepositFinalized(
            address(0), ETHER, USER, RECIPIENT, amount, extraData
        );
        vm.assertTrue(execute(made));
        vm.assertEq(RECIPIENT.balance, amount);

        vm.expectEmit(address(l2Bridge));
        emit IL2StandardBridge.WithdrawalInitiated(
            address(0), ETHER, RECIPIENT, USER, amount, extraData
        );
        vm.recordLogs();
        vm.prank(RECIPIENT);
        l2Bridge.withdrawTo{value: amount}(ETHER, USER, amount, 100_000, extraData);
        WithdrawalTransaction memory withdrawal = ready(initiated());
        vm.expectEmit(address(l1Bridge));
        emit IL1StandardBridge.ETHWithdrawalFinalized(RECIPIENT, USER, amount, extraData);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertEq(USER.balance, amount);
    }

    function test_tokens_goThereAndBack() public {
        token.give(USER, 100);
        vm.prank(USER);
        token.approve(address(l1Bridge), 100);
        vm.expectEmit(address(l1Bridge));
        emit IL1StandardBridge.ERC20DepositInitiated(
            address(token), address(l2Token), USER, RECIPIENT, 100, hex"01"
        );
        vm.recordLogs();
        vm.prank(USER);
        l1Bridge.depositERC20To(address(token), address(l2Token), RECIPIENT, 100, 300_000, hex"01");
        Deposit memory made = deposited();
        vm.expectEmit(address(l2Bridge));
        emit IL2StandardBridge.DepositFinalized(
            address(token), address(l2Token), USER, RECIPIENT, 100, hex"01"
        );
        vm.assertTrue(execute(made));
        vm.assertEq(l2Token.balanceOf(RECIPIENT), 100);

        vm.expectEmit(address(l2Bridge));
        emit IL2StandardBridge.WithdrawalInitiated(
            address(token), address(l2Token), RECIPIENT, USER, 100, hex"02"
        );
        vm.recordLogs();
        vm.prank(RECIPIENT);
        l2Bridge.withdrawTo(address(l2Token), USER, 100, 200_000, hex"02");
        WithdrawalTransaction memory withdrawal = ready(initiated());
        vm.expectEmit(address(l1Bridge));
        emit IL1StandardBridge.ERC20WithdrawalFinalized(
            address(token), address(l2Token), RECIPIENT, USER, 100, hex"02"
        );
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertEq(token.balanceOf(USER), 100);
    }

    function test_withoutRecipient_goesToTheSameAddress() public {
        vm.deal(USER, 1 ether);
        token.give(USER, 5);
        vm.prank(USER);
        token.approve(address(l1Bridge), 5);
        vm.recordLogs();
        vm.prank(USER, USER);
        l1Bridge.depositETH{value: 1 ether}(100_000, "");
        vm.assertTrue(execute(deposited()));
        vm.assertEq(USER.balance, 1 ether);
        vm.recordLogs();
        vm.prank(USER, USER);
        l1Bridge.depositERC20(address(token), address(l2Token), 5, 300_000, "");
        vm.assertTrue(execute(deposited()));
        vm.assertEq(l2Token.balanceOf(USER), 5);

        vm.recordLogs();
        vm.prank(USER, USER);
        l2Bridge.withdraw{value: 1 ether}(ETHER, 1 ether, 100_000, "");
        finish(initiated());
        vm.assertEq(USER.balance, 1 ether);
        vm.recordLogs();
        vm.prank(USER, USER);
        l2Bridge.withdraw(address(l2Token), 5, 200_000, "");
        finish(initiated());
        vm.assertEq(token.balanceOf(USER), 5);
    }

    function test_contractWithoutRecipient_reverts() public {
        bytes memory why =
            abi.encodeWithSelector(IStandardBridge.CallerIsContract.selector, address(this));
        vm.expectRevert(why);
        l1Bridge.depositETH(0, "");
        vm.expectRevert(why);
        l1Bridge.depositERC20(address(token), address(l2Token), 0, 0, "");
        vm.expectRevert(why);
        l2Bridge.withdraw(ETHER, 0, 0, "");
    }

    /// @dev Ether that came along with tokens would stay in the bridge, and too little would be made good by others.
    function testFuzz_withdraw_otherEtherThanIsSaid_reverts(uint96 said, uint96 sent) public {
        vm.assume(said != sent);
        vm.deal(address(this), sent);
        vm.expectRevert(IStandardBridge.WrongValue.selector);
        l2Bridge.withdrawTo{value: sent}(ETHER, USER, said, 0, "");
        vm.assume(sent != 0);
        vm.expectRevert(IStandardBridge.WrongValue.selector);
        l2Bridge.withdrawTo{value: sent}(address(l2Token), USER, 0, 0, "");
    }

    function test_withdraw_tokenThatStandsForNone_reverts() public {
        bytes memory call_ = abi.encodeCall(l2Bridge.withdrawTo, (address(token), USER, 0, 0, ""));
        (bool done,) = address(l2Bridge).call(call_);
        vm.assertFalse(done);
    }

    /// @dev Proves a withdrawal and waits.
    function ready(WithdrawalTransaction memory withdrawal)
        private
        returns (WithdrawalTransaction memory)
    {
        prove(withdrawal, propose(withdrawal));
        vm.warp(block.timestamp + WINDOW + 1);
        return withdrawal;
    }
}
