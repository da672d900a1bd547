// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IBatchInbox
/// @notice Where batches land on L1.
///
///         Only the batcher that SystemConfig names may post. What it posts is not judged here: a batch
///         that does not decode or does not extend the chain counts as absent in derivation. The
///         accumulator chains every batch, so that the fault-proof program finds them all.
interface IBatchInbox {
    /// @notice A batch was posted. `dataHash` is what enters the accumulator: the keccak of the calldata
    ///         bytes, or of the concatenated `blobHashes`. A batch is in blobs if `blobHashes` is not empty.
    event BatchPosted(
        uint256 indexed index,
        uint64 firstBlock,
        uint64 lastBlock,
        bytes32 dataHash,
        bytes32[] blobHashes
    );

    /// @notice The bytes of a batch that was posted as calldata, so that nobody has to dig in
    ///         transaction input or traces. Follows its `BatchPosted` at once.
    event BatchCalldata(uint256 indexed index, bytes data);

    /// @notice The caller is not the batcher.
    error NotBatcher(address caller);

    /// @notice A batch holds at least one block.
    error EmptyBlockRange(uint64 firstBlock, uint64 lastBlock);

    /// @notice The transaction carries no blob.
    error NoBlobs();

    /// @notice Calldata may have at most `CALLDATA_BYTES_MAX` bytes.
    error CalldataTooLarge(uint256 size);

    /// @notice Posts the batch in this transaction's blobs. All of them belong to it, in order.
    /// @param firstBlock The number of its first L2 block.
    /// @param lastBlock  The number of its last L2 block.
    function postBatch(uint64 firstBlock, uint64 lastBlock) external;

    /// @notice Posts the batch in `data`.
    /// @param firstBlock The number of its first L2 block.
    /// @param lastBlock  The number of its last L2 block.
    /// @param data       The packed batch.
    function postBatchCalldata(uint64 firstBlock, uint64 lastBlock, bytes calldata data) external;

    /// @notice The hash chain over all batches so far; zero before the first.
    function accumulator() external view returns (bytes32);

    /// @notice How many batches were posted: the index of the next one.
    function batchCount() external view returns (uint64);
}
