// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ISystemConfig
/// @notice The parameters of the L2 chain that may change while it runs.
///
///         The owner may set each of them within constant bounds, and can do nothing else: it holds no
///         funds, cannot touch proposals or withdrawals, and cannot lower the gas limit below what
///         forced transactions need. Every change becomes a message on the Portal's chain, which is
///         what derivation and the fault-proof program read; the event repeats it for people.
///
///         The values given at construction are the genesis values. They are in the genesis file of
///         the chain, so they are neither a message nor an event.
interface ISystemConfig {
    /// @notice What a configuration update changes. Numbers are those of the OP Stack.
    enum UpdateType {
        Batcher,
        FeeScalars,
        GasLimit,
        UnsafeBlockSigner,
        Eip1559Params,
        OperatorFee
    }

    /// @notice All parameters together.
    struct Parameters {
        /// The only account that may post batches.
        address batcher;
        /// Gas limit of every L2 block.
        uint64 gasLimit;
        /// Weight of the L1 base fee in the L1 fee, in millionths.
        uint32 baseFeeScalar;
        /// Weight of the L1 blob base fee in the L1 fee, in millionths.
        uint32 blobBaseFeeScalar;
        /// Operator fee per gas, in millionths of a wei.
        uint32 operatorFeeScalar;
        /// Operator fee per transaction, in wei.
        uint64 operatorFeeConstant;
    }

    /// @notice A parameter was changed. `data` is ABI-encoded by type: 0 (address batcher),
    ///         1 (uint32 baseFeeScalar, uint32 blobBaseFeeScalar), 2 (uint64 gasLimit),
    ///         5 (uint32 operatorFeeScalar, uint64 operatorFeeConstant).
    event ConfigUpdate(uint256 indexed version, UpdateType indexed updateType, bytes data);

    /// @notice The batcher must be an account that somebody can use.
    error BatcherZero();

    /// @notice The gas limit must lie between `GAS_LIMIT_MIN` and `GAS_LIMIT_MAX`.
    error GasLimitOutOfBounds(uint64 gasLimit);

    /// @notice Both scalars must be at most `FEE_SCALAR_MAX`.
    error FeeScalarTooLarge(uint32 baseFeeScalar, uint32 blobBaseFeeScalar);

    /// @notice The constant part must be at most `OPERATOR_FEE_CONSTANT_MAX`.
    error OperatorFeeTooLarge(uint64 operatorFeeConstant);

    /// @notice Changes who may post batches.
    function setBatcher(address newBatcher) external;

    /// @notice Changes the weights of the L1 fee.
    function setFeeScalars(uint32 newBaseFeeScalar, uint32 newBlobBaseFeeScalar) external;

    /// @notice Changes the gas limit of L2 blocks.
    function setGasLimit(uint64 newGasLimit) external;

    /// @notice Changes the operator fee.
    function setOperatorFee(uint32 newOperatorFeeScalar, uint64 newOperatorFeeConstant) external;

    /// @notice All parameters as they stand.
    function parameters() external view returns (Parameters memory);

    /// @notice The only account that may post batches.
    function batcher() external view returns (address);

    /// @notice The batcher's address as the L1 attributes transaction carries it.
    function batcherHash() external view returns (bytes32);

    /// @notice Gas limit of every L2 block.
    function gasLimit() external view returns (uint64);

    /// @notice Weight of the L1 base fee in the L1 fee, in millionths.
    function basefeeScalar() external view returns (uint32);

    /// @notice Weight of the L1 blob base fee in the L1 fee, in millionths.
    function blobbasefeeScalar() external view returns (uint32);

    /// @notice Operator fee per gas, in millionths of a wei.
    function operatorFeeScalar() external view returns (uint32);

    /// @notice Operator fee per transaction, in wei.
    function operatorFeeConstant() external view returns (uint64);

    /// @notice The portal whose message chain takes the updates.
    function optimismPortal() external view returns (address);

    /// @notice The contract that takes the batches.
    function batchInbox() external view returns (address);

    /// @notice The L1 block in which this contract was made.
    function startBlock() external view returns (uint256);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
