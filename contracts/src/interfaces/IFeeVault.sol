// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IFeeVault
/// @notice Collects one kind of fee and pays it to the recipient that genesis names. Anybody may make it
///         pay; nobody can change where to.
interface IFeeVault {
    /// @notice Where the recipient is.
    enum WithdrawalNetwork {
        L1,
        L2
    }

    /// @notice The balance was paid out.
    event Withdrawal(uint256 value, address to, address from, WithdrawalNetwork withdrawalNetwork);

    /// @notice Genesis named no recipient.
    error RecipientZero();

    /// @notice There is not enough to pay out yet.
    error BalanceTooSmall(uint256 balance, uint256 minimum);

    /// @notice The recipient on L2 did not accept the payment.
    error PaymentFailed(address recipient);

    /// @notice Takes ether from anybody. Fees arrive without a call.
    receive() external payable;

    /// @notice Pays the whole balance to the recipient, by a withdrawal if it is on L1.
    /// @return value What was paid, in wei.
    function withdraw() external returns (uint256 value);

    /// @notice Everything ever paid out, in wei.
    function totalProcessed() external view returns (uint256);

    /// @notice Who is paid.
    function recipient() external view returns (address);

    /// @notice Where the recipient is.
    function withdrawalNetwork() external view returns (WithdrawalNetwork);

    /// @notice The least balance that is paid out, in wei.
    function minWithdrawalAmount() external view returns (uint256);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
