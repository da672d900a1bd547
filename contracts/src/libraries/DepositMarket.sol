// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The state of the deposit market, in one storage slot. Field names are the OP Stack's.
struct ResourceParams {
    /// Wei per unit of L2 gas.
    uint128 prevBaseFee;
    /// L2 gas bought in the block `prevBlockNum`.
    uint64 prevBoughtGas;
    uint64 prevBlockNum;
}

/// @title DepositMarket
/// @notice The price of L2 gas for deposits, which pay no fee on L2: an EIP-1559 curve per L1 block.
/// @dev Deposits are forced transactions that no sequencer can refuse, so this price is what keeps
///      them from filling every L2 block. `GAS_MAX` plus the gas of the L1 attributes transaction fits
///      in the smallest gas limit that SystemConfig allows.
library DepositMarket {
    /// @notice The most L2 gas that deposits of one L1 block can buy.
    uint64 internal constant GAS_MAX = 20_000_000;

    /// @notice The L2 gas per L1 block at which the price stays.
    uint64 internal constant GAS_TARGET = 2_000_000;

    /// @notice An L1 block without deposits lowers the price by one part in this many.
    uint256 internal constant CHANGE_DENOMINATOR = 8;

    /// @notice The lowest price, in wei per L2 gas.
    uint256 internal constant BASE_FEE_MIN = 1 gwei;

    /// @notice The highest price, in wei per L2 gas: a full block would cost 20,000 ether.
    uint256 internal constant BASE_FEE_MAX = 1_000_000 gwei;

    /// @notice The deposits of this L1 block have bought all gas there is.
    error OutOfGas();

    /// @notice The market at `blockNumber`, with nothing bought in that block yet if it is a new one.
    function advanced(ResourceParams memory market, uint64 blockNumber)
        internal
        pure
        returns (ResourceParams memory)
    {
        if (blockNumber == market.prevBlockNum) return market;

        uint256 fee = afterBlock(market.prevBaseFee, market.prevBoughtGas);
        // From the highest price to the lowest it takes 104 empty blocks, so the loop is short.
        uint256 emptyBlocks = blockNumber - market.prevBlockNum - 1;
        for (; emptyBlocks > 0 && fee > BASE_FEE_MIN; --emptyBlocks) {
            fee = afterBlock(fee, 0);
        }
        // The price is at most BASE_FEE_MAX.
        // forge-lint: disable-next-line(unsafe-typecast)
        return ResourceParams(uint128(fee), 0, blockNumber);
    }

    /// @notice The price after a block in which `boughtGas` was bought at the price `fee`.
    function afterBlock(uint256 fee, uint64 boughtGas) internal pure returns (uint256) {
        uint256 scale = GAS_TARGET * CHANGE_DENOMINATOR;
        if (boughtGas >= GAS_TARGET) {
            uint256 raised = fee + fee * (boughtGas - GAS_TARGET) / scale;
            return raised < BASE_FEE_MAX ? raised : BASE_FEE_MAX;
        }
        uint256 lowered = fee - fee * (GAS_TARGET - boughtGas) / scale;
        return lowered > BASE_FEE_MIN ? lowered : BASE_FEE_MIN;
    }

    /// @notice The market after `amount` of L2 gas was bought.
    function bought(ResourceParams memory market, uint64 amount)
        internal
        pure
        returns (ResourceParams memory)
    {
        if (amount > GAS_MAX - market.prevBoughtGas) revert OutOfGas();
        return
            ResourceParams(market.prevBaseFee, market.prevBoughtGas + amount, market.prevBlockNum);
    }

    /// @notice The L1 gas that `amount` of L2 gas costs. The payment is burned as gas and not taken as
    ///         ether, so that msg.value is exactly what is minted on L2. The L1 base fee counts as one
    ///         gwei at least: when it is near zero, the burn would take a whole block otherwise.
    function l1GasCost(uint64 amount, uint128 fee, uint256 l1BaseFee)
        internal
        pure
        returns (uint256)
    {
        return uint256(amount) * fee / (l1BaseFee > 1 gwei ? l1BaseFee : 1 gwei);
    }
}
