// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {IMessageChain} from "../interfaces/IMessageChain.sol";
import {ISystemConfig} from "../interfaces/ISystemConfig.sol";

/// @title SystemConfig
/// @notice See ISystemConfig.
contract SystemConfig is ISystemConfig, Ownable2Step {
    /// @notice Room for a full block of deposits (20 M) and the L1 attributes transaction (1 M), so that
    ///         no gas limit keeps forced transactions out.
    uint64 public constant GAS_LIMIT_MIN = 21_000_000;

    /// @notice What 32 segments of 100 M gas hold, the places that a dispute has for one block.
    uint64 public constant GAS_LIMIT_MAX = 3_200_000_000;

    /// @notice Ten times the price that an uncompressed byte costs on L1.
    uint32 public constant FEE_SCALAR_MAX = 10_000_000;

    /// @notice Keeps a mistyped constant from pricing everybody out.
    uint64 public constant OPERATOR_FEE_CONSTANT_MAX = 0.001 ether;

    /// @inheritdoc ISystemConfig
    string public constant version = "1.0.0";

    /// @inheritdoc ISystemConfig
    address public immutable optimismPortal;

    /// @inheritdoc ISystemConfig
    address public immutable batchInbox;

    /// @inheritdoc ISystemConfig
    uint256 public immutable startBlock;

    Parameters private _parameters;

    /// @param owner_      Who may change the parameters.
    /// @param portal      The portal, which may not have been made yet.
    /// @param inbox       The batch inbox, which may not have been made yet.
    /// @param parameters_ The genesis values.
    constructor(address owner_, address portal, address inbox, Parameters memory parameters_)
        Ownable(owner_)
    {
        _requireBatcher(parameters_.batcher);
        _requireGasLimit(parameters_.gasLimit);
        _requireFeeScalars(parameters_.baseFeeScalar, parameters_.blobBaseFeeScalar);
        _requireOperatorFee(parameters_.operatorFeeConstant);
        optimismPortal = portal;
        batchInbox = inbox;
        startBlock = block.number;
        _parameters = parameters_;
    }

    /// @inheritdoc ISystemConfig
    function setBatcher(address newBatcher) external onlyOwner {
        _requireBatcher(newBatcher);
        _parameters.batcher = newBatcher;
        _publish(UpdateType.Batcher, abi.encode(newBatcher));
    }

    /// @inheritdoc ISystemConfig
    function setFeeScalars(uint32 newBaseFeeScalar, uint32 newBlobBaseFeeScalar)
        external
        onlyOwner
    {
        _requireFeeScalars(newBaseFeeScalar, newBlobBaseFeeScalar);
        _parameters.baseFeeScalar = newBaseFeeScalar;
        _parameters.blobBaseFeeScalar = newBlobBaseFeeScalar;
        _publish(UpdateType.FeeScalars, abi.encode(newBaseFeeScalar, newBlobBaseFeeScalar));
    }

    /// @inheritdoc ISystemConfig
    function setGasLimit(uint64 newGasLimit) external onlyOwner {
        _requireGasLimit(newGasLimit);
        _parameters.gasLimit = newGasLimit;
        _publish(UpdateType.GasLimit, abi.encode(newGasLimit));
    }

    /// @inheritdoc ISystemConfig
    function setOperatorFee(uint32 newOperatorFeeScalar, uint64 newOperatorFeeConstant)
        external
        onlyOwner
    {
        _requireOperatorFee(newOperatorFeeConstant);
        _parameters.operatorFeeScalar = newOperatorFeeScalar;
        _parameters.operatorFeeConstant = newOperatorFeeConstant;
        _publish(UpdateType.OperatorFee, abi.encode(newOperatorFeeScalar, newOperatorFeeConstant));
    }

    /// @inheritdoc ISystemConfig
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc ISystemConfig
    function batcher() external view returns (address) {
        return _parameters.batcher;
    }

    /// @inheritdoc ISystemConfig
    function batcherHash() external view returns (bytes32) {
        return bytes32(uint256(uint160(_parameters.batcher)));
    }

    /// @inheritdoc ISystemConfig
    function gasLimit() external view returns (uint64) {
        return _parameters.gasLimit;
    }

    /// @inheritdoc ISystemConfig
    function basefeeScalar() external view returns (uint32) {
        return _parameters.baseFeeScalar;
    }

    /// @inheritdoc ISystemConfig
    function blobbasefeeScalar() external view returns (uint32) {
        return _parameters.blobBaseFeeScalar;
    }

    /// @inheritdoc ISystemConfig
    function operatorFeeScalar() external view returns (uint32) {
        return _parameters.operatorFeeScalar;
    }

    /// @inheritdoc ISystemConfig
    function operatorFeeConstant() external view returns (uint64) {
        return _parameters.operatorFeeConstant;
    }

    /// @dev The message is what counts on L2, the event repeats it; both hold the same bytes.
    function _publish(UpdateType updateType, bytes memory data) private {
        IMessageChain(optimismPortal).appendConfigUpdate(abi.encodePacked(uint8(updateType), data));
        emit ConfigUpdate(0, updateType, data);
    }

    function _requireBatcher(address value) private pure {
        if (value == address(0)) revert BatcherZero();
    }

    function _requireGasLimit(uint64 value) private pure {
        if (value < GAS_LIMIT_MIN || value > GAS_LIMIT_MAX) revert GasLimitOutOfBounds(value);
    }

    function _requireFeeScalars(uint32 base, uint32 blob) private pure {
        if (base > FEE_SCALAR_MAX || blob > FEE_SCALAR_MAX) revert FeeScalarTooLarge(base, blob);
    }

    function _requireOperatorFee(uint64 constantPart) private pure {
        if (constantPart > OPERATOR_FEE_CONSTANT_MAX) revert OperatorFeeTooLarge(constantPart);
    }
}
