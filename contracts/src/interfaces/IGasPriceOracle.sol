// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IGasPriceOracle
/// @notice What a transaction will cost besides its gas: the L1 fee (Fjord formula) and the operator
///         fee (Isthmus formula). The executor charges by the same formulas, from the same slots.
interface IGasPriceOracle {
    /// @notice The L1 fee of a transaction, in wei.
    /// @param unsignedTransaction Its encoding without a signature, for which 68 bytes are added.
    function getL1Fee(bytes memory unsignedTransaction) external view returns (uint256);

    /// @notice An upper bound of the L1 fee, from the size of the unsigned transaction alone.
    function getL1FeeUpperBound(uint256 unsignedSize) external view returns (uint256);

    /// @notice The L1 gas that the transaction's estimated size costs as calldata. Not what is charged.
    function getL1GasUsed(bytes memory unsignedTransaction) external view returns (uint256);

    /// @notice The operator fee of a transaction that uses `gasUsed`, in wei.
    function getOperatorFee(uint256 gasUsed) external view returns (uint256);

    /// @notice Base fee of this L2 block.
    function gasPrice() external view returns (uint256);

    /// @notice Base fee of this L2 block.
    function baseFee() external view returns (uint256);

    /// @notice Base fee of the L1 origin.
    function l1BaseFee() external view returns (uint256);

    /// @notice Blob base fee of the L1 origin.
    function blobBaseFee() external view returns (uint256);

    /// @notice Weight of the L1 base fee in the L1 fee, in millionths.
    function baseFeeScalar() external view returns (uint32);

    /// @notice Weight of the L1 blob base fee in the L1 fee, in millionths.
    function blobBaseFeeScalar() external view returns (uint32);

    /// @notice Decimals of the scalars.
    function decimals() external pure returns (uint256);

    /// @notice Decimals of the scalars.
    function DECIMALS() external view returns (uint256);

    /// @notice The formulas are those since Ecotone.
    function isEcotone() external pure returns (bool);

    /// @notice The L1 fee is Fjord's.
    function isFjord() external pure returns (bool);

    /// @notice The operator fee is Isthmus'.
    function isIsthmus() external pure returns (bool);

    /// @notice The operator fee is not Jovian's.
    function isJovian() external pure returns (bool);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
