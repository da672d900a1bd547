// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {IWithdrawalPortal} from "../../src/interfaces/IWithdrawalPortal.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {OutputRootProof} from "../../src/libraries/Outputs.sol";
import {WithdrawalTransaction, Withdrawals} from "../../src/libraries/Withdrawals.sol";
import {vm} from "../Vm.sol";
import {OracleArena} from "./OracleArena.sol";

/// @notice A lie with a withdrawal in it that never was, and the Portal.
contract DisputedExitsTest is OracleArena {
    using Claims for Claims.BlockClaim;

    address private constant THIEF = address(0x7157);

    WithdrawalTransaction private theft =
        WithdrawalTransaction(0, address(0xBAD), THIEF, 5 ether, 50_000, "");

    function setUp() public override {
        super.setUp();
        vm.deal(address(portal), 10 ether);
        falseWithdrawals = keccak256(_node());
    }

    /// @dev The Portal would pay, if nobody disputed.
    function test_undisputedLie_pays() public {
        uint256 liar_ = propose(liar(3, 3, 3));
        _prove(liar_, 1);
        vm.warp(block.timestamp + WINDOW + 1);
        portal.finalizeWithdrawalTransaction(theft);
        vm.assertEq(THIEF.balance, 5 ether);
    }

    function test_disputedLie_paysNothing() public {
        uint256 liar_ = propose(liar(3, 3, 3));
        _prove(liar_, 1);
        disputeBy(honest(), liar_, 1);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_ProposalNotFinal.selector);
        portal.finalizeWithdrawalTransaction(theft);
        // The liar's clock is out.
        vm.assertEq(play(), trueRoot());
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidRootClaim.selector);
        portal.finalizeWithdrawalTransaction(theft);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidOutputRootProof.selector);
        _prove(liar_, 1);
    }

    /// @dev It is in a proposal that builds on the lie.
    function test_descendantOfALie_paysNothing() public {
        uint256 first = propose(liar(3, 3, 3));
        uint256 second = propose(liar(3, 3, 3));
        _prove(second, 2);
        pinsOf(1);
        disputeBy(honest(), first, 1);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_ProposalNotFinal.selector);
        portal.finalizeWithdrawalTransaction(theft);
        vm.assertEq(play(), trueRoot());
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidRootClaim.selector);
        portal.finalizeWithdrawalTransaction(theft);
        // Nor when there is another proposal in its place.
        propose(honest());
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidRootClaim.selector);
        portal.finalizeWithdrawalTransaction(theft);
    }

    function _prove(uint256 proposer, uint256 index) private {
        Claims.BlockClaim memory last = lastOf(proposer, proposed[proposer]);
        OutputRootProof memory parts =
            OutputRootProof(0, last.stateRoot, last.withdrawalsRoot, last.blockHash);
        bytes[] memory proof = new bytes[](1);
        proof[0] = _node();
        portal.proveWithdrawalTransaction(theft, index, parts, proof);
    }

    /// @dev The only node of a trie that holds `sentMessages[theft]` alone: a path of 33 bytes, of which the
    ///      first marks a leaf, and a value of one.
    function _node() private view returns (bytes memory) {
        bytes32 slot = keccak256(abi.encode(Withdrawals.hash(theft), uint256(0)));
        return abi.encodePacked(hex"e3a120", keccak256(abi.encode(slot)), bytes1(0x01));
    }
}
