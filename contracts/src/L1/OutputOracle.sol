// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchInbox} from "../interfaces/IBatchInbox.sol";
import {IL2OutputOracle} from "../interfaces/IL2OutputOracle.sol";
import {IMessageChain} from "../interfaces/IMessageChain.sol";
import {IOutputOracle} from "../interfaces/IOutputOracle.sol";

/// @title OutputOracle
/// @notice See IOutputOracle.
/// @dev Invariant: the balance is at least `BOND` times the proposals whose bond is unclaimed. Ether
///      forced in by other means belongs to nobody and stays.
contract OutputOracle is IOutputOracle {
    /// @notice What the constructor needs to know.
    struct Parameters {
        address batchInbox;
        address portal;
        /// L2 blocks between proposals.
        uint64 proposalInterval;
        /// Seconds between L2 blocks.
        uint64 l2BlockTime;
        /// Seconds during which a proposal can be disputed.
        uint64 disputeWindow;
        /// Wei put down with each proposal.
        uint256 bond;
        /// The output root of the L2 genesis block, or zero to start without one. Clients cannot tell
        /// how long to wait for a proposal before there is a first one.
        bytes32 genesisOutputRoot;
    }

    /// @notice The most L2 blocks between proposals: what the level-A tree of a dispute holds.
    uint64 public constant PROPOSAL_INTERVAL_MAX = 1024;

    /// @notice The longest time between L2 blocks, in seconds: one L1 slot.
    uint64 public constant L2_BLOCK_TIME_MAX = 12;

    /// @notice The longest window, in seconds. A longer one would only lock bonds.
    uint64 public constant DISPUTE_WINDOW_MAX = 30 days;

    /// @inheritdoc IL2OutputOracle
    string public constant version = "1.0.0";

    /// @inheritdoc IL2OutputOracle
    uint256 public immutable SUBMISSION_INTERVAL;

    /// @inheritdoc IL2OutputOracle
    uint256 public immutable L2_BLOCK_TIME;

    /// @inheritdoc IL2OutputOracle
    uint256 public immutable FINALIZATION_PERIOD_SECONDS;

    /// @inheritdoc IOutputOracle
    uint256 public immutable BOND;

    /// @inheritdoc IOutputOracle
    address public immutable batchInbox;

    /// @inheritdoc IOutputOracle
    address public immutable portal;

    Proposal[] private _proposals;

    /// @param parameters Fixed for the life of this contract.
    constructor(Parameters memory parameters) {
        if (
            parameters.proposalInterval == 0 || parameters.proposalInterval > PROPOSAL_INTERVAL_MAX
                || parameters.l2BlockTime == 0 || parameters.l2BlockTime > L2_BLOCK_TIME_MAX
                || parameters.disputeWindow == 0 || parameters.disputeWindow > DISPUTE_WINDOW_MAX
                || parameters.bond == 0
        ) revert ParameterOutOfBounds();

        SUBMISSION_INTERVAL = parameters.proposalInterval;
        L2_BLOCK_TIME = parameters.l2BlockTime;
        FINALIZATION_PERIOD_SECONDS = parameters.disputeWindow;
        BOND = parameters.bond;
        batchInbox = parameters.batchInbox;
        portal = parameters.portal;
        if (parameters.genesisOutputRoot != 0) _pushGenesis(parameters.genesisOutputRoot);
    }

    /// @inheritdoc IOutputOracle
    function proposeOutput(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 segmentsRoot,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        if (outputRoot == 0) revert OutputRootZero();
        if (msg.value != BOND) revert WrongBond(BOND, msg.value);
        uint256 expected = nextBlockNumber();
        if (l2BlockNumber != expected) revert NotNextBlock(expected, l2BlockNumber);
        // blockhash gives zero for a block it does not know, which must not match a zero argument.
        if (l1BlockHash == 0 || blockhash(l1BlockNumber) != l1BlockHash) {
            revert L1BlockUnknown(l1BlockNumber, l1BlockHash);
        }

        _push(
            Proposal({
                outputRoot: outputRoot,
                segmentsRoot: segmentsRoot,
                batchAccumulator: IBatchInbox(batchInbox).accumulator(),
                messageAccumulator: IMessageChain(portal).messageAccumulator(),
                l1ParentHash: blockhash(block.number - 1),
                proposer: msg.sender,
                timestamp: uint64(block.timestamp),
                bondClaimed: false,
                // One interval after the one before, so 2^64 is out of reach.
                // forge-lint: disable-next-line(unsafe-typecast)
                l2BlockNumber: uint64(l2BlockNumber),
                l1BlockNumber: uint64(block.number)
            })
        );
    }

    /// @inheritdoc IOutputOracle
    function claimBond(uint256 index) external {
        if (!isFinal(index)) revert ProposalNotFinal(index);
        Proposal storage claimed = _proposals[index];
        address proposer = claimed.proposer;
        if (claimed.bondClaimed || proposer == address(0)) revert NoBond(index);

        claimed.bondClaimed = true;
        emit BondClaimed(index, proposer, BOND);
        (bool paid,) = proposer.call{value: BOND}("");
        if (!paid) revert BondTransferFailed(proposer);
    }

    /// @inheritdoc IOutputOracle
    function proposal(uint256 index) external view returns (Proposal memory) {
        return _at(index);
    }

    /// @inheritdoc IOutputOracle
    function proposalCount() external view returns (uint256) {
        return _proposals.length;
    }

    /// @inheritdoc IL2OutputOracle
    function latestOutputIndex() external view returns (uint256) {
        if (_proposals.length == 0) revert ProposalUnknown(0);
        return _proposals.length - 1;
    }

    /// @inheritdoc IL2OutputOracle
    function nextOutputIndex() external view returns (uint256) {
        return _proposals.length;
    }

    /// @inheritdoc IL2OutputOracle
    function getL2Output(uint256 index) external view returns (OutputProposal memory) {
        Proposal storage found = _at(index);
        return OutputProposal(found.outputRoot, found.timestamp, found.l2BlockNumber);
    }

    /// @inheritdoc IL2OutputOracle
    /// @dev With the genesis output the list starts one place earlier, so the index is searched for and
    ///      not computed from the block number.
    function getL2OutputIndexAfter(uint256 l2BlockNumber) external view returns (uint256) {
        require(
            _proposals.length > 0 && l2BlockNumber <= latestBlockNumber(),
            "L2OutputOracle: cannot get output for a block that has not been proposed"
        );
        uint256 low = 0;
        uint256 high = _proposals.length - 1;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_proposals[middle].l2BlockNumber < l2BlockNumber) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// @inheritdoc IOutputOracle
    function isFinal(uint256 index) public view returns (bool) {
        // A window is hours long, and whoever makes L1 blocks can shift their time by seconds only.
        // forge-lint: disable-next-line(block-timestamp)
        return block.timestamp > _at(index).timestamp + FINALIZATION_PERIOD_SECONDS;
    }

    /// @inheritdoc IL2OutputOracle
    function latestBlockNumber() public view returns (uint256) {
        uint256 count = _proposals.length;
        return count == 0 ? 0 : _proposals[count - 1].l2BlockNumber;
    }

    /// @inheritdoc IL2OutputOracle
    function nextBlockNumber() public view returns (uint256) {
        return latestBlockNumber() + SUBMISSION_INTERVAL;
    }

    function _at(uint256 index) private view returns (Proposal storage) {
        if (index >= _proposals.length) revert ProposalUnknown(index);
        return _proposals[index];
    }

    /// @dev The genesis block follows from the configuration and no message or batch can change it, so
    ///      there is nothing to pin. It has no proposer, so there is no bond.
    function _pushGenesis(bytes32 outputRoot) private {
        Proposal memory genesis;
        genesis.outputRoot = outputRoot;
        genesis.timestamp = uint64(block.timestamp);
        genesis.l1BlockNumber = uint64(block.number);
        genesis.l1ParentHash = blockhash(block.number - 1);
        _push(genesis);
    }

    function _push(Proposal memory made) private {
        uint256 index = _proposals.length;
        _proposals.push(made);
        emit OutputProposed(made.outputRoot, index, made.l2BlockNumber, made.timestamp);
        emit ProposalPinned(
            index,
            made.proposer,
            made.segmentsRoot,
            made.batchAccumulator,
            made.messageAccumulator,
            made.l1BlockNumber,
            made.l1ParentHash
        );
    }
}
