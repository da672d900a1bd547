// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputRootProof} from "../libraries/Outputs.sol";
import {WithdrawalTransaction} from "../libraries/Withdrawals.sol";

/// @title IWithdrawalPortal
/// @notice The way from L2 to L1: withdrawals, with the OP Stack's ABI of proposals in an oracle.
///
///         A withdrawal is proven against a proposal, waits until the proposal is final and the proof is as old as
///         a dispute may take, and is then made once, by whoever asks. Nobody decides about it: not the
///         owner, not the proposer, and the guardian can only hold everything up for a while.
interface IWithdrawalPortal {
    /// @notice A withdrawal was proven.
    event WithdrawalProven(
        bytes32 indexed withdrawalHash, address indexed from, address indexed to
    );

    /// @notice A withdrawal was made. `success`: whether its call came through; it is not made again
    ///         in either case.
    event WithdrawalFinalized(bytes32 indexed withdrawalHash, bool success);

    /// @notice Withdrawals are held up until then.
    event Paused(uint256 until);

    /// @notice The parts are not those of the proposal's output root.
    error OptimismPortal_InvalidOutputRootProof();

    /// @notice The proof does not show that the withdrawal was initiated.
    error OptimismPortal_InvalidMerkleProof();

    /// @notice The withdrawal is proven already, against a proposal that still stands.
    error OptimismPortal_AlreadyProven();

    /// @notice The withdrawal has not been proven.
    error OptimismPortal_Unproven();

    /// @notice Its proof is not old enough.
    error OptimismPortal_ProofNotOldEnough();

    /// @notice The proposal that it was proven against does not stand any more: prove it again.
    error OptimismPortal_InvalidRootClaim();

    /// @notice The proposal that it was proven against is not final yet.
    error OptimismPortal_ProposalNotFinal();

    /// @notice It has been made.
    error OptimismPortal_AlreadyFinalized();

    /// @notice A withdrawal cannot be made by another one.
    error OptimismPortal_NoReentrancy();

    /// @notice The guardian holds withdrawals up.
    error OptimismPortal_CallPaused();

    /// @notice The transaction has too little gas to give the withdrawal what it asks for.
    error OptimismPortal_NotEnoughGas();

    /// @notice There is less ether here than the withdrawal takes out; try it again when there is enough.
    error NotEnoughEther(uint256 held, uint256 needed);

    /// @notice Only the guardian may pause.
    error NotGuardian(address caller);

    /// @notice The guardian has paused before, and may not again until then.
    error PausedBefore(uint256 until);

    /// @notice Shows that L2 holds a withdrawal. It can be shown again only if the proposal does not
    ///         stand any more, so nobody can make somebody else's proof younger.
    /// @param withdrawal      The withdrawal.
    /// @param l2OutputIndex   The proposal.
    /// @param outputRootProof What its output root commits to.
    /// @param withdrawalProof Proof of the slot in L2ToL1MessagePasser.
    function proveWithdrawalTransaction(
        WithdrawalTransaction calldata withdrawal,
        uint256 l2OutputIndex,
        OutputRootProof calldata outputRootProof,
        bytes[] calldata withdrawalProof
    ) external;

    /// @notice Makes a withdrawal: calls its target with its value, data and at least its gas. Anybody may ask.
    ///         Nothing happens while there is too little ether here.
    function finalizeWithdrawalTransaction(WithdrawalTransaction calldata withdrawal) external;

    /// @notice Holds withdrawals up for `PAUSE`. The guardian may do that once in `PAUSE_PERIODS` times as long.
    function pause() external;

    /// @notice Against what a withdrawal was proven and when; zeros if it was not.
    function provenWithdrawals(bytes32 withdrawalHash)
        external
        view
        returns (bytes32 outputRoot, uint128 timestamp, uint128 l2OutputIndex);

    /// @notice Whether a withdrawal was made.
    function finalizedWithdrawals(bytes32 withdrawalHash) external view returns (bool);

    /// @notice Who initiated, on L2, the withdrawal that is being made; 0x…dEaD if none is.
    function l2Sender() external view returns (address);

    /// @notice The contract that holds the proposals.
    function outputOracle() external view returns (address);

    /// @notice Who may pause; zero: nobody.
    function guardian() external view returns (address);

    /// @notice Whether withdrawals are held up.
    function paused() external view returns (bool);

    /// @notice Until when they were held up last.
    function pausedUntil() external view returns (uint256);

    /// @notice How long a pause lasts, in seconds.
    function PAUSE() external view returns (uint256);

    /// @notice The share of the time that can be a pause: one part in so many.
    function PAUSE_PERIODS() external view returns (uint256);
}
