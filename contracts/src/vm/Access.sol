// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Readers} from "./Reader.sol";

/// @title Access
/// @notice Numbers of 1, 2, 4 and 8 bytes in a word of memory. In memory the lowest byte comes first.
library Access {
    /// @notice Whether something of this size, a power of two, can be at an address.
    function isPossible(uint256 address_, uint256 size) internal pure returns (bool) {
        return address_ < Readers.MEMORY_BYTES && address_ & (size - 1) == 0;
    }

    /// @notice The number at an address.
    /// @param word The word that the address is in.
    function load(bytes32 word, uint256 address_, uint256 size) internal pure returns (uint256) {
        uint256 bits = 8 * size;
        uint256 bytes_ = uint256(word) << 8 * (address_ & 31) >> (256 - bits);
        return _reversed(bytes_) >> (64 - bits);
    }

    /// @notice The word with a number written at an address.
    function store(bytes32 word, uint256 address_, uint256 size, uint256 value)
        internal
        pure
        returns (bytes32)
    {
        uint256 bits = 8 * size;
        uint256 shift = 256 - bits - 8 * (address_ & 31);
        uint256 mask = (2 ** bits - 1) << shift;
        uint256 bytes_ = _reversed(value) >> (64 - bits) << shift;
        return bytes32(uint256(word) & ~mask | bytes_);
    }

    /// @dev The 8 bytes of a number in the opposite order.
    function _reversed(uint256 value) private pure returns (uint256) {
        value = (value & 0x00ff00ff00ff00ff) << 8 | value >> 8 & 0x00ff00ff00ff00ff;
        value = (value & 0x0000ffff0000ffff) << 16 | value >> 16 & 0x0000ffff0000ffff;
        return (value & 0xffffffff) << 32 | value >> 32;
    }
}
