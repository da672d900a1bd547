// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchInbox} from "../interfaces/IBatchInbox.sol";
import {ISystemConfig} from "../interfaces/ISystemConfig.sol";
import {Carrier, InboxChain, L1Position} from "../libraries/InboxChain.sol";

/// @title BatchInbox
/// @notice See IBatchInbox.
contract BatchInbox is IBatchInbox {
    /// @notice The most bytes of a batch in calldata. A dispute proves such a batch by handing it over
    ///         whole in one L1 transaction, which a node's pool takes up to 128 KiB.
    uint256 public constant CALLDATA_BYTES_MAX = 120_000;

    /// @notice Version of the interface.
    string public constant version = "1.0.0";

    /// @notice The contract that names the batcher.
    ISystemConfig public immutable systemConfig;

    /// @inheritdoc IBatchInbox
    bytes32 public accumulator;

    /// @inheritdoc IBatchInbox
    uint64 public batchCount;

    /// @param systemConfig_ The contract that names the batcher.
    constructor(ISystemConfig systemConfig_) {
        systemConfig = systemConfig_;
    }

    /// @inheritdoc IBatchInbox
    function postBatch(uint64 firstBlock, uint64 lastBlock) external {
        bytes32[] memory blobHashes = _blobHashes();
        if (blobHashes.length == 0) revert NoBlobs();
        bytes32 dataHash = InboxChain.hashOfBlobs(blobHashes);
        uint64 index = _append(Carrier.Blobs, dataHash, firstBlock, lastBlock);
        emit BatchPosted(index, firstBlock, lastBlock, dataHash, blobHashes);
    }

    /// @inheritdoc IBatchInbox
    function postBatchCalldata(uint64 firstBlock, uint64 lastBlock, bytes calldata data) external {
        if (data.length > CALLDATA_BYTES_MAX) revert CalldataTooLarge(data.length);
        bytes32 dataHash = keccak256(data);
        uint64 index = _append(Carrier.Calldata, dataHash, firstBlock, lastBlock);
        emit BatchPosted(index, firstBlock, lastBlock, dataHash, new bytes32[](0));
        emit BatchCalldata(index, data);
    }

    function _append(Carrier carrier, bytes32 dataHash, uint64 firstBlock, uint64 lastBlock)
        private
        returns (uint64 index)
    {
        if (msg.sender != systemConfig.batcher()) revert NotBatcher(msg.sender);
        if (firstBlock > lastBlock) revert EmptyBlockRange(firstBlock, lastBlock);
        L1Position memory position =
            L1Position(uint64(block.number), uint64(block.timestamp), blockhash(block.number - 1));
        accumulator =
            InboxChain.next(accumulator, carrier, dataHash, firstBlock, lastBlock, position);
        index = batchCount++;
    }

    /// @dev L1's own limit of blobs per transaction bounds the loop. An index without a blob gives zero,
    ///      and a versioned hash is never zero.
    function _blobHashes() private view returns (bytes32[] memory hashes) {
        uint256 count = 0;
        while (blobhash(count) != 0) ++count;
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = blobhash(i);
        }
    }
}
