// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a withdrawal does on L1, as the OP Stack has it.
struct WithdrawalTransaction {
    uint256 nonce;
    address sender;
    address target;
    uint256 value;
    uint256 gasLimit;
    bytes data;
}

/// @title Withdrawals
/// @notice How a withdrawal is numbered and named.
library Withdrawals {
    /// @notice The hash by which a withdrawal is recorded on L2 and proven on L1.
    function hash(WithdrawalTransaction memory withdrawal) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                withdrawal.nonce,
                withdrawal.sender,
                withdrawal.target,
                withdrawal.value,
                withdrawal.gasLimit,
                withdrawal.data
            )
        );
    }

    /// @notice A nonce with the version of the message format in its top 16 bits.
    function versionedNonce(uint240 nonce, uint16 version) internal pure returns (uint256) {
        return (uint256(version) << 240) | nonce;
    }
}
