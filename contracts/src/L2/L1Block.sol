// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IL1Block} from "../interfaces/IL1Block.sol";
import {Predeploys} from "../libraries/Predeploys.sol";

/// @title L1Block
/// @notice See IL1Block.
/// @dev The executor and many tools read these slots directly; their layout is the OP Stack's:
///
///          0  timestamp (8) ‖ number (8)                           right-aligned
///          1  basefee
///          2  hash
///          3  baseFeeScalar (4) ‖ blobBaseFeeScalar (4) ‖ sequenceNumber (8)
///          4  batcherHash
///          5, 6  not used any more
///          7  blobBaseFee
///          8  operatorFeeScalar (4) ‖ operatorFeeConstant (8)
contract L1Block is IL1Block {
    /// @notice Selector and packed arguments, in bytes.
    uint256 private constant CALLDATA_BYTES = 176;

    /// @inheritdoc IL1Block
    string public constant version = "1.0.0";

    /// @inheritdoc IL1Block
    uint64 public number;
    /// @inheritdoc IL1Block
    uint64 public timestamp;
    /// @inheritdoc IL1Block
    uint256 public basefee;
    /// @inheritdoc IL1Block
    bytes32 public hash;
    /// @inheritdoc IL1Block
    uint64 public sequenceNumber;
    /// @inheritdoc IL1Block
    uint32 public blobBaseFeeScalar;
    /// @inheritdoc IL1Block
    uint32 public baseFeeScalar;
    /// @inheritdoc IL1Block
    bytes32 public batcherHash;

    // Slots 5 and 6 held the overhead and scalar of an older fee formula.
    uint256[2] private _unused;

    /// @inheritdoc IL1Block
    uint256 public blobBaseFee;
    /// @inheritdoc IL1Block
    uint64 public operatorFeeConstant;
    /// @inheritdoc IL1Block
    uint32 public operatorFeeScalar;

    /// @inheritdoc IL1Block
    function setL1BlockValuesIsthmus() external {
        if (msg.sender != Predeploys.DEPOSITOR_ACCOUNT) revert NotDepositor();
        if (msg.data.length != CALLDATA_BYTES) revert WrongCalldataLength(msg.data.length);

        baseFeeScalar = uint32(bytes4(msg.data[4:8]));
        blobBaseFeeScalar = uint32(bytes4(msg.data[8:12]));
        sequenceNumber = uint64(bytes8(msg.data[12:20]));
        timestamp = uint64(bytes8(msg.data[20:28]));
        number = uint64(bytes8(msg.data[28:36]));
        basefee = uint256(bytes32(msg.data[36:68]));
        blobBaseFee = uint256(bytes32(msg.data[68:100]));
        hash = bytes32(msg.data[100:132]);
        batcherHash = bytes32(msg.data[132:164]);
        operatorFeeScalar = uint32(bytes4(msg.data[164:168]));
        operatorFeeConstant = uint64(bytes8(msg.data[168:176]));
    }

    /// @inheritdoc IL1Block
    function DEPOSITOR_ACCOUNT() external pure returns (address) {
        return Predeploys.DEPOSITOR_ACCOUNT;
    }
}
