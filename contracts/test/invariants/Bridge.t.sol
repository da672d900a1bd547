// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IWithdrawalPortal} from "../../src/interfaces/IWithdrawalPortal.sol";
import {WithdrawalTransaction} from "../../src/libraries/Withdrawals.sol";
import {OptimismMintableERC20} from "../../src/universal/OptimismMintableERC20.sol";
import {Layers} from "../universal/Layers.sol";
import {vm} from "../Vm.sol";
import {Targets} from "./Targets.sol";

contract Money is ERC20("Money", "MNY") {
    function give(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Ether and tokens go both ways in any order; deposits and withdrawals wait for as long as it likes.
contract BridgeHandler is Layers {
    /// @dev Withdrawals are proposed one by one, so few are enough.
    uint256 private constant WAITING_MAX = 16;

    Money public money;
    OptimismMintableERC20 public l2Money;

    /// @notice What is on its way, in either direction.
    uint256 public moneyWaiting;
    uint256 public etherWaiting;
    /// @notice What users have on L2.
    uint256 public etherOnL2;
    uint256 public finished;

    Deposit[] private _deposits;
    WithdrawalTransaction[] private _withdrawals;
    uint256[] private _amounts;
    bool[] private _areMoney;

    function setUp() public override {
        if (address(money) != address(0)) return;
        super.setUp();
        money = new Money();
        l2Money = OptimismMintableERC20(
            factory.createOptimismMintableERC20(address(money), "Money", "MNY")
        );
    }

    function depositMoney(uint8 who, uint64 amount) external {
        address user = onL1(who);
        money.give(user, amount);
        vm.prank(user);
        money.approve(address(l1Bridge), amount);
        vm.recordLogs();
        vm.prank(user);
        l1Bridge.bridgeERC20To(address(money), address(l2Money), onL2(who), amount, 200_000, "");
        moneyWaiting += amount;
        _deposits.push(deposited());
        if (_deposits.length > WAITING_MAX) arrive(0);
    }

    function depositEther(uint8 who, uint64 amount) external {
        address user = onL1(who);
        vm.deal(user, amount);
        vm.recordLogs();
        vm.prank(user);
        l1Bridge.bridgeETHTo{value: amount}(onL2(who), 100_000, "");
        etherWaiting += amount;
        _deposits.push(deposited());
        if (_deposits.length > WAITING_MAX) arrive(0);
    }

    /// @dev A deposit is executed on L2.
    function arrive(uint256 which) public {
        if (_deposits.length == 0) return;
        which %= _deposits.length;
        Deposit memory made = _deposits[which];
        _deposits[which] = _deposits[_deposits.length - 1];
        _deposits.pop();
        uint256 before = l2Money.totalSupply();
        vm.assertTrue(execute(made));
        vm.assertTrue(l2Messenger.successfulMessages(keccak256(made.data)));
        moneyWaiting -= l2Money.totalSupply() - before;
        (etherWaiting, etherOnL2) = (etherWaiting - made.mint, etherOnL2 + made.mint);
    }

    function withdrawMoney(uint8 who, uint64 amount) external {
        address user = onL2(who);
        uint256 has = l2Money.balanceOf(user);
        uint256 some = has == 0 ? 0 : amount % (has + 1);
        vm.recordLogs();
        vm.prank(user);
        l2Bridge.bridgeERC20To(address(l2Money), address(money), onL1(who), some, 200_000, "");
        moneyWaiting += some;
        _wait(some, true);
    }

    function withdrawEther(uint8 who, uint64 amount) external {
        address user = onL2(who);
        uint256 some = user.balance == 0 ? 0 : amount % (user.balance + 1);
        vm.recordLogs();
        vm.prank(user);
        l2Bridge.bridgeETHTo{value: some}(onL1(who), 100_000, "");
        (etherWaiting, etherOnL2) = (etherWaiting + some, etherOnL2 - some);
        _wait(some, false);
    }

    /// @dev A withdrawal is proven and made, and cannot be again.
    function finishOne(uint256 which) public {
        if (_withdrawals.length == 0) return;
        which %= _withdrawals.length;
        uint256 last = _withdrawals.length - 1;
        WithdrawalTransaction memory withdrawal = _withdrawals[which];
        if (_areMoney[which]) moneyWaiting -= _amounts[which];
        else etherWaiting -= _amounts[which];
        _withdrawals[which] = _withdrawals[last];
        (_amounts[which], _areMoney[which]) = (_amounts[last], _areMoney[last]);
        _withdrawals.pop();
        _amounts.pop();
        _areMoney.pop();
        finish(withdrawal);
        vm.assertTrue(l1Messenger.successfulMessages(keccak256(withdrawal.data)));
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_AlreadyFinalized.selector);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        ++finished;
    }

    function portalBalance() external view returns (uint256) {
        return address(chain.portal).balance;
    }

    function locked() external view returns (uint256 held, uint256 counted) {
        held = money.balanceOf(address(l1Bridge));
        counted = l1Bridge.deposits(address(money), address(l2Money));
    }

    function _wait(uint256 amount, bool isMoney) private {
        _withdrawals.push(initiated());
        _amounts.push(amount);
        _areMoney.push(isMoney);
        if (_withdrawals.length > WAITING_MAX) finishOne(0);
    }

    function onL1(uint8 who) private pure returns (address) {
        return address(uint160(0x10000 + who % 3));
    }

    function onL2(uint8 who) private pure returns (address) {
        return address(uint160(0x20000 + who % 3));
    }
}

contract BridgeInvariants is Targets {
    BridgeHandler private handler;

    function setUp() public {
        handler = new BridgeHandler();
        handler.setUp();
        callOnly(address(handler));
    }

    /// @dev Ether that is locked on L1 is what L2 has, and what is on its way.
    function invariant_etherIsLocked() public view {
        vm.assertEq(handler.portalBalance(), handler.etherOnL2() + handler.etherWaiting());
    }

    /// @dev So are tokens.
    function invariant_tokensAreLocked() public view {
        (uint256 held, uint256 counted) = handler.locked();
        vm.assertEq(held, counted);
        vm.assertEq(counted, handler.l2Money().totalSupply() + handler.moneyWaiting());
    }
}
