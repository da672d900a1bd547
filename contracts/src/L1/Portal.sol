// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMessageChain} from "../interfaces/IMessageChain.sol";
import {IPortal} from "../interfaces/IPortal.sol";
import {AddressAlias} from "../libraries/AddressAlias.sol";
import {DepositMarket, ResourceParams} from "../libraries/DepositMarket.sol";
import {MessageChain} from "../libraries/MessageChain.sol";
import {WithdrawalPortal} from "./WithdrawalPortal.sol";

/// @title Portal
/// @notice See IPortal and IWithdrawalPortal. Every ether sent here is minted on L2 and stays locked here until
///         withdrawals that were proven take it out.
contract Portal is IPortal, WithdrawalPortal {
    using DepositMarket for ResourceParams;

    /// @notice L2 gas of a deposit made by sending ether here.
    uint64 public constant RECEIVE_GAS_LIMIT = 100_000;

    /// @inheritdoc IPortal
    string public constant version = "1.0.0";

    /// @inheritdoc IPortal
    address public immutable systemConfig;

    /// @inheritdoc IMessageChain
    bytes32 public messageAccumulator;

    /// @inheritdoc IMessageChain
    uint64 public messageCount;

    /// @inheritdoc IPortal
    ResourceParams public params;

    /// @param systemConfig_ The contract whose configuration updates are taken.
    constructor(address systemConfig_, address outputOracle_, address guardian_, uint256 pause_)
        WithdrawalPortal(outputOracle_, guardian_, pause_)
    {
        systemConfig = systemConfig_;
        params = ResourceParams(uint128(DepositMarket.BASE_FEE_MIN), 0, uint64(block.number));
    }

    /// @inheritdoc IPortal
    receive() external payable {
        _deposit(msg.sender, msg.value, RECEIVE_GAS_LIMIT, false, "");
    }

    /// @inheritdoc IPortal
    function depositTransaction(
        address to,
        uint256 value,
        uint64 gasLimit,
        bool isCreation,
        bytes calldata data
    ) external payable {
        _deposit(to, value, gasLimit, isCreation, data);
    }

    /// @inheritdoc IMessageChain
    function appendConfigUpdate(bytes calldata update) external {
        if (msg.sender != systemConfig) revert NotSystemConfig(msg.sender);
        bytes memory message = MessageChain.configUpdate(update);
        if (message.length > MessageChain.MESSAGE_BYTES_MAX) {
            revert MessageTooLarge(message.length);
        }
        _append(message);
    }

    /// @inheritdoc IPortal
    function minimumGasLimit(uint64 byteCount) public pure returns (uint64) {
        return 21_000 + 16 * byteCount;
    }

    function _deposit(
        address to,
        uint256 value,
        uint64 gasLimit,
        bool isCreation,
        bytes memory data
    ) private {
        uint256 gasAtStart = gasleft();
        if (isCreation && to != address(0)) revert OptimismPortal_BadTarget();
        bytes memory opaque = MessageChain.opaqueData(msg.value, value, gasLimit, isCreation, data);
        address from = msg.sender == tx.origin ? msg.sender : AddressAlias.aliasOf(msg.sender);
        bytes memory message = MessageChain.deposit(from, to, opaque);
        if (message.length > MessageChain.MESSAGE_BYTES_MAX) {
            revert OptimismPortal_CalldataTooLarge();
        }
        if (gasLimit < minimumGasLimit(uint64(data.length))) {
            revert OptimismPortal_GasLimitTooLow();
        }

        _append(message);
        emit TransactionDeposited(from, to, 0, opaque);
        _payForGas(gasLimit, gasAtStart);
    }

    function _append(bytes memory message) private {
        messageAccumulator = MessageChain.next(
            messageAccumulator, uint64(block.number), uint64(block.timestamp), message
        );
        ++messageCount;
    }

    /// @dev The price is paid by burning L1 gas, less what the call has used already, as in the OP Stack.
    function _payForGas(uint64 amount, uint256 gasAtStart) private {
        ResourceParams memory market = params.advanced(uint64(block.number)).bought(amount);
        params = market;
        uint256 cost = DepositMarket.l1GasCost(amount, market.prevBaseFee, block.basefee);
        uint256 burned = 0;
        while (gasAtStart - gasleft() < cost) ++burned;
    }
}
