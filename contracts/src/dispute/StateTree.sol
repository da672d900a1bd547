// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title StateTree
/// @notice The binary keccak tree over the states of a trace. All trees of a level have one height, so a
///         node cannot pass for a leaf; leaves are the 32-byte words themselves.
library StateTree {
    /// @notice The node above two.
    function parent(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(bytes.concat(left, right));
    }

    /// @notice The two children of the root of a tree that ends with `leaf`.
    /// @param proof The siblings of the last leaf from the bottom up, one per level, at least one.
    function childrenByLast(bytes32 leaf, bytes32[] calldata proof)
        internal
        pure
        returns (bytes32 left, bytes32 right)
    {
        uint256 top = proof.length - 1;
        right = leaf;
        for (uint256 i = 0; i < top; ++i) {
            right = parent(proof[i], right);
        }
        left = proof[top];
    }

    /// @notice The root of a tree that has `leaf` at `index`.
    function rootBy(bytes32 leaf, uint256 index, bytes32[] calldata proof)
        internal
        pure
        returns (bytes32 root)
    {
        root = leaf;
        for (uint256 i = 0; i < proof.length; ++i) {
            root = (index >> i) & 1 == 0 ? parent(root, proof[i]) : parent(proof[i], root);
        }
    }
}
