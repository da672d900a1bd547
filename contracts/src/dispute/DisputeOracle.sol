// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchInbox} from "../interfaces/IBatchInbox.sol";
import {IDisputeOracle} from "../interfaces/IDisputeOracle.sol";
import {IMessageChain} from "../interfaces/IMessageChain.sol";
import {Claims} from "../libraries/Claims.sol";
import {Bracket} from "./Bracket.sol";
import {ProposalList} from "./ProposalList.sol";
import {StateTree} from "./StateTree.sol";
import {Tournaments} from "./Tournaments.sol";

/// @title DisputeOracle
/// @notice See IDisputeOracle and ITournaments.
/// @dev Invariant: the balance is what the tournaments hold and what is credited (see Bracket), plus the
///      bond of each undisputed proposal that is not claimed.
contract DisputeOracle is Tournaments, ProposalList {
    using Claims for Claims.BlockClaim;

    /// @notice What the constructor needs to know.
    struct OracleParameters {
        address batchInbox;
        address portal;
        /// Proposals are for multiples of so many L2 blocks.
        uint64 proposalInterval;
        /// Seconds between L2 blocks.
        uint64 l2BlockTime;
        /// How old the block of a proposal may be, in seconds. By then it has to follow from L1, whatever the
        /// sequencer does, or nobody can make a true proposal that is new enough.
        uint64 proposalLag;
        /// The time of L2 block 0.
        uint64 genesisTime;
        /// keccak256 of the chain's parameters (`docs/spec/claims.md`, section 3).
        bytes32 parametersHash;
        /// What stands after the L2 genesis block.
        Claims.BlockClaim genesis;
    }

    /// @notice The longest time between L2 blocks, in seconds: one L1 slot.
    uint64 public constant L2_BLOCK_TIME_MAX = 12;

    /// @inheritdoc IDisputeOracle
    uint256 public immutable BOND;
    /// @inheritdoc IDisputeOracle
    bytes32 public immutable PARAMETERS_HASH;
    /// @inheritdoc IDisputeOracle
    address public immutable batchInbox;
    /// @inheritdoc IDisputeOracle
    address public immutable portal;

    mapping(bytes32 tournament => uint256 id) private _disputed;

    constructor(Parameters memory rules, OracleParameters memory chain)
        Bracket(rules)
        ProposalList(
            chain.proposalInterval,
            chain.l2BlockTime,
            rules.window,
            chain.proposalLag,
            chain.genesisTime,
            2 ** rules.heights[0] / Claims.PLACES_PER_BLOCK
        )
    {
        if (
            chain.proposalInterval == 0 || chain.proposalInterval > MAX_BLOCKS
                || chain.l2BlockTime == 0 || chain.l2BlockTime > L2_BLOCK_TIME_MAX
                || chain.proposalLag == 0 || chain.genesisTime == 0 || chain.genesis.number != 0
        ) revert ParameterOutOfBounds();
        BOND = rules.bonds[0];
        PARAMETERS_HASH = chain.parametersHash;
        (batchInbox, portal) = (chain.batchInbox, chain.portal);
        _pushGenesis(chain.genesis);
    }

    /// @inheritdoc IDisputeOracle
    function proposeOutput(
        Claims.BlockClaim calldata last,
        bytes32[] calldata proof,
        bytes32 parentClaim,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        if (msg.value != BOND) revert WrongBond(BOND, msg.value);
        _requireNext(l2BlockNumber);
        if (last.number != l2BlockNumber) revert ClaimOfOtherBlock(l2BlockNumber, last.number);
        Proposal storage parent = _latest();
        if (parentClaim != parent.claim) revert OtherParent(parent.claim, parentClaim);
        // blockhash gives zero for a block it does not know, which must not match a zero argument.
        if (l1BlockHash == 0 || blockhash(l1BlockNumber) != l1BlockHash) {
            revert L1BlockUnknown(l1BlockNumber, l1BlockHash);
        }
        Proposal memory made;
        made.outputRoot = last.outputRoot();
        made.claim = last.hash();
        (bytes32 left, bytes32 right) = _children(Level.Segments, made.claim, proof);
        made.segmentsRoot = StateTree.parent(left, right);
        made.batchAccumulator = IBatchInbox(batchInbox).accumulator();
        made.messageAccumulator = IMessageChain(portal).messageAccumulator();
        made.l1ParentHash = blockhash(block.number - 1);
        made.proposer = msg.sender;
        made.timestamp = uint64(block.timestamp);
        made.l2BlockNumber = last.number;
        made.parentBlockNumber = parent.l2BlockNumber;
        made.l1BlockNumber = uint64(block.number);
        // So that whoever disputes it needs nothing that the proposer could keep to itself.
        emit SegmentsOpened(_push(made), left, right);
    }

    /// @inheritdoc IDisputeOracle
    function dispute(
        uint256 index,
        bytes32 left,
        bytes32 right,
        bytes32 lastLeaf,
        bytes32[] calldata proof
    ) external payable {
        uint256 id = idOf(index);
        Proposal storage disputed = _proposals[id];
        if (disputed.tournament != 0) revert DisputedBefore(disputed.tournament);
        // forge-lint: disable-next-line(block-timestamp)
        if (index == 0 || block.timestamp >= disputed.timestamp + WINDOW) {
            revert NotDisputable(index);
        }
        bytes32 parentClaim = _at(index - 1).claim;
        // All that it is about, so that after a reorg of L1 no other dispute has its name.
        bytes32 tournament = keccak256(abi.encode("proposal", id, parentClaim, disputed));
        disputed.tournament = tournament;
        _disputed[tournament] = id;
        _noteOpened(disputed.index);
        emit ProposalDisputed(id, tournament);

        _open(tournament, 0, Level.Segments, parentClaim, disputed.timestamp, WINDOW);
        _admitProposer(disputed, left, right);
        _join(tournament, lastLeaf, proof, msg.data[0:0]);
    }

    /// @inheritdoc IDisputeOracle
    function resolve(
        bytes32 tournament,
        bytes32 lastLeaf,
        bytes32[] calldata proof,
        Claims.BlockClaim calldata last
    ) external {
        uint256 id = _disputed[tournament];
        if (id == 0) revert TournamentUnknown(tournament);
        bytes32 winner = _conclude(tournament);
        // It fell with an earlier one; its tournament is about bonds only.
        if (!_stands(id)) return;
        Proposal storage judged = _proposals[id];
        if (winner == judged.segmentsRoot) {
            _noteDefended(judged);
            emit ProposalDefended(id);
            return;
        }
        _removeFrom(judged.index);
        if (winner == 0) return;
        if (_rootBy(lastLeaf, proof) != winner) revert NotTheCommitment(winner);
        if (lastLeaf == last.hash()) {
            // What follows from L1 may end before the proposal did, and with the parent's block at the least.
            bool inside =
                judged.parentBlockNumber < last.number && last.number <= judged.l2BlockNumber;
            if (inside) _replace(id, winner, last);
        } else if (lastLeaf != Claims.INVALID) {
            // Nobody who told the truth took part, or somebody would know what the leaf stands for. That must
            // not keep the list from going on for ever.
            if (_sinceOver(_tournaments[tournament]) < WINDOW) revert ClaimUnknown(lastLeaf);
        }
    }

    /// @inheritdoc IDisputeOracle
    function claimBond(uint256 id) external {
        Proposal storage claimed = _proposals[id];
        address proposer = claimed.proposer;
        if (claimed.bondClaimed || claimed.tournament != 0 || proposer == address(0)) {
            revert NoBond(id);
        }
        if (_stands(id) && !isFinal(claimed.index)) revert NoBond(id);
        claimed.bondClaimed = true;
        _credit(proposer, BOND);
    }

    /// @dev The proposer was there from the start.
    function _admitProposer(Proposal storage disputed, bytes32 left, bytes32 right) private {
        bytes32 tournament = disputed.tournament;
        Commitment memory first;
        first.joiner = disputed.proposer;
        (first.left, first.right) = (left, right);
        bytes32 root = _rootOf(first);
        if (root != disputed.segmentsRoot) revert NotTheCommitment(disputed.segmentsRoot);
        _admit(tournament, root, first, _tournaments[tournament], disputed.timestamp);
    }

    /// @dev What has won stands in the place of what has lost, and is final. Its bond was paid out with the
    ///      tournament.
    function _replace(uint256 id, bytes32 winner, Claims.BlockClaim calldata last) private {
        Proposal memory made = _proposals[id];
        made.outputRoot = last.outputRoot();
        made.claim = last.hash();
        made.segmentsRoot = winner;
        made.proposer = _commitments[made.tournament][winner].joiner;
        made.timestamp = uint64(block.timestamp);
        made.l2BlockNumber = last.number;
        (made.bondClaimed, made.decided) = (true, true);
        emit ProposalReplaced(id, _push(made));
    }

    /// @dev The genesis block follows from the configuration and no message or batch can change it, so there
    ///      is nothing to pin, no bond, and nothing to dispute.
    function _pushGenesis(Claims.BlockClaim memory genesis) private {
        Proposal memory made;
        made.outputRoot = genesis.outputRoot();
        made.claim = genesis.hash();
        made.timestamp = uint64(block.timestamp);
        made.l1BlockNumber = uint64(block.number);
        made.l1ParentHash = blockhash(block.number - 1);
        made.decided = true;
        _push(made);
    }

    function _rootBy(bytes32 lastLeaf, bytes32[] calldata proof) private view returns (bytes32) {
        Commitment memory commitment;
        (commitment.left, commitment.right) = _children(Level.Segments, lastLeaf, proof);
        return _rootOf(commitment);
    }

    /// @inheritdoc Tournaments
    /// @dev `docs/spec/claims.md`, section 4.
    function _locals(bytes32 tournament, uint64 segment, bytes32 claim)
        internal
        view
        override
        returns (bytes32[] memory locals)
    {
        Proposal storage judged = _proposals[_disputed[tournament]];
        uint256 blocks = judged.l2BlockNumber - judged.parentBlockNumber;
        bool isPadding = segment >= blocks * Claims.PLACES_PER_BLOCK;
        uint256 place = isPadding ? Claims.PLACES_PER_BLOCK : segment % Claims.PLACES_PER_BLOCK;
        locals = new bytes32[](7);
        locals[0] = claim;
        locals[1] = judged.batchAccumulator;
        locals[2] = judged.messageAccumulator;
        locals[3] = bytes32(uint256(judged.l1BlockNumber));
        locals[4] = judged.l1ParentHash;
        locals[5] = PARAMETERS_HASH;
        locals[6] = bytes32(place);
    }
}
