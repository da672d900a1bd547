// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputOracle} from "../../src/L1/OutputOracle.sol";
import {IL2OutputOracle} from "../../src/interfaces/IL2OutputOracle.sol";
import {IOutputOracle} from "../../src/interfaces/IOutputOracle.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

contract OutputOracleTest is Chain {
    bytes private constant NOT_PROPOSED = abi.encodeWithSignature(
        "Error(string)", "L2OutputOracle: cannot get output for a block that has not been proposed"
    );

    function testFuzz_proposeOutput_pinsAndEmits(bytes32 outputRoot, bytes32 segmentsRoot) public {
        vm.assume(outputRoot != 0);
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(1, INTERVAL, "batch");
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");

        vm.deal(USER, BOND);
        vm.expectEmit(address(chain.outputOracle));
        emit IL2OutputOracle.OutputProposed(outputRoot, 0, INTERVAL, block.timestamp);
        vm.expectEmit(address(chain.outputOracle));
        emit IOutputOracle.ProposalPinned(
            0,
            USER,
            segmentsRoot,
            chain.batchInbox.accumulator(),
            chain.portal.messageAccumulator(),
            uint64(block.number),
            blockhash(block.number - 1)
        );
        vm.prank(USER);
        chain.outputOracle.proposeOutput{value: BOND}(
            outputRoot, INTERVAL, segmentsRoot, blockhash(block.number - 1), block.number - 1
        );

        IOutputOracle.Proposal memory read = chain.outputOracle.proposal(0);
        vm.assertEq(read.outputRoot, outputRoot);
        vm.assertEq(read.segmentsRoot, segmentsRoot);
        vm.assertEq(read.batchAccumulator, chain.batchInbox.accumulator());
        vm.assertEq(read.messageAccumulator, chain.portal.messageAccumulator());
        vm.assertTrue(read.batchAccumulator != 0 && read.messageAccumulator != 0);
        vm.assertEq(read.l1ParentHash, blockhash(block.number - 1));
        vm.assertEq(read.l1BlockNumber, block.number);
        vm.assertEq(read.proposer, USER);
        vm.assertEq(read.timestamp, block.timestamp);
        vm.assertEq(read.l2BlockNumber, INTERVAL);
        vm.assertFalse(read.bondClaimed);
    }

    function test_proposeOutput_rootZero_reverts() public {
        vm.expectRevert(IOutputOracle.OutputRootZero.selector);
        _propose(0, INTERVAL, BOND);
    }

    function testFuzz_proposeOutput_wrongBond_reverts(uint96 bond) public {
        vm.assume(bond != BOND);
        vm.deal(address(this), bond);
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.WrongBond.selector, BOND, bond));
        _propose("root", INTERVAL, bond);
    }

    function testFuzz_proposeOutput_notNextBlock_reverts(uint256 l2BlockNumber) public {
        _propose("first", INTERVAL, BOND);
        vm.assume(l2BlockNumber != 2 * INTERVAL);
        vm.expectRevert(
            abi.encodeWithSelector(IOutputOracle.NotNextBlock.selector, 2 * INTERVAL, l2BlockNumber)
        );
        _propose("second", l2BlockNumber, BOND);
    }

    function testFuzz_proposeOutput_l1BlockUnknown_reverts(bytes32 hash) public {
        vm.assume(hash != blockhash(block.number - 1));
        uint256 number = block.number - 1;
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.L1BlockUnknown.selector, number, hash));
        chain.outputOracle.proposeOutput{value: BOND}("root", INTERVAL, 0, hash, number);
    }

    /// @dev For a block that L1 does not know, its hash reads as zero.
    function test_proposeOutput_l1BlockOldOrFuture_reverts() public {
        uint256[3] memory numbers = [block.number - 257, block.number, block.number + 1];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IOutputOracle.L1BlockUnknown.selector, numbers[i], 0)
            );
            chain.outputOracle.proposeOutput{value: BOND}("root", INTERVAL, 0, 0, numbers[i]);
        }
    }

    function test_isFinal_afterTheWindow() public {
        _propose("root", INTERVAL, BOND);
        vm.assertFalse(chain.outputOracle.isFinal(0));
        vm.warp(block.timestamp + WINDOW);
        vm.assertFalse(chain.outputOracle.isFinal(0));
        vm.warp(block.timestamp + 1);
        vm.assertTrue(chain.outputOracle.isFinal(0));
    }

    function test_claimBond_final_paysOnce() public {
        vm.deal(USER, BOND);
        vm.prank(USER);
        _proposeNext("root");
        vm.warp(block.timestamp + WINDOW + 1);

        vm.expectEmit(address(chain.outputOracle));
        emit IOutputOracle.BondClaimed(0, USER, BOND);
        chain.outputOracle.claimBond(0);
        vm.assertEq(USER.balance, BOND);
        vm.assertEq(address(chain.outputOracle).balance, 0);
        vm.assertTrue(chain.outputOracle.proposal(0).bondClaimed);

        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.NoBond.selector, 0));
        chain.outputOracle.claimBond(0);
    }

    function test_claimBond_notFinal_reverts() public {
        _propose("root", INTERVAL, BOND);
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.ProposalNotFinal.selector, 0));
        chain.outputOracle.claimBond(0);
    }

    function test_claimBond_unknown_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.ProposalUnknown.selector, 0));
        chain.outputOracle.claimBond(0);
    }

    /// @dev This test contract has no receive function.
    function test_claimBond_proposerRefuses_reverts() public {
        _propose("root", INTERVAL, BOND);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IOutputOracle.BondTransferFailed.selector, address(this))
        );
        chain.outputOracle.claimBond(0);
    }

    function test_claimBond_reentered_paysOnce() public {
        Reentrant proposer = new Reentrant(chain.outputOracle);
        vm.deal(address(proposer), BOND);
        vm.prank(address(proposer));
        _proposeNext("root");
        _propose("another", 2 * INTERVAL, BOND);
        vm.warp(block.timestamp + WINDOW + 1);
        // The inner call fails, and so the outer one: a second bond is never at risk.
        vm.expectRevert(
            abi.encodeWithSelector(IOutputOracle.BondTransferFailed.selector, address(proposer))
        );
        chain.outputOracle.claimBond(0);
        vm.assertEq(address(chain.outputOracle).balance, 2 * BOND);
    }

    function test_reads_noProposal() public {
        vm.assertEq(chain.outputOracle.latestBlockNumber(), 0);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), INTERVAL);
        vm.assertEq(chain.outputOracle.nextOutputIndex(), 0);
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.ProposalUnknown.selector, 0));
        chain.outputOracle.latestOutputIndex();
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.ProposalUnknown.selector, 0));
        chain.outputOracle.getL2Output(0);
        vm.expectRevert(NOT_PROPOSED);
        chain.outputOracle.getL2OutputIndexAfter(0);
    }

    function test_reads_legacyAbi() public {
        _propose("first", INTERVAL, BOND);
        nextL1Block();
        _propose("second", 2 * INTERVAL, BOND);

        vm.assertEq(chain.outputOracle.latestOutputIndex(), 1);
        vm.assertEq(chain.outputOracle.nextOutputIndex(), 2);
        vm.assertEq(chain.outputOracle.proposalCount(), 2);
        vm.assertEq(chain.outputOracle.latestBlockNumber(), 2 * INTERVAL);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), 3 * INTERVAL);
        vm.assertEq(chain.outputOracle.SUBMISSION_INTERVAL(), INTERVAL);
        vm.assertEq(chain.outputOracle.L2_BLOCK_TIME(), 1);
        vm.assertEq(chain.outputOracle.FINALIZATION_PERIOD_SECONDS(), WINDOW);
        vm.assertEq(chain.outputOracle.version(), "1.0.0");
        IL2OutputOracle.OutputProposal memory output = chain.outputOracle.getL2Output(1);
        vm.assertEq(output.outputRoot, bytes32("second"));
        vm.assertEq(output.timestamp, block.timestamp);
        vm.assertEq(output.l2BlockNumber, 2 * INTERVAL);
    }

    function testFuzz_getL2OutputIndexAfter_isTheFirstThatCovers(uint8 count, uint16 wanted)
        public
    {
        count = count % 20 + 1;
        for (uint256 i = 1; i <= count; ++i) {
            _propose(bytes32(i), i * INTERVAL, BOND);
        }
        uint256 latest = uint256(count) * INTERVAL;
        if (wanted > latest) {
            vm.expectRevert(NOT_PROPOSED);
            chain.outputOracle.getL2OutputIndexAfter(wanted);
        } else {
            uint256 index = chain.outputOracle.getL2OutputIndexAfter(wanted);
            vm.assertGe(chain.outputOracle.getL2Output(index).l2BlockNumber, wanted);
            if (index > 0) {
                vm.assertTrue(chain.outputOracle.getL2Output(index - 1).l2BlockNumber < wanted);
            }
        }
    }

    function test_constructor_genesisOutput_isTheFirst() public {
        OutputOracle.Parameters memory parameters = _parameters();
        parameters.genesisOutputRoot = keccak256("genesis");
        OutputOracle oracle = new OutputOracle(parameters);
        vm.assertEq(oracle.latestOutputIndex(), 0);
        vm.assertEq(oracle.latestBlockNumber(), 0);
        vm.assertEq(oracle.nextBlockNumber(), INTERVAL);
        vm.assertEq(oracle.getL2Output(0).outputRoot, keccak256("genesis"));
        vm.assertEq(oracle.getL2OutputIndexAfter(0), 0);

        vm.warp(block.timestamp + WINDOW + 1);
        vm.assertTrue(oracle.isFinal(0));
        vm.expectRevert(abi.encodeWithSelector(IOutputOracle.NoBond.selector, 0));
        oracle.claimBond(0);
    }

    function test_constructor_outOfBounds_reverts() public {
        for (uint256 i = 0; i < 7; ++i) {
            OutputOracle.Parameters memory parameters = _parameters();
            if (i == 0) parameters.proposalInterval = 0;
            if (i == 1) parameters.proposalInterval = 1025;
            if (i == 2) parameters.l2BlockTime = 0;
            if (i == 3) parameters.l2BlockTime = 13;
            if (i == 4) parameters.disputeWindow = 0;
            if (i == 5) parameters.disputeWindow = 30 days + 1;
            if (i == 6) parameters.bond = 0;
            vm.expectRevert(IOutputOracle.ParameterOutOfBounds.selector);
            new OutputOracle(parameters);
        }
    }

    function _parameters() private view returns (OutputOracle.Parameters memory parameters) {
        parameters = configuration().oracle;
        parameters.batchInbox = address(chain.batchInbox);
        parameters.portal = address(chain.portal);
    }

    function _propose(bytes32 root, uint256 l2BlockNumber, uint256 bond) private {
        chain.outputOracle.proposeOutput{value: bond}(
            root, l2BlockNumber, 0, blockhash(block.number - 1), block.number - 1
        );
    }

    function _proposeNext(bytes32 root) private {
        chain.outputOracle.proposeOutput{value: BOND}(
            root, INTERVAL, 0, blockhash(block.number - 1), block.number - 1
        );
    }
}

/// @notice A proposer that asks for its bond again while it is being paid.
contract Reentrant {
    OutputOracle private immutable oracle;

    constructor(OutputOracle oracle_) {
        oracle = oracle_;
    }

    receive() external payable {
        oracle.claimBond(0);
    }
}
