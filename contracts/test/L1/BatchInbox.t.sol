// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBatchInbox} from "../../src/interfaces/IBatchInbox.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

contract BatchInboxTest is Chain {
    function testFuzz_postBatchCalldata_chainsAndEmits(
        uint64 firstBlock,
        uint64 lastBlock,
        bytes calldata data
    ) public {
        if (firstBlock > lastBlock) {
            (firstBlock, lastBlock) = (lastBlock, firstBlock);
        }
        vm.expectEmit(address(chain.batchInbox));
        emit IBatchInbox.BatchPosted(0, firstBlock, lastBlock, keccak256(data), new bytes32[](0));
        vm.expectEmit(address(chain.batchInbox));
        emit IBatchInbox.BatchCalldata(0, data);
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(firstBlock, lastBlock, data);

        bytes32 expected = _entry(0, 0, keccak256(data), firstBlock, lastBlock);
        vm.assertEq(chain.batchInbox.accumulator(), expected);
        vm.assertEq(chain.batchInbox.batchCount(), 1);
    }

    function testFuzz_postBatch_chainsAllBlobs(bytes32 seed, uint8 count) public {
        bytes32[] memory hashes = _blobs(seed, 1 + count % 9);
        vm.blobhashes(hashes);
        bytes32 dataHash = keccak256(abi.encodePacked(hashes));
        vm.expectEmit(address(chain.batchInbox));
        emit IBatchInbox.BatchPosted(0, 1, 40, dataHash, hashes);
        vm.prank(BATCHER);
        chain.batchInbox.postBatch(1, 40);
        vm.assertEq(chain.batchInbox.accumulator(), _entry(0, 1, dataHash, 1, 40));
    }

    function test_postBatch_entriesChain() public {
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(1, 2, hex"01");
        bytes32 first = chain.batchInbox.accumulator();
        nextL1Block();
        bytes32[] memory hashes = _blobs("second", 2);
        vm.blobhashes(hashes);
        vm.prank(BATCHER);
        chain.batchInbox.postBatch(3, 3);
        vm.assertEq(
            chain.batchInbox.accumulator(),
            _entry(first, 1, keccak256(abi.encodePacked(hashes)), 3, 3)
        );
        vm.assertEq(chain.batchInbox.batchCount(), 2);
    }

    function test_postBatch_noBlobs_reverts() public {
        vm.prank(BATCHER);
        vm.expectRevert(IBatchInbox.NoBlobs.selector);
        chain.batchInbox.postBatch(1, 1);
    }

    function testFuzz_post_notBatcher_reverts(address caller) public {
        vm.assume(caller != BATCHER);
        vm.blobhashes(_blobs("any", 1));
        bytes memory refusal = abi.encodeWithSelector(IBatchInbox.NotBatcher.selector, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.batchInbox.postBatch(1, 1);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.batchInbox.postBatchCalldata(1, 1, "");
    }

    function test_post_newBatcher_oldIsRefused() public {
        vm.prank(OWNER);
        chain.systemConfig.setBatcher(USER);
        vm.prank(USER);
        chain.batchInbox.postBatchCalldata(1, 1, "");
        vm.prank(BATCHER);
        vm.expectRevert(abi.encodeWithSelector(IBatchInbox.NotBatcher.selector, BATCHER));
        chain.batchInbox.postBatchCalldata(2, 2, "");
    }

    function testFuzz_post_emptyBlockRange_reverts(uint64 firstBlock, uint64 lastBlock) public {
        vm.assume(firstBlock > lastBlock);
        vm.blobhashes(_blobs("any", 1));
        bytes memory refusal =
            abi.encodeWithSelector(IBatchInbox.EmptyBlockRange.selector, firstBlock, lastBlock);
        vm.prank(BATCHER);
        vm.expectRevert(refusal);
        chain.batchInbox.postBatch(firstBlock, lastBlock);
        vm.prank(BATCHER);
        vm.expectRevert(refusal);
        chain.batchInbox.postBatchCalldata(firstBlock, lastBlock, "");
    }

    function test_postBatchCalldata_largest_isTaken() public {
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(1, 1, new bytes(120_000));
        vm.assertEq(chain.batchInbox.batchCount(), 1);
    }

    function test_postBatchCalldata_tooLarge_reverts() public {
        vm.prank(BATCHER);
        vm.expectRevert(abi.encodeWithSelector(IBatchInbox.CalldataTooLarge.selector, 120_001));
        chain.batchInbox.postBatchCalldata(1, 1, new bytes(120_001));
    }

    function _blobs(bytes32 seed, uint256 count) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            hashes[i] = bytes32(uint256(1) << 248 | uint256(keccak256(abi.encode(seed, i))) >> 8);
        }
    }

    /// @dev The entry written out, apart from the library under test.
    function _entry(
        bytes32 before,
        uint8 carrier,
        bytes32 dataHash,
        uint64 firstBlock,
        uint64 lastBlock
    ) private view returns (bytes32) {
        bytes memory preimage = bytes.concat(
            before,
            bytes1(carrier),
            dataHash,
            bytes8(firstBlock),
            bytes8(lastBlock),
            bytes8(uint64(block.number)),
            bytes8(uint64(block.timestamp)),
            blockhash(block.number - 1)
        );
        vm.assertEq(preimage.length, 129);
        return keccak256(preimage);
    }
}
