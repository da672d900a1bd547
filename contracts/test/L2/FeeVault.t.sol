// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeeVault} from "../../src/L2/FeeVault.sol";
import {L2ToL1MessagePasser} from "../../src/L2/L2ToL1MessagePasser.sol";
import {IFeeVault} from "../../src/interfaces/IFeeVault.sol";
import {IL2ToL1MessagePasser} from "../../src/interfaces/IL2ToL1MessagePasser.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {vm} from "../Vm.sol";

contract FeeVaultTest {
    address private constant RECIPIENT = address(0xFEE);
    uint256 private constant MINIMUM = 1 ether;

    FeeVault private vault;

    function setUp() public {
        vm.etch(Predeploys.SEQUENCER_FEE_VAULT, address(new FeeVault()).code);
        vm.etch(Predeploys.L2_TO_L1_MESSAGE_PASSER, address(new L2ToL1MessagePasser()).code);
        vault = FeeVault(payable(Predeploys.SEQUENCER_FEE_VAULT));
    }

    /// @dev The slots that genesis writes are the ones the functions read.
    function test_reads_genesisStorage() public {
        _atGenesis(RECIPIENT, IFeeVault.WithdrawalNetwork.L2);
        vm.assertEq(vault.recipient(), RECIPIENT);
        vm.assertTrue(vault.withdrawalNetwork() == IFeeVault.WithdrawalNetwork.L2);
        vm.assertEq(vault.minWithdrawalAmount(), MINIMUM);
        vm.assertEq(vault.totalProcessed(), 0);
    }

    function testFuzz_withdraw_toL2_pays(uint96 balance) public {
        vm.assume(balance >= MINIMUM);
        _atGenesis(RECIPIENT, IFeeVault.WithdrawalNetwork.L2);
        vm.deal(address(vault), balance);
        vm.expectEmit(address(vault));
        emit IFeeVault.Withdrawal(balance, RECIPIENT, address(this), IFeeVault.WithdrawalNetwork.L2);
        vm.assertEq(vault.withdraw(), balance);
        vm.assertEq(RECIPIENT.balance, balance);
        vm.assertEq(vault.totalProcessed(), balance);
    }

    function test_withdraw_toL1_initiatesWithdrawal() public {
        _atGenesis(RECIPIENT, IFeeVault.WithdrawalNetwork.L1);
        vm.deal(address(vault), 2 ether);
        uint256 nonce = uint256(1) << 240;
        bytes32 hash = keccak256(
            abi.encode(nonce, address(vault), RECIPIENT, 2 ether, uint256(400_000), bytes(""))
        );
        vm.expectEmit(Predeploys.L2_TO_L1_MESSAGE_PASSER);
        emit IL2ToL1MessagePasser.MessagePassed(
            nonce, address(vault), RECIPIENT, 2 ether, 400_000, "", hash
        );
        vault.withdraw();
        vm.assertEq(address(vault).balance, 0);
        vm.assertEq(Predeploys.L2_TO_L1_MESSAGE_PASSER.balance, 2 ether);
    }

    function test_withdraw_twice_countsBoth() public {
        _atGenesis(RECIPIENT, IFeeVault.WithdrawalNetwork.L2);
        vm.deal(address(vault), 2 ether);
        vault.withdraw();
        (bool taken,) = address(vault).call{value: 3 ether}("");
        vm.assertTrue(taken);
        vault.withdraw();
        vm.assertEq(vault.totalProcessed(), 5 ether);
    }

    function testFuzz_withdraw_balanceTooSmall_reverts(uint256 balance) public {
        balance %= MINIMUM;
        _atGenesis(RECIPIENT, IFeeVault.WithdrawalNetwork.L2);
        vm.deal(address(vault), balance);
        vm.expectRevert(
            abi.encodeWithSelector(IFeeVault.BalanceTooSmall.selector, balance, MINIMUM)
        );
        vault.withdraw();
    }

    function test_withdraw_recipientZero_reverts() public {
        _atGenesis(address(0), IFeeVault.WithdrawalNetwork.L2);
        vm.deal(address(vault), 2 ether);
        vm.expectRevert(IFeeVault.RecipientZero.selector);
        vault.withdraw();
    }

    /// @dev This test contract has no receive function.
    function test_withdraw_recipientRefuses_reverts() public {
        _atGenesis(address(this), IFeeVault.WithdrawalNetwork.L2);
        vm.deal(address(vault), 2 ether);
        vm.expectRevert(abi.encodeWithSelector(IFeeVault.PaymentFailed.selector, address(this)));
        vault.withdraw();
    }

    function _atGenesis(address recipient, IFeeVault.WithdrawalNetwork network) private {
        uint256 packed = uint256(uint8(network)) << 160 | uint160(recipient);
        vm.store(address(vault), bytes32(uint256(1)), bytes32(packed));
        vm.store(address(vault), bytes32(uint256(2)), bytes32(MINIMUM));
    }
}
