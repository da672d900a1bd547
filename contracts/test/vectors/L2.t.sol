// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibZip} from "solady/utils/LibZip.sol";

import {GasPriceOracle} from "../../src/L2/GasPriceOracle.sol";
import {L1Block} from "../../src/L2/L1Block.sol";
import {L2ToL1MessagePasser} from "../../src/L2/L2ToL1MessagePasser.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {vm} from "../Vm.sol";
import {Vectors} from "./Vectors.t.sol";

/// @notice Fees, L1 attributes and withdrawals, made by calls to the predeploys.
contract L2VectorsTest is Vectors {
    /// @notice What one L1 attributes transaction says.
    struct Attributes {
        uint64 sequenceNumber;
        uint64 l1Timestamp;
        uint64 l1Number;
        bytes32 l1Hash;
        uint256 baseFee;
        uint256 blobBaseFee;
        uint32 baseFeeScalar;
        uint32 blobBaseFeeScalar;
        address batcher;
        uint32 operatorFeeScalar;
        uint64 operatorFeeConstant;
    }

    L1Block private constant L1_BLOCK = L1Block(Predeploys.L1_BLOCK);

    GasPriceOracle private oracle;

    function setUp() public {
        oracle = new GasPriceOracle();
        vm.etch(Predeploys.L1_BLOCK, address(new L1Block()).code);
    }

    /// @dev `fastLzSize` is of `data` alone; the fee is for 68 bytes more, the signature's.
    function test_fees() public {
        string[] memory cases = new string[](36);
        for (uint256 i = 0; i < 36; ++i) {
            string memory attributes = _setAttributes(i % 4);
            bytes memory data = _sample(i);
            uint64 gas = uint64(uint256(seed("gas", i)) >> (192 + i));
            string memory text = join(attributes, hex_("data", data));
            text = join(text, number("fastLzSize", LibZip.flzCompress(data).length));
            text = join(text, large("l1Fee", oracle.getL1Fee(data)));
            text = join(text, number("l1GasUsed", oracle.getL1GasUsed(data)));
            text = join(text, large("l1FeeUpperBound", oracle.getL1FeeUpperBound(data.length)));
            text = join(text, number("gas", gas));
            cases[i] = join(text, large("operatorFee", oracle.getOperatorFee(gas)));
        }
        check("fees", cases);
    }

    function test_l1Attributes() public {
        string[] memory cases = new string[](8);
        for (uint256 i = 0; i < 8; ++i) {
            string memory text = _setAttributes(i);
            string memory slots = "";
            for (uint256 slot = 0; slot < 9; ++slot) {
                bytes32 word = vm.load(Predeploys.L1_BLOCK, bytes32(slot));
                slots = string.concat(slots, slot == 0 ? '"' : ', "', vm.toString(word), '"');
            }
            cases[i] = string.concat(text, ', "slots": [', slots, "]");
        }
        check("l1-attributes", cases);
    }

    function test_withdrawals() public {
        L2ToL1MessagePasser passer = new L2ToL1MessagePasser();
        string[] memory cases = new string[](6);
        for (uint256 i = 0; i < 6; ++i) {
            cases[i] = _withdraw(passer, i);
        }
        check("withdrawals", cases);
    }

    function _withdraw(L2ToL1MessagePasser passer, uint256 i) private returns (string memory text) {
        address sender = account("sender", i);
        address target = account("target", i);
        uint256 value = uint256(seed("value", i)) >> 170;
        uint256 gasLimit = uint256(seed("gas", i)) >> (i * 48);
        bytes memory data = _sample(i * 3);
        text = join(large("nonce", passer.messageNonce()), address_("sender", sender));
        text = join(text, join(address_("target", target), large("value", value)));
        text = join(text, join(large("gasLimit", gasLimit), hex_("data", data)));

        vm.deal(sender, value);
        vm.recordLogs();
        vm.prank(sender);
        passer.initiateWithdrawal{value: value}(target, gasLimit, data);
        (,,, bytes32 withdrawalHash) =
            abi.decode(vm.getRecordedLogs()[0].data, (uint256, uint256, bytes, bytes32));
        bytes32 slot = keccak256(abi.encode(withdrawalHash, uint256(0)));
        vm.assertEq(vm.load(address(passer), slot), bytes32(uint256(1)));
        return join(text, join(hash("hash", withdrawalHash), hash("slot", slot)));
    }

    /// @dev The fields of the i-th L1 attributes transaction.
    function _attributes(uint256 i) private pure returns (Attributes memory made) {
        bool most = i == 7;
        made.sequenceNumber = uint64(i);
        made.l1Timestamp = uint64(1_700_000_000 + i * 12);
        made.l1Number = uint64(1000 + i);
        made.l1Hash = seed("hash", i);
        made.baseFee = most ? type(uint256).max : uint256(seed("base fee", i)) >> 217;
        made.blobBaseFee = i == 1 ? 1 : uint256(seed("blob fee", i)) >> 220;
        made.baseFeeScalar = most ? type(uint32).max : uint32(bytes4(seed("scalar", i))) >> 8;
        made.blobBaseFeeScalar = most ? type(uint32).max : uint32(bytes4(seed("blob", i))) >> 9;
        made.batcher = account("batcher", i);
        made.operatorFeeScalar = i == 0 ? 0 : uint32(bytes4(seed("operator", i)));
        made.operatorFeeConstant = i == 0 ? 0 : uint64(bytes8(seed("constant", i))) >> 14;
    }

    /// @dev Runs an L1 attributes transaction and gives its fields and call data.
    function _setAttributes(uint256 i) private returns (string memory) {
        Attributes memory set = _attributes(i);
        bytes memory data = abi.encodePacked(
            bytes4(0x098999be), set.baseFeeScalar, set.blobBaseFeeScalar, set.sequenceNumber
        );
        data = abi.encodePacked(data, set.l1Timestamp, set.l1Number, set.baseFee, set.blobBaseFee);
        data = abi.encodePacked(data, set.l1Hash, uint256(uint160(set.batcher)));
        data = abi.encodePacked(data, set.operatorFeeScalar, set.operatorFeeConstant);
        vm.prank(Predeploys.DEPOSITOR_ACCOUNT);
        (bool done,) = address(L1_BLOCK).call(data);
        vm.assertTrue(done);
        return join(_fields(set), hex_("calldata", data));
    }

    function _fields(Attributes memory set) private pure returns (string memory text) {
        text = number("sequenceNumber", set.sequenceNumber);
        text = join(text, number("l1Timestamp", set.l1Timestamp));
        text = join(text, number("l1Number", set.l1Number));
        text = join(text, hash("l1Hash", set.l1Hash));
        text = join(text, large("baseFee", set.baseFee));
        text = join(text, large("blobBaseFee", set.blobBaseFee));
        text = join(text, number("baseFeeScalar", set.baseFeeScalar));
        text = join(text, number("blobBaseFeeScalar", set.blobBaseFeeScalar));
        text = join(text, address_("batcher", set.batcher));
        text = join(text, number("operatorFeeScalar", set.operatorFeeScalar));
        return join(text, number("operatorFeeConstant", set.operatorFeeConstant));
    }

    /// @dev Data of many kinds: empty, shorter than FastLZ looks at, random, repeated, sparse, mixed.
    function _sample(uint256 i) private pure returns (bytes memory made) {
        uint16[9] memory sizes = [0, 1, 13, 31, 96, 164, 165, 600, 1800];
        uint256 kind = i / 9;
        made = new bytes(sizes[i % 9]);
        for (uint256 j = 0; j < made.length; ++j) {
            bytes1 random = seed("byte", i * 10_000 + j)[0];
            if (kind % 4 == 0) made[j] = random;
            else if (kind % 4 == 1) made[j] = seed("word", j % (7 + i))[0];
            else if (kind % 4 == 2) made[j] = uint8(random) < 200 ? bytes1(0) : random;
            else made[j] = bytes1(uint8(random) % 4);
        }
    }
}
