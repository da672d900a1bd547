// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title MessageChain
/// @notice The bytes of the messages that L1 sends to L2, and the hash chain that holds them.
/// @dev A message is a kind byte and its body:
///
///          0x00 ‖ from (20) ‖ to (20) ‖ opaqueData      a deposit
///          0x01 ‖ updateType (1) ‖ ABI-encoded data     a configuration update
///
///      The fault-proof program walks the chain backwards by keccak preimages and reads nothing else,
///      so whatever derivation uses must be in these bytes.
library MessageChain {
    /// @notice The first byte of a deposit.
    bytes1 internal constant KIND_DEPOSIT = 0x00;

    /// @notice The first byte of a configuration update.
    bytes1 internal constant KIND_CONFIG_UPDATE = 0x01;

    /// @notice The most bytes of one message. A dispute proves a message by handing it over whole in
    ///         one L1 transaction, which a node's pool takes up to 128 KiB.
    uint256 internal constant MESSAGE_BYTES_MAX = 120_000;

    /// @notice What a deposit carries besides its two addresses, tightly packed as in the OP Stack.
    function opaqueData(
        uint256 mint,
        uint256 value,
        uint64 gasLimit,
        bool isCreation,
        bytes memory data
    ) internal pure returns (bytes memory) {
        return abi.encodePacked(mint, value, gasLimit, isCreation, data);
    }

    /// @notice The message of a deposit.
    function deposit(address from, address to, bytes memory opaque)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(KIND_DEPOSIT, from, to, opaque);
    }

    /// @notice The message of a configuration update: `update` is its type byte and its data.
    function configUpdate(bytes memory update) internal pure returns (bytes memory) {
        return abi.encodePacked(KIND_CONFIG_UPDATE, update);
    }

    /// @notice The chain's value after `message` was appended in the given L1 block.
    function next(bytes32 accumulator, uint64 l1Number, uint64 l1Timestamp, bytes memory message)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(accumulator, l1Number, l1Timestamp, keccak256(message)));
    }
}
