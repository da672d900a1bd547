// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bisections} from "../../src/dispute/Bisections.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {ToyTournaments} from "./Cast.sol";
import {Toy, ToyMachine} from "./Toy.sol";

/// @notice Each move, what it refuses, and the clocks to the second.
contract MovesTest is Arena {
    function test_constructor_outOfBounds_reverts() public {
        for (uint256 i = 0; i < 12; ++i) {
            ITournaments.Parameters memory wrong = parameters();
            if (i == 0) wrong.window = 0;
            if (i == 1) wrong.window = 30 days + 1;
            if (i == 2) wrong.effort = 0;
            if (i == 3) wrong.effort = wrong.window + 1;
            if (i == 4) wrong.initialState = 0;
            if (i == 5) wrong.heights[0] = 0;
            if (i == 6) wrong.heights[1] = 33;
            if (i == 7) wrong.bonds[2] = 0;
            if (i == 8) wrong.bonds[1] = 1_000_001 ether;
            // Bonds that moves could eat up.
            if (i == 9) wrong.refundPriceMax = 100 gwei;
            if (i == 10) wrong.stepGasMax = 100_000_000;
            if (i == 11) (wrong.bonds[0], wrong.refundPriceMax) = (0, 0);
            vm.expectRevert(ITournaments.ParameterOutOfBounds.selector);
            new ToyTournaments(wrong);
        }
    }

    function test_join_wrongBond_reverts() public {
        bytes32[] memory proof = new bytes32[](3);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongBond.selector, BOND, BOND - 1));
        game.join{value: BOND - 1}(TOP, "leaf", proof, "");
    }

    function test_join_proofLength_reverts() public {
        for (uint256 length = 0; length < 5; ++length) {
            if (length == 3) continue;
            vm.expectRevert(
                abi.encodeWithSelector(ITournaments.WrongProofLength.selector, 3, length)
            );
            game.join{value: BOND}(TOP, "leaf", new bytes32[](length), "");
        }
    }

    function test_join_unknownTournament_reverts() public {
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.TournamentUnknown.selector, bytes32("other"))
        );
        game.join{value: BOND}("other", "leaf", new bytes32[](3), "");
    }

    function test_join_twice_reverts() public {
        bytes32[] memory proof = new bytes32[](3);
        game.join{value: BOND}(TOP, "leaf", proof, "");
        bytes32 root = game.tournamentOf(TOP).waiting;
        vm.expectRevert(abi.encodeWithSelector(ITournaments.JoinedBefore.selector, root));
        game.join{value: BOND}(TOP, "leaf", proof, "");
    }

    /// @dev Who has lost does not come back.
    function test_join_afterLosing_reverts() public {
        (bytes32 id,) = _pair();
        bytes32 lost = game.matchOf(id).one;
        uint256 loser = playerOf[TOP][lost];
        game.timeout(_outIn(id, 0));
        bytes32[] memory leaves = leavesOf[TOP][loser];
        bytes32[] memory proof = Toy.proof(leaves, 7);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.JoinedBefore.selector, lost));
        game.join{value: BOND}(TOP, leaves[7], proof, "");
    }

    function test_join_lateJoinersClock() public {
        bytes32[] memory proof = new bytes32[](3);
        vm.warp(block.timestamp + WINDOW - 1);
        game.join{value: BOND}(TOP, "leaf", proof, "");
        bytes32 root = game.tournamentOf(TOP).waiting;
        vm.assertEq(game.commitmentOf(TOP, root).clock.left, 1);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.TooLateToJoin.selector, TOP));
        game.join{value: BOND}(TOP, "other", proof, "");
    }

    function test_pair_clocksGainEffort_upToTheWindow() public {
        enter(liar(3, 4, 5));
        vm.warp(block.timestamp + WINDOW - 100);
        enter(honest());
        ITournaments.Match memory played = game.matchOf(openMatches[0]);
        vm.assertEq(game.commitmentOf(TOP, played.one).clock.left, WINDOW);
        vm.assertEq(game.commitmentOf(TOP, played.one).clock.since, block.timestamp);
        vm.assertEq(game.commitmentOf(TOP, played.two).clock.left, 100 + EFFORT);
        vm.assertEq(game.commitmentOf(TOP, played.two).clock.since, 0);
    }

    function test_advance_atTheLastSecond() public {
        (bytes32 id,) = _pair();
        vm.warp(block.timestamp + WINDOW - 1);
        vm.expectRevert(ITournaments.ClockNotOut.selector);
        game.timeout(id);
        _moveAll();
        vm.assertEq(game.matchOf(id).bisection.height, 2);
        vm.assertEq(game.commitmentOf(TOP, game.matchOf(id).one).clock.left, 1);
    }

    /// @dev Offline until just before the end; what is left is enough, for more comes with each opponent.
    function test_honest_offlineForTheWindowLessAMoment() public {
        enter(honest());
        enter(liar(7, 7, 7));
        vm.warp(block.timestamp + WINDOW - 2);
        bytes32 winner = play();
        vm.assertEq(winner, trueRoot());
        settle();
    }

    function test_advance_clockOut_reverts() public {
        (bytes32 id,) = _pair();
        vm.warp(block.timestamp + WINDOW);
        ITournaments.Match memory played = game.matchOf(id);
        bytes32[][] memory tree = Toy.tree(leavesOf[TOP][playerOf[TOP][played.one]]);
        (bytes32 left, bytes32 right) = (tree[2][0], tree[2][1]);
        uint256 place = left == played.bisection.left ? 2 : 0;
        vm.expectRevert(ITournaments.ClockOut.selector);
        game.advance(id, left, right, tree[1][place], tree[1][place + 1]);
    }

    /// forge-config: default.isolate = true
    function test_timeout_winnerPaysForLateness() public {
        (bytes32 id,) = _pair();
        bytes32 two = game.matchOf(id).two;
        _outIn(id, 7);
        vm.prank(address(0x4E1));
        game.timeout(id);
        vm.snapshotGasLastCall("decisions", "timeout, the winner waits");
        vm.assertEq(game.commitmentOf(TOP, two).clock.left, WINDOW - 7);
        vm.assertEq(game.tournamentOf(TOP).waiting, two);
        vm.assertEq(game.commitmentOf(TOP, two).stake, 2 * BOND - game.matchOf(id).owedTwo);
    }

    function test_timeout_unclaimedTooLong_bothOut() public {
        (bytes32 id,) = _pair();
        game.timeout(_outIn(id, WINDOW));
        vm.assertEq(game.tournamentOf(TOP).waiting, bytes32(0));
        vm.assertEq(game.tournamentOf(TOP).pot, 2 * BOND);
        vm.assertEq(_conclude(), bytes32(0));
        settle();
        vm.assertEq(paid[game.NOBODY()], 2 * BOND);
    }

    function test_timeout_oneSecondBefore_wins() public {
        (bytes32 id,) = _pair();
        game.timeout(_outIn(id, WINDOW - 1));
        vm.assertEq(game.commitmentOf(TOP, game.matchOf(id).two).clock.left, 1);
    }

    /// @dev At the level of steps both clocks run, and with nobody who steps both are out.
    function test_timeout_sealedSteps_bothOut() public {
        bytes32 id = _toSteps();
        vm.expectRevert(ITournaments.ClockNotOut.selector);
        game.timeout(id);
        vm.warp(block.timestamp + WINDOW + 1);
        bytes32 tournament = game.matchOf(id).tournament;
        game.timeout(id);
        vm.assertTrue(game.matchOf(id).phase == ITournaments.Phase.Over && !game.matchOf(id).won);
        bytes32 strides = game.tournamentOf(tournament).outer;
        game.concludeInner(tournament);
        vm.assertTrue(
            game.matchOf(strides).phase == ITournaments.Phase.Over && !game.matchOf(strides).won
        );
    }

    /// forge-config: default.isolate = true
    function test_step_winsForWhoIsRight() public {
        bytes32 id = _toSteps();
        ITournaments.Match memory played = game.matchOf(id);
        ITournaments.Match memory strides = game.matchOf(game.tournamentOf(played.tournament).outer);
        (bytes memory state, bytes32[] memory locals) = _stateBefore(strides);
        (, state) = machine.run(state, locals, 1, played.bisection.position);
        vm.prank(address(0x4E1));
        game.step(id, state);
        vm.snapshotGasLastCall("decisions", "step of a machine that hashes, the winner waits");
        played = game.matchOf(id);
        bool truthIsTwo = played.bisection.right == keccak256(machine.next(state, locals));
        vm.assertTrue(played.won && played.wonByTwo == truthIsTwo);
    }

    function test_step_clockOut_reverts() public {
        bytes32 id = _toSteps();
        ITournaments.Match memory played = game.matchOf(id);
        ITournaments.Match memory strides = game.matchOf(game.tournamentOf(played.tournament).outer);
        (bytes memory state, bytes32[] memory locals) = _stateBefore(strides);
        (, state) = machine.run(state, locals, 1, played.bisection.position);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(ITournaments.ClockOut.selector);
        game.step(id, state);
    }

    function test_step_badProof_reverts() public {
        bytes32 id = _toSteps();
        bytes memory other = machine.initial();
        vm.expectRevert(ToyMachine.NotThisState.selector);
        game.step(id, other);
    }

    function test_step_neitherIsRight_reverts() public {
        enter(liar(2, 4, 5));
        enter(liar(2, 4, 5));
        while (_moveAll()) {}
        bytes32 id = openMatches[openMatches.length - 1];
        ITournaments.Match memory played = game.matchOf(id);
        ITournaments.Match memory strides = game.matchOf(game.tournamentOf(played.tournament).outer);
        (bytes memory state, bytes32[] memory locals) = _stateBefore(strides);
        (, state) = machine.run(state, locals, 1, played.bisection.position);
        bytes32 next = keccak256(machine.next(state, locals));
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NeitherIsRight.selector, next));
        game.step(id, state);
    }

    function test_seal_agreedElsewhere_reverts() public {
        enter(honest());
        enter(liar(5, 1, 1));
        bytes32 id = openMatches[0];
        _moveAll();
        _moveAll();
        ITournaments.Match memory played = game.matchOf(id);
        vm.assertEq(played.bisection.height, 1);
        bytes32[] memory leaves = leavesOf[TOP][0];
        bytes32[] memory wrong = Toy.proof(leaves, 3);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NotAgreed.selector, leaves[3]));
        game.seal(id, leaves[4], leaves[5], leaves[3], wrong);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongProofLength.selector, 3, 0));
        game.seal(id, leaves[4], leaves[5], leaves[4], new bytes32[](0));
    }

    function test_seal_firstLeaf_agreedIsTheInitial() public {
        enter(honest());
        enter(liar(0, 1, 1));
        bytes32 id = openMatches[0];
        _moveAll();
        _moveAll();
        bytes32[] memory leaves = leavesOf[TOP][0];
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NotAgreed.selector, bytes32("other")));
        game.seal(id, leaves[0], leaves[1], "other", new bytes32[](0));
        game.seal(id, leaves[0], leaves[1], START, new bytes32[](0));
        vm.assertEq(game.matchOf(id).bisection.node, START);
        vm.assertEq(
            game.tournamentOf(game.innerOf(id)).initial,
            keccak256(machine.initial()),
            "of the image"
        );
    }

    function test_moves_inWrongPhase_revert() public {
        bytes32 id = _toSteps();
        bytes memory wrong =
            abi.encodeWithSelector(ITournaments.WrongPhase.selector, ITournaments.Phase.Sealed);
        vm.expectRevert(wrong);
        game.advance(id, 0, 0, 0, 0);
        vm.expectRevert(wrong);
        game.seal(id, 0, 0, 0, new bytes32[](0));
        bytes32 strides = game.tournamentOf(game.matchOf(id).tournament).outer;
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.WrongLevel.selector, ITournaments.Level.Strides)
        );
        game.step(strides, "");
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.WrongLevel.selector, ITournaments.Level.Strides)
        );
        game.timeout(strides);
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.WrongPhase.selector, ITournaments.Phase.None)
        );
        game.timeout("nothing");
    }

    function test_inner_endsElsewhere_reverts() public {
        _toSteps();
        bytes32[] memory leaves = new bytes32[](8);
        bytes memory state = Toy.encode("memory", 40, true, 0, "other claim");
        leaves[7] = keccak256(state);
        bytes32[] memory proof = Toy.proof(leaves, 7);
        bytes memory other = machine.initial();
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.EndsElsewhere.selector, bytes32("other claim"))
        );
        game.join{value: 2 * BOND}(openInner[0], leaves[7], proof, state);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NotTheFinalState.selector, leaves[7]));
        game.join{value: 2 * BOND}(openInner[0], leaves[7], proof, other);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.EndsElsewhere.selector, leaves[7]));
        game.join{value: 3 * BOND}(openInner[1], leaves[7], proof, "");
    }

    function test_conclude_notOver_reverts() public {
        enter(honest());
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NotOver.selector, TOP));
        _conclude();
        vm.warp(block.timestamp + WINDOW);
        _conclude();
        vm.expectRevert(abi.encodeWithSelector(ITournaments.TournamentUnknown.selector, TOP));
        _conclude();
        vm.expectRevert(
            abi.encodeWithSelector(ITournaments.WrongLevel.selector, ITournaments.Level.Segments)
        );
        game.concludeInner(TOP);
    }

    /// @dev An inner tournament that nobody joins leaves nobody in the outer match either.
    function test_inner_nobodyJoins_bothOut() public {
        enter(honest());
        enter(liar(0, 1, 1));
        bytes32 id = openMatches[0];
        _moveAll();
        _moveAll();
        bytes32[] memory leaves = leavesOf[TOP][0];
        game.seal(id, leaves[0], leaves[1], START, new bytes32[](0));
        bytes32 inner = game.innerOf(id);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.NotOver.selector, inner));
        game.concludeInner(inner);
        vm.warp(block.timestamp + WINDOW);
        game.concludeInner(inner);
        vm.assertTrue(game.matchOf(id).phase == ITournaments.Phase.Over && !game.matchOf(id).won);
        vm.assertEq(_conclude(), bytes32(0));
    }

    /// @dev The clock of who won inside goes on running until the result is taken.
    function test_inner_resultTakenLate() public {
        _endOfStrides(9);
        ITournaments.Match memory outer = game.matchOf(openMatches[0]);
        vm.assertTrue(outer.won);
        bytes32 winner = outer.wonByTwo ? outer.two : outer.one;
        vm.assertEq(winner, trueRoot());
        vm.assertEq(game.commitmentOf(TOP, winner).clock.left, WINDOW - 9);
    }

    function test_inner_resultTakenTooLate_bothOut() public {
        _endOfStrides(WINDOW);
        vm.assertFalse(game.matchOf(openMatches[0]).won);
        vm.assertEq(_conclude(), bytes32(0));
        settle();
    }

    /// @dev Only the truth joins inside; the result is taken so many seconds after the window.
    function _endOfStrides(uint256 late) private {
        enter(honest());
        enter(liar(0, 1, 1));
        bytes32 id = openMatches[0];
        _moveAll();
        _moveAll();
        bytes32[] memory leaves = leavesOf[TOP][0];
        game.seal(id, leaves[0], leaves[1], START, new bytes32[](0));
        (bytes32[] memory strides, bytes memory last) = _strides(START, 0);
        joinWith(game.innerOf(id), 0, strides, last);
        vm.warp(block.timestamp + WINDOW + late);
        game.concludeInner(game.innerOf(id));
    }

    function test_withdraw_nothing_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(Ledger.NothingToWithdraw.selector, address(1)));
        game.withdraw(address(1));
    }

    /// @dev Two sides in the outermost tournament.
    function _pair() private returns (bytes32 id, uint256 truth) {
        enter(liar(3, 4, 5));
        truth = enter(honest());
        id = openMatches[0];
    }

    /// @dev Goes to so many seconds after the running clock is out.
    function _outIn(bytes32 id, uint256 late) private returns (bytes32) {
        vm.warp(block.timestamp + WINDOW + late);
        return id;
    }

    /// @dev A dispute whose last match is sealed, with nobody having made the step.
    function _toSteps() private returns (bytes32 id) {
        enter(liar(3, 4, 5));
        enter(honest());
        while (
            openMatches.length < 3
                || game.matchOf(openMatches[2]).phase != ITournaments.Phase.Sealed
        ) {
            for (uint256 i = 0; i < openMatches.length; ++i) {
                ITournaments.Match memory played = game.matchOf(openMatches[i]);
                if (played.phase == ITournaments.Phase.Bisecting) _move(openMatches[i], played);
            }
        }
        return openMatches[2];
    }
}
