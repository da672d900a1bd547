// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL1StandardBridge} from "../interfaces/IL1StandardBridge.sol";
import {IStandardBridge} from "../interfaces/IStandardBridge.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {StandardBridge} from "../universal/StandardBridge.sol";

/// @title L1StandardBridge
/// @notice The bridge on L1.
contract L1StandardBridge is StandardBridge, IL1StandardBridge {
    address private immutable _messenger;

    /// @param messenger_ The messenger on L1.
    constructor(address messenger_) {
        _messenger = messenger_;
    }

    /// @inheritdoc IL1StandardBridge
    function depositETH(uint32 minGasLimit, bytes calldata extraData) external payable onlyAccount {
        _bridgeETH(msg.sender, minGasLimit, extraData);
    }

    /// @inheritdoc IL1StandardBridge
    function depositETHTo(address to, uint32 minGasLimit, bytes calldata extraData)
        external
        payable
    {
        _bridgeETH(to, minGasLimit, extraData);
    }

    /// @inheritdoc IL1StandardBridge
    function depositERC20(
        address l1Token,
        address l2Token,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external onlyAccount {
        _bridgeERC20(l1Token, l2Token, msg.sender, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IL1StandardBridge
    function depositERC20To(
        address l1Token,
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external {
        _bridgeERC20(l1Token, l2Token, to, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function messenger() public view override returns (address) {
        return _messenger;
    }

    /// @inheritdoc IStandardBridge
    function otherBridge() public pure override returns (address) {
        return Predeploys.L2_STANDARD_BRIDGE;
    }

    /// @inheritdoc StandardBridge
    function _hasLeft(Transfer memory made) internal override {
        if (made.localToken == ETHER) {
            emit ETHDepositInitiated(made.from, made.to, made.amount, made.extraData);
        } else {
            emit ERC20DepositInitiated(
                made.localToken, made.remoteToken, made.from, made.to, made.amount, made.extraData
            );
        }
    }

    /// @inheritdoc StandardBridge
    function _hasCome(Transfer memory made) internal override {
        if (made.localToken == ETHER) {
            emit ETHWithdrawalFinalized(made.from, made.to, made.amount, made.extraData);
        } else {
            emit ERC20WithdrawalFinalized(
                made.localToken, made.remoteToken, made.from, made.to, made.amount, made.extraData
            );
        }
    }
}
