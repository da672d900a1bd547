// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DepositMarket, ResourceParams} from "../../src/libraries/DepositMarket.sol";
import {vm} from "../Vm.sol";

contract DepositMarketTest {
    using DepositMarket for ResourceParams;

    function test_afterBlock_atTarget_stays() public pure {
        vm.assertEq(DepositMarket.afterBlock(5 gwei, 2_000_000), 5 gwei);
    }

    function test_afterBlock_empty_fallsByAnEighth() public pure {
        vm.assertEq(DepositMarket.afterBlock(8 gwei, 0), 7 gwei);
    }

    function test_afterBlock_full_risesByNineEighths() public pure {
        vm.assertEq(DepositMarket.afterBlock(8 gwei, 20_000_000), 17 gwei);
    }

    function testFuzz_afterBlock_staysWithinBounds(uint256 fee, uint64 gas) public pure {
        fee = 1 gwei + fee % (1_000_000 gwei - 1 gwei + 1);
        gas %= 20_000_001;
        uint256 next = DepositMarket.afterBlock(fee, gas);
        vm.assertGe(next, 1 gwei);
        vm.assertLe(next, 1_000_000 gwei);
        if (gas < 2_000_000) vm.assertLe(next, fee);
        else vm.assertGe(next, fee);
    }

    function testFuzz_advanced_sameBlock_changesNothing(ResourceParams calldata market)
        public
        pure
    {
        ResourceParams memory same = market;
        vm.assertEq(
            keccak256(abi.encode(same.advanced(market.prevBlockNum))), keccak256(abi.encode(market))
        );
    }

    /// @dev Several empty blocks at once are the same as one after the other.
    function testFuzz_advanced_manyBlocks_isEachInTurn(uint256 fee, uint64 gas, uint8 blocks)
        public
        pure
    {
        uint128 start = uint128(1 gwei + fee % (1_000_000 gwei - 1 gwei + 1));
        ResourceParams memory market = ResourceParams(start, gas % 20_000_001, 100);
        ResourceParams memory stepped = ResourceParams(start, gas % 20_000_001, 100);
        for (uint64 i = 1; i <= blocks; ++i) {
            stepped = stepped.advanced(100 + i);
        }
        ResourceParams memory jumped = market.advanced(100 + uint64(blocks));
        vm.assertEq(keccak256(abi.encode(jumped)), keccak256(abi.encode(stepped)));
    }

    /// @dev The comment in the library promises a short loop.
    function test_advanced_longPause_isCheap() public view {
        ResourceParams memory market = ResourceParams(uint128(1_000_000 gwei), 0, 1);
        uint256 before = gasleft();
        ResourceParams memory later = market.advanced(type(uint64).max);
        vm.assertLe(before - gasleft(), 80_000);
        vm.assertEq(later.prevBaseFee, 1 gwei);
    }

    function testFuzz_bought_adds(uint64 held, uint64 amount) public pure {
        held %= 20_000_001;
        amount = uint64(uint256(amount) % (20_000_001 - held));
        ResourceParams memory market = ResourceParams(1 gwei, held, 7).bought(amount);
        vm.assertEq(market.prevBoughtGas, held + amount);
        vm.assertEq(market.prevBaseFee, 1 gwei);
        vm.assertEq(market.prevBlockNum, 7);
    }

    function testFuzz_bought_moreThanThereIs_reverts(uint64 held, uint64 amount) public {
        held %= 20_000_001;
        vm.assume(amount > 20_000_000 - held);
        vm.expectRevert(DepositMarket.OutOfGas.selector);
        this.buy(held, amount);
    }

    function test_l1GasCost_countsOneGweiAtLeast() public pure {
        vm.assertEq(DepositMarket.l1GasCost(100_000, 2 gwei, 0), 200_000);
        vm.assertEq(DepositMarket.l1GasCost(100_000, 2 gwei, 1 gwei), 200_000);
        vm.assertEq(DepositMarket.l1GasCost(100_000, 2 gwei, 20 gwei), 10_000);
    }

    /// @dev A call of its own, so that its revert can be expected.
    function buy(uint64 held, uint64 amount) external pure returns (ResourceParams memory) {
        return ResourceParams(1 gwei, held, 7).bought(amount);
    }
}
