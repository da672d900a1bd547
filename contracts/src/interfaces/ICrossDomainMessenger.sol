// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ICrossDomainMessenger
/// @notice Calls from one layer to the other, with the OP Stack's ABI. There is one messenger on each layer.
///
///         A message is called on the other side with at least the gas that it asks for, once. One that fails
///         there can be called again by anybody, with more gas or at a better time; its value waits in the messenger.
interface ICrossDomainMessenger {
    /// @notice A message was sent.
    event SentMessage(
        address indexed target,
        address sender,
        bytes message,
        uint256 messageNonce,
        uint256 gasLimit
    );

    /// @notice Its value, in wei.
    event SentMessageExtension1(address indexed sender, uint256 value);

    /// @notice A message from the other side was called, and came through.
    event RelayedMessage(bytes32 indexed msgHash);

    /// @notice A message from the other side has failed, and can be called again.
    event FailedRelayedMessage(bytes32 indexed msgHash);

    /// @notice The message is of a version that is not known.
    error UnknownVersion(uint256 version);

    /// @notice The value that came along is not the message's.
    error WrongValue();

    /// @notice The message has not come from the other side.
    error NotFailedBefore(bytes32 msgHash);

    /// @notice The message has come through.
    error AlreadyRelayed(bytes32 msgHash);

    /// @notice Messages must not speak for the bridge itself.
    error UnsafeTarget(address target);

    /// @notice No message is being called.
    error NoMessage();

    /// @notice Sends a message to the other side, with the value.
    /// @param target      Who is called there.
    /// @param message     With what.
    /// @param minGasLimit With how much gas at least.
    function sendMessage(address target, bytes calldata message, uint32 minGasLimit)
        external
        payable;

    /// @notice Calls a message of the other side. Without it coming from there, only one that failed before.
    function relayMessage(
        uint256 nonce,
        address sender,
        address target,
        uint256 value,
        uint256 minGasLimit,
        bytes calldata message
    ) external payable;

    /// @notice Who sent, on the other side, the message that is being called.
    function xDomainMessageSender() external view returns (address);

    /// @notice The nonce of the next message, with the version of the format in its top 16 bits.
    function messageNonce() external view returns (uint256);

    /// @notice Whether a message of the other side has come through.
    function successfulMessages(bytes32 msgHash) external view returns (bool);

    /// @notice Whether a message of the other side has failed at least once.
    function failedMessages(bytes32 msgHash) external view returns (bool);

    /// @notice Gas that is asked of the other side for a message, so that it surely gets `minGasLimit`.
    function baseGas(bytes calldata message, uint32 minGasLimit) external pure returns (uint64);

    /// @notice The messenger of the other side.
    function otherMessenger() external view returns (address);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
