// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WETH9} from "../../src/L2/WETH9.sol";
import {IWETH9} from "../../src/interfaces/IWETH9.sol";
import {vm} from "../Vm.sol";

contract WETH9Test {
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);

    WETH9 private weth;

    function setUp() public {
        weth = new WETH9();
    }

    /// @dev Call data too short for a selector, or with one that no function has.
    function testFuzz_deposit_anyWay_wraps(uint96 amount, uint8 size) public {
        bytes memory data = new bytes(size);
        vm.deal(ALICE, amount);
        vm.expectEmit(address(weth));
        emit IWETH9.Deposit(ALICE, amount);
        vm.prank(ALICE);
        (bool taken,) = address(weth).call{value: amount}(data);
        vm.assertTrue(taken);
        vm.assertEq(weth.balanceOf(ALICE), amount);
        vm.assertEq(weth.totalSupply(), amount);
    }

    function testFuzz_withdraw_unwraps(uint96 amount, uint96 part) public {
        part = uint96(uint256(part) % (uint256(amount) + 1));
        _wrap(ALICE, amount);
        vm.expectEmit(address(weth));
        emit IWETH9.Withdrawal(ALICE, part);
        vm.prank(ALICE);
        weth.withdraw(part);
        vm.assertEq(ALICE.balance, part);
        vm.assertEq(weth.balanceOf(ALICE), amount - part);
    }

    function test_withdraw_tooMuch_reverts() public {
        _wrap(ALICE, 1 ether);
        vm.prank(ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(IWETH9.BalanceTooSmall.selector, ALICE, 1 ether, 1 ether + 1)
        );
        weth.withdraw(1 ether + 1);
    }

    /// @dev This test contract has no receive function.
    function test_withdraw_refused_reverts() public {
        weth.deposit{value: 1 ether}();
        vm.expectRevert(abi.encodeWithSelector(IWETH9.TransferFailed.selector, address(this)));
        weth.withdraw(1 ether);
    }

    function testFuzz_transfer_moves(uint96 amount, address to) public {
        _wrap(ALICE, amount);
        vm.expectEmit(address(weth));
        emit IWETH9.Transfer(ALICE, to, amount);
        vm.prank(ALICE);
        vm.assertTrue(weth.transfer(to, amount));
        vm.assertEq(weth.balanceOf(to), amount);
        if (to != ALICE) vm.assertEq(weth.balanceOf(ALICE), 0);
    }

    function testFuzz_transferFrom_spendsAllowance(uint96 allowed, uint96 amount) public {
        amount = uint96(uint256(amount) % (uint256(allowed) + 1));
        _wrap(ALICE, allowed);
        vm.expectEmit(address(weth));
        emit IWETH9.Approval(ALICE, BOB, allowed);
        vm.prank(ALICE);
        weth.approve(BOB, allowed);
        vm.prank(BOB);
        weth.transferFrom(ALICE, BOB, amount);
        vm.assertEq(weth.allowance(ALICE, BOB), allowed - amount);
        vm.assertEq(weth.balanceOf(BOB), amount);
    }

    function test_transferFrom_unlimited_keepsAllowance() public {
        _wrap(ALICE, 1 ether);
        vm.prank(ALICE);
        weth.approve(BOB, type(uint256).max);
        vm.prank(BOB);
        weth.transferFrom(ALICE, BOB, 1 ether);
        vm.assertEq(weth.allowance(ALICE, BOB), type(uint256).max);
    }

    function test_transferFrom_allowanceTooSmall_reverts() public {
        _wrap(ALICE, 2 ether);
        vm.prank(ALICE);
        weth.approve(BOB, 1 ether);
        vm.prank(BOB);
        vm.expectRevert(
            abi.encodeWithSelector(IWETH9.AllowanceTooSmall.selector, ALICE, BOB, 1 ether, 2 ether)
        );
        weth.transferFrom(ALICE, BOB, 2 ether);
    }

    function test_transfer_balanceTooSmall_reverts() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IWETH9.BalanceTooSmall.selector, ALICE, 0, 1));
        weth.transfer(BOB, 1);
    }

    function test_metadata() public view {
        vm.assertEq(weth.name(), "Wrapped Ether");
        vm.assertEq(weth.symbol(), "WETH");
        vm.assertEq(weth.decimals(), 18);
    }

    function _wrap(address account, uint256 amount) private {
        vm.deal(account, amount);
        vm.prank(account);
        weth.deposit{value: amount}();
    }
}
