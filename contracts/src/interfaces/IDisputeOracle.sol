// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claims} from "../libraries/Claims.sol";
import {IL2OutputOracle} from "./IL2OutputOracle.sol";

/// @title IDisputeOracle
/// @notice Proposals that can be disputed: what the last claims of intervals are, by anybody with a bond.
///
///         An interval begins behind the block of the proposal before, and ends with a block that the
///         proposer names: a multiple of SUBMISSION_INTERVAL that is not in the future, nor older than
///         PROPOSAL_LAG if a later one fits the tree. So one proposal covers all blocks that a dispute has held
///         up, and a liar delays a block by two disputes at most, not by one for each interval.
///
///         A proposal is final when its window has passed undisputed, or when it has won its dispute; and
///         no earlier one is in dispute. One that loses is removed with all that build on it, and the claim
///         that has won stands in its place and is final.
///
///         Nobody, the deployer included, can do anything else to a proposal or a bond.
interface IDisputeOracle is IL2OutputOracle {
    /// @notice One proposal and the view of L1 it is to be judged by.
    struct Proposal {
        bytes32 outputRoot;
        /// The last claim of the interval.
        bytes32 claim;
        /// Root of the tree over the claims of the interval's segments.
        bytes32 segmentsRoot;
        /// The batches and messages that count: all up to the moment of the proposal.
        bytes32 batchAccumulator;
        bytes32 messageAccumulator;
        /// The hash of the L1 block before the one that holds the proposal.
        bytes32 l1ParentHash;
        /// The tournament about it, or that has brought it; zero if there is none.
        bytes32 tournament;
        /// Who put down the bond; zero for the genesis.
        address proposer;
        uint64 timestamp;
        /// The bond went back to its proposer.
        bool bondClaimed;
        /// A dispute has confirmed it.
        bool decided;
        /// The last block of the interval, and the one before its first.
        uint64 l2BlockNumber;
        uint64 parentBlockNumber;
        /// The L1 block that holds the proposal.
        uint64 l1BlockNumber;
        /// Its place in the list.
        uint64 index;
    }

    /// @notice What a proposal pins, for those who recompute it. Ids are never used again; the index of one
    ///         that was removed is.
    event ProposalPinned(
        uint256 indexed id,
        address indexed proposer,
        bytes32 claim,
        bytes32 segmentsRoot,
        bytes32 batchAccumulator,
        bytes32 messageAccumulator,
        uint64 l1BlockNumber,
        bytes32 l1ParentHash
    );

    /// @notice The children of the root of the tree over the segments' claims.
    event SegmentsOpened(uint256 indexed id, bytes32 left, bytes32 right);

    event ProposalDisputed(uint256 indexed id, bytes32 indexed tournament);

    /// @notice A dispute has confirmed a proposal.
    event ProposalDefended(uint256 indexed id);

    /// @notice A dispute has brought a proposal in the place of a false one.
    event ProposalReplaced(uint256 indexed id, uint256 indexed byId);

    /// @notice Proposals from `newNextOutputIndex` on were removed. The name is the OP Stack's.
    event OutputsDeleted(uint256 indexed prevNextOutputIndex, uint256 indexed newNextOutputIndex);

    /// @notice The proposal would build on another one than its proposer thought.
    error OtherParent(bytes32 expected, bytes32 given);
    /// @notice The block is before the smallest that a proposal may be for, or no multiple of the interval.
    error NotNextBlock(uint256 expected, uint256 given);
    /// @notice The block is in the future, or farther away than a tree has places.
    error BlockTooHigh(uint256 most, uint256 given);
    /// @notice The claim is about another block than the proposal.
    error ClaimOfOtherBlock(uint256 expected, uint256 given);
    error L1BlockUnknown(uint256 number, bytes32 hash);
    error ProposalUnknown(uint256 index);
    /// @notice It has a tournament already, which can be joined.
    error DisputedBefore(bytes32 tournament);
    /// @notice Its window has passed, or it is the genesis.
    error NotDisputable(uint256 index);
    /// @notice These are not the siblings of the root's last leaf, or not its children.
    error NotTheCommitment(bytes32 root);
    /// @notice Disputes remove proposals in their order; that of this index comes first.
    error EarlierDispute(uint256 index);
    /// @notice The claim that has won has to be shown.
    error ClaimUnknown(bytes32 claim);
    /// @notice The bond is claimed, or it was put into a dispute, or the proposal can still be disputed.
    error NoBond(uint256 id);

    /// @notice Proposes the next interval, up to a block, with the exact bond.
    /// @param last          The claim of its last block.
    /// @param proof         Siblings of the last leaf of the tree of its segments, from the bottom up.
    /// @param parentClaim   The claim that it builds on.
    /// @param l2BlockNumber That block: `nextBlockNumber()`, or a later multiple of the interval.
    /// @param l1BlockHash   Hash of an L1 block that the proposer's view builds on.
    /// @param l1BlockNumber Its number, at most 256 blocks ago.
    function proposeOutput(
        Claims.BlockClaim calldata last,
        bytes32[] calldata proof,
        bytes32 parentClaim,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;

    /// @notice Opens the tournament about a proposal and joins it, with the exact bond.
    /// @param left     Left child of the root of the proposer's tree, as `SegmentsOpened` has it.
    /// @param right    Its right child.
    /// @param lastLeaf The last leaf of the caller's tree.
    /// @param proof    Its siblings.
    function dispute(
        uint256 index,
        bytes32 left,
        bytes32 right,
        bytes32 lastLeaf,
        bytes32[] calldata proof
    ) external payable;

    /// @notice Takes the result of a tournament that is over. What has won may end before the proposal did: with
    ///         the last block that follows from the L1 that was pinned. If that is a block of the interval, it
    ///         stands; if not, nothing does.
    /// @param lastLeaf The last leaf of the tree that has won, if it is not the proposer's.
    /// @param proof    Its siblings.
    /// @param last     The claim that it stands for; anything if it is INVALID.
    function resolve(
        bytes32 tournament,
        bytes32 lastLeaf,
        bytes32[] calldata proof,
        Claims.BlockClaim calldata last
    ) external;

    /// @notice Credits the bond of an undisputed proposal that is final, or that fell with another one, to
    ///         its proposer. Anybody may call it.
    function claimBond(uint256 id) external;

    /// @notice Looks past decided disputes for the first that is open, `most` places at most. Finality
    ///         behind it waits for that.
    function passDecided(uint256 most) external;

    function isFinal(uint256 index) external view returns (bool);
    function proposal(uint256 index) external view returns (Proposal memory);
    /// @notice One that was removed too.
    function proposalById(uint256 id) external view returns (Proposal memory);
    function idOf(uint256 index) external view returns (uint256);
    function proposalCount() external view returns (uint256);
    /// @notice How old the block of a proposal may be, in seconds.
    function PROPOSAL_LAG() external view returns (uint256);
    /// @notice The time of L2 block 0.
    function GENESIS_TIME() external view returns (uint256);
    /// @notice The most blocks that one proposal covers.
    function MAX_BLOCKS() external view returns (uint256);
    function BOND() external view returns (uint256);
    function PARAMETERS_HASH() external view returns (bytes32);
    function batchInbox() external view returns (address);
    function portal() external view returns (address);
}
