// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IL2StandardBridge
/// @notice The older names of the bridge on L2, with the OP Stack's ABI. They do what those of IStandardBridge do, and
///         either way both events are emitted. Ether has the address of `Predeploys.LEGACY_ETH` here, and zero on L1.
interface IL2StandardBridge {
    /// @notice Ether or tokens have left for L1.
    event WithdrawalInitiated(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Ether or tokens have come from L1.
    event DepositFinalized(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice `bridgeETH`, or `bridgeERC20` to the token that `l2Token` stands for. Ether comes along exactly if it is what is
    ///         to leave.
    function withdraw(address l2Token, uint256 amount, uint32 minGasLimit, bytes calldata extraData)
        external
        payable;

    /// @notice `bridgeETHTo`, or `bridgeERC20To` likewise.
    function withdrawTo(
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external payable;
}
