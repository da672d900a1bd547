// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Player} from "../dispute/Cast.sol";
import {OracleArena} from "../dispute/OracleArena.sol";
import {Targets} from "./Targets.sol";

/// @notice Proposals, disputes about any of them, and time, in any order. Players leave their matches to the
///         clock.
contract DisputeOracleHandler is OracleArena {
    bytes32[] private _tournaments;
    mapping(bytes32 tournament => uint256 number) private _disputer;
    mapping(bytes32 tournament => uint256 number) private _proposer;
    mapping(uint256 id => uint256 number) private _made;
    /// What was final at an index when it was last looked at.
    bytes32[] private _final;

    constructor() {
        super.setUp();
    }

    function setUp() public override {}

    function makeProposal(uint256 random) external {
        if (players.length > 12) return;
        Player memory player = liar(random % 2 == 0 ? 0 : 40, 0, 0);
        _nextL1Block();
        uint64 l2Block = uint64(oracle.nextBlockNumber() + (random >> 1) % 2);
        uint256 number = proposeUpTo(player, l2Block, l2Block);
        _made[oracle.idOf(oracle.latestOutputIndex())] = number;
    }

    function openDispute(uint256 which, bool isShorter) external {
        uint256 index = which % oracle.proposalCount();
        IDisputeOracle.Proposal memory asked = oracle.proposal(index);
        bool late = block.timestamp >= uint256(asked.timestamp) + WINDOW;
        if (index == 0 || late || asked.tournament != 0 || players.length > 12) return;
        uint256 proposer = _made[oracle.idOf(index)];
        behind = isShorter ? 1 : 0;
        uint256 number = disputeBy(liar(1, 0, 0), proposer, index);
        _tournaments.push(TOP);
        _disputer[TOP] = number;
        _proposer[TOP] = proposer;
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + time % 3000);
    }

    function end(uint256 which) external {
        if (openMatches.length == 0) return;
        try game.timeout(openMatches[which % openMatches.length]) {} catch {}
    }

    function resolve(uint256 which) external {
        if (_tournaments.length == 0) return;
        TOP = _tournaments[which % _tournaments.length];
        if (!game.isOver(TOP) || game.tournamentOf(TOP).concluded) return;
        try this.conclude() {}
        catch (bytes memory why) {
            require(bytes4(why) == IDisputeOracle.EarlierDispute.selector, "cannot be resolved");
        }
    }

    function conclude() external {
        if (game.isOver(TOP) && !game.tournamentOf(TOP).concluded) _conclude();
    }

    function claim(uint256 id) external {
        id %= players.length + 1;
        try oracle.claimBond(id) {} catch {}
    }

    function pass(uint256 most) external {
        oracle.passDecided(most % 10);
    }

    /// @dev What was final is final, in one row, and the same.
    function requireFinality() external {
        bool before = true;
        for (uint256 i = 0; i < oracle.proposalCount(); ++i) {
            bool isFinal = oracle.isFinal(i);
            vm.assertTrue(before || !isFinal);
            before = isFinal;
            if (i < _final.length) vm.assertTrue(isFinal);
            if (!isFinal) continue;
            bytes32 root = oracle.getL2Output(i).outputRoot;
            if (i < _final.length) vm.assertEq(_final[i], root);
            else _final.push(root);
            vm.assertEq(oracle.proposal(i).index, i);
            _requireOrder(i);
        }
        vm.assertLe(_final.length, oracle.proposalCount());
    }

    /// @dev Blocks rise along the list, and each interval begins behind the one before.
    function _requireOrder(uint256 index) private view {
        if (index == 0) return;
        IDisputeOracle.Proposal memory read = oracle.proposal(index);
        vm.assertEq(read.parentBlockNumber, oracle.proposal(index - 1).l2BlockNumber);
        vm.assertTrue(read.parentBlockNumber < read.l2BlockNumber);
        vm.assertEq(oracle.getL2OutputIndexAfter(read.l2BlockNumber), index);
    }

    /// @dev Everything that the contract must hold.
    function requireMoney() external view {
        uint256 sum = game.credit(game.NOBODY()) + game.credit(address(this));
        for (uint256 i = 0; i < joinedTo.length; ++i) {
            sum += game.commitmentOf(joinedTo[i], joinedWith[i]).stake;
        }
        for (uint256 i = 0; i < _tournaments.length; ++i) {
            sum += game.tournamentOf(_tournaments[i]).pot;
        }
        for (uint256 i = 0; i < players.length; ++i) {
            sum += game.credit(account(i));
        }
        for (uint256 id = 1; id < 14; ++id) {
            try oracle.proposalById(id) returns (IDisputeOracle.Proposal memory made) {
                if (made.tournament == 0 && !made.bondClaimed) sum += BOND;
            } catch {
                break;
            }
        }
        for (uint256 i = 0; i < allMatches.length; ++i) {
            ITournaments.Match memory played = game.matchOf(allMatches[i]);
            if (played.won) sum += played.wonByTwo ? played.owedTwo : played.owedOne;
        }
        vm.assertEq(address(game).balance, sum);
    }
}

contract DisputeOracleInvariants is Targets {
    DisputeOracleHandler private handler;

    function setUp() public {
        handler = new DisputeOracleHandler();
        callOnly(address(handler));
    }

    /// forge-config: default.invariant.runs = 32
    function invariant_finality_isForEver() public {
        handler.requireFinality();
        handler.requireMoney();
    }
}
