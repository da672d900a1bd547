// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bisections} from "../dispute/Bisections.sol";
import {Clocks} from "../dispute/Clocks.sol";
import {IStep} from "./IStep.sol";

/// @title ITournaments
/// @notice Tournaments over computation hashes: how a wrong claim loses to any one honest player, however
///         many liars there are. `docs/spec/disputes.md` has the rules and their reasons.
///
///         A *commitment* is the root of a tree over the states of a trace. Anybody joins a tournament with
///         one and a bond. Commitments meet in pairs, in *matches* that find the first leaf in which they
///         differ; an inner tournament over that one leaf says who is right, and at the lowest level one
///         step of the machine does. Any move for a commitment that exists may be made by anybody.
interface ITournaments {
    /// @notice What the leaves of a tournament's trees are.
    enum Level {
        /// Segment claims of an interval.
        Segments,
        /// States of the machine in the run of one segment, one per stride.
        Strides,
        /// States of the machine in one stride, one per step.
        Steps
    }

    /// @notice How far a match is.
    enum Phase {
        None,
        /// The sides take turns in opening nodes.
        Bisecting,
        /// The first difference is known. An inner tournament, or at the level of steps the step, decides.
        Sealed,
        Over
    }

    /// @notice What is fixed for the life of the contract.
    struct Parameters {
        /// Heights of the trees of the three levels.
        uint8[3] heights;
        /// What joining costs at the three levels, in wei.
        uint256[3] bonds;
        /// For how long the outermost tournament can be joined, and the most that a clock holds: seconds.
        uint64 window;
        /// What two clocks gain when their sides meet: seconds.
        uint64 effort;
        /// The highest gas price at which moves are refunded, in wei.
        uint256 refundPriceMax;
        /// The most gas that is refunded for a step.
        uint256 stepGasMax;
        /// The machine, and the state in which each run begins.
        IStep machine;
        bytes32 initialState;
    }

    /// @notice All commitments to one trace.
    struct Tournament {
        /// The state before the first leaf, on which all agree.
        bytes32 initial;
        /// The match that it decides; zero if it is an outermost one.
        bytes32 outer;
        /// The commitment that has no opponent.
        bytes32 waiting;
        /// Bonds of those who fell without an opponent who won.
        uint96 pot;
        uint64 start;
        /// For how long it can be joined.
        uint64 window;
        Level level;
        /// Its result was taken.
        bool concluded;
        /// When its last match ended.
        uint64 quietSince;
        uint32 openMatches;
    }

    /// @notice One commitment in one tournament.
    struct Commitment {
        bytes32 left;
        bytes32 right;
        /// Who put down the bond and gets what it wins.
        address joiner;
        /// Its bond and those that it won; zero once it is out.
        uint96 stake;
        Clocks.Clock clock;
        /// It ends where the second side of the outer match says.
        bool forTwo;
    }

    /// @notice Two commitments against each other.
    struct Match {
        bytes32 tournament;
        bytes32 one;
        bytes32 two;
        /// While sealed: `node` is the last state on which both agree, `left` the next one in the eyes of
        /// the first side, `right` that of the second, `position` its index.
        Bisections.Bisection bisection;
        Phase phase;
        /// The second side has to move.
        bool turnOfTwo;
        /// The second side won; only if `won`.
        bool wonByTwo;
        bool won;
        /// Refunds that movers of each side get if it wins.
        uint96 owedOne;
        uint96 owedTwo;
    }

    event TournamentOpened(
        bytes32 indexed tournament,
        bytes32 indexed outer,
        Level level,
        bytes32 initial,
        uint64 start,
        uint64 window
    );

    event Joined(
        bytes32 indexed tournament,
        bytes32 indexed commitment,
        address indexed joiner,
        bytes32 left,
        bytes32 right,
        uint64 clock
    );

    event Paired(
        bytes32 indexed tournament, bytes32 indexed matchId, bytes32 indexed one, bytes32 two
    );

    /// @notice A side opened its node; `left` and `right` are the children of its child that differs.
    event Advanced(
        bytes32 indexed matchId, uint64 position, uint8 height, bytes32 left, bytes32 right
    );

    event Sealed(
        bytes32 indexed matchId, uint64 position, bytes32 agreed, bytes32 leafOne, bytes32 leafTwo
    );

    event Won(bytes32 indexed matchId, bytes32 indexed winner, bytes32 indexed loser);

    /// @notice Both sides of a match are out.
    event BothOut(bytes32 indexed matchId);

