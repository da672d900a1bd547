// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL2ToL1MessagePasser} from "../interfaces/IL2ToL1MessagePasser.sol";
import {WithdrawalTransaction, Withdrawals} from "../libraries/Withdrawals.sol";

/// @title L2ToL1MessagePasser
/// @notice See IL2ToL1MessagePasser.
/// @dev `sentMessages` must be slot 0: withdrawals are proven against that slot.
contract L2ToL1MessagePasser is IL2ToL1MessagePasser {
    /// @notice Gas on L1 of a withdrawal made by sending ether here.
    uint256 private constant RECEIVE_GAS_LIMIT = 100_000;

    /// @inheritdoc IL2ToL1MessagePasser
    uint16 public constant MESSAGE_VERSION = 1;

    /// @inheritdoc IL2ToL1MessagePasser
    string public constant version = "1.0.0";

    /// @inheritdoc IL2ToL1MessagePasser
    mapping(bytes32 withdrawalHash => bool) public sentMessages;

    uint240 private _nonce;

    /// @inheritdoc IL2ToL1MessagePasser
    receive() external payable {
        _initiate(msg.sender, RECEIVE_GAS_LIMIT, "");
    }

    /// @inheritdoc IL2ToL1MessagePasser
    function initiateWithdrawal(address target, uint256 gasLimit, bytes calldata data)
        external
        payable
    {
        _initiate(target, gasLimit, data);
    }

    /// @inheritdoc IL2ToL1MessagePasser
    function messageNonce() public view returns (uint256) {
        return Withdrawals.versionedNonce(_nonce, MESSAGE_VERSION);
    }

    function _initiate(address target, uint256 gasLimit, bytes memory data) private {
        uint256 nonce = messageNonce();
        bytes32 withdrawalHash = Withdrawals.hash(
            WithdrawalTransaction(nonce, msg.sender, target, msg.value, gasLimit, data)
        );
        sentMessages[withdrawalHash] = true;
        ++_nonce;
        emit MessagePassed(nonce, msg.sender, target, msg.value, gasLimit, data, withdrawalHash);
    }
}
