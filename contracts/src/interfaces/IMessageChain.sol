// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IMessageChain
/// @notice The one hash chain of everything L1 tells L2: deposits and configuration updates, in order.
/// @dev Within an L1 block the order of the messages is the order of their events' log indexes, because
///      each append and its event happen in one call that calls nobody in between.
interface IMessageChain {
    /// @notice The caller is not the SystemConfig.
    error NotSystemConfig(address caller);

    /// @notice A message may have at most 120,000 bytes.
    error MessageTooLarge(uint256 size);

    /// @notice Appends a configuration update. Only the SystemConfig may call it, and it emits the event.
    /// @param update The type byte and the ABI-encoded data.
    function appendConfigUpdate(bytes calldata update) external;

    /// @notice The hash chain over all messages so far; zero before the first.
    function messageAccumulator() external view returns (bytes32);

    /// @notice How many messages were appended.
    function messageCount() external view returns (uint64);
}
