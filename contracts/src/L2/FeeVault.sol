// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFeeVault} from "../interfaces/IFeeVault.sol";
import {IL2ToL1MessagePasser} from "../interfaces/IL2ToL1MessagePasser.sol";
import {Predeploys} from "../libraries/Predeploys.sol";

/// @title FeeVault
/// @notice See IFeeVault. The same code stands at the addresses of all four vaults.
/// @dev There is no constructor: genesis writes slots 1 and 2, and no function writes them again.
///
///          0  totalProcessed
///          1  withdrawalNetwork (1) ‖ recipient (20)          right-aligned
///          2  minWithdrawalAmount
contract FeeVault is IFeeVault {
    /// @notice The least gas of the payment on L1.
    uint256 private constant L1_GAS_LIMIT = 400_000;

    /// @inheritdoc IFeeVault
    string public constant version = "1.0.0";

    /// @inheritdoc IFeeVault
    uint256 public totalProcessed;
    /// @inheritdoc IFeeVault
    address public recipient;
    /// @inheritdoc IFeeVault
    WithdrawalNetwork public withdrawalNetwork;
    /// @inheritdoc IFeeVault
    uint256 public minWithdrawalAmount;

    /// @inheritdoc IFeeVault
    receive() external payable {}

    /// @inheritdoc IFeeVault
    /// @dev The recipient may call back in; it finds the balance paid already, and the sum is counted.
    function withdraw() external returns (uint256 value) {
        address to = recipient;
        if (to == address(0)) revert RecipientZero();
        value = address(this).balance;
        if (value < minWithdrawalAmount) revert BalanceTooSmall(value, minWithdrawalAmount);

        totalProcessed += value;
        emit Withdrawal(value, to, msg.sender, withdrawalNetwork);
        if (withdrawalNetwork == WithdrawalNetwork.L2) {
            (bool paid,) = to.call{value: value}("");
            if (!paid) revert PaymentFailed(to);
        } else {
            IL2ToL1MessagePasser(payable(Predeploys.L2_TO_L1_MESSAGE_PASSER))
            .initiateWithdrawal{value: value}(
                to, L1_GAS_LIMIT, ""
            );
        }
    }
}
