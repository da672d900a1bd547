// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Access} from "../../src/vm/Access.sol";
import {vm} from "../Vm.sol";

/// @dev Against bytes, one by one.
contract AccessTest {
    function testFuzz_load_isThatOfBytes(bytes32 word, uint64 address_, uint8 kind) public pure {
        (uint256 place, uint256 size) = _placeOf(address_, kind);
        uint256 expected = 0;
        for (uint256 i = 0; i < size; ++i) {
            expected |= uint256(uint8(word[place % 32 + i])) << 8 * i;
        }
        vm.assertEq(Access.load(word, place, size), expected);
    }

    function testFuzz_store_isThatOfBytes(bytes32 word, uint64 address_, uint8 kind, uint64 value)
        public
        pure
    {
        (uint256 place, uint256 size) = _placeOf(address_, kind);
        bytes memory expected = bytes.concat(word);
        for (uint256 i = 0; i < size; ++i) {
            expected[place % 32 + i] = bytes1(uint8(value >> 8 * i));
        }
        vm.assertEq(Access.store(word, place, size, value), bytes32(expected));
    }

    function testFuzz_isPossible(uint64 address_, uint8 kind) public pure {
        uint256 size = 2 ** (kind % 17);
        bool expected = address_ % size == 0 && address_ < 2 ** 32;
        vm.assertTrue(Access.isPossible(address_, size) == expected);
        uint256 within = uint256(address_) % 2 ** 32 / size * size;
        vm.assertTrue(Access.isPossible(within, size));
        vm.assertFalse(Access.isPossible(within + 2 ** 32, size));
    }

    function _placeOf(uint64 address_, uint8 kind) private pure returns (uint256, uint256) {
        uint256 size = 2 ** (kind % 4);
        return (uint256(address_) / size * size, size);
    }
}
