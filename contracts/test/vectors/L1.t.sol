// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chain} from "../Chain.sol";
import {Vm, vm} from "../Vm.sol";
import {Vectors} from "./Vectors.t.sol";

/// @notice Chains of batches and of messages, made by calls to the contracts.
contract L1VectorsTest is Chain, Vectors {
    function test_inbox() public {
        string[] memory cases = new string[](8);
        for (uint64 i = 0; i < 8; ++i) {
            bytes32 before = chain.batchInbox.accumulator();
            uint64 firstBlock = 1 + i * 40;
            uint64 lastBlock = firstBlock + 39;
            bytes memory data = i % 2 == 0 ? _bytes("batch", i, i * 100) : bytes("");
            bytes32[] memory hashes = new bytes32[](i % 2 == 0 ? 0 : i);
            for (uint256 j = 0; j < hashes.length; ++j) {
                hashes[j] = bytes32(uint256(1) << 248 | uint256(seed("blob", i * 10 + j)) >> 8);
            }
            vm.blobhashes(hashes);
            vm.recordLogs();
            vm.prank(BATCHER);
            if (hashes.length > 0) chain.batchInbox.postBatch(firstBlock, lastBlock);
            else chain.batchInbox.postBatchCalldata(firstBlock, lastBlock, data);
            (,, bytes32 dataHash,) =
                abi.decode(vm.getRecordedLogs()[0].data, (uint64, uint64, bytes32, bytes32[]));

            string memory text = join(hash("accumulator", before), number("carrier", i % 2));
            text = join(text, join(hex_("data", data), _list("blobHashes", hashes)));
            text = join(text, hash("dataHash", dataHash));
            text = join(text, number("firstBlock", firstBlock));
            text = join(text, number("lastBlock", lastBlock));
            text = join(text, _position());
            text = join(text, hash("l1ParentHash", blockhash(block.number - 1)));
            cases[i] = join(text, hash("next", chain.batchInbox.accumulator()));
            if (i % 3 == 2) nextL1Block();
        }
        check("inbox", cases);
    }

    function test_messages() public {
        string[] memory cases = new string[](12);
        for (uint256 i = 0; i < 12; ++i) {
            bytes32 before = chain.portal.messageAccumulator();
            vm.recordLogs();
            string memory text = i % 3 == 2 ? _update(i) : _deposit(i);
            text = join(hash("accumulator", before), text);
            text = join(text, _position());
            cases[i] = join(text, hash("next", chain.portal.messageAccumulator()));
            if (i % 4 == 3) nextL1Block();
        }
        check("messages", cases);
    }

    function _deposit(uint256 i) private returns (string memory text) {
        bool isCreation = i % 4 == 1;
        address caller = account("caller", i);
        address to = isCreation ? address(0) : account("to", i);
        uint256 mint = uint256(seed("mint", i)) >> (160 + i);
        uint256 value = uint256(seed("value", i)) >> (i * 20);
        bytes memory data = _bytes("data", i, i * 13);
        uint64 gasLimit = uint64(100_000 + i);
        vm.deal(caller, mint);
        // Every other caller is a contract, so its address is aliased.
        vm.prank(caller, i % 2 == 0 ? caller : USER);
        chain.portal.depositTransaction{value: mint}(to, value, gasLimit, isCreation, data);

        Vm.Log memory made = vm.getRecordedLogs()[0];
        bytes memory opaque = abi.decode(made.data, (bytes));
        address from = address(uint160(uint256(made.topics[1])));
        text = join(number("kind", 0), address_("caller", caller));
        text = join(text, join(address_("from", from), address_("to", to)));
        text = join(text, join(large("mint", mint), large("value", value)));
        text =
            join(text, join(number("gasLimit", gasLimit), number("creation", isCreation ? 1 : 0)));
        text = join(text, join(hex_("data", data), hex_("opaqueData", opaque)));
        return join(text, hex_("message", abi.encodePacked(uint8(0), from, to, opaque)));
    }

    function _update(uint256 i) private returns (string memory text) {
        vm.prank(OWNER);
        if (i == 2) chain.systemConfig.setBatcher(account("batcher", i));
        else if (i == 5) chain.systemConfig.setFeeScalars(5227, 1_014_213);
        else if (i == 8) chain.systemConfig.setGasLimit(123_456_789);
        else chain.systemConfig.setOperatorFee(4_000_000_000, 123_456_789_012);

        Vm.Log memory made = vm.getRecordedLogs()[0];
        uint8 updateType = uint8(uint256(made.topics[2]));
        bytes memory data = abi.decode(made.data, (bytes));
        text = join(number("kind", 1), join(number("updateType", updateType), hex_("data", data)));
        return join(text, hex_("message", abi.encodePacked(uint8(1), updateType, data)));
    }

    function _position() private view returns (string memory) {
        return join(number("l1Number", block.number), number("l1Timestamp", block.timestamp));
    }

    function _bytes(string memory what, uint256 i, uint256 size)
        private
        pure
        returns (bytes memory made)
    {
        made = new bytes(size);
        for (uint256 j = 0; j < size; ++j) {
            made[j] = seed(what, i * 1000 + j)[0];
        }
    }

    function _list(string memory key, bytes32[] memory values)
        private
        pure
        returns (string memory text)
    {
        text = string.concat('"', key, '": [');
        for (uint256 i = 0; i < values.length; ++i) {
            text = string.concat(text, i == 0 ? '"' : ', "', vm.toString(values[i]), '"');
        }
        return string.concat(text, "]");
    }
}
