// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibZip} from "solady/utils/LibZip.sol";

import {IGasPriceOracle} from "../interfaces/IGasPriceOracle.sol";
import {IL1Block} from "../interfaces/IL1Block.sol";
import {L1Fee} from "../libraries/L1Fee.sol";
import {Predeploys} from "../libraries/Predeploys.sol";

/// @title GasPriceOracle
/// @notice See IGasPriceOracle. Holds no state: everything is in L1Block.
contract GasPriceOracle is IGasPriceOracle {
    /// @inheritdoc IGasPriceOracle
    uint256 public constant DECIMALS = 6;

    /// @inheritdoc IGasPriceOracle
    string public constant version = "1.0.0";

    IL1Block private constant L1_BLOCK = IL1Block(Predeploys.L1_BLOCK);

    /// @inheritdoc IGasPriceOracle
    function getL1Fee(bytes memory unsignedTransaction) external view returns (uint256) {
        return L1Fee.l1Fee(_signedFastLzSize(unsignedTransaction), _prices());
    }

    /// @inheritdoc IGasPriceOracle
    function getL1FeeUpperBound(uint256 unsignedSize) external view returns (uint256) {
        uint256 size = unsignedSize + L1Fee.SIGNATURE_BYTES;
        return L1Fee.l1Fee(L1Fee.fastLzUpperBound(size), _prices());
    }

    /// @inheritdoc IGasPriceOracle
    function getL1GasUsed(bytes memory unsignedTransaction) external pure returns (uint256) {
        return L1Fee.l1GasUsed(_signedFastLzSize(unsignedTransaction));
    }

    /// @inheritdoc IGasPriceOracle
    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        return
            L1Fee.operatorFee(gasUsed, L1_BLOCK.operatorFeeScalar(), L1_BLOCK.operatorFeeConstant());
    }

    /// @inheritdoc IGasPriceOracle
    function gasPrice() external view returns (uint256) {
        return block.basefee;
    }

    /// @inheritdoc IGasPriceOracle
    function baseFee() external view returns (uint256) {
        return block.basefee;
    }

    /// @inheritdoc IGasPriceOracle
    function l1BaseFee() external view returns (uint256) {
        return L1_BLOCK.basefee();
    }

    /// @inheritdoc IGasPriceOracle
    function blobBaseFee() external view returns (uint256) {
        return L1_BLOCK.blobBaseFee();
    }

    /// @inheritdoc IGasPriceOracle
    function baseFeeScalar() external view returns (uint32) {
        return L1_BLOCK.baseFeeScalar();
    }

    /// @inheritdoc IGasPriceOracle
    function blobBaseFeeScalar() external view returns (uint32) {
        return L1_BLOCK.blobBaseFeeScalar();
    }

    /// @inheritdoc IGasPriceOracle
    function decimals() external pure returns (uint256) {
        return DECIMALS;
    }

    /// @inheritdoc IGasPriceOracle
    function isEcotone() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IGasPriceOracle
    function isFjord() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IGasPriceOracle
    function isIsthmus() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IGasPriceOracle
    function isJovian() external pure returns (bool) {
        return false;
    }

    /// @dev The bill is for the signed transaction, whose signature does not compress.
    function _signedFastLzSize(bytes memory unsignedTransaction) private pure returns (uint256) {
        return LibZip.flzCompress(unsignedTransaction).length + L1Fee.SIGNATURE_BYTES;
    }

    function _prices() private view returns (L1Fee.Prices memory) {
        return L1Fee.Prices({
            l1BaseFee: L1_BLOCK.basefee(),
            l1BlobBaseFee: L1_BLOCK.blobBaseFee(),
            baseFeeScalar: L1_BLOCK.baseFeeScalar(),
            blobBaseFeeScalar: L1_BLOCK.blobBaseFeeScalar()
        });
    }
}
