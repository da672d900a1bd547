// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ToyMachine} from "./Toy.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {Player} from "./Cast.sol";

/// @notice Places and numbers of liars, in trees of one height on all levels.
abstract contract Sybils is Arena {
    /// @dev Every place of every level, first and last ones included.
    function test_bisectionEdges_everyPlace() public {
        for (uint256 level = 0; level < 3; ++level) {
            for (uint256 place = 0; place < 1 << heights()[level]; ++place) {
                _again();
                if (place % 2 == 0) enter(honest());
                enter(liar(level == 0 ? place : 2, level == 1 ? place : 2, level == 2 ? place : 2));
                if (place % 2 == 1) enter(honest());
                _truthWins(1);
            }
        }
    }

    /// forge-config: default.fuzz.runs = 12
    function testFuzz_sybils(uint256 seed, uint8 count, uint8 first) public {
        count = count % 5 + 1;
        for (uint256 i = 0; i <= count; ++i) {
            if (i == first % (count + 1)) {
                enter(honest());
                continue;
            }
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            Player memory player = _liarOf(random);
            player.silent = (random >> 24) % 4 == 0;
            player.slow = (random >> 32) % 3 == 0;
            player.meddles = (random >> 40) % 2 == 0;
            enter(player);
        }
        _truthWins(count);
    }

    function _liarOf(uint256 random) private pure returns (Player memory) {
        uint8[3] memory sizes = heights();
        return liar(
            random % (1 << sizes[0]),
            (random >> 8) % (1 << sizes[1]),
            (random >> 16) % (1 << sizes[2])
        );
    }
}

contract SybilsTest is Sybils {}

/// @notice In trees in which the second side seals.
contract SybilsOfEvenHeightTest is Sybils {
    function heights() internal pure override returns (uint8[3] memory) {
        return [2, 4, 2];
    }
}

/// @notice Whole disputes of every kind of player: the truth survives, within the computed time, and
///         whoever told it has gained.
contract PlayersTest is Arena {
    function test_noLiar() public {
        enter(honest());
        _truthWins(0);
        vm.assertEq(block.timestamp, 1_700_000_000 + WINDOW);
    }

    function test_oneLiar() public {
        enter(liar(3, 4, 5));
        enter(honest());
        _truthWins(1);
    }

    function test_sybils_two() public {
        _sybils(2);
    }

    function test_sybils_five() public {
        _sybils(5);
    }

    function test_sybils_ten() public {
        _sybils(10);
    }

    function test_silentLiar_losesByTheClock() public {
        Player memory player = liar(0, 0, 0);
        player.silent = true;
        enter(player);
        enter(honest());
        _truthWins(1);
    }

    /// @dev One liar that spends all its time, against one who answers at once.
    function test_slowLiar_threeWindows() public {
        Player memory player = liar(3, 3, 3);
        player.slow = true;
        enter(player);
        enter(honest());
        _truthWins(1);
        vm.assertLe(block.timestamp - game.tournamentOf(TOP).start, 3 * (WINDOW + EFFORT));
    }

    function test_slowLiars() public {
        for (uint256 i = 0; i < 4; ++i) {
            Player memory player = liar(i, i, i);
            player.slow = true;
            enter(player);
            if (i == 1) enter(honest());
        }
        _truthWins(4);
    }

    /// @dev True at its end, false inside: joins where the honest one has joined too.
    function test_perjury() public {
        enter(liar(3, 4, 5));
        enter(honest());
        Player memory perjurer = liar(NEVER, 2, 2);
        perjurer.perjures = true;
        watch(perjurer);
        _truthWins(1);
    }

    /// @dev The perjurer is faster, so that its commitment is there first.
    function test_perjury_first() public {
        Player memory perjurer = liar(NEVER, 0, 7);
        perjurer.perjures = true;
        watch(perjurer);
        enter(liar(0, 4, 5));
        enter(honest());
        _truthWins(3);
    }

    /// @dev No true commitment: each says of the other what is so, and one is left at most.
    function test_twoLiars_oneIsRightAboutThePlace() public {
        enter(liar(5, 4, 5));
        enter(liar(2, 4, 5));
        bytes32 winner = play();
        // In segment 2 the first one is right, and false only later.
        vm.assertEq(playerOf[TOP][winner], 0);
        settle();
    }

    function test_twoLiars_neitherIsRight_bothAreOut() public {
        enter(liar(2, 4, 5));
        enter(liar(2, 4, 5));
        vm.assertEq(play(), bytes32(0));
        settle();
        vm.assertEq(paid[account(0)] + paid[account(1)], 0);
        vm.assertGe(paid[game.NOBODY()], 2 * BOND);
    }

    /// @dev Two liars against each other do not keep the truth out.
    function test_twoLiars_andTheTruth() public {
        enter(liar(2, 4, 5));
        enter(liar(2, 4, 5));
        enter(honest());
        _truthWins(2);
    }

    function test_joinsLate() public {
        enter(liar(3, 4, 5));
        vm.warp(block.timestamp + WINDOW - 1);
        enter(honest());
        _truthWins(1);
    }

    function test_joinsLate_againstTen() public {
        for (uint256 i = 0; i < 10; ++i) {
            enter(liar(i % 8, (i * 3) % 8, (i * 5) % 8));
        }
        vm.warp(block.timestamp + WINDOW - 1);
        enter(honest());
        _truthWins(10);
    }

    /// @dev Every run means INVALID, which a liar denies.
    function test_invalid_isAClaimLikeOthers() public {
        machine = new ToyMachine(40, 1);
        _again();
        enter(liar(3, 4, 5));
        enter(honest());
        vm.assertEq(runOf(START, 0), Claims.INVALID);
        _truthWins(1);
    }

    /// @dev Runs that do not end in the steps that a tree holds mean INVALID too.
    function test_invalid_runsThatDoNotEnd() public {
        machine = new ToyMachine(65, 0);
        _again();
        enter(liar(0, 7, 7));
        enter(honest());
        vm.assertEq(runOf(START, 0), Claims.INVALID);
        _truthWins(1);
    }

    /// @dev The last step of the tree is the one with which the run ends.
    function test_runOfAllSteps() public {
        machine = new ToyMachine(64, 0);
        _again();
        enter(liar(7, 7, 7));
        enter(honest());
        vm.assertTrue(runOf(START, 0) != Claims.INVALID);
        _truthWins(1);
    }

    /// @dev Somebody takes the truth and joins with it first; it survives all the same, and who plays for it
    ///      gets its gas back.
    function test_frontRunJoin() public {
        enter(liar(3, 4, 5));
        uint256 thief = enter(honest());
        helped[thief] = true;
        vm.assertEq(play(), trueRoot());
        settle();
        vm.assertTrue(paid[moverOf(thief)] > 0);
        vm.assertTrue(paid[account(thief)] > BOND);
    }

    /// @dev Both commitments are of one player: its bonds pay for the delay, nobody else's.
    function test_selfPlay_gainsNothing() public {
        enter(liar(2, 4, 5));
        enter(liar(5, 4, 5));
        uint256 truth = enter(honest());
        vm.assertEq(play(), trueRoot());
        settle();
        uint256 lost = putIn[account(0)] + putIn[account(1)] - paid[account(0)] - paid[account(1)];
        vm.assertGe(lost, 2 * BOND);
        vm.assertGe(paid[account(truth)], putIn[account(truth)] + 2 * BOND / 3);
    }

    function _sybils(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            enter(liar(i % 8, (i * 3) % 8, (i * 5) % 8));
        }
        enter(honest());
        _truthWins(count);
    }
}
