// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {L1CrossDomainMessenger} from "../../src/L1/L1CrossDomainMessenger.sol";
import {L1StandardBridge} from "../../src/L1/L1StandardBridge.sol";
import {L2CrossDomainMessenger} from "../../src/L2/L2CrossDomainMessenger.sol";
import {L2StandardBridge} from "../../src/L2/L2StandardBridge.sol";
import {L2ToL1MessagePasser} from "../../src/L2/L2ToL1MessagePasser.sol";
import {OptimismMintableERC20Factory} from "../../src/L2/OptimismMintableERC20Factory.sol";
import {IL2ToL1MessagePasser} from "../../src/interfaces/IL2ToL1MessagePasser.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {AddressAlias} from "../../src/libraries/AddressAlias.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {WithdrawalTransaction} from "../../src/libraries/Withdrawals.sol";
import {Exits} from "../L1/Exits.sol";
import {Vm, vm} from "../Vm.sol";

/// @notice Both layers in one EVM: what one sends to the other is carried by hand.
abstract contract Layers is Exits {
    /// @notice A deposit on its way.
    struct Deposit {
        address from;
        address to;
        uint256 mint;
        uint256 value;
        uint64 gasLimit;
        bytes data;
    }

    L1CrossDomainMessenger internal l1Messenger;
    L1StandardBridge internal l1Bridge;
    L2CrossDomainMessenger internal l2Messenger =
        L2CrossDomainMessenger(Predeploys.L2_CROSS_DOMAIN_MESSENGER);
    L2StandardBridge internal l2Bridge = L2StandardBridge(payable(Predeploys.L2_STANDARD_BRIDGE));
    OptimismMintableERC20Factory internal factory =
        OptimismMintableERC20Factory(Predeploys.OPTIMISM_MINTABLE_ERC20_FACTORY);

    function setUp() public virtual override {
        super.setUp();
        (l1Messenger, l1Bridge) = (chain.messenger, chain.bridge);
        address passer = address(new L2ToL1MessagePasser());
        vm.etch(Predeploys.L2_TO_L1_MESSAGE_PASSER, passer.code);
        vm.etch(address(l2Messenger), address(new L2CrossDomainMessenger()).code);
        vm.etch(address(l2Bridge), address(new L2StandardBridge()).code);
        vm.etch(address(factory), address(new OptimismMintableERC20Factory()).code);
        // As genesis does.
        vm.store(address(l2Messenger), bytes32(uint256(3)), word(address(l1Messenger)));
        vm.store(address(l2Bridge), bytes32(uint256(1)), word(address(l1Bridge)));
    }

    /// @dev The deposit that was made since logs were recorded.
    function deposited() internal returns (Deposit memory found) {
        Vm.Log memory log = only(IPortal.TransactionDeposited.selector);
        found.from = address(uint160(uint256(log.topics[1])));
        found.to = address(uint160(uint256(log.topics[2])));
        bytes memory opaque = abi.decode(log.data, (bytes));
        uint256 mint;
        uint256 value;
        uint64 gasLimit;
        assembly {
            mint := mload(add(opaque, 32))
            value := mload(add(opaque, 64))
            gasLimit := shr(192, mload(add(opaque, 96)))
        }
        (found.mint, found.value, found.gasLimit) = (mint, value, gasLimit);
        found.data = new bytes(opaque.length - 73);
        for (uint256 i = 0; i < found.data.length; ++i) {
            found.data[i] = opaque[i + 73];
        }
    }

    /// @dev Does on L2 what a deposit says, with the gas that is left after the transaction itself.
    function execute(Deposit memory made) internal returns (bool success) {
        vm.deal(made.from, made.from.balance + made.mint);
        uint256 gas = made.gasLimit - 21_000 - 40 * made.data.length;
        vm.prank(made.from);
        (success,) = made.to.call{value: made.value, gas: gas}(made.data);
    }

    /// @dev The withdrawal that was initiated since logs were recorded.
    function initiated() internal returns (WithdrawalTransaction memory found) {
        Vm.Log memory log = only(IL2ToL1MessagePasser.MessagePassed.selector);
        found.nonce = uint256(log.topics[1]);
        found.sender = address(uint160(uint256(log.topics[2])));
        found.target = address(uint160(uint256(log.topics[3])));
        (found.value, found.gasLimit, found.data,) =
            abi.decode(log.data, (uint256, uint256, bytes, bytes32));
    }

    /// @dev Makes a withdrawal on L1.
    function finish(WithdrawalTransaction memory withdrawal) internal {
        prove(withdrawal, propose(withdrawal));
        vm.warp(block.timestamp + WINDOW + 1);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
    }

    /// @dev Speaks for the messenger on L1, on L2.
    function fromL1() internal view returns (address) {
        return AddressAlias.aliasOf(address(l1Messenger));
    }

    function only(bytes32 topic) internal returns (Vm.Log memory found) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) (found, count) = (logs[i], count + 1);
        }
        vm.assertEq(count, 1);
    }

    function word(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}
