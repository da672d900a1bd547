// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeOracle} from "../../src/dispute/DisputeOracle.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {OutputRootProof} from "../../src/libraries/Outputs.sol";
import {vm} from "../Vm.sol";
import {OracleArena} from "./OracleArena.sol";
import {Player} from "./Cast.sol";
import {Toy, ToyMachine} from "./Toy.sol";

/// @notice What disputes do to the list of proposals.
contract DisputeOracleTest is OracleArena {
    using Claims for Claims.BlockClaim;

    function test_genesis_isFinal() public {
        vm.assertEq(oracle.proposalCount(), 1);
        vm.assertTrue(oracle.isFinal(0));
        vm.assertEq(oracle.proposal(0).claim, Toy.claim("genesis", 0).hash());
        vm.assertEq(oracle.nextBlockNumber(), 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 0));
        oracle.claimBond(0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NotDisputable.selector, 0));
        oracle.dispute{value: BOND}(0, 0, 0, 0, new bytes32[](6));
    }

    function test_propose_pins() public {
        propose(honest());
        IDisputeOracle.Proposal memory made = oracle.proposal(1);
        Claims.BlockClaim memory last = lastOf(0, proposed[0]);
        vm.assertEq(made.claim, last.hash());
        vm.assertEq(made.outputRoot, last.outputRoot());
        vm.assertEq(made.segmentsRoot, Toy.root(proposed[0]));
        vm.assertEq(made.batchAccumulator, chain.batchInbox.accumulator());
        vm.assertEq(made.messageAccumulator, chain.portal.messageAccumulator());
        vm.assertEq(made.l1ParentHash, blockhash(block.number - 1));
        vm.assertEq(made.l1BlockNumber, block.number);
        vm.assertEq(made.l2BlockNumber, 1);
        vm.assertEq(made.parentBlockNumber, 0);
        vm.assertEq(made.proposer, account(0));
        vm.assertEq(oracle.getL2Output(1).outputRoot, made.outputRoot);
        vm.assertEq(oracle.getL2OutputIndexAfter(0), 0);
        vm.assertEq(oracle.getL2OutputIndexAfter(1), 1);
    }

    function test_propose_wrong_reverts() public {
        bytes32 parent = oracle.proposal(0).claim;
        bytes32 hash = blockhash(block.number - 1);
        uint256 number = block.number - 1;
        Claims.BlockClaim memory last = Toy.claim("last", 1);
        bytes32[] memory proof = new bytes32[](6);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongBond.selector, BOND, 1));
        oracle.proposeOutput{value: 1}(last, proof, parent, 1, hash, number);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NotNextBlock.selector, 1, 0));
        oracle.proposeOutput{value: BOND}(last, proof, parent, 0, hash, number);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.ClaimOfOtherBlock.selector, 2, 1));
        oracle.proposeOutput{value: BOND}(last, proof, parent, 2, hash, number);
        // A tree of 64 places has those of two blocks.
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.BlockTooHigh.selector, 2, 3));
        oracle.proposeOutput{value: BOND}(last, proof, parent, 3, hash, number);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.OtherParent.selector, parent, bytes32("x"))
        );
        oracle.proposeOutput{value: BOND}(last, proof, "x", 1, hash, number);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.L1BlockUnknown.selector, number, bytes32("x"))
        );
        oracle.proposeOutput{value: BOND}(last, proof, parent, 1, "x", number);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.L1BlockUnknown.selector, number + 1, 0)
        );
        oracle.proposeOutput{value: BOND}(last, proof, parent, 1, 0, number + 1);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongProofLength.selector, 6, 5));
        oracle.proposeOutput{value: BOND}(last, new bytes32[](5), parent, 1, hash, number);
    }

    function test_undisputed_isFinalAfterTheWindow() public {
        propose(honest());
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 1));
        oracle.claimBond(1);
        vm.warp(block.timestamp + WINDOW);
        vm.assertFalse(oracle.isFinal(1));
        vm.warp(block.timestamp + 1);
        vm.assertTrue(oracle.isFinal(1));
        oracle.claimBond(1);
        vm.assertEq(oracle.credit(account(0)), BOND);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 1));
        oracle.claimBond(1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NotDisputable.selector, 1));
        oracle.dispute{value: BOND}(1, 0, 0, 0, new bytes32[](6));
    }

    /// @dev First and last segments, and the padding behind them.
    function test_falseProposal_isReplaced() public {
        uint256[4] memory segments = [uint256(0), 31, 32, 63];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 liar_ = propose(liar(segments[i], 3, 3));
            uint256 index = oracle.latestOutputIndex();
            uint256 truthful = disputeBy(honest(), liar_, index);
            uint256 id = oracle.idOf(index);
            vm.assertEq(play(), trueRoot());
            vm.assertEq(oracle.proposalCount(), index + 1);
            vm.assertTrue(oracle.idOf(index) != id);
            IDisputeOracle.Proposal memory stands = oracle.proposal(index);
            vm.assertEq(stands.segmentsRoot, trueRoot());
            vm.assertEq(stands.outputRoot, lastOf(truthful, leavesOf[TOP][truthful]).outputRoot());
            vm.assertEq(stands.proposer, account(truthful));
            vm.assertTrue(oracle.isFinal(index));
            vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, id + 1));
            oracle.claimBond(id + 1);
            vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, id));
            oracle.claimBond(id);
        }
        settle();
        vm.assertTrue(paid[account(1)] > putIn[account(1)]);
    }

    function test_trueProposal_isDefended() public {
        uint256 truthful = propose(honest());
        disputeBy(liar(20, 3, 3), truthful, 1);
        enter(liar(2, 3, 3));
        vm.assertEq(play(), trueRoot());
        vm.assertTrue(oracle.isFinal(1) && oracle.proposal(1).decided);
        vm.assertEq(oracle.idOf(1), 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 1));
        oracle.claimBond(1);
        settle();
        vm.assertTrue(paid[account(0)] > putIn[account(0)] + BOND);
    }

    function test_dispute_wrong_reverts() public {
        uint256 liar_ = propose(liar(3, 3, 3));
        bytes32[] memory proof = Toy.proof(proposed[liar_], 63);
        (bytes32 left, bytes32 right) = Toy.children(proposed[liar_]);
        bytes32 root = Toy.root(proposed[liar_]);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NotTheCommitment.selector, root));
        oracle.dispute{value: BOND}(1, right, left, "leaf", proof);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongBond.selector, BOND, 1));
        oracle.dispute{value: 1}(1, left, right, "leaf", proof);
        bytes32 same = proposed[liar_][63];
        vm.expectRevert(abi.encodeWithSelector(ITournaments.JoinedBefore.selector, root));
        oracle.dispute{value: BOND}(1, left, right, same, proof);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.ProposalUnknown.selector, 2));
        oracle.dispute{value: BOND}(2, left, right, "leaf", proof);
        disputeBy(honest(), liar_, 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.DisputedBefore.selector, TOP));
        oracle.dispute{value: BOND}(1, left, right, "leaf", proof);
    }

    /// @dev What builds on a lie falls with it; who built gets the bond back, for nobody judged it.
    function test_descendants_fall() public {
        uint256 liar_ = propose(liar(3, 3, 3));
        uint256 builder = propose(liar(1, 1, 1));
        vm.assertEq(oracle.proposalCount(), 3);
        _disputeOld(liar_, 1);
        vm.assertEq(play(), trueRoot());
        vm.assertEq(oracle.proposalCount(), 2);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.ProposalUnknown.selector, 2));
        oracle.isFinal(2);
        oracle.claimBond(2);
        settle();
        vm.assertEq(paid[account(builder)], BOND);
        propose(honest());
        vm.assertEq(oracle.idOf(2), 4);
    }

    /// @dev An open dispute holds up what is behind it, and nothing before it.
    function test_finality_waitsForEarlierDisputes() public {
        propose(honest());
        uint256 second = propose(honest());
        disputeBy(liar(3, 3, 3), second, 2);
        propose(honest());
        vm.warp(block.timestamp + WINDOW + 1);
        vm.assertTrue(oracle.isFinal(1));
        vm.assertFalse(oracle.isFinal(2));
        vm.assertFalse(oracle.isFinal(3));
        vm.assertEq(oracle.proposalCount(), 4);
        game.timeout(openMatches[0]);
        vm.assertFalse(oracle.isFinal(2));
    }

    /// @dev A later dispute is over first: it removes nothing until the earlier one is, which then makes it
    ///      a matter of bonds.
    function test_removals_areInOrder() public {
        uint256 first = propose(liar(1, 1, 1));
        uint256 second = propose(liar(2, 2, 2));
        disputeBy(honest(), second, 2);
        bytes32 later = TOP;
        vm.warp(block.timestamp + WINDOW - 30);
        players[second].silent = true;
        _disputeOld(first, 1);
        bytes32 earlier = TOP;
        TOP = later;
        vm.warp(block.timestamp + 30);
        game.timeout(openMatches[0]);
        vm.assertTrue(game.isOver(later));
        bytes32[] memory leaves = leavesOf[later][playerOf[later][game.tournamentOf(later).waiting]];
        bytes32[] memory proof = Toy.proof(leaves, 63);
        Claims.BlockClaim memory last;
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.EarlierDispute.selector, 1));
        oracle.resolve(later, leaves[63], proof, last);

        TOP = earlier;
        vm.assertEq(play(), trueRoot());
        vm.assertEq(oracle.proposalCount(), 2);
        oracle.resolve(later, leaves[63], proof, last);
        vm.assertEq(oracle.proposalCount(), 2);
        vm.assertTrue(oracle.isFinal(1));
        settle();
    }

    /// @dev A proposal that was made too early to have a meaning goes, and nothing comes in its place.
    function test_invalidWins_nothingFollows() public {
        machine = new ToyMachine(40, 1);
        _deploy();
        uint256 liar_ = propose(liar(0, 3, 3));
        disputeBy(honest(), liar_, 1);
        vm.assertEq(leavesOf[TOP][1][63], Claims.INVALID);
        vm.assertEq(play(), trueRoot());
        vm.assertEq(oracle.proposalCount(), 1);
        settle();
    }

    function test_nobodyLeft_nothingFollows() public {
        uint256 liar_ = propose(liar(2, 3, 3));
        disputeBy(liar(2, 3, 3), liar_, 1);
        vm.assertEq(play(), bytes32(0));
        vm.assertEq(oracle.proposalCount(), 1);
        settle();
    }

    /// @dev A commitment whose last claim nobody can show has won against nobody who told the truth.
    function test_unknownClaimWins_waitsForSomebodyToShowIt() public {
        Player memory silent = liar(2, 3, 3);
        silent.silent = true;
        uint256 proposer = propose(silent);
        uint256 other = disputeBy(liar(2, 3, 3), proposer, 1);
        vm.warp(block.timestamp + WINDOW);
        game.timeout(openMatches[0]);
        bytes32[] memory leaves = leavesOf[TOP][other];
        bytes32[] memory proof = Toy.proof(leaves, 63);
        Claims.BlockClaim memory unknown;
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.ClaimUnknown.selector, leaves[63]));
        oracle.resolve(TOP, leaves[63], proof, unknown);
        bytes32 root = Toy.root(leaves);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NotTheCommitment.selector, root));
        oracle.resolve(TOP, Claims.INVALID, proof, unknown);
        vm.warp(block.timestamp + WINDOW);
        oracle.resolve(TOP, leaves[63], proof, unknown);
        vm.assertEq(oracle.proposalCount(), 1);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.TournamentUnknown.selector, bytes32(0)));
        oracle.resolve(0, 0, proof, unknown);
    }

    /// @dev After a reorg the same proposal may stand in another L1 block. Moves of the dispute that is gone
    ///      then move nothing, for the names follow from the pins.
    function test_l1Reorg_givesOtherNames() public {
        disputeBy(honest(), propose(liar(0, 3, 3)), 1);
        (bytes32 name, bytes32 root, bytes32 id) =
            (TOP, oracle.proposal(1).segmentsRoot, openMatches[0]);
        delete players;
        delete openMatches;
        _deploy();
        disputeBy(honest(), propose(liar(0, 3, 3)), 1);
        vm.assertEq(oracle.proposal(1).segmentsRoot, root);
        vm.assertTrue(TOP != name && openMatches[0] != id);
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.WrongPhase.selector, ITournaments.Phase.None)
        );
        game.timeout(id);
        _truthWins(1);
    }

    function test_constructor_outOfBounds_reverts() public {
        ITournaments.Parameters memory rules = parameters();
        for (uint256 i = 0; i < 7; ++i) {
            DisputeOracle.OracleParameters memory wrong = oracleParameters();
            if (i == 0) wrong.proposalInterval = 0;
            // 96 places do not fit into a tree of 64.
            if (i == 1) wrong.proposalInterval = 3;
            if (i == 2) wrong.l2BlockTime = 0;
            if (i == 3) wrong.l2BlockTime = 13;
            if (i == 4) wrong.proposalLag = 0;
            if (i == 5) wrong.genesisTime = 0;
            if (i == 6) wrong.genesis.number = 1;
            vm.expectRevert(ITournaments.ParameterOutOfBounds.selector);
            new DisputeOracle(rules, wrong);
        }
    }

    /// @dev The pins are those of the proposal, though others came after it.
    function _disputeOld(uint256 proposer, uint256 index) private returns (uint256) {
        pinsOf(index);
        return disputeBy(honest(), proposer, index);
    }
}
