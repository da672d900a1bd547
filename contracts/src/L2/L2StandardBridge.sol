// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL2StandardBridge} from "../interfaces/IL2StandardBridge.sol";
import {IOptimismMintableERC20} from "../interfaces/IOptimismMintableERC20.sol";
import {IStandardBridge} from "../interfaces/IStandardBridge.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {StandardBridge} from "../universal/StandardBridge.sol";

/// @title L2StandardBridge
/// @notice The bridge on L2.
/// @dev Stands there from genesis, which writes its slot 1.
contract L2StandardBridge is StandardBridge, IL2StandardBridge {
    address private _otherBridge;

    /// @inheritdoc IL2StandardBridge
    function withdraw(address l2Token, uint256 amount, uint32 minGasLimit, bytes calldata extraData)
        external
        payable
        onlyAccount
    {
        _withdraw(l2Token, msg.sender, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IL2StandardBridge
    function withdrawTo(
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external payable {
        _withdraw(l2Token, to, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function messenger() public pure override returns (address) {
        return Predeploys.L2_CROSS_DOMAIN_MESSENGER;
    }

    /// @inheritdoc IStandardBridge
    function otherBridge() public view override returns (address) {
        return _otherBridge;
    }

    /// @inheritdoc StandardBridge
    function _hasLeft(Transfer memory made) internal override {
        emit WithdrawalInitiated(
            made.remoteToken,
            _named(made.localToken),
            made.from,
            made.to,
            made.amount,
            made.extraData
        );
    }

    /// @inheritdoc StandardBridge
    function _hasCome(Transfer memory made) internal override {
        emit DepositFinalized(
            made.remoteToken,
            _named(made.localToken),
            made.from,
            made.to,
            made.amount,
            made.extraData
        );
    }

    function _withdraw(
        address l2Token,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) private {
        bool isEther = l2Token == Predeploys.LEGACY_ETH;
        if (msg.value != (isEther ? amount : 0)) revert WrongValue();
        if (isEther) {
            _bridgeETH(to, minGasLimit, extraData);
        } else {
            address l1Token = IOptimismMintableERC20(l2Token).remoteToken();
            _bridgeERC20(l2Token, l1Token, to, amount, minGasLimit, extraData);
        }
    }

    function _named(address localToken) private pure returns (address) {
        return localToken == ETHER ? Predeploys.LEGACY_ETH : localToken;
    }
}
