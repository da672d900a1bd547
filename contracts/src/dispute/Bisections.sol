// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {StateTree} from "./StateTree.sol";

/// @title Bisections
/// @notice The sides take turns. Whoever has the turn opens its node, so that both pairs of children are
///         known, and with it the child in which they differ: the left if the left ones do, otherwise the
///         right. That child's children are opened along, which makes it the other side's turn one level
///         lower.
/// @dev Invariant: `node` differs from the parent of `left` and `right`, and all leaves before `position`
///      are the same in both trees.
library Bisections {
    /// @notice Two trees of one height that differ, and how far down they were opened along the path to the
    ///         first leaf in which they do.
    struct Bisection {
        /// The node of the side that has to open next.
        bytes32 node;
        /// The children of the other side's node in the same place.
        bytes32 left;
        bytes32 right;
        /// Index of the first leaf below that place.
        uint64 position;
        /// How far the leaves are below that place.
        uint8 height;
    }

    /// @notice These are not the children of the node that has to be opened.
    error NotChildren(bytes32 node, bytes32 left, bytes32 right);

    /// @notice The children are leaves, so there is nothing more to open: the match is to be sealed.
    error AtLeaves();

    /// @notice The children are not leaves yet.
    error AboveLeaves(uint8 height);

    /// @notice Goes one level down.
    /// @param left     Left child of the node.
    /// @param right    Right child of the node.
    /// @param newLeft  Left child of the child that differs.
    /// @param newRight Right child of the child that differs.
    function descend(
        Bisection storage self,
        bytes32 left,
        bytes32 right,
        bytes32 newLeft,
        bytes32 newRight
    ) internal {
        uint8 height = self.height;
        if (height < 2) revert AtLeaves();
        _requireChildren(self.node, left, right);
        bytes32 otherLeft = self.left;
        if (left != otherLeft) {
            _requireChildren(left, newLeft, newRight);
            self.node = otherLeft;
        } else {
            _requireChildren(right, newLeft, newRight);
            self.node = self.right;
            self.position += uint64(1) << (height - 1);
        }
        self.left = newLeft;
        self.right = newRight;
        self.height = height - 1;
    }

    /// @notice The first leaf in which the trees differ: where, and what each side has there.
    /// @param left  Left child of the node: a leaf.
    /// @param right Right child of the node: a leaf.
    function divergence(Bisection memory self, bytes32 left, bytes32 right)
        internal
        pure
        returns (uint64 position, bytes32 mine, bytes32 theirs)
    {
        if (self.height != 1) revert AboveLeaves(self.height);
        _requireChildren(self.node, left, right);
        return left != self.left
            ? (self.position, left, self.left)
            : (self.position + 1, right, self.right);
    }

    function _requireChildren(bytes32 node, bytes32 left, bytes32 right) private pure {
        if (StateTree.parent(left, right) != node) revert NotChildren(node, left, right);
    }
}
