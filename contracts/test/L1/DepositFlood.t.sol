// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPortal} from "../../src/interfaces/IPortal.sol";
import {DepositMarket} from "../../src/libraries/DepositMarket.sol";
import {Chain} from "../Chain.sol";
import {Vm, vm} from "../Vm.sol";

/// @notice Somebody fills L1 blocks with deposits. The rules are written out here, apart from the library under test.
contract DepositFloodTest is Chain {
    uint256 private constant GAS_MAX = 20_000_000;
    uint256 private constant GAS_TARGET = 2_000_000;

    /// @dev As many as fit: in the order in which they were made, and each in the chain.
    function testFuzz_flood_oneBlock_keepsOrderAndIsBounded(uint256 seed) public {
        // Cheap, so that what is tested is not the price.
        vm.fee(1000 gwei);
        vm.recordLogs();
        uint64 count;
        uint256 gasSum;
        while (true) {
            uint256 dice = uint256(keccak256(abi.encode(seed, count)));
            uint64 gasLimit = uint64(100_000 + dice % 1_000_000);
            if (gasSum + gasLimit > GAS_MAX) break;
            (uint96 mint, bytes memory data) = (uint96(dice >> 160), new bytes(dice % 100));
            _deposit(address(uint160(0xA000 + count)), mint, gasLimit, data);
            (count, gasSum) = (count + 1, gasSum + gasLimit);
        }
        (, uint64 bought, uint64 number) = chain.portal.params();
        vm.assertEq(bought, gasSum);
        vm.assertEq(number, block.number);
        vm.assertEq(chain.portal.messageCount(), count);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, count);
        bytes32 accumulator;
        for (uint256 i = 0; i < count; ++i) {
            vm.assertEq(logs[i].topics[0], IPortal.TransactionDeposited.selector);
            address from = address(uint160(uint256(logs[i].topics[1])));
            vm.assertEq(from, address(uint160(0xA000 + i)));
            accumulator = _next(accumulator, from, abi.decode(logs[i].data, (bytes)));
        }
        vm.assertEq(chain.portal.messageAccumulator(), accumulator);

        // One that does not fit leaves no trace, and the gas that is left can still be bought.
        uint64 left = uint64(GAS_MAX - gasSum);
        vm.expectRevert(DepositMarket.OutOfGas.selector);
        chain.portal.depositTransaction(USER, 0, left + 21_000, false, "");
        vm.assertEq(chain.portal.messageAccumulator(), accumulator);
        if (left < 21_000) return;
        chain.portal.depositTransaction(USER, 0, left, false, "");
        (, bought,) = chain.portal.params();
        vm.assertEq(bought, GAS_MAX);
    }

    /// @dev The price follows EIP-1559 from block to block, whatever is bought, and the deposits pay it.
    function testFuzz_flood_manyBlocks_priceFollowsUse(uint256 seed) public {
        uint256 price = 1 gwei;
        for (uint256 i = 0; i < 20; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            // Below the target, above it, or all there is.
            uint256 most = [GAS_TARGET, GAS_MAX, GAS_MAX][dice % 3];
            uint64 gas =
                dice % 3 == 2 ? uint64(most) : uint64(21_000 + (dice >> 8) % (most - 21_000));
            vm.fee(price * 100);
            uint256 before = gasleft();
            chain.portal.depositTransaction(USER, 0, gas, false, "");
            // An L1 gas is worth a hundred L2 gas here.
            vm.assertGe(before - gasleft(), gas / 100);
            (uint128 asked,,) = chain.portal.params();
            vm.assertEq(asked, price);
            price = _after(price, gas);
            nextL1Block();
        }
    }

    /// @dev A flood gets dearer until nobody can pay, and what follows it is at the old price again.
    function test_flood_endless_getsDearToTheEndAndFallsBack() public {
        uint256 price = 1 gwei;
        uint256 paid;
        uint256 blocks;
        for (; price < 1_000_000 gwei; ++blocks) {
            vm.fee(price * 100);
            chain.portal.depositTransaction(USER, 0, uint64(GAS_MAX), false, "");
            paid += price * GAS_MAX;
            price = _after(price, uint64(GAS_MAX));
            nextL1Block();
        }
        // Four minutes; the last full block alone costs thousands of ether.
        vm.assertEq(blocks, 19);
        vm.assertGe(paid, 10_000 ether);

        uint256 empty;
        for (; price > 1 gwei; ++empty) {
            price = _after(price, 0);
        }
        vm.assertLe(empty, 104);
        vm.roll(block.number + empty);
        vm.fee(1 gwei);
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        (uint128 asked,,) = chain.portal.params();
        vm.assertEq(asked, 1 gwei);
    }

    /// @dev EIP-1559: an eighth of the price for each target's worth above or below the target.
    function _after(uint256 price, uint64 gas) private pure returns (uint256) {
        if (gas < GAS_TARGET) {
            uint256 less = price - price * (GAS_TARGET - gas) / (8 * GAS_TARGET);
            return less > 1 gwei ? less : 1 gwei;
        }
        uint256 more = price + price * (gas - GAS_TARGET) / (8 * GAS_TARGET);
        return more < 1_000_000 gwei ? more : 1_000_000 gwei;
    }

    function _deposit(address from, uint96 mint, uint64 gasLimit, bytes memory data) private {
        vm.deal(from, mint);
        vm.prank(from, from);
        chain.portal.depositTransaction{value: mint}(from, mint, gasLimit, false, data);
    }

    /// @dev The chain after a deposit to its sender.
    function _next(bytes32 before, address account, bytes memory opaque)
        private
        view
        returns (bytes32)
    {
        bytes memory message = bytes.concat(hex"00", bytes20(account), bytes20(account), opaque);
        bytes memory moment = abi.encodePacked(uint64(block.number), uint64(block.timestamp));
        return keccak256(bytes.concat(before, moment, keccak256(message)));
    }
}
