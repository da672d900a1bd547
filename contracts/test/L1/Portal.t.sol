// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMessageChain} from "../../src/interfaces/IMessageChain.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {DepositMarket} from "../../src/libraries/DepositMarket.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

contract PortalTest is Chain {
    /// @dev Bytes of a message before its data: kind, two addresses, mint, value, gas limit, flag.
    uint256 private constant DEPOSIT_HEAD_BYTES = 1 + 20 + 20 + 32 + 32 + 8 + 1;

    function testFuzz_depositTransaction_chainsAndEmits(
        address caller,
        address to,
        uint96 mint,
        uint256 value,
        bool isCreation,
        bytes calldata data
    ) public {
        if (isCreation) to = address(0);
        uint64 gasLimit = chain.portal.minimumGasLimit(uint64(data.length));
        bytes memory opaque = abi.encodePacked(uint256(mint), value, gasLimit, isCreation, data);
        vm.deal(caller, mint);
        vm.expectEmit(address(chain.portal));
        emit IPortal.TransactionDeposited(caller, to, 0, opaque);
        vm.prank(caller, caller);
        chain.portal.depositTransaction{value: mint}(to, value, gasLimit, isCreation, data);

        vm.assertEq(chain.portal.messageAccumulator(), _next(0, caller, to, opaque));
        vm.assertEq(chain.portal.messageCount(), 1);
        vm.assertEq(address(chain.portal).balance, mint);
    }

    function test_depositTransaction_messagesChain() public {
        _deposit(USER, 1 ether);
        bytes32 first = chain.portal.messageAccumulator();
        nextL1Block();
        _deposit(USER, 2 ether);
        bytes memory opaque =
            abi.encodePacked(uint256(2 ether), uint256(2 ether), uint64(21_000), false);
        vm.assertEq(chain.portal.messageAccumulator(), _next(first, USER, USER, opaque));
        vm.assertEq(chain.portal.messageCount(), 2);
    }

    function test_depositTransaction_contract_isAliased() public {
        address caller = address(0x00c0de);
        address aliased = address(bytes20(hex"111100000000000000000000000000000000d1ef"));
        _expectDepositFrom(caller, USER, aliased);
    }

    function test_depositTransaction_aliasOverflows_wraps() public {
        address caller = address(type(uint160).max);
        _expectDepositFrom(
            caller, USER, address(bytes20(hex"1111000000000000000000000000000000001110"))
        );
    }

    /// @dev An account that delegated to code (EIP-7702) and sends the transaction itself.
    function test_depositTransaction_delegatedOrigin_isNotAliased() public {
        vm.etch(USER, abi.encodePacked(hex"ef0100", address(chain.portal)));
        _expectDepositFrom(USER, USER, USER);
    }

    /// @dev The same account, made to deposit by somebody else's transaction.
    function test_depositTransaction_delegatedSender_isAliased() public {
        vm.etch(USER, abi.encodePacked(hex"ef0100", address(chain.portal)));
        address aliased = address(bytes20(hex"11110000000000000000000000000000000016f3"));
        _expectDepositFrom(USER, BATCHER, aliased);
    }

    function test_receive_depositsToSelf() public {
        vm.deal(USER, 3 ether);
        bytes memory opaque =
            abi.encodePacked(uint256(3 ether), uint256(3 ether), uint64(100_000), false);
        vm.expectEmit(address(chain.portal));
        emit IPortal.TransactionDeposited(USER, USER, 0, opaque);
        vm.prank(USER, USER);
        (bool taken,) = address(chain.portal).call{value: 3 ether}("");
        vm.assertTrue(taken);
        vm.assertEq(address(chain.portal).balance, 3 ether);
    }

    function testFuzz_depositTransaction_creationWithTarget_reverts(address to) public {
        vm.assume(to != address(0));
        vm.expectRevert(IPortal.OptimismPortal_BadTarget.selector);
        chain.portal.depositTransaction(to, 0, 100_000, true, "");
    }

    function testFuzz_depositTransaction_gasLimitTooLow_reverts(uint16 size) public {
        uint64 tooLow = 21_000 + 16 * uint64(size) - 1;
        vm.expectRevert(IPortal.OptimismPortal_GasLimitTooLow.selector);
        chain.portal.depositTransaction(USER, 0, tooLow, false, new bytes(size));
    }

    function test_depositTransaction_largestMessage_isTaken() public {
        bytes memory data = new bytes(120_000 - DEPOSIT_HEAD_BYTES);
        chain.portal.depositTransaction(USER, 0, 2_000_000, false, data);
        vm.assertEq(chain.portal.messageCount(), 1);
    }

    function test_depositTransaction_messageTooLarge_reverts() public {
        bytes memory data = new bytes(120_000 - DEPOSIT_HEAD_BYTES + 1);
        vm.expectRevert(IPortal.OptimismPortal_CalldataTooLarge.selector);
        chain.portal.depositTransaction(USER, 0, 2_000_000, false, data);
    }

    function test_depositTransaction_burnsL1Gas() public {
        uint256 before = gasleft();
        chain.portal.depositTransaction(USER, 0, 1_000_000, false, "");
        uint256 used = before - gasleft();
        // One million L2 gas at one gwei, paid in L1 gas at one gwei.
        vm.assertGe(used, 1_000_000);
        vm.assertLe(used, 1_020_000);
    }

    function test_depositTransaction_dearL1Gas_burnsLess() public {
        vm.fee(50 gwei);
        uint256 before = gasleft();
        chain.portal.depositTransaction(USER, 0, 1_000_000, false, "");
        // The call itself uses more than the 20,000 that the L2 gas costs.
        vm.assertLe(before - gasleft(), 120_000);
    }

    function test_depositTransaction_blockIsFull_reverts() public {
        chain.portal.depositTransaction(USER, 0, 20_000_000 - 21_000, false, "");
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        vm.expectRevert(DepositMarket.OutOfGas.selector);
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        nextL1Block();
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        vm.assertEq(chain.portal.messageCount(), 3);
    }

    function test_depositTransaction_fullBlock_raisesPrice() public {
        chain.portal.depositTransaction(USER, 0, 20_000_000, false, "");
        nextL1Block();
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        (uint128 price, uint64 bought, uint64 number) = chain.portal.params();
        // Nine targets above the target: up by nine eighths.
        vm.assertEq(price, 2.125 gwei);
        vm.assertEq(bought, 21_000);
        vm.assertEq(number, block.number);
    }

    function testFuzz_appendConfigUpdate_notSystemConfig_reverts(address caller) public {
        vm.assume(caller != address(chain.systemConfig));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IMessageChain.NotSystemConfig.selector, caller));
        chain.portal.appendConfigUpdate(hex"00");
    }

    function test_appendConfigUpdate_tooLarge_reverts() public {
        vm.prank(address(chain.systemConfig));
        vm.expectRevert(abi.encodeWithSelector(IMessageChain.MessageTooLarge.selector, 120_001));
        chain.portal.appendConfigUpdate(new bytes(120_000));
    }

    function test_version_isOfTheLegacyRoute() public view {
        vm.assertEq(chain.portal.version(), "1.0.0");
        vm.assertEq(chain.portal.systemConfig(), address(chain.systemConfig));
    }

    function _deposit(address caller, uint256 value) private {
        vm.deal(caller, value);
        vm.prank(caller, caller);
        chain.portal.depositTransaction{value: value}(caller, value, 21_000, false, "");
    }

    function _expectDepositFrom(address caller, address origin, address from) private {
        bytes memory opaque = abi.encodePacked(uint256(0), uint256(7), uint64(50_000), false);
        vm.expectEmit(address(chain.portal));
        emit IPortal.TransactionDeposited(from, BATCHER, 0, opaque);
        vm.prank(caller, origin);
        chain.portal.depositTransaction(BATCHER, 7, 50_000, false, "");
        vm.assertEq(chain.portal.messageAccumulator(), _next(0, from, BATCHER, opaque));
    }

    /// @dev The chain written out, apart from the library under test.
    function _next(bytes32 before, address from, address to, bytes memory opaque)
        private
        view
        returns (bytes32)
    {
        bytes memory message = bytes.concat(hex"00", bytes20(from), bytes20(to), opaque);
        return keccak256(
            bytes.concat(
                before,
                bytes8(uint64(block.number)),
                bytes8(uint64(block.timestamp)),
                keccak256(message)
            )
        );
    }
}
