// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title BlobPoint
/// @notice Where the polynomial of a blob has the value of one of its elements (EIP-4844).
library BlobPoint {
    /// @notice Field elements of a blob.
    uint256 internal constant ELEMENTS = 4096;

    /// @dev Order of the field that blobs are of.
    uint256 private constant MODULUS =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @dev 7 to the power of (MODULUS − 1) / 4096.
    uint256 private constant ROOT_OF_UNITY =
        0x564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306;

    /// @notice The root of unity to the power of the number with its twelve bits reversed.
    /// @param number Of the element, below ELEMENTS.
    function pointOf(uint256 number) internal pure returns (bytes32) {
        uint256 point = 1;
        uint256 square = ROOT_OF_UNITY;
        // From the highest bit of the number, which is the lowest of the exponent, on.
        for (uint256 bit = ELEMENTS / 2; bit > 0; bit /= 2) {
            if (number & bit != 0) point = mulmod(point, square, MODULUS);
            square = mulmod(square, square, MODULUS);
        }
        return bytes32(point);
    }
}
