// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title L1Fee
/// @notice The L1 fee (Fjord) and the operator fee (Isthmus) as pure functions.
/// @dev Braid's executor charges by the same formulas; test/vectors/fees.json holds both to them.
library L1Fee {
    /// @notice Size and scalars are in millionths.
    uint256 internal constant MILLION = 1e6;

    /// @notice What a signature adds to the size of an unsigned transaction, in bytes.
    uint256 internal constant SIGNATURE_BYTES = 68;

    /// @notice The price of a calldata byte on L1, in gas.
    uint256 internal constant GAS_PER_BYTE = 16;

    /// @notice The line that estimates the compressed size: intercept, slope and lowest value, in
    ///         millionths of a byte.
    uint256 internal constant INTERCEPT_NEGATED = 42_585_600;
    uint256 internal constant SLOPE = 836_500;
    uint256 internal constant SIZE_MIN = 100 * MILLION;

    /// @notice What the L1 fee depends on besides the transaction.
    struct Prices {
        uint256 l1BaseFee;
        uint256 l1BlobBaseFee;
        uint256 baseFeeScalar;
        uint256 blobBaseFeeScalar;
    }

    /// @notice The estimated share of a batch, in millionths of a byte, of a transaction that FastLZ
    ///         compresses to `fastLzSize` bytes.
    function estimatedSize(uint256 fastLzSize) internal pure returns (uint256) {
        uint256 scaled = SLOPE * fastLzSize;
        if (scaled < SIZE_MIN + INTERCEPT_NEGATED) return SIZE_MIN;
        return scaled - INTERCEPT_NEGATED;
    }

    /// @notice The L1 fee in wei.
    function l1Fee(uint256 fastLzSize, Prices memory prices) internal pure returns (uint256) {
        uint256 weighted = prices.baseFeeScalar * prices.l1BaseFee * GAS_PER_BYTE
            + prices.blobBaseFeeScalar * prices.l1BlobBaseFee;
        return estimatedSize(fastLzSize) * weighted / (MILLION * MILLION);
    }

    /// @notice The L1 gas that the estimated size would cost as calldata.
    function l1GasUsed(uint256 fastLzSize) internal pure returns (uint256) {
        return estimatedSize(fastLzSize) * GAS_PER_BYTE / MILLION;
    }

    /// @notice The most bytes that FastLZ makes of `size` bytes, but for one case in ten thousand.
    function fastLzUpperBound(uint256 size) internal pure returns (uint256) {
        return size + size / 255 + 16;
    }

    /// @notice The operator fee in wei. Saturates, because the amount of gas is the caller's word.
    function operatorFee(uint256 gasUsed, uint32 scalar, uint64 constantPart)
        internal
        pure
        returns (uint256)
    {
        bool fits = scalar == 0 || gasUsed <= type(uint256).max / scalar;
        uint256 scaled = (fits ? gasUsed * scalar : type(uint256).max) / MILLION;
        return scaled + constantPart;
    }
}
