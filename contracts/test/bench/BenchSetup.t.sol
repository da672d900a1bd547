// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BenchPair} from "../../src/bench/BenchPair.sol";
import {BenchSetup} from "../../src/bench/BenchSetup.sol";
import {BenchToken} from "../../src/bench/BenchToken.sol";
import {vm} from "../Vm.sol";

contract BenchSetupTest {
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);
    uint256 private constant TOKENS = 1 << 80;

    BenchSetup private setup;
    BenchPair private pair;
    BenchToken private token0;
    BenchToken private token1;

    function setUp() public {
        setup = new BenchSetup();
        (pair, token0, token1) = (setup.pair(), setup.token0(), setup.token1());
        vm.deal(address(this), 100 ether);
        address[] memory senders = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (senders[0], senders[1]) = (ALICE, BOB);
        (amounts[0], amounts[1]) = (1 ether, 2 ether);
        setup.give{value: 3 ether}(senders, amounts, TOKENS);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(senders[i]);
            token0.approve(address(pair), type(uint256).max);
            vm.prank(senders[i]);
            token1.approve(address(pair), type(uint256).max);
        }
    }

    function test_give_paysEachItsOwn() public view {
        vm.assertEq(ALICE.balance, 1 ether);
        vm.assertEq(BOB.balance, 2 ether);
        vm.assertEq(token0.balanceOf(ALICE), TOKENS);
        vm.assertEq(token1.balanceOf(BOB), TOKENS);
    }

    function test_give_byAnotherReverts() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(BenchSetup.NotTheCreator.selector, ALICE));
        setup.give(new address[](0), new uint256[](0), 0);
    }

    function test_give_unequalLengthsReverts() public {
        vm.expectRevert(abi.encodeWithSelector(BenchSetup.Lengths.selector, 1, 0));
        setup.give(new address[](1), new uint256[](0), 0);
    }

    function test_fill_twiceReverts() public {
        vm.expectRevert(BenchPair.AlreadyFilled.selector);
        pair.fill();
    }

    function testFuzz_transfer_movesAndKeepsTheSupply(uint256 amount) public {
        amount %= TOKENS + 1;
        vm.prank(ALICE);
        token0.transfer(BOB, amount);
        vm.assertEq(token0.balanceOf(ALICE), TOKENS - amount);
        vm.assertEq(token0.balanceOf(BOB), TOKENS + amount);
    }

    function test_transfer_ofMoreThanThereIsReverts() public {
        bytes4 reason = BenchToken.BalanceTooSmall.selector;
        vm.expectRevert(abi.encodeWithSelector(reason, ALICE, TOKENS, TOKENS + 1));
        vm.prank(ALICE);
        token0.transfer(BOB, TOKENS + 1);
    }

    function test_transferFrom_withoutAllowanceReverts() public {
        bytes4 reason = BenchToken.AllowanceTooSmall.selector;
        vm.expectRevert(abi.encodeWithSelector(reason, ALICE, BOB, 0, 1));
        vm.prank(BOB);
        token0.transferFrom(ALICE, BOB, 1);
    }

    function test_transferFrom_usesAnAllowanceUp() public {
        vm.prank(ALICE);
        token0.approve(BOB, 5);
        vm.prank(BOB);
        token0.transferFrom(ALICE, BOB, 3);
        vm.assertEq(token0.allowance(ALICE, BOB), 2);
    }

    function testFuzz_swap_keepsTheProduct(uint256[8] calldata amounts, bool[8] calldata ways)
        public
    {
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amountIn = 2 + amounts[i] % (TOKENS / 16);
            uint256 product = uint256(pair.reserve0()) * pair.reserve1();
            vm.prank(i % 2 == 0 ? ALICE : BOB);
            pair.swap(ways[i], amountIn, 1);
            vm.assertTrue(uint256(pair.reserve0()) * pair.reserve1() >= product);
            vm.assertEq(token0.balanceOf(address(pair)), pair.reserve0());
            vm.assertEq(token1.balanceOf(address(pair)), pair.reserve1());
        }
    }

    function test_swap_belowTheLeastWantedReverts() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(BenchPair.OutputTooSmall.selector, 996, 997));
        pair.swap(true, 1000, 997);
    }

    function test_swap_ofNothingReverts() public {
        vm.prank(ALICE);
        vm.expectRevert(BenchPair.NothingSwapped.selector);
        pair.swap(true, 0, 0);
    }
}
