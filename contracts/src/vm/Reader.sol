// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";

/// @notice A proof, as far as it has been read.
struct Reader {
    /// The root of the memory that is read.
    bytes32 root;
    /// Where in calldata the next byte is.
    uint256 next;
    /// Where the proof ends.
    uint256 end;
}

using Readers for Reader global;

/// @title Readers
/// @notice Reads words of memory from a proof: the words of an aligned buffer, whose size is a power of two, then the nodes
///         beside the way from its root up to that of the memory, lowest first.
/// @dev Reading goes past the end of a proof that is too short, and finds other calldata or zeros there: `close` refuses it.
library Readers {
    /// @notice Height of the tree over the memory, whose leaves are words of 32 bytes.
    uint256 internal constant HEIGHT = 27;

    /// @notice The bytes of the memory.
    uint256 internal constant MEMORY_BYTES = 1 << 32;

    /// @notice Reads a proof from a place on, under a root.
    function open(bytes calldata proof, uint256 start, bytes32 root)
        internal
        pure
        returns (Reader memory reader)
    {
        uint256 offset;
        assembly ("memory-safe") {
            offset := proof.offset
        }
        return Reader({root: root, next: offset + start, end: offset + proof.length});
    }

    /// @notice Checks that the proof was read to its last byte and no further.
    function close(Reader memory reader, bytes calldata proof) internal pure {
        if (reader.next == reader.end) return;
        revert IStep.WrongLength(proof.length, proof.length + reader.next - reader.end);
    }

    /// @notice The word that an address is in.
    /// @return value The word.
    /// @return siblings Where its siblings are in calldata, for `rootWith`.
    function word(Reader memory reader, uint256 address_)
        internal
        pure
        returns (bytes32 value, uint256 siblings)
    {
        uint256 start = reader.next;
        assembly ("memory-safe") {
            value := calldataload(start)
        }
        siblings = start + 32;
        reader.next = siblings + 32 * HEIGHT;
        if (rootWith(address_, value, siblings) != reader.root) {
            revert IStep.WrongWords(address_ & ~uint256(31));
        }
    }

    /// @notice The root of the memory if the word that an address is in were this one.
    function rootWith(uint256 address_, bytes32 value, uint256 siblings)
        internal
        pure
        returns (bytes32)
    {
        return _climb(value, address_ >> 5, siblings, HEIGHT);
    }

    /// @notice The bytes of a buffer.
    /// @param from Where it is: a multiple of its size.
    /// @param height Of the tree over its words; 0 for one word.
    function buffer(Reader memory reader, uint256 from, uint256 height)
        internal
        pure
        returns (bytes memory bytes_)
    {
        uint256 size = 2 ** (5 + height);
        uint256 start = reader.next;
        uint256 siblings = start + size;
        reader.next = siblings + 32 * (HEIGHT - height);
        bytes32 node;
        // nodes = the words; while there are several: node i of the next level is the hash of nodes 2i and 2i + 1.
        assembly ("memory-safe") {
            bytes_ := mload(0x40)
            mstore(bytes_, size)
            let below := add(bytes_, 32)
            calldatacopy(below, start, size)
            // The levels above are beyond what is allocated, each over the one before.
            let level := add(below, size)
            mstore(0x40, level)
            for { let nodes := shl(height, 1) } gt(nodes, 1) {} {
                nodes := shr(1, nodes)
                for { let i := 0 } lt(i, nodes) { i := add(i, 1) } {
                    mstore(add(level, shl(5, i)), keccak256(add(below, shl(6, i)), 64))
                }
                below := level
            }
            node := mload(below)
        }
        if (_climb(node, from >> (5 + height), siblings, HEIGHT - height) != reader.root) {
            revert IStep.WrongWords(from);
        }
    }

    /// @notice All bytes that are left.
    function rest(Reader memory reader) internal pure returns (bytes calldata bytes_) {
        uint256 start = reader.next;
        uint256 length = start < reader.end ? reader.end - start : 0;
        assembly ("memory-safe") {
            bytes_.offset := start
            bytes_.length := length
        }
        reader.next = start + length;
    }

    /// @dev for each sibling: node = index is even ? keccak(node ‖ sibling) : keccak(sibling ‖ node), index = index / 2.
    function _climb(bytes32 node, uint256 index, uint256 siblings, uint256 height)
        private
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            result := node
            for { let last := add(siblings, shl(5, height)) } lt(siblings, last) {} {
                let side := shl(5, and(index, 1))
                mstore(side, result)
                mstore(xor(side, 32), calldataload(siblings))
                result := keccak256(0, 64)
                index := shr(1, index)
                siblings := add(siblings, 32)
            }
        }
    }
}
