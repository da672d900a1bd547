// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What carries a batch.
enum Carrier {
    Calldata,
    Blobs
}

/// @notice Where and when a batch was posted, as the accumulator records it.
struct L1Position {
    uint64 number;
    uint64 timestamp;
    /// The hash of the L1 block before: a contract cannot see that of its own block.
    bytes32 parentHash;
}

/// @title InboxChain
/// @notice The hash chain over all posted batches.
/// @dev The preimage of one link is 129 bytes, tightly packed:
///
///          accumulator (32) ‖ carrier (1) ‖ dataHash (32) ‖ firstBlock (8) ‖ lastBlock (8)
///          ‖ L1 number (8) ‖ L1 timestamp (8) ‖ hash of the previous L1 block (32)
///
///      `dataHash` is the keccak of the calldata, or of the blobs' versioned hashes put together. Every
///      entry thus brings a trusted L1 block hash, from which headers are reached by their parents.
library InboxChain {
    /// @notice The chain's value after a batch was posted.
    function next(
        bytes32 accumulator,
        Carrier carrier,
        bytes32 dataHash,
        uint64 firstBlock,
        uint64 lastBlock,
        L1Position memory position
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                accumulator,
                uint8(carrier),
                dataHash,
                firstBlock,
                lastBlock,
                position.number,
                position.timestamp,
                position.parentHash
            )
        );
    }

    /// @notice The data hash of a batch in blobs.
    function hashOfBlobs(bytes32[] memory blobHashes) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(blobHashes));
    }
}
