// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITournaments} from "../interfaces/ITournaments.sol";
import {Bisections} from "./Bisections.sol";
import {Bracket} from "./Bracket.sol";
import {Clocks} from "./Clocks.sol";
import {MachineState} from "./MachineState.sol";
import {StateTree} from "./StateTree.sol";

/// @title Tournaments
/// @notice See ITournaments. What an outermost tournament is about is the matter of who inherits this.
/// @dev Invariant: while a match is bisected, one clock of the two runs; while it is sealed, none, or at
///      the level of steps both; a commitment that waits or is out has a standing clock.
abstract contract Tournaments is Bracket {
    using Bisections for Bisections.Bisection;
    using Clocks for Clocks.Clock;

    /// @inheritdoc ITournaments
    function join(
        bytes32 tournament,
        bytes32 lastLeaf,
        bytes32[] calldata proof,
        bytes calldata finalState
    ) external payable {
        _join(tournament, lastLeaf, proof, finalState);
    }

    /// @inheritdoc ITournaments
    function advance(bytes32 id, bytes32 left, bytes32 right, bytes32 newLeft, bytes32 newRight)
        external
    {
        uint256 gasBefore = gasleft();
        Match storage played = _inPhase(id, Phase.Bisecting);
        bool byTwo = played.turnOfTwo;
        played.bisection.descend(left, right, newLeft, newRight);
        (Clocks.Clock storage mine, Clocks.Clock storage theirs) = _clocks(played, byTwo);
        _stop(mine);
        theirs.start();
        played.turnOfTwo = !byTwo;
        emit Advanced(id, played.bisection.position, played.bisection.height, newLeft, newRight);
        _refund(id, byTwo, gasBefore, ADVANCE_GAS_MAX);
    }

    /// @inheritdoc ITournaments
    function seal(bytes32 id, bytes32 left, bytes32 right, bytes32 agreed, bytes32[] calldata proof)
        external
    {
        uint256 gasBefore = gasleft();
        Match storage played = _inPhase(id, Phase.Bisecting);
        bool byTwo = played.turnOfTwo;
        Bisections.Bisection memory bisection = played.bisection;
        (uint64 position, bytes32 leaf, bytes32 leafOfOther) = bisection.divergence(left, right);
        _requireAgreed(played, byTwo, position, agreed, proof);
        (bytes32 one, bytes32 two) = byTwo ? (leafOfOther, leaf) : (leaf, leafOfOther);
        played.bisection = Bisections.Bisection(agreed, one, two, position, 0);
        played.phase = Phase.Sealed;
        emit Sealed(id, position, agreed, one, two);
        _awaitDecision(id, played, byTwo, agreed);
        _refund(id, byTwo, gasBefore, SEAL_GAS_MAX);
    }

    /// @inheritdoc ITournaments
    function step(bytes32 id, bytes calldata proof) external {
        uint256 gasBefore = gasleft();
        Match storage played = _inPhase(id, Phase.Sealed);
        Level level = _tournaments[played.tournament].level;
        if (level != Level.Steps) revert WrongLevel(level);
        Bisections.Bisection memory bisection = played.bisection;
        bytes32 next = MACHINE.step(bisection.node, proof, localsOf(id));
        bool byTwo = next == bisection.right;
        if (!byTwo && next != bisection.left) revert NeitherIsRight(next);
        (Clocks.Clock storage mine, Clocks.Clock storage theirs) = _clocks(played, byTwo);
        _stop(mine);
        theirs.stop();
        _win(id, byTwo, gasBefore, WIN_GAS_MAX + STEP_GAS_MAX);
    }

    /// @inheritdoc ITournaments
    function timeout(bytes32 id) external {
        uint256 gasBefore = gasleft();
        Match storage played = _matches[id];
        Phase phase = played.phase;
        if (phase == Phase.Bisecting) {
            bool byTwo = !played.turnOfTwo;
            (Clocks.Clock storage mine, Clocks.Clock storage theirs) = _clocks(played, byTwo);
            if (theirs.remaining() != 0) revert ClockNotOut();
            uint64 late = theirs.lateness();
            theirs.stop();
            if (mine.spend(late) != 0) _win(id, byTwo, gasBefore, WIN_GAS_MAX);
            else _bothOut(id);
        } else if (phase == Phase.Sealed) {
            Level level = _tournaments[played.tournament].level;
            if (level != Level.Steps) revert WrongLevel(level);
            _timeoutOfStep(id, gasBefore);
        } else {
            revert WrongPhase(phase);
        }
    }

    /// @inheritdoc ITournaments
    function concludeInner(bytes32 tournament) external {
        uint256 gasBefore = gasleft();
        Tournament storage inner = _tournaments[tournament];
        bytes32 id = inner.outer;
        if (id == 0) revert WrongLevel(inner.level);
        bytes32 winner = _conclude(tournament);
        if (winner == 0) {
            _bothOut(id);
            return;
        }
        Commitment storage last = _commitments[tournament][winner];
        uint64 left = last.clock.spend(_sinceOver(inner));
        if (left == 0) {
            _bothOut(id);
            return;
        }
        // What the winner had left inside is what its side has left outside.
        bool byTwo = last.forTwo;
        (Clocks.Clock storage mine,) = _clocks(_matches[id], byTwo);
        mine.left = left;
        _win(id, byTwo, gasBefore, WIN_GAS_MAX);
    }

    /// @notice The local inputs of the run that a match of the level of steps is about.
    function localsOf(bytes32 id) public view returns (bytes32[] memory) {
        bytes32 ofStrides = _tournaments[_matches[id].tournament].outer;
        bytes32 ofSegments = _tournaments[_matches[ofStrides].tournament].outer;
        Match storage segments = _matches[ofSegments];
        bytes32 before = segments.bisection.node;
        return _locals(segments.tournament, segments.bisection.position, before);
    }

    /// @notice The local inputs of the run of one segment.
    /// @param tournament The outermost tournament.
    /// @param segment    Which segment of the interval.
    /// @param claim      The claim before it.
    function _locals(bytes32 tournament, uint64 segment, bytes32 claim)
        internal
        view
        virtual
        returns (bytes32[] memory);

    /// @dev Takes the caller in, with what it has sent as its bond.
    function _join(
        bytes32 tournament,
        bytes32 lastLeaf,
        bytes32[] calldata proof,
        bytes calldata finalState
    ) internal {
        Tournament storage joined = _tournaments[tournament];
        uint256 required = bond(joined.level);
        if (msg.value != required) revert WrongBond(required, msg.value);
        Commitment memory joining;
        joining.joiner = msg.sender;
        (joining.left, joining.right) = _children(joined.level, lastLeaf, proof);
        if (joined.outer != 0) {
            joining.forTwo = _side(joined, lastLeaf, finalState);
        }
        _admit(tournament, _rootOf(joining), joining, joined, uint64(block.timestamp));
    }

    /// @dev The children of the root of a tree of this level that ends with a leaf.
    function _children(Level level, bytes32 lastLeaf, bytes32[] calldata proof)
        internal
        view
        returns (bytes32 left, bytes32 right)
    {
        uint256 required = height(level);
        if (proof.length != required) revert WrongProofLength(required, proof.length);
        return StateTree.childrenByLast(lastLeaf, proof);
    }

    /// @dev For how long a tournament has been over.
    function _sinceOver(Tournament storage over) internal view returns (uint64) {
        uint64 closed = over.start + over.window;
        uint64 since = closed > over.quietSince ? closed : over.quietSince;
        return uint64(block.timestamp) - since;
    }

    function _rootOf(Commitment memory commitment) internal pure returns (bytes32) {
        return StateTree.parent(commitment.left, commitment.right);
    }

    /// @dev Both sides can make the step, so both clocks run; or neither can do anything in this match, and
    ///      the larger clock is the window of the tournament that decides it.
    function _awaitDecision(bytes32 id, Match storage played, bool byTwo, bytes32 agreed) private {
        (Clocks.Clock storage mine, Clocks.Clock storage theirs) = _clocks(played, byTwo);
        _stop(mine);
        Level level = _tournaments[played.tournament].level;
        if (level == Level.Steps) {
            mine.start();
            theirs.start();
            return;
        }
        uint64 window = mine.left > theirs.left ? mine.left : theirs.left;
        uint64 start = uint64(block.timestamp);
        if (level == Level.Segments) {
            _open(innerOf(id), id, Level.Strides, INITIAL_STATE, start, window);
        } else {
            _open(innerOf(id), id, Level.Steps, agreed, start, window);
        }
    }

    /// @dev Both clocks have been running, so whoever has time left loses none for being late.
    function _timeoutOfStep(bytes32 id, uint256 gasBefore) private {
        Match storage played = _matches[id];
        (Clocks.Clock storage one, Clocks.Clock storage two) = _clocks(played, false);
        one.stop();
        two.stop();
        if (one.left != 0 && two.left != 0) revert ClockNotOut();
        if (one.left == two.left) _bothOut(id);
        else _win(id, two.left != 0, gasBefore, WIN_GAS_MAX);
    }

    /// @dev Stops the clock of a side that moves, which must not be out.
    function _stop(Clocks.Clock storage clock) private {
        clock.stop();
        if (clock.left == 0) revert ClockOut();
    }

    function _clocks(Match storage played, bool byTwo)
        private
        view
        returns (Clocks.Clock storage mine, Clocks.Clock storage theirs)
    {
        mapping(bytes32 => Commitment) storage sides = _commitments[played.tournament];
        Clocks.Clock storage one = sides[played.one].clock;
        Clocks.Clock storage two = sides[played.two].clock;
        return byTwo ? (two, one) : (one, two);
    }

    function _inPhase(bytes32 id, Phase phase) private view returns (Match storage played) {
        played = _matches[id];
        if (played.phase != phase) revert WrongPhase(played.phase);
    }

    /// @dev Both trees are the same before the first difference, so that side's word is enough.
    function _requireAgreed(
        Match storage played,
        bool byTwo,
        uint64 position,
        bytes32 agreed,
        bytes32[] calldata proof
    ) private view {
        Tournament storage tournament = _tournaments[played.tournament];
        uint256 required = position == 0 ? 0 : height(tournament.level);
        if (proof.length != required) revert WrongProofLength(required, proof.length);
        bool holds = position == 0
            ? agreed == tournament.initial
            : StateTree.rootBy(agreed, position - 1, proof) == (byTwo ? played.two : played.one);
        if (!holds) revert NotAgreed(agreed);
    }

    /// @dev Which side of the outer match ends there: its leaf is the claim that the run means, or the
    ///      state in which the stride ends.
    function _side(Tournament storage joined, bytes32 lastLeaf, bytes calldata finalState)
        private
        view
        returns (bool forTwo)
    {
        bytes32 end = lastLeaf;
        if (joined.level == Level.Strides) {
            if (keccak256(finalState) != lastLeaf) revert NotTheFinalState(lastLeaf);
            end = MachineState.claimOf(finalState);
        }
        Bisections.Bisection storage contested = _matches[joined.outer].bisection;
        forTwo = end == contested.right;
        if (!forTwo && end != contested.left) revert EndsElsewhere(end);
    }
}
