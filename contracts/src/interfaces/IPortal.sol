// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMessageChain} from "./IMessageChain.sol";

/// @title IPortal
/// @notice The way from L1 to L2: deposits, with the OP Stack's ABI.
///
///         Every ether sent here is minted on L2 and stays locked here; the way back is an interface of
///         its own beside this one, IWithdrawalPortal.
///
///         A deposit is a forced transaction: derivation includes it whatever the sequencer wants.
interface IPortal is IMessageChain {
    /// @notice A deposit was made. `opaqueData` is mint (32) ‖ value (32) ‖ gas limit (8) ‖
    ///         isCreation (1) ‖ data.
    event TransactionDeposited(
        address indexed from, address indexed to, uint256 indexed version, bytes opaqueData
    );

    /// @notice A contract creation must name the zero address as its target, and a withdrawal must not name this
    ///         contract.
    error OptimismPortal_BadTarget();

    /// @notice The gas limit is below `minimumGasLimit` for this much data.
    error OptimismPortal_GasLimitTooLow();

    /// @notice The message would have more than 120,000 bytes.
    error OptimismPortal_CalldataTooLarge();

    /// @notice Makes a deposit of plain ether to the caller's own address on L2.
    receive() external payable;

    /// @notice Makes a deposit: an L2 transaction of the caller that L1 pays for. `msg.value` is minted
    ///         to the sender on L2 first.
    ///
    ///         The sender on L2 is the caller's address, plus the alias offset unless the caller is the
    ///         origin of the L1 transaction. So an account that has delegated to code (EIP-7702) keeps
    ///         its address when it sends the transaction itself, and gets the alias when somebody else's
    ///         transaction makes its code deposit.
    /// @param to         The target on L2; the zero address for a creation.
    /// @param value      Wei given to the target out of the sender's L2 balance.
    /// @param gasLimit   L2 gas, bought by burning L1 gas.
    /// @param isCreation Whether the deposit creates a contract.
    /// @param data       Call data, or creation code.
    function depositTransaction(
        address to,
        uint256 value,
        uint64 gasLimit,
        bool isCreation,
        bytes calldata data
    ) external payable;

    /// @notice The least L2 gas for a deposit with `byteCount` bytes of data.
    function minimumGasLimit(uint64 byteCount) external pure returns (uint64);

    /// @notice The deposit market as of the last deposit.
    function params()
        external
        view
        returns (uint128 prevBaseFee, uint64 prevBoughtGas, uint64 prevBlockNum);

    /// @notice The contract whose configuration updates are taken.
    function systemConfig() external view returns (address);

    /// @notice Version of the interface. Clients take a major version below 3 as: proposals are in an
    ///         oracle with the L2OutputOracle ABI.
    function version() external view returns (string memory);
}
