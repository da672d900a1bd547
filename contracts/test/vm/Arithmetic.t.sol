// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Arithmetic} from "../../src/vm/Arithmetic.sol";
import {vm} from "../Vm.sol";

/// @dev Against Solidity's own types of 64 and 32 bits. All instructions are compared with the Rust machine in
///      crates/fault-proof/tests/step.
contract ArithmeticTest {
    function testFuzz_sum_isThatOfTypes(uint64 a, uint64 b) public pure {
        unchecked {
            _is(Arithmetic.sum(0, false, a, b), a + b);
            _is(Arithmetic.sum(0, true, a, b), a - b);
            _is(Arithmetic.sum(1, false, a, b), a << (b & 63));
            _is(Arithmetic.sum(2, false, a, b), int64(a) < int64(b) ? 1 : 0);
            _is(Arithmetic.sum(3, false, a, b), a < b ? 1 : 0);
            _is(Arithmetic.sum(4, false, a, b), a ^ b);
            _is(Arithmetic.sum(5, false, a, b), a >> (b & 63));
            _is(Arithmetic.sum(5, true, a, b), uint64(int64(a) >> (b & 63)));
            _is(Arithmetic.sum(6, false, a, b), a | b);
            _is(Arithmetic.sum(7, false, a, b), a & b);
        }
    }

    function testFuzz_shortSum_isThatOfTypes(uint64 a, uint64 b) public pure {
        unchecked {
            _is(Arithmetic.shortSum(0, false, a, b), _extended(uint32(a) + uint32(b)));
            _is(Arithmetic.shortSum(0, true, a, b), _extended(uint32(a) - uint32(b)));
            _is(Arithmetic.shortSum(1, false, a, b), _extended(uint32(a) << uint32(b & 31)));
            _is(Arithmetic.shortSum(5, false, a, b), _extended(uint32(a) >> uint32(b & 31)));
            _is(
                Arithmetic.shortSum(5, true, a, b),
                uint64(int64(int32(uint32(a)) >> uint32(b & 31)))
            );
        }
    }

    function testFuzz_product_isThatOfTypes(uint64 a, uint64 b) public pure {
        unchecked {
            int128 long = int128(int64(a)) * int128(int64(b));
            int128 mixed = int128(int64(a)) * int128(uint128(b));
            _is(Arithmetic.product(0, a, b), a * b);
            _is(Arithmetic.product(1, a, b), uint64(uint128(long >> 64)));
            _is(Arithmetic.product(2, a, b), uint64(uint128(mixed >> 64)));
            _is(Arithmetic.product(3, a, b), uint64(uint128(a) * uint128(b) >> 64));
            bool isZero = b == 0;
            _is(
                Arithmetic.product(4, a, b), isZero ? type(uint64).max : uint64(int64(a) / int64(b))
            );
            _is(Arithmetic.product(5, a, b), isZero ? type(uint64).max : a / b);
            _is(Arithmetic.product(6, a, b), isZero ? a : uint64(int64(a) % int64(b)));
            _is(Arithmetic.product(7, a, b), isZero ? a : a % b);
        }
    }

    function testFuzz_shortProduct_isThatOfTypes(uint64 a, uint64 b) public pure {
        unchecked {
            (uint32 low, uint32 other) = (uint32(a), uint32(b));
            (int32 signed, int32 by) = (int32(low), int32(other));
            _is(Arithmetic.shortProduct(0, a, b), _extended(low * other));
            bool isZero = other == 0;
            uint64 ones = type(uint64).max;
            _is(Arithmetic.shortProduct(4, a, b), isZero ? ones : _extended(uint32(signed / by)));
            _is(Arithmetic.shortProduct(5, a, b), isZero ? ones : _extended(low / other));
            _is(Arithmetic.shortProduct(6, a, b), _extended(isZero ? low : uint32(signed % by)));
            _is(Arithmetic.shortProduct(7, a, b), _extended(isZero ? low : low % other));
        }
    }

    /// @dev The one quotient that does not fit, and what is next to it.
    function test_product_atTheEdges() public pure {
        testFuzz_product_isThatOfTypes(1 << 63, type(uint64).max);
        testFuzz_product_isThatOfTypes(1 << 63, 0);
        testFuzz_product_isThatOfTypes(type(uint64).max, type(uint64).max);
        testFuzz_shortProduct_isThatOfTypes(1 << 31, type(uint32).max);
        testFuzz_shortProduct_isThatOfTypes(0xffffffff80000000, type(uint64).max);
        testFuzz_shortProduct_isThatOfTypes(1 << 31, 1 << 32);
    }

    function testFuzz_isTaken_isThatOfTypes(uint64 a, uint64 b, bool isSame) public pure {
        if (isSame) b = a;
        bool[8] memory expected;
        (expected[0], expected[1]) = (a == b, a != b);
        (expected[4], expected[5]) = (int64(a) < int64(b), int64(a) >= int64(b));
        (expected[6], expected[7]) = (a < b, a >= b);
        for (uint256 funct3 = 0; funct3 < 8; ++funct3) {
            (bool isOne, bool isTaken) = Arithmetic.isTaken(funct3, a, b);
            vm.assertTrue(isOne == (funct3 != 2 && funct3 != 3));
            vm.assertTrue(isTaken == expected[funct3]);
        }
    }

    function _extended(uint32 value) private pure returns (uint64) {
        return uint64(int64(int32(value)));
    }

    function _is(uint256 result, uint64 expected) private pure {
        vm.assertEq(result, expected);
    }
}
