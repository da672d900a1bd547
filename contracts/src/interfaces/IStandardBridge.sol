// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IStandardBridge
/// @notice Ether and ERC-20 tokens to the other layer, with the OP Stack's ABI. There is one bridge on each layer.
///
///         A token of this layer is locked here and made on the other side; one that stands for a token of the other
///         side (IOptimismMintableERC20) is burnt here and given out there. What arrives and cannot be given out stays a
///         failed message of the messenger, and can be tried again.
interface IStandardBridge {
    /// @notice Ether has left for the other side.
    event ETHBridgeInitiated(
        address indexed from, address indexed to, uint256 amount, bytes extraData
    );

    /// @notice Ether has come from the other side.
    event ETHBridgeFinalized(
        address indexed from, address indexed to, uint256 amount, bytes extraData
    );

    /// @notice Tokens have left for the other side.
    event ERC20BridgeInitiated(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice Tokens have come from the other side.
    event ERC20BridgeFinalized(
        address indexed localToken,
        address indexed remoteToken,
        address indexed from,
        address to,
        uint256 amount,
        bytes extraData
    );

    /// @notice A contract has to say who is to receive on the other side, where it may not exist.
    error CallerIsContract(address caller);

    /// @notice Only the bridge of the other side may call this, by way of the messenger.
    error NotOtherBridge();

    /// @notice The ether that came along is not what is said.
    error WrongValue();

    /// @notice The bridge and the messenger cannot receive.
    error BadRecipient(address recipient);

    /// @notice The ether was not taken.
    error EtherRefused(address recipient);

    /// @notice The token stands for another one.
    error WrongRemoteToken(address localToken, address remoteToken);

    /// @notice The token keeps a part of what is moved, so that it could not all come back.
    error FeeOnTransfer(address localToken);

    /// @notice Sends ether to the caller's own address. Not for contracts.
    receive() external payable;

    /// @notice Sends ether to the caller's own address. Not for contracts.
    function bridgeETH(uint32 minGasLimit, bytes calldata extraData) external payable;

    /// @notice Sends ether.
    function bridgeETHTo(address to, uint32 minGasLimit, bytes calldata extraData) external payable;

    /// @notice Sends tokens to the caller's own address. Not for contracts.
    function bridgeERC20(
        address localToken,
        address remoteToken,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external;

    /// @notice Sends tokens. The caller has allowed the bridge to take them.
    function bridgeERC20To(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external;

    /// @notice Gives out ether of the other side.
    function finalizeBridgeETH(address from, address to, uint256 amount, bytes calldata extraData)
        external
        payable;

    /// @notice Gives out tokens of the other side. `localToken` is that of this side.
    function finalizeBridgeERC20(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 amount,
        bytes calldata extraData
    ) external;

    /// @notice Tokens of this side that are locked for those of the other.
    function deposits(address localToken, address remoteToken) external view returns (uint256);

    /// @notice The messenger of this side.
    function messenger() external view returns (address);

    /// @notice The bridge of the other side.
    function otherBridge() external view returns (address);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
