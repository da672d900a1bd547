// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";

/// @notice What an output root commits to, as the OP Stack has it. All of one L2 block.
struct OutputRootProof {
    /// Zero.
    bytes32 version;
    bytes32 stateRoot;
    /// Root of the storage of L2ToL1MessagePasser.
    bytes32 messagePasserStorageRoot;
    bytes32 latestBlockhash;
}

/// @title Outputs
/// @notice What follows from an output root.
library Outputs {
    /// @notice The output root of its parts.
    function root(OutputRootProof calldata parts) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                parts.version,
                parts.stateRoot,
                parts.messagePasserStorageRoot,
                parts.latestBlockhash
            )
        );
    }

    /// @notice Whether the proof shows that a withdrawal was initiated. Reverts on nodes that are no RLP.
    /// @param storageRoot Root of the storage of L2ToL1MessagePasser.
    /// @param proof       Nodes from the root to the leaf. One that is embedded in its parent may stand
    ///                    for itself behind it.
    function holdsWithdrawal(bytes32 storageRoot, bytes32 withdrawalHash, bytes[] calldata proof)
        internal
        pure
        returns (bool)
    {
        // `sentMessages` is the mapping at slot 0.
        bytes32 slot = keccak256(abi.encode(withdrawalHash, uint256(0)));
        bytes memory key = abi.encodePacked(keccak256(abi.encode(slot)));
        return TrieProof.verify(RLP.encode(true), storageRoot, key, proof);
    }
}
