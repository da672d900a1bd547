// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clocks} from "../../src/dispute/Clocks.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Cast} from "./Cast.sol";
import {Toy} from "./Toy.sol";

/// @title Arena
/// @notice Plays a whole dispute between players, each by its own rules, as bots would: whoever can move
///         moves, and when nobody can, time passes to the next moment at which something ends.
abstract contract Arena is Cast {
    /// @dev Plays until the outermost tournament is over; who won it.
    function play() internal returns (bytes32 winner) {
        for (uint256 rounds = 0; !game.isOver(TOP); ++rounds) {
            require(rounds < 2000, "does not end");
            if (!_moveAll()) _passTime();
        }
        return _conclude();
    }

    function _again() internal {
        delete players;
        delete openMatches;
        delete openInner;
        delete owedFor;
        delete owedTo;
        for (uint256 i = 0; i < 20; ++i) {
            delete paid[account(i)];
            delete putIn[account(i)];
        }
        vm.warp(block.timestamp + 1);
        _deploy();
    }

    function _truthWins(uint256 liars) internal {
        uint256 start = game.tournamentOf(TOP).start;
        vm.assertEq(play(), trueRoot());
        vm.assertLe(block.timestamp - start, _bound(liars));
        settle();
        // Half a bond at least is left of each, whatever was refunded out of it.
        address truthful = account(playerOf[TOP][trueRoot()]);
        vm.assertGe(paid[truthful], putIn[truthful] + liars * BOND / 3);
    }

    /// @dev The longest that a tournament of so many takes, whatever its players do
    ///      (`docs/spec/disputes.md`, section 7).
    function _bound(uint256 liars) internal pure returns (uint256 time) {
        uint256 rounds = 0;
        while (1 << rounds < liars + 1) ++rounds;
        for (uint256 level = 0; level < 3; ++level) {
            time = WINDOW + rounds * (2 * WINDOW + time);
        }
    }

    function _moveAll() internal returns (bool moved) {
        for (uint256 i = 0; i < openMatches.length;) {
            bytes32 id = openMatches[i];
            ITournaments.Match memory played = game.matchOf(id);
            if (played.phase == ITournaments.Phase.Over) {
                openMatches[i] = openMatches[openMatches.length - 1];
                openMatches.pop();
                continue;
            }
            if (_move(id, played)) moved = true;
            ++i;
        }
    }

    function _move(bytes32 id, ITournaments.Match memory played) internal returns (bool) {
        ITournaments.Level level = game.tournamentOf(played.tournament).level;
        if (played.phase == ITournaments.Phase.Sealed) {
            return level == ITournaments.Level.Steps && _stepIfKnown(id, played);
        }
        bytes32 root = played.turnOfTwo ? played.two : played.one;
        uint256 player = playerOf[played.tournament][root];
        ITournaments.Commitment memory mine = game.commitmentOf(played.tournament, root);
        if (players[player].silent || _out(mine.clock)) return false;
        if (players[player].slow && block.timestamp + 1 < mine.clock.since + mine.clock.left) {
            return false;
        }
        bytes32[] memory leaves = leavesOf[played.tournament][player];
        if (played.bisection.height > 1) _advance(id, player, played, Toy.tree(leaves));
        else _seal(id, player, played, leaves);
        return true;
    }

    function _advance(
        bytes32 id,
        uint256 player,
        ITournaments.Match memory played,
        bytes32[][] memory tree
    ) internal {
        uint256 height = played.bisection.height;
        uint256 index = played.bisection.position >> (height - 1);
        (bytes32 left, bytes32 right) = (tree[height - 1][index], tree[height - 1][index + 1]);
        if (left == played.bisection.left) ++index;
        bytes32[] memory below = tree[height - 2];
        vm.prank(moverOf(player));
        game.advance(id, left, right, below[2 * index], below[2 * index + 1]);
        _tick();
    }

    function _seal(
        bytes32 id,
        uint256 player,
        ITournaments.Match memory played,
        bytes32[] memory leaves
    ) internal {
        uint256 index = played.bisection.position;
        (bytes32 left, bytes32 right) = (leaves[index], leaves[index + 1]);
        if (left == played.bisection.left) ++index;
        bytes32 agreed = game.tournamentOf(played.tournament).initial;
        bytes32[] memory proof = new bytes32[](0);
        if (index != 0) (agreed, proof) = (leaves[index - 1], Toy.proof(leaves, index - 1));
        vm.prank(moverOf(player));
        game.seal(id, left, right, agreed, proof);
        _tick();
        _enterInner(id);
    }

    /// @dev Anybody who knows the state before makes the step, if one side is right.
    function _stepIfKnown(bytes32 id, ITournaments.Match memory steps) internal returns (bool) {
        ITournaments.Match memory strides = game.matchOf(game.tournamentOf(steps.tournament).outer);
        (bytes memory state, bytes32[] memory locals) = _stateBefore(strides);
        (, state) = machine.run(state, locals, 1, steps.bisection.position);
        bytes32 next = keccak256(machine.next(state, locals));
        if (keccak256(state) != steps.bisection.node) return false;
        if (next != steps.bisection.left && next != steps.bisection.right) return false;
        bytes32 right = next == steps.bisection.left ? steps.one : steps.two;
        if (_out(game.commitmentOf(steps.tournament, right).clock)) return false;
        game.step(id, state);
        _tick();
        return true;
    }

    /// @dev Goes to the next moment at which a clock is out or a window closes, and acts on it.
    function _passTime() internal {
        if (_endAll()) return;
        uint256 next = _later(NEVER, game.tournamentOf(TOP).start + WINDOW);
        for (uint256 i = 0; i < openInner.length; ++i) {
            ITournaments.Tournament memory inner = game.tournamentOf(openInner[i]);
            if (!inner.concluded) next = _later(next, inner.start + inner.window);
        }
        for (uint256 i = 0; i < openMatches.length; ++i) {
            ITournaments.Match memory played = game.matchOf(openMatches[i]);
            if (played.phase == ITournaments.Phase.Over) continue;
            Clocks.Clock memory one = game.commitmentOf(played.tournament, played.one).clock;
            Clocks.Clock memory two = game.commitmentOf(played.tournament, played.two).clock;
            next = _later(_later(next, one.since + one.left), two.since + two.left);
            // The last moment of those who take their time.
            next = _later(_later(next, one.since + one.left - 1), two.since + two.left - 1);
        }
        require(next != NEVER, "nothing can happen any more");
        vm.warp(next);
    }

    function _endAll() internal returns (bool ended) {
        for (uint256 i = 0; i < openInner.length; ++i) {
            if (game.tournamentOf(openInner[i]).concluded || !game.isOver(openInner[i])) continue;
            game.concludeInner(openInner[i]);
            ended = true;
        }
        uint256 count = openMatches.length;
        for (uint256 i = 0; i < count; ++i) {
            try game.timeout(openMatches[i]) {
                ended = true;
            } catch {}
        }
        _tick();
    }

    /// @dev Pays everybody out, and finds that nothing is left.
    function settle() internal {
        for (uint256 i = 0; i < owedFor.length; ++i) {
            try game.collectRefund(owedFor[i], owedTo[i]) {} catch {}
        }
        for (uint256 i = 0; i < players.length; ++i) {
            _withdraw(account(i));
            _withdraw(moverOf(i));
        }
        _withdraw(address(this));
        _withdraw(game.NOBODY());
        vm.assertEq(address(game).balance, 0, "bonds out");
    }

    function _withdraw(address to) internal {
        uint256 amount = game.credit(to);
        if (amount == 0) return;
        paid[to] += amount;
        game.withdraw(to);
    }

    function _tick() internal {
        ++moves;
        _readLogs();
    }

    function _out(Clocks.Clock memory clock) internal view returns (bool) {
        return clock.since != 0 && block.timestamp >= uint256(clock.since) + clock.left;
    }

    function _later(uint256 least, uint256 time) internal view returns (uint256) {
        return time > block.timestamp && time < least ? time : least;
    }
}
