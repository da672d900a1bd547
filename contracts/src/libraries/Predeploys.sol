// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Predeploys
/// @notice Addresses on L2 that are the same on every chain of this kind.
library Predeploys {
    /// @notice Sends the L1 attributes transaction. Nobody has its key.
    address internal constant DEPOSITOR_ACCOUNT = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;

    /// @notice Stands for ether in the bridge's older functions and events. There is nothing there.
    address internal constant LEGACY_ETH = 0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000;

    /// @notice Wrapped ether.
    address internal constant WETH9 = 0x4200000000000000000000000000000000000006;

    /// @notice Sends messages to L1, and calls those of L1.
    address internal constant L2_CROSS_DOMAIN_MESSENGER =
        0x4200000000000000000000000000000000000007;

    /// @notice Takes ether and tokens to L1, and gives out what comes from there.
    address internal constant L2_STANDARD_BRIDGE = 0x4200000000000000000000000000000000000010;

    /// @notice Makes tokens that stand for those of L1.
    address internal constant OPTIMISM_MINTABLE_ERC20_FACTORY =
        0x4200000000000000000000000000000000000012;

    /// @notice Tells what the L1 fee of a transaction will be.
    address internal constant GAS_PRICE_ORACLE = 0x420000000000000000000000000000000000000F;

    /// @notice Holds the tips.
    address internal constant SEQUENCER_FEE_VAULT = 0x4200000000000000000000000000000000000011;

    /// @notice Holds what is known of the L1 origin.
    address internal constant L1_BLOCK = 0x4200000000000000000000000000000000000015;

    /// @notice Records withdrawals.
    address internal constant L2_TO_L1_MESSAGE_PASSER = 0x4200000000000000000000000000000000000016;

    /// @notice Holds the base fees.
    address internal constant BASE_FEE_VAULT = 0x4200000000000000000000000000000000000019;

    /// @notice Holds the L1 fees.
    address internal constant L1_FEE_VAULT = 0x420000000000000000000000000000000000001A;

    /// @notice Holds the operator fees.
    address internal constant OPERATOR_FEE_VAULT = 0x420000000000000000000000000000000000001b;
}
