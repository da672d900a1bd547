// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeOracle} from "../../src/dispute/DisputeOracle.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {OutputRootProof} from "../../src/libraries/Outputs.sol";
import {WithdrawalTransaction, Withdrawals} from "../../src/libraries/Withdrawals.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

/// @notice Withdrawals with proofs, against proposals of an L2 whose message passer holds a single one.
abstract contract Exits is Chain {
    using Claims for Claims.BlockClaim;

    address internal constant PROPOSER = address(0x9409);
    address internal constant DISPUTER = address(0xD15);

    /// @notice A proposal, and a proof against it.
    struct Proven {
        uint256 index;
        bytes32 outputRoot;
        OutputRootProof parts;
        bytes[] proof;
    }

    /// @dev Proposes an L2 state in which the withdrawal was initiated.
    function propose(WithdrawalTransaction memory withdrawal) internal returns (Proven memory) {
        return proposeSlot(leaf(hashOf(withdrawal), 0x01));
    }

    /// @dev Proposes an L2 state in which the message passer's storage has one node.
    function proposeSlot(bytes memory node) internal returns (Proven memory proven) {
        nextL1Block();
        proven.parts = OutputRootProof({
            version: 0,
            stateRoot: keccak256("state"),
            messagePasserStorageRoot: keccak256(node),
            latestBlockhash: keccak256("block")
        });
        proven.outputRoot = rootOf(proven.parts);
        proven.proof = new bytes[](1);
        proven.proof[0] = node;
        proven.index = chain.outputOracle.proposalCount();
        proposeClaim(PROPOSER, claimOf(proven.parts));
    }

    /// @dev Proposes the next interval with this last claim, and whatever before it.
    function proposeClaim(address proposer, Claims.BlockClaim memory last) internal {
        proposeClaimUpTo(proposer, last, uint64(chain.outputOracle.nextBlockNumber()));
    }

    /// @dev Proposes an interval that ends with this block.
    function proposeClaimUpTo(address proposer, Claims.BlockClaim memory last, uint64 number)
        internal
    {
        uint256 index = chain.outputOracle.latestOutputIndex();
        bytes32 parentClaim = chain.outputOracle.proposal(index).claim;
        last.number = number;
        bytes32 parent = blockhash(block.number - 1);
        vm.deal(proposer, BOND);
        vm.prank(proposer);
        chain.outputOracle.proposeOutput{value: BOND}(
            last, new bytes32[](HEIGHT), parentClaim, number, parent, block.number - 1
        );
    }

    function prove(WithdrawalTransaction memory withdrawal, Proven memory proven) internal {
        chain.portal
            .proveWithdrawalTransaction(withdrawal, proven.index, proven.parts, proven.proof);
    }

    /// @dev A dispute brings another one in the place of a proposal, whose proposer does not answer.
    function replaceProposal(uint256 index, OutputRootProof memory parts) internal {
        DisputeOracle oracle = chain.outputOracle;
        bytes32[] memory proof = new bytes32[](HEIGHT);
        Claims.BlockClaim memory last = claimOf(parts);
        IDisputeOracle.Proposal memory judged = oracle.proposal(index);
        last.number = judged.l2BlockNumber;
        vm.deal(DISPUTER, BOND);
        vm.prank(DISPUTER);
        oracle.dispute{value: BOND}(index, 0, rootBy(judged.claim, HEIGHT - 1), last.hash(), proof);
        judged = oracle.proposal(index);
        bytes32 other = rootBy(last.hash(), HEIGHT);
        vm.warp(block.timestamp + WINDOW);
        oracle.timeout(oracle.matchId(judged.tournament, judged.segmentsRoot, other));
        oracle.resolve(judged.tournament, last.hash(), proof, last);
        vm.assertEq(oracle.proposal(index).outputRoot, rootOf(parts));
    }

    /// @dev A claim with this output root.
    function claimOf(OutputRootProof memory parts)
        internal
        pure
        returns (Claims.BlockClaim memory made)
    {
        made.blockHash = parts.latestBlockhash;
        made.stateRoot = parts.stateRoot;
        made.withdrawalsRoot = parts.messagePasserStorageRoot;
    }

    /// @dev Root of the tree of so many levels of which this is the last leaf, and all siblings on its way are
    ///      zero.
    function rootBy(bytes32 leaf_, uint256 levels) internal pure returns (bytes32 root) {
        root = leaf_;
        for (uint256 i = 0; i < levels; ++i) {
            root = keccak256(abi.encode(bytes32(0), root));
        }
    }

    function hashOf(WithdrawalTransaction memory withdrawal) internal pure returns (bytes32) {
        return Withdrawals.hash(withdrawal);
    }

    function rootOf(OutputRootProof memory parts) internal pure returns (bytes32) {
        return keccak256(abi.encode(parts));
    }

    /// @dev The only node of a trie that holds `sentMessages[withdrawalHash]` alone: a path of 33 bytes, of
    ///      which the first marks a leaf, and a value of one.
    function leaf(bytes32 withdrawalHash, bytes1 value) internal pure returns (bytes memory) {
        bytes32 slot = keccak256(abi.encode(withdrawalHash, uint256(0)));
        return abi.encodePacked(hex"e3a120", keccak256(abi.encode(slot)), value);
    }
}
