// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";
import {ITournaments} from "../interfaces/ITournaments.sol";
import {Bisections} from "./Bisections.sol";
import {Clocks} from "./Clocks.sol";
import {Ledger} from "./Ledger.sol";

/// @title Bracket
/// @notice Who meets whom, who is out, and whose the bonds are. Not here: how a match is played.
/// @dev Invariants. A commitment is waiting, in one open match, or out. The balance is what is credited,
///      plus stakes, pots, and the refunds of matches that were won and not yet collected; a refund comes
///      out of the loser's bond and is never more than that.
abstract contract Bracket is ITournaments, Ledger {
    using Clocks for Clocks.Clock;

    /// @dev The most gas that is refunded for each kind of move. Bonds must cover the dearest match.
    uint256 internal constant ADVANCE_GAS_MAX = 90_000;
    uint256 internal constant SEAL_GAS_MAX = 180_000;
    uint256 internal constant WIN_GAS_MAX = 320_000;

    /// @dev Gas of a move that the contract cannot see: of the transaction, and of noting the refund. Each
    ///      byte of calldata comes on top.
    uint256 private constant MOVE_GAS_UNSEEN = 52_000;
    uint256 private constant CALLDATA_GAS = 16;

    /// @dev No height above it makes sense, and positions stay far below 2^64.
    uint8 private constant HEIGHT_MAX = 32;

    /// @dev Stakes are counted in 96 bits; there is not as much ether.
    uint256 private constant BOND_MAX = 1_000_000 ether;

    uint64 private constant WINDOW_MAX = 30 days;

    uint8 private immutable HEIGHT_SEGMENTS;
    uint8 private immutable HEIGHT_STRIDES;
    uint8 private immutable HEIGHT_STEPS;
    uint256 private immutable BOND_SEGMENTS;
    uint256 private immutable BOND_STRIDES;
    uint256 private immutable BOND_STEPS;
    uint256 private immutable REFUND_PRICE_MAX;
    uint256 internal immutable STEP_GAS_MAX;

    /// @inheritdoc ITournaments
    uint64 public immutable WINDOW;
    /// @inheritdoc ITournaments
    uint64 public immutable EFFORT;
    /// @inheritdoc ITournaments
    IStep public immutable MACHINE;
    /// @inheritdoc ITournaments
    bytes32 public immutable INITIAL_STATE;

    mapping(bytes32 id => Tournament) internal _tournaments;
    mapping(bytes32 tournament => mapping(bytes32 root => Commitment)) internal _commitments;
    mapping(bytes32 id => Match) internal _matches;
    mapping(bytes32 matchId => mapping(bool forTwo => mapping(address mover => uint256))) private
        _owed;

    constructor(Parameters memory parameters) {
        if (
            parameters.window == 0 || parameters.window > WINDOW_MAX || parameters.effort == 0
                || parameters.effort > parameters.window || parameters.initialState == 0
        ) revert ParameterOutOfBounds();
        for (uint256 i = 0; i < 3; ++i) {
            uint8 levels = parameters.heights[i];
            if (levels == 0 || levels > HEIGHT_MAX) revert ParameterOutOfBounds();
            uint256 gas = levels * ADVANCE_GAS_MAX + SEAL_GAS_MAX + WIN_GAS_MAX;
            if (i == uint256(Level.Steps)) gas += parameters.stepGasMax;
            // Half of it is left to the winner even if all that can be refunded is.
            uint256 least = gas * parameters.refundPriceMax * 3 / 2;
            uint256 given = parameters.bonds[i];
            if (given == 0 || given < least || given > BOND_MAX) revert ParameterOutOfBounds();
        }
        (HEIGHT_SEGMENTS, HEIGHT_STRIDES, HEIGHT_STEPS) =
        (parameters.heights[0], parameters.heights[1], parameters.heights[2]);
        (BOND_SEGMENTS, BOND_STRIDES, BOND_STEPS) =
        (parameters.bonds[0], parameters.bonds[1], parameters.bonds[2]);
        REFUND_PRICE_MAX = parameters.refundPriceMax;
        STEP_GAS_MAX = parameters.stepGasMax;
        WINDOW = parameters.window;
        EFFORT = parameters.effort;
        MACHINE = parameters.machine;
        INITIAL_STATE = parameters.initialState;
    }

    /// @inheritdoc ITournaments
    function collectRefund(bytes32 id, address mover) external {
        Match storage played = _matches[id];
        bool forTwo = played.wonByTwo;
        uint256 amount = _owed[id][forTwo][mover];
        if (!played.won || amount == 0) revert NothingOwed();
        _owed[id][forTwo][mover] = 0;
        _credit(mover, amount);
    }

    /// @inheritdoc ITournaments
    function tournamentOf(bytes32 tournament) external view returns (Tournament memory) {
        return _tournaments[tournament];
    }

    /// @inheritdoc ITournaments
    function commitmentOf(bytes32 tournament, bytes32 root)
        external
        view
        returns (Commitment memory)
    {
        return _commitments[tournament][root];
    }

    /// @inheritdoc ITournaments
    function matchOf(bytes32 id) external view returns (Match memory) {
        return _matches[id];
    }

    /// @inheritdoc ITournaments
    function isOver(bytes32 tournament) public view returns (bool) {
        Tournament storage asked = _tournaments[tournament];
        // Windows are minutes to days long; whoever makes L1 blocks shifts their time by seconds.
        // forge-lint: disable-next-line(block-timestamp)
        bool closed = block.timestamp >= uint256(asked.start) + asked.window;
        return asked.start != 0 && closed && asked.openMatches == 0;
    }

    /// @inheritdoc ITournaments
    function matchId(bytes32 tournament, bytes32 one, bytes32 two) public pure returns (bytes32) {
        return keccak256(abi.encode(tournament, one, two));
    }

    /// @inheritdoc ITournaments
    function innerOf(bytes32 outerMatch) public pure returns (bytes32) {
        return keccak256(abi.encode("inner", outerMatch));
    }

    /// @inheritdoc ITournaments
    function height(Level level) public view returns (uint8) {
        if (level == Level.Segments) return HEIGHT_SEGMENTS;
        return level == Level.Strides ? HEIGHT_STRIDES : HEIGHT_STEPS;
    }

    /// @inheritdoc ITournaments
    function bond(Level level) public view returns (uint256) {
        if (level == Level.Segments) return BOND_SEGMENTS;
        return level == Level.Strides ? BOND_STRIDES : BOND_STEPS;
    }

    function _open(
        bytes32 id,
        bytes32 outer,
        Level level,
        bytes32 initial,
        uint64 start,
        uint64 window
    ) internal {
        Tournament storage made = _tournaments[id];
        made.initial = initial;
        made.outer = outer;
        (made.start, made.window, made.level) = (start, window, level);
        emit TournamentOpened(id, outer, level, initial, start, window);
    }

    /// @dev Takes a new commitment in; the bond has been checked. Its clock has run since the start.
    function _admit(
        bytes32 id,
        bytes32 root,
        Commitment memory joining,
        Tournament storage joined,
        uint64 since
    ) internal {
        if (_commitments[id][root].joiner != address(0)) {
            revert JoinedBefore(root);
        }
        uint64 late = since - joined.start;
        if (joined.start == 0 || joined.concluded) revert TournamentUnknown(id);
        if (late >= joined.window) revert TooLateToJoin(id);
        joining.clock = Clocks.Clock(joined.window - late, 0);
        // Bonds are at most BOND_MAX.
        // forge-lint: disable-next-line(unsafe-typecast)
        joining.stake = uint96(bond(joined.level));
        _commitments[id][root] = joining;
        emit Joined(id, root, joining.joiner, joining.left, joining.right, joining.clock.left);
        _enter(id, root);
    }

    /// @dev The winner goes on, and takes the loser's stake less what its movers are owed: the one who made
    ///      this move too.
    function _win(bytes32 id, bool byTwo, uint256 gasBefore, uint256 gasMax) internal {
        Match storage played = _matches[id];
        bytes32 tournament = played.tournament;
        (bytes32 winner, bytes32 loser) =
            byTwo ? (played.two, played.one) : (played.one, played.two);
        (played.phase, played.won, played.wonByTwo) = (Phase.Over, true, byTwo);
        emit Won(id, winner, loser);
        _settle(tournament);
        _enter(tournament, winner);

        _refund(id, byTwo, gasBefore, gasMax);
        Commitment storage beaten = _commitments[tournament][loser];
        uint96 owed = byTwo ? played.owedTwo : played.owedOne;
        _commitments[tournament][winner].stake += beaten.stake - owed;
        beaten.stake = 0;
    }

    /// @dev Nobody wins, so nobody's movers are owed anything.
    function _bothOut(bytes32 id) internal {
        Match storage played = _matches[id];
        bytes32 tournament = played.tournament;
        Commitment storage one = _commitments[tournament][played.one];
        Commitment storage two = _commitments[tournament][played.two];
        played.phase = Phase.Over;
        _tournaments[tournament].pot += one.stake + two.stake;
        (one.stake, two.stake) = (0, 0);
        emit BothOut(id);
        _settle(tournament);
    }

    /// @dev Takes the result of a tournament that is over: the commitment that is left gets all that was
    ///      put down in it.
    function _conclude(bytes32 id) internal returns (bytes32 winner) {
        Tournament storage over = _tournaments[id];
        if (over.start == 0 || over.concluded) revert TournamentUnknown(id);
        if (!isOver(id)) revert NotOver(id);
        winner = over.waiting;
        over.concluded = true;
        uint96 pot = over.pot;
        over.pot = 0;
        emit TournamentConcluded(id, winner);
        if (winner != 0) {
            Commitment storage last = _commitments[id][winner];
            uint96 won = last.stake + pot;
            last.stake = 0;
            _credit(last.joiner, won);
        } else if (over.outer != 0) {
            _tournaments[_matches[over.outer].tournament].pot += pot;
        } else {
            _credit(NOBODY, pot);
        }
    }

    /// @dev Notes what a mover gets if its side wins. The one who put down the bond needs no note: the stake
    ///      of a side that wins is its own.
    /// @param gasBefore `gasleft()` when the move began.
    function _refund(bytes32 id, bool forTwo, uint256 gasBefore, uint256 gasMax) internal {
        Match storage played = _matches[id];
        bytes32 tournament = played.tournament;
        bytes32 root = forTwo ? played.two : played.one;
        if (_commitments[tournament][root].joiner == msg.sender) return;
        uint256 gas = gasBefore - gasleft() + MOVE_GAS_UNSEEN + CALLDATA_GAS * msg.data.length;
        if (gas > gasMax) gas = gasMax;
        uint256 price = tx.gasprice < REFUND_PRICE_MAX ? tx.gasprice : REFUND_PRICE_MAX;
        uint256 owed = forTwo ? played.owedTwo : played.owedOne;
        uint256 amount = gas * price;
        uint256 most = bond(_tournaments[tournament].level) - owed;
        if (amount > most) amount = most;
        if (amount == 0) return;
        // At most the bond.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint96 sum = uint96(owed + amount);
        if (forTwo) played.owedTwo = sum;
        else played.owedOne = sum;
        _owed[id][forTwo][msg.sender] += amount;
        emit RefundOwed(id, forTwo, msg.sender, amount);
    }

    /// @dev Waits, or meets the one that does, which then has the first move.
    function _enter(bytes32 id, bytes32 root) private {
        Tournament storage entered = _tournaments[id];
        bytes32 waiting = entered.waiting;
        if (waiting == 0) {
            entered.waiting = root;
            return;
        }
        entered.waiting = 0;
        ++entered.openMatches;
        Commitment storage one = _commitments[id][waiting];
        Commitment storage two = _commitments[id][root];
        one.clock.extend(EFFORT, WINDOW);
        two.clock.extend(EFFORT, WINDOW);
        one.clock.start();

        bytes32 made = matchId(id, waiting, root);
        Match storage opened = _matches[made];
        (opened.tournament, opened.one, opened.two) = (id, waiting, root);
        opened.bisection =
            Bisections.Bisection(waiting, two.left, two.right, 0, height(entered.level));
        opened.phase = Phase.Bisecting;
        emit Paired(id, made, waiting, root);
    }

    function _settle(bytes32 tournament) private {
        Tournament storage settled = _tournaments[tournament];
        --settled.openMatches;
        settled.quietSince = uint64(block.timestamp);
    }
}
