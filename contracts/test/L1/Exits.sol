// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputRootProof} from "../../src/libraries/Outputs.sol";
import {WithdrawalTransaction, Withdrawals} from "../../src/libraries/Withdrawals.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

/// @notice Withdrawals with proofs, against proposals of an L2 whose message passer holds a single one.
abstract contract Exits is Chain {
    address internal constant PROPOSER = address(0x9409);

    /// @notice A proposal, and a proof against it.
    struct Proven {
        uint256 index;
        bytes32 outputRoot;
        OutputRootProof parts;
        bytes[] proof;
    }

    /// @dev Proposes an L2 state in which the withdrawal was initiated.
    function propose(WithdrawalTransaction memory withdrawal) internal returns (Proven memory) {
        return proposeSlot(leaf(hashOf(withdrawal), 0x01));
    }

    /// @dev Proposes an L2 state in which the message passer's storage has one node.
    function proposeSlot(bytes memory node) internal returns (Proven memory proven) {
        nextL1Block();
        proven.parts = OutputRootProof({
            version: 0,
            stateRoot: keccak256("state"),
            messagePasserStorageRoot: keccak256(node),
            latestBlockhash: keccak256("block")
        });
        proven.outputRoot = rootOf(proven.parts);
        proven.proof = new bytes[](1);
        proven.proof[0] = node;
        proven.index = chain.outputOracle.proposalCount();
        uint256 number = chain.outputOracle.nextBlockNumber();
        bytes32 parent = blockhash(block.number - 1);
        vm.deal(PROPOSER, BOND);
        vm.prank(PROPOSER);
        chain.outputOracle.proposeOutput{value: BOND}(
            proven.outputRoot, number, 0, parent, block.number - 1
        );
    }

    function prove(WithdrawalTransaction memory withdrawal, Proven memory proven) internal {
        chain.portal
            .proveWithdrawalTransaction(withdrawal, proven.index, proven.parts, proven.proof);
    }

    /// @dev Puts another output root in the place of a proposal's, which is the first word of it.
    function replaceProposal(uint256 index, bytes32 outputRoot) internal {
        address oracle = address(chain.outputOracle);
        bytes32 before = chain.outputOracle.proposal(index).outputRoot;
        // Its proposals are its only variable, at slot 0, of so many words each.
        uint256 words = 8;
        bytes32 place = bytes32(uint256(keccak256(abi.encode(0))) + index * words);
        vm.assertEq(vm.load(oracle, place), before);
        vm.store(oracle, place, outputRoot);
    }

    function hashOf(WithdrawalTransaction memory withdrawal) internal pure returns (bytes32) {
        return Withdrawals.hash(withdrawal);
    }

    function rootOf(OutputRootProof memory parts) internal pure returns (bytes32) {
        return keccak256(abi.encode(parts));
    }

    /// @dev The only node of a trie that holds `sentMessages[withdrawalHash]` alone: a path of 33 bytes, of
    ///      which the first marks a leaf, and a value of one.
    function leaf(bytes32 withdrawalHash, bytes1 value) internal pure returns (bytes memory) {
        bytes32 slot = keccak256(abi.encode(withdrawalHash, uint256(0)));
        return abi.encodePacked(hex"e3a120", keccak256(abi.encode(slot)), value);
    }
}
