// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IL1Block
/// @notice What L2 knows of its L1 origin, set by the first transaction of every L2 block.
interface IL1Block {
    /// @notice Only the depositor account may set the values.
    error NotDepositor();

    /// @notice The call data must have exactly 176 bytes.
    error WrongCalldataLength(uint256 length);

    /// @notice Sets all values. The arguments are tightly packed behind the selector:
    ///         baseFeeScalar (4) ‖ blobBaseFeeScalar (4) ‖ sequenceNumber (8) ‖ timestamp (8) ‖ number (8)
    ///         ‖ basefee (32) ‖ blobBaseFee (32) ‖ hash (32) ‖ batcherHash (32) ‖ operatorFeeScalar (4)
    ///         ‖ operatorFeeConstant (8).
    function setL1BlockValuesIsthmus() external;

    /// @notice Number of the L1 origin.
    function number() external view returns (uint64);

    /// @notice Timestamp of the L1 origin.
    function timestamp() external view returns (uint64);

    /// @notice Base fee of the L1 origin, in wei per gas.
    function basefee() external view returns (uint256);

    /// @notice Hash of the L1 origin.
    function hash() external view returns (bytes32);

    /// @notice How many L2 blocks with the same origin came before.
    function sequenceNumber() external view returns (uint64);

    /// @notice Weight of the L1 blob base fee in the L1 fee, in millionths.
    function blobBaseFeeScalar() external view returns (uint32);

    /// @notice Weight of the L1 base fee in the L1 fee, in millionths.
    function baseFeeScalar() external view returns (uint32);

    /// @notice The batcher's address, left-padded.
    function batcherHash() external view returns (bytes32);

    /// @notice Blob base fee of the L1 origin, in wei per blob gas.
    function blobBaseFee() external view returns (uint256);

    /// @notice Operator fee per transaction, in wei.
    function operatorFeeConstant() external view returns (uint64);

    /// @notice Operator fee per gas, in millionths of a wei.
    function operatorFeeScalar() external view returns (uint32);

    /// @notice The account that sends the L1 attributes transaction.
    function DEPOSITOR_ACCOUNT() external pure returns (address);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
