// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeOracle} from "../../src/dispute/DisputeOracle.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {Exits} from "../L1/Exits.sol";
import {vm} from "../Vm.sol";

/// @notice Gas of what is done to the list of proposals, with trees of their real height, into `snapshots/`.
///         Without what a transaction itself costs.
/// forge-config: default.isolate = true
contract ProposalGasTest is Exits {
    using Claims for Claims.BlockClaim;

    function test_gas() public {
        DisputeOracle oracle = chain.outputOracle;
        bytes32[] memory proof = new bytes32[](HEIGHT);
        Claims.BlockClaim memory lie;
        Claims.BlockClaim memory truth;
        (truth.blockHash, truth.number) = (keccak256("truth"), INTERVAL);
        nextL1Block();
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(1, 1, "batch");
        chain.portal.depositTransaction(address(3), 0, 21_000, false, "");
        proposeClaim(PROPOSER, lie);
        vm.snapshotGasLastCall("proposals", "proposeOutput");

        IDisputeOracle.Proposal memory made = oracle.proposal(1);
        bytes32 right = rootBy(made.claim, HEIGHT - 1);
        vm.deal(DISPUTER, BOND);
        vm.prank(DISPUTER);
        oracle.dispute{value: BOND}(1, 0, right, truth.hash(), proof);
        vm.snapshotGasLastCall("proposals", "dispute");

        bytes32 tournament = oracle.proposal(1).tournament;
        vm.warp(block.timestamp + WINDOW);
        oracle.timeout(oracle.matchId(tournament, made.segmentsRoot, rootBy(truth.hash(), HEIGHT)));
        oracle.resolve(tournament, truth.hash(), proof, truth);
        vm.snapshotGasLastCall("proposals", "resolve, it is replaced");
    }

    /// @dev Behind a thousand proposals.
    function test_gas_getL2OutputIndexAfter() public {
        vm.warp(block.timestamp + LAG - AGE);
        for (uint64 i = 1; i <= 1000; ++i) {
            Claims.BlockClaim memory claim;
            proposeClaimUpTo(PROPOSER, claim, i * INTERVAL);
        }
        chain.outputOracle.getL2OutputIndexAfter(1);
        vm.snapshotGasLastCall("proposals", "getL2OutputIndexAfter, 1,000 proposals");
    }
}