    /// @notice The result of a tournament was taken; `winner` is zero if nobody was left.
    event TournamentConcluded(bytes32 indexed tournament, bytes32 indexed winner);

    /// @notice The mover gets this if the side that it moved for wins.
    event RefundOwed(bytes32 indexed matchId, bool forTwo, address indexed mover, uint256 amount);

    error ParameterOutOfBounds();
    /// @notice There is no such tournament, or its result was taken.
    error TournamentUnknown(bytes32 tournament);
    /// @notice The window is closed.
    error TooLateToJoin(bytes32 tournament);
    error WrongBond(uint256 required, uint256 given);
    error WrongProofLength(uint256 required, uint256 given);
    /// @notice This commitment joined before.
    error JoinedBefore(bytes32 commitment);
    /// @notice The commitment ends neither as the one nor as the other side of the outer match does.
    error EndsElsewhere(bytes32 end);
    /// @notice The last leaf is not the hash of the state that was given.
    error NotTheFinalState(bytes32 leaf);
    /// @notice The match is not in the phase in which this can be done.
    error WrongPhase(Phase phase);
    /// @notice The clock of the side that would move or win is out.
    error ClockOut();
    /// @notice Nobody's clock is out.
    error ClockNotOut();
    /// @notice The state is not in the tree in the place before the first difference.
    error NotAgreed(bytes32 state);
    /// @notice The true next state is neither the one nor the other.
    error NeitherIsRight(bytes32 next);
    /// @notice This is decided at another level.
    error WrongLevel(Level level);
    /// @notice The tournament can still be joined, or has open matches.
    error NotOver(bytes32 tournament);
    /// @notice The match was not won by the side for which this mover is owed something.
    error NothingOwed();

    /// @notice Joins a tournament with a commitment and the exact bond of its level.
    /// @param lastLeaf   Where the trace ends.
    /// @param proof      Siblings of the last leaf from the bottom up, one per level of the tree.
    /// @param finalState At the level of strides the 338 bytes of the last state; empty otherwise.
    function join(
        bytes32 tournament,
        bytes32 lastLeaf,
        bytes32[] calldata proof,
        bytes calldata finalState
    ) external payable;

    /// @notice Opens the node of the side whose turn it is, and the child in which it differs.
    /// @param left     Left child of the node.
    /// @param right    Right child of the node.
    /// @param newLeft  Left child of the child that differs: the left one if the left ones do.
    /// @param newRight Right child of that child.
    function advance(
        bytes32 matchId,
        bytes32 left,
        bytes32 right,
        bytes32 newLeft,
        bytes32 newRight
    ) external;

    /// @notice Opens the last node, whose children are leaves, and fixes the state before the first
    ///         difference. Opens the inner tournament; at the level of steps starts both clocks.
    /// @param agreed The leaf before the first difference, or the tournament's initial state.
    /// @param proof  Siblings of that leaf in the tree of the side whose turn it is; empty for the initial
    ///               state.
    function seal(
        bytes32 matchId,
        bytes32 left,
        bytes32 right,
        bytes32 agreed,
        bytes32[] calldata proof
    ) external;

    /// @notice Decides a sealed match of the level of steps: the side that has the true next state wins.
    function step(bytes32 matchId, bytes calldata proof) external;

    /// @notice Ends a match in which a clock is out. The other side wins, less the time it let pass since;
    ///         if that eats its clock up, both are out.
    function timeout(bytes32 matchId) external;

    /// @notice Decides the outer match by an inner tournament that is over.
    function concludeInner(bytes32 tournament) external;

    /// @notice Credits a mover with its refunds of a match that its side won. Anybody may call it.
    function collectRefund(bytes32 matchId, address mover) external;

    function tournamentOf(bytes32 tournament) external view returns (Tournament memory);
    function commitmentOf(bytes32 tournament, bytes32 root)
        external
        view
        returns (Commitment memory);
    function matchOf(bytes32 matchId) external view returns (Match memory);

    /// @notice Whether nobody can join any more and no match is open.
    function isOver(bytes32 tournament) external view returns (bool);

    function matchId(bytes32 tournament, bytes32 one, bytes32 two) external pure returns (bytes32);

    /// @notice The tournament that a match opens when it is sealed.
    function innerOf(bytes32 outerMatch) external pure returns (bytes32);

    function height(Level level) external view returns (uint8);
    function bond(Level level) external view returns (uint256);
    function WINDOW() external view returns (uint64);
    function EFFORT() external view returns (uint64);
    function MACHINE() external view returns (IStep);
    function INITIAL_STATE() external view returns (bytes32);
}
