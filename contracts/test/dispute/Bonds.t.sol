// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ledger} from "../../src/dispute/Ledger.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {Toy} from "./Toy.sol";

/// @notice A ledger whose credits are made here.
contract OpenLedger is Ledger {
    function give(address account) external payable {
        _credit(account, msg.value);
    }
}

/// @notice Tries to be paid again while it is being paid, for itself and for another.
contract Reentrant {
    OpenLedger private immutable LEDGER;
    address private immutable OTHER;
    uint256 public refused;

    constructor(OpenLedger ledger, address other) {
        (LEDGER, OTHER) = (ledger, other);
    }

    receive() external payable {
        try LEDGER.withdraw(address(this)) {}
        catch {
            ++refused;
        }
        try LEDGER.withdraw(OTHER) {} catch {}
    }
}

/// @notice Where the money of disputes goes: what is put in comes out, to whom it belongs, whatever receivers do.
contract BondsTest is Arena {
    function test_withdraw_reentered_paysOnce() public {
        OpenLedger ledger = new OpenLedger();
        address other = address(0x07e4);
        Reentrant greedy = new Reentrant(ledger, other);
        ledger.give{value: 3}(address(greedy));
        ledger.give{value: 5}(other);
        ledger.give{value: 7}(address(0x1dea1));
        ledger.withdraw(address(greedy));
        vm.assertEq(address(greedy).balance, 3);
        vm.assertEq(greedy.refused(), 1);
        // Anybody may have another paid, in the midst of being paid too.
        vm.assertEq(other.balance, 5);
        vm.assertEq(address(ledger).balance, 7);
        vm.assertEq(ledger.credit(address(greedy)) + ledger.credit(other), 0);
    }

    /// @dev Who takes no money keeps its credit, and hinders nobody.
    function test_withdraw_refusedByTheReceiver_reverts() public {
        OpenLedger ledger = new OpenLedger();
        // It has no function that takes ether.
        address refuses = address(new OpenLedger());
        ledger.give{value: 3}(refuses);
        ledger.give{value: 5}(address(0x07e4));
        vm.expectRevert(abi.encodeWithSelector(Ledger.TransferFailed.selector, refuses));
        ledger.withdraw(refuses);
        ledger.withdraw(address(0x07e4));
        vm.assertEq(ledger.credit(refuses), 3);
        vm.assertEq(address(ledger).balance, 3);
    }

    /// @dev A helper may send what calldata it likes, and pays for it.
    function test_refund_paddedCalldata_isBounded() public {
        vm.txGasPrice(2 gwei);
        enter(liar(3, 4, 5));
        enter(honest());
        ITournaments.Match memory played = game.matchOf(openMatches[0]);
        bytes memory padded = bytes.concat(_firstMove(played), new bytes(100_000));
        vm.prank(address(0x4E1));
        (bool done,) = address(game).call(padded);
        vm.assertTrue(done);
        vm.assertEq(uint256(game.matchOf(openMatches[0]).owedOne), 90_000 * 2 gwei);
        play();
        settle();
    }

    /// @dev A copy of an honest move that comes first makes the original fail, at the cost of its gas alone.
    function test_moves_frontRun_loseNothing() public {
        vm.txGasPrice(2 gwei);
        enter(liar(3, 4, 5));
        uint256 truth = enter(honest());
        ITournaments.Match memory played = game.matchOf(openMatches[0]);
        bytes memory move = _firstMove(played);
        address copier = address(0x4E1);
        vm.prank(copier);
        (bool done,) = address(game).call(move);
        vm.assertTrue(done);
        vm.prank(account(truth));
        (done,) = address(game).call(move);
        vm.assertFalse(done);
        vm.assertEq(play(), trueRoot());
        settle();
        vm.assertGe(paid[account(truth)], putIn[account(truth)] + BOND / 3);
    }

    /// @dev The first move, which is for the side that was there first.
    function _firstMove(ITournaments.Match memory played) private view returns (bytes memory) {
        uint256 player = playerOf[played.tournament][played.one];
        bytes32[][] memory tree = Toy.tree(leavesOf[played.tournament][player]);
        uint256 height = played.bisection.height;
        (bytes32 left, bytes32 right) = (tree[height - 1][0], tree[height - 1][1]);
        uint256 index = left == played.bisection.left ? 1 : 0;
        bytes32[] memory below = tree[height - 2];
        return abi.encodeCall(
            ITournaments.advance,
            (openMatches[0], left, right, below[2 * index], below[2 * index + 1])
        );
    }
}
