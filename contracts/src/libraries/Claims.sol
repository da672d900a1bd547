// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Claims
/// @notice What follows from a claim.
library Claims {
    /// @notice What stands after an L2 block (`docs/spec/claims.md`, section 1).
    struct BlockClaim {
        bytes32 blockHash;
        bytes32 stateRoot;
        /// Root of the storage of L2ToL1MessagePasser.
        bytes32 withdrawalsRoot;
        /// Where derivation stands.
        bytes32 cursor;
        /// Hash of the block's L1 origin.
        bytes32 originHash;
        uint64 sequenceNumber;
        /// Number of the L2 block.
        uint64 number;
    }

    /// @notice The claim that there is none.
    bytes32 internal constant INVALID = keccak256("braid: no claim");

    /// @notice Places for the segments of a block in the tree of an interval.
    uint256 internal constant PLACES_PER_BLOCK = 32;

    /// @notice The leaf that stands for it.
    function hash(BlockClaim memory self) internal pure returns (bytes32) {
        return keccak256(abi.encode(self));
    }

    /// @notice The output root of the block, as the OP Stack has it.
    function outputRoot(BlockClaim memory self) internal pure returns (bytes32) {
        return
            keccak256(abi.encode(bytes32(0), self.stateRoot, self.withdrawalsRoot, self.blockHash));
    }
}
