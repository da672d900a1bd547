// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";

/// @notice What movers get for their gas, and out of whose bond.
contract RefundsTest is Arena {
    function test_refund_helperOfTheWinner_once() public {
        (bytes32 id, address helper) = _playedWithHelp();
        uint256 owed =
            game.matchOf(id).wonByTwo ? game.matchOf(id).owedTwo : game.matchOf(id).owedOne;
        vm.assertTrue(owed > 0);
        game.collectRefund(id, helper);
        vm.assertTrue(game.credit(helper) > 0);
        vm.assertGe(owed, game.credit(helper));
        vm.expectRevert(ITournaments.NothingOwed.selector);
        game.collectRefund(id, helper);
        settle();
    }

    function test_refund_openMatch_reverts() public {
        enter(liar(3, 4, 5));
        enter(honest());
        helped[0] = true;
        bytes32 id = openMatches[0];
        _moveAll();
        vm.assertTrue(game.matchOf(id).owedOne > 0);
        vm.expectRevert(ITournaments.NothingOwed.selector);
        game.collectRefund(id, moverOf(0));
    }

    /// @dev Whoever moves for the side that loses pays for it.
    function test_refund_helperOfTheLoser_none() public {
        enter(liar(3, 4, 5));
        enter(honest());
        helped[0] = true;
        bytes32 id = openMatches[0];
        vm.assertEq(play(), trueRoot());
        vm.assertTrue(game.matchOf(id).owedOne > 0);
        vm.expectRevert(ITournaments.NothingOwed.selector);
        game.collectRefund(id, moverOf(0));
        settle();
        vm.assertEq(paid[moverOf(0)], 0);
    }

    /// @dev A joiner's own moves need no note: it gets what is left.
    function test_refund_joiner_none() public {
        enter(liar(3, 4, 5));
        enter(honest());
        _moveAll();
        vm.assertEq(uint256(game.matchOf(openMatches[0]).owedOne), 0);
    }

    /// @dev Gas may be as dear as its sender likes; the refund is not.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_refund_dearGas_isBounded(uint64 price) public {
        vm.txGasPrice(price);
        (bytes32 id,) = _playedWithHelp();
        ITournaments.Match memory played = game.matchOf(id);
        uint256 owed = played.wonByTwo ? played.owedTwo : played.owedOne;
        // Moves, seal and win at the highest price: less than two thirds of the bond.
        vm.assertLe(owed * 3 / 2, BOND);
        uint256 most = price < 2 gwei ? price : 2 gwei;
        vm.assertLe(owed, (3 * 90_000 + 180_000 + 320_000) * most);
        settle();
    }

    /// @dev Even where bonds could not cover them: no deployment can be made so, and here one was.
    function test_refund_beyondTheBond_isCut() public {
        enter(liar(3, 4, 5));
        enter(honest());
        helped[0] = helped[1] = true;
        bytes32 id = openMatches[0];
        // The second side's movers are owed all of the bond but one wei.
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(id, _matchesSlot()))) + 7);
        uint256 packed = uint256(vm.load(address(game), slot));
        uint256 owed = BOND - 1;
        for (uint256 shift = 32; shift <= 128; shift += 96) {
            packed |= owed << shift;
        }
        vm.store(address(game), slot, bytes32(packed));
        vm.assertEq(uint256(game.matchOf(id).owedOne), owed);
        vm.assertEq(uint256(game.matchOf(id).owedTwo), owed);
        _moveAll();
        vm.assertEq(uint256(game.matchOf(id).owedOne), BOND);
        _moveAll();
        vm.assertEq(uint256(game.matchOf(id).owedTwo), BOND);
    }

    function _playedWithHelp() private returns (bytes32 id, address helper) {
        enter(liar(3, 4, 5));
        uint256 truth = enter(honest());
        helped[truth] = true;
        id = openMatches[0];
        vm.assertEq(play(), trueRoot());
        return (id, moverOf(truth));
    }

    /// @dev The mapping of matches is the fourth variable.
    function _matchesSlot() private pure returns (uint256) {
        return 3;
    }
}
