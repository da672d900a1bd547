// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../interfaces/IDisputeOracle.sol";
import {IPortal} from "../interfaces/IPortal.sol";
import {IWithdrawalPortal} from "../interfaces/IWithdrawalPortal.sol";
import {MinGasCall} from "../libraries/MinGasCall.sol";
import {OutputRootProof, Outputs} from "../libraries/Outputs.sol";
import {WithdrawalTransaction, Withdrawals} from "../libraries/Withdrawals.sol";

/// @title WithdrawalPortal
/// @notice See IWithdrawalPortal.
/// @dev Invariant: a withdrawal is made at most once, and only while its proposal stands and is final.
abstract contract WithdrawalPortal is IWithdrawalPortal {
    using Withdrawals for WithdrawalTransaction;

    /// @notice The longest pause that can be chosen, in seconds.
    uint256 public constant PAUSE_MAX = 14 days;

    /// @inheritdoc IWithdrawalPortal
    uint256 public constant PAUSE_PERIODS = 5;

    /// @dev What `l2Sender` says while no withdrawal is being made.
    address private constant NOBODY = 0x000000000000000000000000000000000000dEaD;

    /// @dev Gas that is left for what follows the call.
    uint256 private constant GAS_AFTER_CALL = 10_000;

    /// @inheritdoc IWithdrawalPortal
    address public immutable outputOracle;

    /// @inheritdoc IWithdrawalPortal
    address public immutable guardian;

    /// @inheritdoc IWithdrawalPortal
    uint256 public immutable PAUSE;

    /// @notice A proof.
    struct ProvenWithdrawal {
        bytes32 outputRoot;
        uint128 timestamp;
        uint128 l2OutputIndex;
    }

    /// @inheritdoc IWithdrawalPortal
    mapping(bytes32 withdrawalHash => ProvenWithdrawal) public provenWithdrawals;

    /// @inheritdoc IWithdrawalPortal
    mapping(bytes32 withdrawalHash => bool) public finalizedWithdrawals;

    /// @inheritdoc IWithdrawalPortal
    uint256 public pausedUntil;

    address private transient _l2Sender;

    /// @notice A pause is longer than `PAUSE_MAX`.
    error PauseTooLong();

    /// @param outputOracle_ The contract that holds the proposals. It may be made later.
    /// @param guardian_     Who may pause; zero: nobody.
    /// @param pause_        How long a pause lasts, in seconds.
    constructor(address outputOracle_, address guardian_, uint256 pause_) {
        if (pause_ > PAUSE_MAX) revert PauseTooLong();
        outputOracle = outputOracle_;
        guardian = guardian_;
        PAUSE = pause_;
    }

    /// @inheritdoc IWithdrawalPortal
    function proveWithdrawalTransaction(
        WithdrawalTransaction calldata withdrawal,
        uint256 l2OutputIndex,
        OutputRootProof calldata outputRootProof,
        bytes[] calldata withdrawalProof
    ) external {
        // It could speak for this contract.
        if (withdrawal.target == address(this)) revert IPortal.OptimismPortal_BadTarget();
        bytes32 outputRoot = IDisputeOracle(outputOracle).getL2Output(l2OutputIndex).outputRoot;
        if (outputRoot != Outputs.root(outputRootProof)) {
            revert OptimismPortal_InvalidOutputRootProof();
        }
        bytes32 withdrawalHash = withdrawal.hash();
        ProvenWithdrawal memory before = provenWithdrawals[withdrawalHash];
        if (before.timestamp != 0 && _stands(before)) revert OptimismPortal_AlreadyProven();
        bytes32 storageRoot = outputRootProof.messagePasserStorageRoot;
        if (!Outputs.holdsWithdrawal(storageRoot, withdrawalHash, withdrawalProof)) {
            revert OptimismPortal_InvalidMerkleProof();
        }

        provenWithdrawals[withdrawalHash] = ProvenWithdrawal({
            outputRoot: outputRoot,
            timestamp: uint128(block.timestamp),
            // There is a proposal of that index, and there are not as many.
            // forge-lint: disable-next-line(unsafe-typecast)
            l2OutputIndex: uint128(l2OutputIndex)
        });
        emit WithdrawalProven(withdrawalHash, withdrawal.sender, withdrawal.target);
    }

    /// @inheritdoc IWithdrawalPortal
    function finalizeWithdrawalTransaction(WithdrawalTransaction calldata withdrawal) external {
        if (_l2Sender != address(0)) revert OptimismPortal_NoReentrancy();
        if (paused()) revert OptimismPortal_CallPaused();
        bytes32 withdrawalHash = withdrawal.hash();
        _requireFinal(withdrawalHash);
        // Its call would fail, and it is called only once.
        uint256 held = address(this).balance;
        if (held < withdrawal.value) revert NotEnoughEther(held, withdrawal.value);

        finalizedWithdrawals[withdrawalHash] = true;
        _l2Sender = withdrawal.sender;
        bool success = _call(withdrawal);
        _l2Sender = address(0);
        emit WithdrawalFinalized(withdrawalHash, success);
    }

    /// @inheritdoc IWithdrawalPortal
    function pause() external {
        if (msg.sender != guardian) revert NotGuardian(msg.sender);
        // Pauses begin so far apart, the first at any time.
        uint256 next = pausedUntil == 0 ? 0 : pausedUntil + (PAUSE_PERIODS - 1) * PAUSE;
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp < next) revert PausedBefore(next);
        pausedUntil = block.timestamp + PAUSE;
        emit Paused(pausedUntil);
    }

    /// @inheritdoc IWithdrawalPortal
    function l2Sender() external view returns (address) {
        return _l2Sender == address(0) ? NOBODY : _l2Sender;
    }

    /// @inheritdoc IWithdrawalPortal
    function paused() public view returns (bool) {
        // forge-lint: disable-next-line(block-timestamp)
        return block.timestamp < pausedUntil;
    }

    function _requireFinal(bytes32 withdrawalHash) private view {
        if (finalizedWithdrawals[withdrawalHash]) revert OptimismPortal_AlreadyFinalized();
        ProvenWithdrawal memory proven = provenWithdrawals[withdrawalHash];
        if (proven.timestamp == 0) revert OptimismPortal_Unproven();
        IDisputeOracle oracle = IDisputeOracle(outputOracle);
        // A wrong proof, should one ever be taken, can be seen for as long as a wrong proposal.
        uint256 age = block.timestamp - proven.timestamp;
        // forge-lint: disable-next-line(block-timestamp)
        if (age <= oracle.FINALIZATION_PERIOD_SECONDS()) revert OptimismPortal_ProofNotOldEnough();
        if (!_stands(proven)) revert OptimismPortal_InvalidRootClaim();
        if (!oracle.isFinal(proven.l2OutputIndex)) revert OptimismPortal_ProposalNotFinal();
    }

    /// @dev Whether the proposal is still what it was when the withdrawal was proven against it.
    function _stands(ProvenWithdrawal memory proven) private view returns (bool) {
        IDisputeOracle oracle = IDisputeOracle(outputOracle);
        uint256 index = proven.l2OutputIndex;
        return
            index < oracle.proposalCount()
                && oracle.getL2Output(index).outputRoot == proven.outputRoot;
    }

    function _call(WithdrawalTransaction calldata withdrawal) private returns (bool) {
        // Copied before the gas is looked at, because that costs some.
        bytes memory data = withdrawal.data;
        if (!MinGasCall.isEnough(withdrawal.gasLimit, GAS_AFTER_CALL)) {
            revert OptimismPortal_NotEnoughGas();
        }
        return MinGasCall.call(withdrawal.target, withdrawal.value, data, GAS_AFTER_CALL);
    }
}
