// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL2OutputOracle} from "./IL2OutputOracle.sol";

/// @title IOutputOracle
/// @notice Proposals: output roots claimed by anybody who puts down a bond, one per interval.
///
///         **This version has no dispute.** A proposal, true or false, becomes final when its window has
///         passed, and nothing on L1 pays out against it. Each proposal already pins what a dispute
///         needs: the root of the segment claims, both accumulators and a trusted L1 block hash.
///
///         Nobody, the deployer included, can remove or change a proposal or touch a bond.
interface IOutputOracle is IL2OutputOracle {
    /// @notice One claimed output root and the view of L1 it is to be judged by.
    struct Proposal {
        bytes32 outputRoot;
        /// Root of the Merkle tree over the segment claims of the interval.
        bytes32 segmentsRoot;
        /// The batches and messages that count: all up to the moment of the proposal.
        bytes32 batchAccumulator;
        bytes32 messageAccumulator;
        /// The hash of the L1 block before the one that holds the proposal.
        bytes32 l1ParentHash;
        /// Who gets the bond back; zero for the genesis output.
        address proposer;
        uint64 timestamp;
        bool bondClaimed;
        uint64 l2BlockNumber;
        /// The L1 block that holds the proposal.
        uint64 l1BlockNumber;
    }

    /// @notice What a proposal pins, for those who recompute it.
    event ProposalPinned(
        uint256 indexed index,
        address indexed proposer,
        bytes32 segmentsRoot,
        bytes32 batchAccumulator,
        bytes32 messageAccumulator,
        uint64 l1BlockNumber,
        bytes32 l1ParentHash
    );

    /// @notice A bond went back to its proposer.
    event BondClaimed(uint256 indexed index, address indexed proposer, uint256 amount);

    /// @notice A constructor argument is out of its bounds.
    error ParameterOutOfBounds();

    /// @notice The zero hash is no output root.
    error OutputRootZero();

    /// @notice Proposals follow one another at the interval; this is not the next block.
    error NotNextBlock(uint256 expected, uint256 given);

    /// @notice The bond must be paid exactly.
    error WrongBond(uint256 required, uint256 given);

    /// @notice L1 does not have this block any more, or it is older than 256 blocks, or not yet made.
    error L1BlockUnknown(uint256 number, bytes32 hash);

    /// @notice There is no proposal with this index.
    error ProposalUnknown(uint256 index);

    /// @notice The proposal can still be disputed.
    error ProposalNotFinal(uint256 index);

    /// @notice This bond was paid back already, or there was none.
    error NoBond(uint256 index);

    /// @notice The proposer did not accept its bond.
    error BondTransferFailed(address proposer);

    /// @notice Proposes an output root for the next block at the interval, with the exact bond.
    /// @param outputRoot    The OP output root (version 0) of the L2 block.
    /// @param l2BlockNumber Must be `nextBlockNumber()`: guards against a proposal that came first.
    /// @param segmentsRoot  Root of the Merkle tree over the segment claims of the interval.
    /// @param l1BlockHash   Hash of an L1 block that the proposer's view builds on.
    /// @param l1BlockNumber Its number, at most 256 blocks ago: if L1 was reorganized since, the
    ///                      proposal fails instead of claiming something about another chain.
    function proposeOutput(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 segmentsRoot,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;

    /// @notice Pays the bond of a final proposal back to its proposer. Anybody may call it.
    function claimBond(uint256 index) external;

    /// @notice Whether the proposal can no longer be disputed.
    function isFinal(uint256 index) external view returns (bool);

    /// @notice Everything about one proposal.
    function proposal(uint256 index) external view returns (Proposal memory);

    /// @notice How many proposals there are: the index of the next one.
    function proposalCount() external view returns (uint256);

    /// @notice What a proposal costs until it is final, in wei.
    function BOND() external view returns (uint256);

    /// @notice Whose batch accumulator proposals pin.
    function batchInbox() external view returns (address);

    /// @notice Whose message accumulator proposals pin.
    function portal() external view returns (address);
}
