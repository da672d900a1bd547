// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICrossDomainMessenger} from "../interfaces/ICrossDomainMessenger.sol";
import {MinGasCall} from "../libraries/MinGasCall.sol";
import {Withdrawals} from "../libraries/Withdrawals.sol";

/// @title CrossDomainMessenger
/// @notice See ICrossDomainMessenger.
/// @dev Invariant: the balance is at least the value of all messages that have failed and not yet come through.
abstract contract CrossDomainMessenger is ICrossDomainMessenger {
    /// @notice Version of the message format.
    uint16 public constant MESSAGE_VERSION = 1;

    /// @dev Gas that the steps of `relayMessage` before the call take at most, with some to spare.
    uint64 private constant GAS_BEFORE_CALL = 200_000;

    /// @dev Gas that is kept for what follows the call: a slot that is set, and an event.
    uint64 private constant GAS_AFTER_CALL = 40_000;

    /// @dev What the call itself costs besides.
    uint64 private constant CALL_GAS = 45_000;

    /// @dev Gas of a transaction, and of a byte of its data at the floor price (EIP-7623).
    uint64 private constant TRANSACTION_GAS = 21_000;
    uint64 private constant BYTE_GAS = 40;

    /// @dev Bytes of a call of `relayMessage` besides its message: selector, six words, length and padding.
    uint64 private constant HEAD_BYTES = 4 + 7 * 32 + 31;

    /// @inheritdoc ICrossDomainMessenger
    string public constant version = "1.0.0";

    /// @inheritdoc ICrossDomainMessenger
    mapping(bytes32 msgHash => bool) public successfulMessages;

    /// @inheritdoc ICrossDomainMessenger
    mapping(bytes32 msgHash => bool) public failedMessages;

    uint240 private _nonce;

    /// @dev Who sent the message that is being called; zero if none is.
    address private transient _sender;

    /// @inheritdoc ICrossDomainMessenger
    function sendMessage(address target, bytes calldata message, uint32 minGasLimit)
        external
        payable
    {
        uint256 nonce = messageNonce();
        ++_nonce;
        bytes memory call_ = abi.encodeCall(
            this.relayMessage, (nonce, msg.sender, target, msg.value, minGasLimit, message)
        );
        emit SentMessage(target, msg.sender, message, nonce, minGasLimit);
        emit SentMessageExtension1(msg.sender, msg.value);
        _send(baseGas(message, minGasLimit), call_);
    }

    /// @inheritdoc ICrossDomainMessenger
    function relayMessage(
        uint256 nonce,
        address sender,
        address target,
        uint256 value,
        uint256 minGasLimit,
        bytes calldata message
    ) external payable {
        if (nonce >> 240 != MESSAGE_VERSION) revert UnknownVersion(nonce >> 240);
        bytes32 msgHash = keccak256(
            abi.encodeCall(this.relayMessage, (nonce, sender, target, value, minGasLimit, message))
        );
        if (_isFromOtherMessenger()) {
            if (msg.value != value) revert WrongValue();
        } else {
            if (msg.value != 0) revert WrongValue();
            if (!failedMessages[msgHash]) revert NotFailedBefore(msgHash);
        }
        if (_isUnsafe(target)) revert UnsafeTarget(target);
        if (successfulMessages[msgHash]) revert AlreadyRelayed(msgHash);

        bytes memory data = message;
        // A message within a message could speak for its sender; it can be called again by itself.
        if (_sender != address(0) || !MinGasCall.isEnough(minGasLimit, GAS_AFTER_CALL)) {
            _fail(msgHash);
            return;
        }
        _sender = sender;
        bool success = MinGasCall.call(target, value, data, GAS_AFTER_CALL);
        _sender = address(0);
        if (success) {
            successfulMessages[msgHash] = true;
            emit RelayedMessage(msgHash);
        } else {
            _fail(msgHash);
        }
    }

    /// @inheritdoc ICrossDomainMessenger
    function xDomainMessageSender() external view returns (address) {
        if (_sender == address(0)) revert NoMessage();
        return _sender;
    }

    /// @inheritdoc ICrossDomainMessenger
    function messageNonce() public view returns (uint256) {
        return Withdrawals.versionedNonce(_nonce, MESSAGE_VERSION);
    }

    /// @inheritdoc ICrossDomainMessenger
    function baseGas(bytes calldata message, uint32 minGasLimit) public pure returns (uint64) {
        uint64 byteGas = (uint64(message.length) + HEAD_BYTES) * BYTE_GAS;
        uint64 callGas = uint64(minGasLimit) * 64 / 63 + CALL_GAS;
        return TRANSACTION_GAS + byteGas + GAS_BEFORE_CALL + callGas + GAS_AFTER_CALL;
    }

    /// @inheritdoc ICrossDomainMessenger
    function otherMessenger() public view virtual returns (address);

    /// @dev Has `call_` called on the other messenger, with the value of this call.
    function _send(uint64 gasLimit, bytes memory call_) internal virtual;

    /// @dev Whether the caller speaks for the other messenger.
    function _isFromOtherMessenger() internal view virtual returns (bool);

    /// @dev Whether the target believes this contract more than it should believe everybody.
    function _isUnsafe(address target) internal view virtual returns (bool);

    function _fail(bytes32 msgHash) private {
        failedMessages[msgHash] = true;
        emit FailedRelayedMessage(msgHash);
    }
}
