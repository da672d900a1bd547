// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibZip} from "solady/utils/LibZip.sol";

import {GasPriceOracle} from "../../src/L2/GasPriceOracle.sol";
import {L1Block} from "../../src/L2/L1Block.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {vm} from "../Vm.sol";

contract GasPriceOracleTest {
    GasPriceOracle private oracle;

    function setUp() public {
        oracle = new GasPriceOracle();
        vm.etch(Predeploys.L1_BLOCK, address(new L1Block()).code);
    }

    /// @dev Numbers worked out by hand from the formulas of the Fjord and Isthmus specs.
    function test_getL1Fee_smallTransaction_paysTheFloor() public {
        _setFees(10 gwei, 2 gwei, 1368, 810_949);
        // 100 bytes, at (1368 · 16 · 10 gwei + 810,949 · 2 gwei) millionths per byte.
        uint256 expected = uint256(100) * (1368 * 16 * 10 gwei + 810_949 * 2 gwei) / 1e6;
        vm.assertEq(oracle.getL1Fee(hex"02"), expected);
        vm.assertEq(oracle.getL1GasUsed(hex"02"), 1600);
    }

    function test_getL1FeeUpperBound_workedExample() public {
        _setFees(10 gwei, 2 gwei, 1368, 810_949);
        // 932 + 68 bytes: at most 1,000 + 3 + 16 compressed.
        uint256 size = 836_500 * 1019 - 42_585_600;
        uint256 expected = size * (1368 * 16 * 10 gwei + 810_949 * 2 gwei) / 1e12;
        vm.assertEq(oracle.getL1FeeUpperBound(932), expected);
    }

    function testFuzz_getL1Fee_isTheFormula(
        bytes calldata data,
        uint64 baseFee,
        uint64 blobBaseFee,
        uint32 baseFeeScalar,
        uint32 blobBaseFeeScalar
    ) public {
        _setFees(baseFee, blobBaseFee, baseFeeScalar, blobBaseFeeScalar);
        uint256 fastLz = LibZip.flzCompress(data).length + 68;
        int256 size = int256(836_500 * fastLz) - 42_585_600;
        if (size < 100e6) size = 100e6;
        uint256 weighted =
            uint256(baseFeeScalar) * 16 * baseFee + uint256(blobBaseFeeScalar) * blobBaseFee;
        vm.assertEq(oracle.getL1Fee(data), uint256(size) * weighted / 1e12);
        vm.assertEq(oracle.getL1GasUsed(data), uint256(size) * 16 / 1e6);
    }

    function testFuzz_getL1FeeUpperBound_isAbove(bytes calldata data, uint64 baseFee) public {
        _setFees(baseFee, 1, 1_000_000, 1_000_000);
        vm.assertLe(oracle.getL1Fee(data), oracle.getL1FeeUpperBound(data.length));
    }

    function testFuzz_flzCompress_givesBackTheInput(bytes calldata data) public pure {
        vm.assertEq(LibZip.flzDecompress(LibZip.flzCompress(data)), data);
    }

    function testFuzz_getOperatorFee_isTheFormula(uint64 gas, uint32 scalar, uint64 constantPart)
        public
    {
        _setOperatorFee(scalar, constantPart);
        vm.assertEq(oracle.getOperatorFee(gas), uint256(gas) * scalar / 1e6 + constantPart);
    }

    function testFuzz_getOperatorFee_anyGas_saturates(uint256 gas, uint32 scalar) public {
        _setOperatorFee(scalar, type(uint64).max);
        vm.assertGe(oracle.getOperatorFee(gas), type(uint64).max);
    }

    function test_getOperatorFee_mostGas_saturates() public {
        _setOperatorFee(type(uint32).max, 7);
        vm.assertEq(oracle.getOperatorFee(type(uint256).max), type(uint256).max / 1e6 + 7);
    }

    function testFuzz_reads_comeFromL1Block(
        uint256 baseFee,
        uint256 blobBaseFee,
        uint32 baseFeeScalar,
        uint32 blobBaseFeeScalar
    ) public {
        _setFees(baseFee, blobBaseFee, baseFeeScalar, blobBaseFeeScalar);
        vm.assertEq(oracle.l1BaseFee(), baseFee);
        vm.assertEq(oracle.blobBaseFee(), blobBaseFee);
        vm.assertEq(oracle.baseFeeScalar(), baseFeeScalar);
        vm.assertEq(oracle.blobBaseFeeScalar(), blobBaseFeeScalar);
    }

    function test_reads_ofThisChain() public {
        vm.fee(123);
        vm.assertEq(oracle.baseFee(), 123);
        vm.assertEq(oracle.gasPrice(), 123);
        vm.assertEq(oracle.decimals(), 6);
        vm.assertTrue(oracle.isEcotone() && oracle.isFjord() && oracle.isIsthmus());
        vm.assertFalse(oracle.isJovian());
    }

    function _setFees(uint256 baseFee, uint256 blobBaseFee, uint32 scalar, uint32 blobScalar)
        private
    {
        _store(1, baseFee);
        _store(3, uint256(scalar) << 96 | uint256(blobScalar) << 64);
        _store(7, blobBaseFee);
    }

    function _setOperatorFee(uint32 scalar, uint64 constantPart) private {
        _store(8, uint256(scalar) << 64 | constantPart);
    }

    function _store(uint256 slot, uint256 value) private {
        vm.store(Predeploys.L1_BLOCK, bytes32(slot), bytes32(value));
    }
}
