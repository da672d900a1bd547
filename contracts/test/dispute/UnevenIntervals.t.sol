// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {vm} from "../Vm.sol";
import {Player} from "./Cast.sol";
import {OracleArena} from "./OracleArena.sol";
import {ToyMachine} from "./Toy.sol";

/// @notice Disputes about intervals of any length, played to their end: where padding begins, and what stands if
///         the truth ends before the proposal does. The trees have places for eight blocks.
contract UnevenIntervalsTest is OracleArena {
    function heights() internal pure override returns (uint8[3] memory) {
        return [8, 3, 3];
    }

    function interval() internal pure override returns (uint64) {
        return 2;
    }

    /// @dev The last place of the last block and the first behind it, after a parent that is no multiple too.
    function test_truthWins_whereverTheLieIs() public {
        uint64[4] memory ends = [uint64(6), 7, 12, 20];
        uint64[4] memory asked = [uint64(6), 8, 12, 20];
        uint64 parent = 0;
        for (uint256 i = 0; i < ends.length; ++i) {
            uint256 places = (asked[i] - parent) * 32;
            uint256 place = i == 1 ? places : places - 1;
            uint256 liar_ = _propose(liar(place, 3, 3), asked[i], ends[i]);
            uint256 index = oracle.latestOutputIndex();
            vm.assertEq(oracle.proposal(index).parentBlockNumber, parent);
            uint256 truthful = disputeBy(honest(), liar_, index);
            vm.assertEq(play(), trueRoot());
            IDisputeOracle.Proposal memory stands = oracle.proposal(index);
            vm.assertEq(stands.segmentsRoot, trueRoot());
            vm.assertEq(stands.proposer, account(truthful));
            vm.assertEq(stands.l2BlockNumber, ends[i]);
            vm.assertEq(stands.parentBlockNumber, parent);
            vm.assertTrue(oracle.isFinal(index));
            vm.assertEq(oracle.nextBlockNumber(), ends[i] + 2 - ends[i] % 2);
            parent = ends[i];
        }
        settle();
    }

    /// @dev A true proposal that is challenged, of several blocks.
    function test_trueProposal_isDefended() public {
        uint256 truthful = _propose(honest(), 4, 4);
        disputeBy(liar(127, 3, 3), truthful, 1);
        enter(liar(128, 3, 3));
        vm.assertEq(play(), trueRoot());
        vm.assertTrue(oracle.isFinal(1) && oracle.proposal(1).decided);
        vm.assertEq(oracle.proposal(1).l2BlockNumber, 4);
        settle();
    }

    /// @dev Nothing follows from the L1 that was pinned, so the truth ends with the block that it begins behind.
    function test_truthEndsWithTheParent_nothingFollows() public {
        _propose(honest(), 4, 4);
        uint256 liar_ = _propose(liar(0, 3, 3), 8, 4);
        disputeBy(honest(), liar_, 2);
        vm.assertEq(play(), trueRoot());
        vm.assertEq(oracle.proposalCount(), 2);
        vm.assertEq(oracle.nextBlockNumber(), 6);
        _propose(honest(), 8, 8);
        vm.assertEq(oracle.idOf(2), 3);
    }

    /// @dev A run that has no end within its steps is INVALID: then nothing stands either.
    function test_invalidWins_nothingFollows() public {
        machine = new ToyMachine(40, 1);
        _deploy();
        uint256 liar_ = _propose(liar(0, 3, 3), 4, 4);
        disputeBy(honest(), liar_, 1);
        vm.assertEq(play(), trueRoot());
        vm.assertEq(oracle.proposalCount(), 1);
        settle();
    }

    function _propose(Player memory player, uint64 l2Block, uint64 end) private returns (uint256) {
        _nextL1Block();
        return proposeUpTo(player, l2Block, end);
    }
}
