// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IL1StandardBridge
/// @notice The older names of the bridge on L1, with the OP Stack's ABI. They do what those of IStandardBridge do, and
///         either way both events are emitted.
interface IL1StandardBridge {
    /// @notice Ether has left for L2.
    event ETHDepositInitiated(
        address indexed from, address indexed to, uint256 amount, bytes extraData
    );

    /// @notice Ether has come from L2.
    event ETHWithdrawalFinalized(
        address indexed from, address indexed to, uint256 amount, bytes extraData
    );

    /// @notice Tokens have left for L2.
    event ERC20DepositInitiated(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Tokens have come from L2.
    event ERC20WithdrawalFinalized(
        address indexed l1Token,
        address indexed l2Token,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice `bridgeETH`.
    function depositETH(uint32 minGasLimit, bytes calldata extraData) external payable;

    /// @notice `bridgeETHTo`.
    function depositETHTo(address to, uint32 minGasLimit, bytes calldata extraData) external payable;

    /// @notice `bridgeERC20`.
    function depositERC20(
        address l1Token,
        address l2Token,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external;

    /// @notice `bridgeERC20To`.
    function depositERC20To(
        address l1Token,
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external;
}
