// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Arithmetic
/// @notice What an instruction makes of two operands.
/// @dev Numbers of 64 bits are held in 256, the upper ones zero; signs are extended where they matter. So nothing overflows
///      but what is cut to 64 bits in the end: the smallest number by −1 fits, and cut it is itself.
library Arithmetic {
    uint256 private constant ONES = type(uint64).max;

    /// @notice The second operand of an instruction of registers with opcode 0x33 or, on the low 32 bits, 0x3b.
    /// @return isOne Whether it is an instruction.
    function ofRegisters(uint256 instruction, uint256 a, uint256 b)
        internal
        pure
        returns (bool isOne, uint256 result)
    {
        uint256 funct3 = instruction >> 12 & 7;
        uint256 funct7 = instruction >> 25;
        bool isShort = instruction & 8 != 0;
        if (funct7 == 1) {
            if (!isShort) return (true, product(funct3, a, b));
            return (funct3 == 0 || funct3 >= 4, shortProduct(funct3, a, b));
        }
        bool isOther = funct7 == 0x20;
        if (funct7 != 0 && !isOther) return (false, 0);
        // Only differences and shifts that keep the sign have the other form.
        if (isOther && funct3 != 0 && funct3 != 5) return (false, 0);
        if (!isShort) return (true, sum(funct3, isOther, a, b));
        return (_isShort(funct3), shortSum(funct3, isOther, a, b));
    }

    /// @notice The same of a register and an immediate, with opcode 0x13 or 0x1b.
    function ofImmediate(uint256 instruction, uint256 a, uint256 immediate)
        internal
        pure
        returns (bool isOne, uint256 result)
    {
        uint256 funct3 = instruction >> 12 & 7;
        bool isShort = instruction & 8 != 0;
        bool isOther = false;
        if (funct3 == 1 || funct3 == 5) {
            // Above the amount, of 5 bits or 6, is what selects the shift.
            uint256 above = isShort ? instruction >> 25 : instruction >> 26 << 1;
            isOther = above == 0x20 && funct3 == 5;
            if (above != 0 && !isOther) return (false, 0);
        }
        if (!isShort) return (true, sum(funct3, isOther, a, immediate));
        return (_isShort(funct3), shortSum(funct3, isOther, a, immediate));
    }

    /// @notice Whether a branch is taken.
    function isTaken(uint256 funct3, uint256 a, uint256 b)
        internal
        pure
        returns (bool isOne, bool result)
    {
        if (funct3 == 2 || funct3 == 3) return (false, false);
        uint256 kind = funct3 >> 1;
        result = kind == 0 ? a == b : kind == 2 ? signed(a) < signed(b) : a < b;
        // The odd ones are the opposites.
        return (true, result != (funct3 & 1 == 1));
    }

    /// @notice Sums, shifts, comparisons and logic; `isOther`: differences, and shifts that keep the sign.
    function sum(uint256 funct3, bool isOther, uint256 a, uint256 b)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            if (funct3 == 0) return (isOther ? a - b : a + b) & ONES;
            if (funct3 == 1) return a << (b & 63) & ONES;
            if (funct3 == 2) return signed(a) < signed(b) ? 1 : 0;
            if (funct3 == 3) return a < b ? 1 : 0;
            if (funct3 == 4) return a ^ b;
            if (funct3 == 5) return isOther ? _cut(signed(a) >> (b & 63)) : a >> (b & 63);
            if (funct3 == 6) return a | b;
            return a & b;
        }
    }

    /// @notice The same on the low 32 bits, with the sign extended.
    function shortSum(uint256 funct3, bool isOther, uint256 a, uint256 b)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            if (funct3 == 0) return extended(isOther ? a - b : a + b, 32);
            if (funct3 == 1) return extended(a << (b & 31), 32);
            if (isOther) return _cut(_shortSigned(a) >> (b & 31));
            return extended(_low(a) >> (b & 31), 32);
        }
    }

    /// @notice Products, quotients and rests. By zero: all ones, and the dividend as the rest.
    function product(uint256 funct3, uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            if (funct3 == 0) return a * b & ONES;
            if (funct3 == 1) return _cut(signed(a) * signed(b) >> 64);
            // forge-lint: disable-next-line(unsafe-typecast)
            if (funct3 == 2) return _cut(signed(a) * int256(b) >> 64);
            if (funct3 == 3) return a * b >> 64;
            if (b == 0) return funct3 < 6 ? ONES : a;
            if (funct3 == 4) return _cut(signed(a) / signed(b));
            if (funct3 == 5) return a / b;
            if (funct3 == 6) return _cut(signed(a) % signed(b));
            return a % b;
        }
    }

    /// @notice The same on the low 32 bits, with the sign extended.
    function shortProduct(uint256 funct3, uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            if (funct3 == 0) return extended(a * b, 32);
            if (_low(b) == 0) return funct3 < 6 ? ONES : extended(a, 32);
            if (funct3 == 4) return extended(_cut(_shortSigned(a) / _shortSigned(b)), 32);
            if (funct3 == 5) return extended(_low(a) / _low(b), 32);
            if (funct3 == 6) return _cut(_shortSigned(a) % _shortSigned(b));
            return extended(_low(a) % _low(b), 32);
        }
    }

    /// @notice The number that 64 bits are, with their sign.
    function signed(uint256 value) internal pure returns (int256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return int64(uint64(value));
    }

    /// @notice The low bits of a value, with their sign extended to 64.
    function extended(uint256 value, uint256 bits) internal pure returns (uint256) {
        uint256 above = 256 - bits;
        // forge-lint: disable-next-line(unsafe-typecast)
        return _cut(int256(value << above) >> above);
    }

    function _isShort(uint256 funct3) private pure returns (bool) {
        return funct3 == 0 || funct3 == 1 || funct3 == 5;
    }

    function _low(uint256 value) private pure returns (uint256) {
        return value & type(uint32).max;
    }

    function _shortSigned(uint256 value) private pure returns (int256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return int32(uint32(value));
    }

    function _cut(int256 value) private pure returns (uint256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(value) & ONES;
    }
}
