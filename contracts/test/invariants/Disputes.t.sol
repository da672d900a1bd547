// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clocks} from "../../src/dispute/Clocks.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Arena} from "../dispute/Arena.sol";
import {Player} from "../dispute/Cast.sol";
import {Targets} from "./Targets.sol";

/// @notice Players of all kinds that join, move, wait, end matches and take their money, in any order.
contract DisputesHandler is Arena {
    uint256 public paidOut;
    mapping(bytes32 matchId => uint256) private _collected;

    constructor() {
        super.setUp();
    }

    function setUp() public override {}

    function join(uint256 random, bool perjures, bool meddles) external {
        uint256 start = game.tournamentOf(TOP).start;
        if (players.length > 6 || block.timestamp >= start + WINDOW) return;
        Player memory player =
            random % 3 == 0 ? honest() : liar(random % 8, (random >> 8) % 8, (random >> 16) % 8);
        (player.perjures, player.meddles) = (perjures, meddles);
        helped[players.length] = (random >> 24) % 2 == 0;
        enter(player);
    }

    function move(uint256 which) external {
        if (openMatches.length == 0) return;
        bytes32 id = openMatches[which % openMatches.length];
        ITournaments.Match memory played = game.matchOf(id);
        if (played.phase != ITournaments.Phase.Over) _move(id, played);
    }

    function moveAll() external {
        _moveAll();
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + time % 2000);
    }

    function end() external {
        _endAll();
    }

    function conclude() external {
        if (game.isOver(TOP) && !game.tournamentOf(TOP).concluded) _conclude();
    }

    function collect(uint256 which) external {
        if (owedFor.length == 0) return;
        which %= owedFor.length;
        uint256 before = game.credit(owedTo[which]);
        try game.collectRefund(owedFor[which], owedTo[which]) {
            _collected[owedFor[which]] += game.credit(owedTo[which]) - before;
        } catch {}
    }

    function withdraw(uint8 which) external {
        address to = account(which % 7);
        uint256 before = to.balance;
        _withdraw(to);
        paidOut += to.balance - before;
    }

    /// @dev Everything that the contract must hold.
    function held() external view returns (uint256 sum) {
        for (uint256 i = 0; i < joinedTo.length; ++i) {
            sum += game.commitmentOf(joinedTo[i], joinedWith[i]).stake;
        }
        sum += game.tournamentOf(TOP).pot;
        for (uint256 i = 0; i < openInner.length; ++i) {
            sum += game.tournamentOf(openInner[i]).pot;
        }
        for (uint256 i = 0; i < allMatches.length; ++i) {
            ITournaments.Match memory played = game.matchOf(allMatches[i]);
            if (!played.won) continue;
            uint256 owed = played.wonByTwo ? played.owedTwo : played.owedOne;
            sum += owed - _collected[allMatches[i]];
        }
        for (uint256 i = 0; i < 7; ++i) {
            sum += game.credit(account(i));
            if (helped[i]) sum += game.credit(moverOf(i));
        }
        // Steps and ends are made by this contract.
        sum += game.credit(address(this)) + game.credit(game.NOBODY());
    }

    function put() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 7; ++i) {
            sum += putIn[account(i)];
        }
    }

    function balance() external view returns (uint256) {
        return address(game).balance;
    }

    /// @dev One side's clock runs while a match is bisected, both while the step is awaited, none
    ///      otherwise; none holds more than the window.
    function requireClocks() external view {
        uint256 running = 0;
        for (uint256 i = 0; i < joinedTo.length; ++i) {
            Clocks.Clock memory clock = game.commitmentOf(joinedTo[i], joinedWith[i]).clock;
            vm.assertLe(clock.left, WINDOW);
            if (clock.since != 0) ++running;
        }
        uint256 expected = 0;
        for (uint256 i = 0; i < allMatches.length; ++i) {
            ITournaments.Match memory played = game.matchOf(allMatches[i]);
            ITournaments.Level level = game.tournamentOf(played.tournament).level;
            if (played.phase == ITournaments.Phase.Bisecting) expected += 1;
            if (played.phase == ITournaments.Phase.Sealed && level == ITournaments.Level.Steps) {
                expected += 2;
            }
        }
        vm.assertEq(running, expected);
    }

    /// @dev Each commitment waits, is in one open match, or is out.
    function requireOneFateEach() external view {
        for (uint256 i = 0; i < joinedTo.length; ++i) {
            (bytes32 tournament, bytes32 root) = (joinedTo[i], joinedWith[i]);
            uint256 fates = game.tournamentOf(tournament).waiting == root ? 1 : 0;
            for (uint256 j = 0; j < allMatches.length; ++j) {
                ITournaments.Match memory played = game.matchOf(allMatches[j]);
                if (played.tournament != tournament) continue;
                if (played.one != root && played.two != root) continue;
                bool out = played.phase == ITournaments.Phase.Over
                    && (!played.won || (played.wonByTwo ? played.one : played.two) == root);
                if (played.phase != ITournaments.Phase.Over || out) ++fates;
            }
            vm.assertEq(fates, 1);
        }
    }
}

contract DisputesInvariants is Targets {
    DisputesHandler private handler;

    function setUp() public {
        handler = new DisputesHandler();
        callOnly(address(handler));
    }

    /// forge-config: default.invariant.runs = 32
    function invariant_money_isAllAccountedFor() public view {
        vm.assertEq(handler.balance(), handler.held());
        vm.assertEq(handler.put(), handler.balance() + handler.paidOut());
    }

    /// forge-config: default.invariant.runs = 32
    function invariant_players_haveOneFateAndBoundedClocks() public view {
        handler.requireClocks();
        handler.requireOneFateEach();
    }
}
