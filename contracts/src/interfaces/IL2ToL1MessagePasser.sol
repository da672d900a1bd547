// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IL2ToL1MessagePasser
/// @notice Where withdrawals begin: it records their hashes, and its storage root is part of every
///         output root. Ether sent here stays here; it is paid out on L1.
interface IL2ToL1MessagePasser {
    /// @notice A withdrawal was initiated.
    event MessagePassed(
        uint256 indexed nonce,
        address indexed sender,
        address indexed target,
        uint256 value,
        uint256 gasLimit,
        bytes data,
        bytes32 withdrawalHash
    );

    /// @notice Withdraws the ether sent to the caller's own address on L1.
    receive() external payable;

    /// @notice Initiates a withdrawal of `msg.value`.
    /// @param target   The account to call on L1.
    /// @param gasLimit The least gas that the call on L1 must get.
    /// @param data     Call data on L1.
    function initiateWithdrawal(address target, uint256 gasLimit, bytes calldata data)
        external
        payable;

    /// @notice Whether a withdrawal with this hash was initiated.
    function sentMessages(bytes32 withdrawalHash) external view returns (bool);

    /// @notice The nonce of the next withdrawal, its version in the top 16 bits.
    function messageNonce() external view returns (uint256);

    /// @notice The version of the message format.
    function MESSAGE_VERSION() external view returns (uint16);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
