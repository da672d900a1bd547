// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clocks} from "../../src/dispute/Clocks.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {Tournaments} from "../../src/dispute/Tournaments.sol";
import {Bracket} from "../../src/dispute/Bracket.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {Vm, vm} from "../Vm.sol";
import {Toy, ToyMachine} from "./Toy.sol";

/// @notice Tournaments about runs of the toy machine.
contract ToyTournaments is Tournaments {
    constructor(Parameters memory parameters) Bracket(parameters) {}

    function open(bytes32 id, bytes32 initial) external {
        _open(id, 0, ITournaments.Level.Segments, initial, uint64(block.timestamp), WINDOW);
    }

    function conclude(bytes32 id) external returns (bytes32) {
        return _conclude(id);
    }

    function _locals(bytes32 tournament, uint64 segment, bytes32 claim)
        internal
        pure
        override
        returns (bytes32[] memory locals)
    {
        locals = new bytes32[](3);
        (locals[0], locals[1], locals[2]) = (claim, bytes32(uint256(segment)), tournament);
    }
}

/// @notice How somebody plays. Whoever tells the truth everywhere has all places beyond the ends of trees.
struct Player {
    /// The first segment whose claim is a lie.
    uint256 segment;
    /// In the run of a segment on whose claim it lies, or perjures: the first false stride.
    uint256 stride;
    /// In a stride on which it lies: the first false step.
    uint256 step;
    /// Tells the true ends, and lies inside.
    bool perjures;
    /// Joins the outermost tournament and does nothing more.
    bool silent;
    /// Joins inner tournaments of others too.
    bool meddles;
    /// Moves in the last second of its clock.
    bool slow;
}

