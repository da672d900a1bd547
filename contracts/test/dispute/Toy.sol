// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../../src/interfaces/IStep.sol";
import {Claims} from "../../src/libraries/Claims.sol";

/// @title ToyMachine
/// @notice A machine of the real shape of state that hashes its memory with its inputs at each step and
///         ends after `STEPS`, with the claim of a block that has its memory as hash.
contract ToyMachine is IStep {
    using Claims for Claims.BlockClaim;

    uint64 public immutable STEPS;
    /// Nonzero: every run ends with this exit code, so that it means INVALID.
    uint8 public immutable EXIT_CODE;

    /// With which L2 block what an L1 block lets follow ends. Only the end of a tree is looked at, so all of
    /// its claims have this number.
    mapping(uint256 l1Block => uint64) public ends;

    error NotThisState();

    constructor(uint64 steps, uint8 exitCode) {
        (STEPS, EXIT_CODE) = (steps, exitCode);
    }

    function setEnd(uint256 l1Block, uint64 number) external {
        ends[l1Block] = number;
    }

    function step(bytes32 state, bytes calldata proof, bytes32[] calldata locals)
        external
        view
        virtual
        returns (bytes32)
    {
        if (keccak256(proof) != state || proof.length != 338) revert NotThisState();
        return keccak256(next(proof, locals));
    }

    /// @notice The state that follows.
    function next(bytes memory state, bytes32[] memory locals)
        public
        view
        virtual
        returns (bytes memory)
    {
        (bytes32 memoryRoot, uint64 count, bool ended) = Toy.decode(state);
        if (ended) return state;
        memoryRoot = keccak256(abi.encode(memoryRoot, locals));
        if (++count != STEPS) return Toy.encode(memoryRoot, count, false, 0, 0);
        uint64 number = locals.length == 7 ? ends[uint256(locals[3])] : 0;
        bytes32 output = Toy.claim(memoryRoot, number).hash();
        return Toy.encode(memoryRoot, count, true, EXIT_CODE, output);
    }

    /// @notice The state in which a run begins.
    function initial() public view virtual returns (bytes memory) {
        return Toy.encode("image", 0, false, 0, 0);
    }

    /// @notice The states after `count` strides, each of `stride` steps, as hashes; and the last one.
    function run(bytes memory state, bytes32[] memory locals, uint256 count, uint256 stride)
        external
        view
        returns (bytes32[] memory hashes, bytes memory last)
    {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            for (uint256 j = 0; j < stride; ++j) {
                state = next(state, locals);
            }
            hashes[i] = keccak256(state);
        }
        last = state;
    }
}

/// @notice The bytes of states, and trees over leaves.
library Toy {
    /// @notice A claim with a block of this hash and number, and nothing else in it.
    function claim(bytes32 blockHash, uint64 number)
        internal
        pure
        returns (Claims.BlockClaim memory made)
    {
        (made.blockHash, made.number) = (blockHash, number);
    }

    function encode(bytes32 memoryRoot, uint64 count, bool ended, uint8 code, bytes32 output)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory registers = new bytes(256);
        return abi.encodePacked(memoryRoot, uint64(0), count, ended, code, registers, output);
    }

    function decode(bytes memory state)
        internal
        pure
        returns (bytes32 memoryRoot, uint64 n, bool ended)
    {
        assembly ("memory-safe") {
            memoryRoot := mload(add(state, 32))
            n := shr(192, mload(add(state, 72)))
        }
        ended = state[48] != 0;
    }

    /// @notice All levels of a tree, the leaves first.
    function tree(bytes32[] memory leaves) internal pure returns (bytes32[][] memory levels) {
        uint256 height = 0;
        while (1 << height < leaves.length) ++height;
        levels = new bytes32[][](height + 1);
        levels[0] = leaves;
        for (uint256 i = 1; i <= height; ++i) {
            levels[i] = new bytes32[](levels[i - 1].length / 2);
            for (uint256 j = 0; j < levels[i].length; ++j) {
                levels[i][j] = keccak256(abi.encode(levels[i - 1][2 * j], levels[i - 1][2 * j + 1]));
            }
        }
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[][] memory levels = tree(leaves);
        return levels[levels.length - 1][0];
    }

    /// @notice The children of the root.
    function children(bytes32[] memory leaves) internal pure returns (bytes32 left, bytes32 right) {
        bytes32[][] memory levels = tree(leaves);
        return (levels[levels.length - 2][0], levels[levels.length - 2][1]);
    }

    /// @notice The siblings of a leaf from the bottom up.
    function proof(bytes32[] memory leaves, uint256 index)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        bytes32[][] memory levels = tree(leaves);
        siblings = new bytes32[](levels.length - 1);
        for (uint256 i = 0; i < siblings.length; ++i) {
            siblings[i] = levels[i][(index >> i) ^ 1];
        }
    }
}
