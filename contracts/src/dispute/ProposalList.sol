// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../interfaces/IDisputeOracle.sol";
import {IL2OutputOracle} from "../interfaces/IL2OutputOracle.sol";

/// @title ProposalList
/// @notice Which proposals stand, and which of them are final. Not here: who wins a dispute.
/// @dev Invariants. Each standing proposal is for a later block than the one before, and begins behind it. No
///      standing proposal before `_firstOpen` is in an open dispute while there is one. What
///      is final stands for ever: a dispute opens only within a window, when neither its proposal nor a
///      later one is final, and removes nothing before it.
abstract contract ProposalList is IDisputeOracle {
    /// @dev How many places are looked past along with another call.
    uint256 private constant PASSED_AT_ONCE = 64;

    /// @inheritdoc IL2OutputOracle
    string public constant version = "2.0.0";

    /// @inheritdoc IL2OutputOracle
    uint256 public immutable SUBMISSION_INTERVAL;
    /// @inheritdoc IL2OutputOracle
    uint256 public immutable L2_BLOCK_TIME;
    /// @inheritdoc IL2OutputOracle
    uint256 public immutable FINALIZATION_PERIOD_SECONDS;
    /// @inheritdoc IDisputeOracle
    uint256 public immutable PROPOSAL_LAG;
    /// @inheritdoc IDisputeOracle
    uint256 public immutable GENESIS_TIME;
    /// @inheritdoc IDisputeOracle
    uint256 public immutable MAX_BLOCKS;

    /// @dev All that were ever made, by id.
    mapping(uint256 id => Proposal) internal _proposals;
    /// @dev Those that stand, by index; what is at `_count` or later is left over.
    mapping(uint256 index => uint256 id) private _ids;
    uint64 private _made;
    uint64 private _count;
    uint64 private _openDisputes;
    uint64 private _firstOpen;

    constructor(
        uint64 interval,
        uint64 l2BlockTime,
        uint64 window,
        uint64 lag,
        uint64 genesisTime,
        uint256 maxBlocks
    ) {
        SUBMISSION_INTERVAL = interval;
        L2_BLOCK_TIME = l2BlockTime;
        FINALIZATION_PERIOD_SECONDS = window;
        PROPOSAL_LAG = lag;
        GENESIS_TIME = genesisTime;
        MAX_BLOCKS = maxBlocks;
    }

    /// @inheritdoc IDisputeOracle
    function proposal(uint256 index) external view returns (Proposal memory) {
        return _at(index);
    }

    /// @inheritdoc IDisputeOracle
    function proposalById(uint256 id) external view returns (Proposal memory) {
        if (id >= _made) revert ProposalUnknown(id);
        return _proposals[id];
    }

    /// @inheritdoc IDisputeOracle
    function proposalCount() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc IL2OutputOracle
    function latestOutputIndex() external view returns (uint256) {
        return _count - 1;
    }

    /// @inheritdoc IL2OutputOracle
    function nextOutputIndex() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc IL2OutputOracle
    function getL2Output(uint256 index) external view returns (OutputProposal memory) {
        Proposal storage found = _at(index);
        return OutputProposal(found.outputRoot, found.timestamp, found.l2BlockNumber);
    }

    /// @inheritdoc IL2OutputOracle
    /// @dev Intervals have any length, but blocks rise along the list.
    function getL2OutputIndexAfter(uint256 l2BlockNumber) external view returns (uint256 first) {
        require(
            l2BlockNumber <= latestBlockNumber(),
            "L2OutputOracle: cannot get output for a block that has not been proposed"
        );
        uint256 last = _count - 1;
        while (first < last) {
            uint256 middle = (first + last) / 2;
            if (_proposals[_ids[middle]].l2BlockNumber < l2BlockNumber) first = middle + 1;
            else last = middle;
        }
    }

    /// @inheritdoc IDisputeOracle
    function passDecided(uint256 most) public {
        (uint256 first, uint256 count) = (_firstOpen, _count);
        for (uint256 i = 0; i < most && first < count && !_isOpen(first); ++i) {
            ++first;
        }
        // At most the count.
        // forge-lint: disable-next-line(unsafe-typecast)
        _firstOpen = uint64(first);
    }

    /// @inheritdoc IDisputeOracle
    function isFinal(uint256 index) public view returns (bool) {
        Proposal storage asked = _at(index);
        // A window is hours long, and whoever makes L1 blocks can shift their time by seconds only.
        // forge-lint: disable-next-line(block-timestamp)
        bool passed = block.timestamp > asked.timestamp + FINALIZATION_PERIOD_SECONDS;
        return (passed || asked.decided) && (_openDisputes == 0 || index < _firstOpen);
    }

    /// @inheritdoc IDisputeOracle
    function idOf(uint256 index) public view returns (uint256) {
        if (index >= _count) revert ProposalUnknown(index);
        return _ids[index];
    }

    /// @inheritdoc IL2OutputOracle
    function latestBlockNumber() public view returns (uint256) {
        return _latest().l2BlockNumber;
    }

    /// @inheritdoc IL2OutputOracle
    function nextBlockNumber() public view returns (uint256 next) {
        uint256 parent = latestBlockNumber();
        next = _roundDown(parent) + SUBMISSION_INTERVAL;
        uint256 least = _roundDown(_newest(parent, PROPOSAL_LAG));
        if (least > next) next = least;
    }

    /// @dev What a proposal may be for now.
    function _requireNext(uint256 l2BlockNumber) internal view {
        uint256 expected = nextBlockNumber();
        if (l2BlockNumber < expected || _roundDown(l2BlockNumber) != l2BlockNumber) {
            revert NotNextBlock(expected, l2BlockNumber);
        }
        uint256 most = _newest(latestBlockNumber(), 0);
        if (l2BlockNumber > most) revert BlockTooHigh(most, l2BlockNumber);
    }

    function _at(uint256 index) internal view returns (Proposal storage) {
        return _proposals[idOf(index)];
    }

    /// @dev There is always the genesis.
    function _latest() internal view returns (Proposal storage) {
        return _proposals[_ids[_count - 1]];
    }

    function _stands(uint256 id) internal view returns (bool) {
        uint256 index = _proposals[id].index;
        return index < _count && _ids[index] == id;
    }

    function _push(Proposal memory made) internal returns (uint256 id) {
        id = _made++;
        made.index = _count++;
        _ids[made.index] = id;
        _proposals[id] = made;
        emit OutputProposed(made.outputRoot, made.index, made.l2BlockNumber, made.timestamp);
        emit ProposalPinned(
            id,
            made.proposer,
            made.claim,
            made.segmentsRoot,
            made.batchAccumulator,
            made.messageAccumulator,
            made.l1BlockNumber,
            made.l1ParentHash
        );
    }

    /// @dev A standing proposal is disputed, for the first time.
    function _noteOpened(uint64 index) internal {
        if (_openDisputes == 0 || index < _firstOpen) _firstOpen = index;
        ++_openDisputes;
    }

    /// @dev A dispute has confirmed a standing proposal.
    function _noteDefended(Proposal storage defended) internal {
        defended.decided = true;
        --_openDisputes;
        passDecided(PASSED_AT_ONCE);
    }

    /// @dev Removes a proposal and all later ones, with their disputes. Earlier disputes come first: they may
    ///      remove it too.
    function _removeFrom(uint64 index) internal {
        passDecided(PASSED_AT_ONCE);
        if (_firstOpen != index) revert EarlierDispute(_firstOpen);
        emit OutputsDeleted(_count, index);
        _count = index;
        _openDisputes = 0;
    }

    /// @dev The newest block that is so many seconds old and that a tree behind the parent's block has places
    ///      for.
    function _newest(uint256 parent, uint256 age) private view returns (uint256 number) {
        uint256 since = GENESIS_TIME + age;
        // Whoever makes L1 blocks shifts their time by seconds, which moves the bounds by a few blocks.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp > since) number = (block.timestamp - since) / L2_BLOCK_TIME;
        if (number > parent + MAX_BLOCKS) number = parent + MAX_BLOCKS;
    }

    function _roundDown(uint256 number) private view returns (uint256) {
        return number - number % SUBMISSION_INTERVAL;
    }

    function _isOpen(uint256 index) private view returns (bool) {
        Proposal storage asked = _proposals[_ids[index]];
        return asked.tournament != 0 && !asked.decided;
    }
}