/// @title Cast
/// @notice Players and their trees, and how they join.
abstract contract Cast {
    using Claims for Claims.BlockClaim;

    /// @dev The outermost tournament, and the claim that all agree on in it.
    bytes32 internal TOP = "top";
    bytes32 internal START = "agreed claim";
    uint64 internal constant WINDOW = 1 hours;
    uint64 internal constant EFFORT = 5 minutes;
    uint256 internal constant BOND = 0.02 ether;
    uint256 internal constant NEVER = type(uint256).max;

    ToyMachine internal machine;
    Tournaments internal game;
    Player[] internal players;
    bytes32[] internal openMatches;
    bytes32[] internal openInner;
    uint256 internal moves;
    bytes32[] internal allMatches;
    /// All commitments, with their tournaments.
    bytes32[] internal joinedTo;
    bytes32[] internal joinedWith;
    /// Refunds that may be collected.
    bytes32[] internal owedFor;
    address[] internal owedTo;
    /// Somebody who was not the joiner moves for this player.
    mapping(uint256 player => bool) internal helped;
    mapping(address => uint256) internal putIn;
    mapping(address => uint256) internal paid;

    mapping(bytes32 tournament => mapping(uint256 player => bytes32[])) internal leavesOf;
    mapping(bytes32 tournament => mapping(bytes32 root => uint256)) internal playerOf;

    function heights() internal pure virtual returns (uint8[3] memory) {
        return [3, 3, 3];
    }

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.txGasPrice(1 gwei);
        machine = new ToyMachine(40, 0);
        _deploy();
    }

    function parameters() internal view returns (ITournaments.Parameters memory) {
        return ITournaments.Parameters({
            heights: heights(),
            bonds: [BOND, 2 * BOND, 3 * BOND],
            window: WINDOW,
            effort: EFFORT,
            refundPriceMax: 2 gwei,
            stepGasMax: 1_000_000,
            machine: machine,
            initialState: keccak256(machine.initial())
        });
    }

    receive() external payable {}

    function _deploy() internal virtual {
        ToyTournaments toy = new ToyTournaments(parameters());
        toy.open(TOP, START);
        game = toy;
        vm.recordLogs();
    }

    /// @dev Takes the result of the outermost tournament; who has won.
    function _conclude() internal virtual returns (bytes32) {
        return ToyTournaments(address(game)).conclude(TOP);
    }

    function honest() internal pure returns (Player memory) {
        return Player(NEVER, NEVER, NEVER, false, false, false, false);
    }

    function liar(uint256 segment, uint256 stride, uint256 step)
        internal
        pure
        returns (Player memory)
    {
        return Player(segment, stride, step, false, false, false, false);
    }

    function account(uint256 player) internal pure returns (address) {
        return address(uint160(0x10000 + player));
    }

    /// @dev Who moves for a player.
    function moverOf(uint256 player) internal view returns (address) {
        return helped[player] ? address(uint160(0x20000 + player)) : account(player);
    }

    /// @dev A player that joins only inner tournaments.
    function watch(Player memory player) internal returns (uint256 number) {
        number = players.length;
        player.meddles = true;
        players.push(player);
    }

    /// @dev A new player joins the outermost tournament.
    function enter(Player memory player) internal returns (uint256 number) {
        number = players.length;
        players.push(player);
        joinWith(TOP, number, claimsOf(number), "");
    }

    /// @dev What a player says of the segments.
    function claimsOf(uint256 number) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << heights()[0]);
        bytes32 claim = START;
        for (uint256 i = 0; i < leaves.length; ++i) {
            bool isTrue = i < players[number].segment;
            claim = isTrue ? runOf(claim, i) : _falseClaim(number, i).hash();
            leaves[i] = claim;
        }
    }

    function _falseClaim(uint256 number, uint256 segment)
        internal
        view
        virtual
        returns (Claims.BlockClaim memory)
    {
        return Toy.claim(_false("claim", number, segment), 0);
    }

    function joinWith(
        bytes32 tournament,
        uint256 number,
        bytes32[] memory leaves,
        bytes memory finalState
    ) internal {
        bytes32 root = Toy.root(leaves);
        if (game.commitmentOf(tournament, root).joiner != address(0)) return;
        uint256 bond = game.bond(game.tournamentOf(tournament).level);
        vm.deal(account(number), account(number).balance + bond);
        putIn[account(number)] += bond;
        bytes32[] memory proof = Toy.proof(leaves, leaves.length - 1);
        vm.prank(account(number));
        game.join{value: bond}(tournament, leaves[leaves.length - 1], proof, finalState);
        leavesOf[tournament][number] = leaves;
        playerOf[tournament][root] = number;
        _readLogs();
    }

    function trueRoot() internal view returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](1 << heights()[0]);
        bytes32 claim = START;
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = claim = runOf(claim, i);
        }
        return Toy.root(leaves);
    }

    /// @dev What the run of a segment means.
    function runOf(bytes32 claim, uint256 segment) internal view returns (bytes32) {
        (, bytes memory last) = _strides(claim, segment);
        return _claimOf(last);
    }

    function _claimOf(bytes memory state) internal view returns (bytes32 output) {
        (,, bool ended) = Toy.decode(state);
        if (!ended || machine.EXIT_CODE() != 0) return Claims.INVALID;
        assembly ("memory-safe") {
            output := mload(add(state, 338))
        }
    }

    function _strides(bytes32 claim, uint256 segment)
        internal
        view
        returns (bytes32[] memory hashes, bytes memory last)
    {
        uint256 stride = 1 << heights()[2];
        return machine.run(machine.initial(), _localsOf(claim, segment), 1 << heights()[1], stride);
    }

    function _localsOf(bytes32 claim, uint256 segment)
        internal
        view
        virtual
        returns (bytes32[] memory locals)
    {
        locals = new bytes32[](3);
        (locals[0], locals[1], locals[2]) = (claim, bytes32(segment), TOP);
    }

    function _false(string memory what, uint256 player, uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode(what, player, i));
    }

    /// @dev Both sides of a match that was sealed join the inner tournament, and all who meddle.
    function _enterInner(bytes32 id) internal {
        ITournaments.Match memory outer = game.matchOf(id);
        ITournaments.Level level = game.tournamentOf(outer.tournament).level;
        if (level == ITournaments.Level.Steps) return;
        for (uint256 i = 0; i < players.length; ++i) {
            uint256 one = playerOf[outer.tournament][outer.one];
            uint256 two = playerOf[outer.tournament][outer.two];
            if (players[i].silent || (i != one && i != two && !players[i].meddles)) continue;
            bytes32 end = i == one ? outer.bisection.left : outer.bisection.right;
            if (level == ITournaments.Level.Segments) {
                _enterStrides(id, outer, i, end, i == one || i == two);
            } else {
                _enterSteps(id, outer, i, end, i == one || i == two);
            }
        }
    }

    function _enterStrides(
        bytes32 id,
        ITournaments.Match memory outer,
        uint256 number,
        bytes32 end,
        bool plays
    ) internal {
        Player memory player = players[number];
        (bytes32[] memory leaves, bytes memory last) =
            _strides(outer.bisection.node, outer.bisection.position);
        bytes32 truth = _claimOf(last);
        if (!plays) end = truth;
        if (end != truth || player.perjures) {
            for (uint256 i = player.stride; i < leaves.length; ++i) {
                leaves[i] = _false("state", number, i);
            }
            if (end != truth) last = Toy.encode(bytes32(number), 9, true, 0, end);
            leaves[leaves.length - 1] = keccak256(last);
        }
        bool fits = end == outer.bisection.left || end == outer.bisection.right;
        if (fits) joinWith(game.innerOf(id), number, leaves, last);
    }

    function _enterSteps(
        bytes32 id,
        ITournaments.Match memory outer,
        uint256 number,
        bytes32 end,
        bool plays
    ) internal {
        bytes32[] memory leaves = _stepsOf(outer);
        bytes32 truth = leaves[leaves.length - 1];
        if (!plays) end = truth;
        if (end != truth) {
            for (uint256 i = players[number].step; i < leaves.length; ++i) {
                leaves[i] = _false("step", number, i);
            }
            leaves[leaves.length - 1] = end;
        }
        bool fits = end == outer.bisection.left || end == outer.bisection.right;
        if (fits) joinWith(game.innerOf(id), number, leaves, "");
    }

    /// @dev The true states of the stride that a match of the level of strides is about.
    function _stepsOf(ITournaments.Match memory strides) internal view returns (bytes32[] memory) {
        (bytes memory state, bytes32[] memory locals) = _stateBefore(strides);
        (bytes32[] memory hashes,) = machine.run(state, locals, 1 << heights()[2], 1);
        return hashes;
    }

    function _stateBefore(ITournaments.Match memory strides)
        internal
        view
        returns (bytes memory state, bytes32[] memory locals)
    {
        ITournaments.Match memory segments =
            game.matchOf(game.tournamentOf(strides.tournament).outer);
        locals = _localsOf(segments.bisection.node, segments.bisection.position);
        uint256 count = strides.bisection.position << heights()[2];
        (, state) = machine.run(machine.initial(), locals, 1, count);
    }

    function _readLogs() internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == ITournaments.Joined.selector) {
                joinedTo.push(logs[i].topics[1]);
                joinedWith.push(logs[i].topics[2]);
            } else if (logs[i].topics[0] == ITournaments.Paired.selector) {
                allMatches.push(logs[i].topics[2]);
                openMatches.push(logs[i].topics[2]);
            } else if (logs[i].topics[0] == ITournaments.TournamentOpened.selector) {
                if (logs[i].topics[2] != 0) openInner.push(logs[i].topics[1]);
            } else if (logs[i].topics[0] == ITournaments.RefundOwed.selector) {
                owedFor.push(logs[i].topics[1]);
                owedTo.push(address(uint160(uint256(logs[i].topics[2]))));
            }
        }
    }
}
