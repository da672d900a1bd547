// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputOracle} from "../../src/L1/OutputOracle.sol";
import {IOutputOracle} from "../../src/interfaces/IOutputOracle.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";
import {Targets} from "./Targets.sol";

/// @notice Several proposers that propose, wait and claim.
contract OutputOracleHandler {
    OutputOracle private immutable oracle;

    uint256 public unclaimed;
    uint256 public claimed;

    constructor(OutputOracle oracle_) {
        oracle = oracle_;
    }

    function propose(uint8 who, bytes32 root) external {
        if (root == 0) root = "root";
        address proposer = address(uint160(0x1000 + who % 4));
        uint256 bond = oracle.BOND();
        uint256 l2BlockNumber = oracle.nextBlockNumber();
        bytes32 parent = blockhash(block.number - 1);
        vm.deal(proposer, bond);
        vm.prank(proposer);
        oracle.proposeOutput{value: bond}(root, l2BlockNumber, 0, parent, block.number - 1);
        ++unclaimed;
    }

    function claim(uint256 index) external {
        uint256 count = oracle.proposalCount();
        if (count == 0) return;
        index %= count;
        IOutputOracle.Proposal memory proposal = oracle.proposal(index);
        if (!oracle.isFinal(index) || proposal.bondClaimed) return;
        uint256 before = proposal.proposer.balance;
        oracle.claimBond(index);
        require(proposal.proposer.balance == before + oracle.BOND());
        --unclaimed;
        ++claimed;
    }

    function wait(uint16 time) external {
        uint256 number = block.number + 1;
        vm.roll(number);
        vm.setBlockhash(number - 1, keccak256(abi.encode(number)));
        vm.warp(block.timestamp + 1 + time);
    }
}

contract OutputOracleInvariants is Chain, Targets {
    OutputOracleHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new OutputOracleHandler(chain.outputOracle);
        callOnly(address(handler));
    }

    function invariant_balance_isTheUnclaimedBonds() public view {
        vm.assertEq(address(chain.outputOracle).balance, handler.unclaimed() * BOND);
        uint256 all = handler.unclaimed() + handler.claimed();
        vm.assertEq(chain.outputOracle.proposalCount(), all);
    }

    function invariant_proposals_areOneIntervalApart() public view {
        uint256 count = chain.outputOracle.proposalCount();
        uint256 time = 0;
        for (uint256 i = 0; i < count; ++i) {
            IOutputOracle.Proposal memory proposal = chain.outputOracle.proposal(i);
            vm.assertEq(proposal.l2BlockNumber, (i + 1) * INTERVAL);
            vm.assertGe(proposal.timestamp, time);
            time = proposal.timestamp;
            vm.assertEq(chain.outputOracle.getL2OutputIndexAfter(proposal.l2BlockNumber), i);
        }
    }

    /// @dev What is final stays final, and nothing is final before what it builds on.
    function invariant_finality_isAPrefix() public view {
        uint256 count = chain.outputOracle.proposalCount();
        bool stillFinal = true;
        for (uint256 i = 0; i < count; ++i) {
            bool isFinal = chain.outputOracle.isFinal(i);
            vm.assertTrue(stillFinal || !isFinal);
            stillFinal = isFinal;
        }
    }
}
