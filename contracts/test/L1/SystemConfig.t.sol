// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {SystemConfig} from "../../src/L1/SystemConfig.sol";
import {ISystemConfig} from "../../src/interfaces/ISystemConfig.sol";
import {MessageChain} from "../../src/libraries/MessageChain.sol";
import {Chain} from "../Chain.sol";
import {vm} from "../Vm.sol";

contract SystemConfigTest is Chain {
    function test_constructor_keepsParametersAndAddresses() public view {
        ISystemConfig.Parameters memory read = chain.systemConfig.parameters();
        vm.assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(configuration().parameters)));
        vm.assertEq(chain.systemConfig.batcher(), BATCHER);
        vm.assertEq(chain.systemConfig.batcherHash(), bytes32(uint256(uint160(BATCHER))));
        vm.assertEq(chain.systemConfig.owner(), OWNER);
        vm.assertEq(chain.systemConfig.optimismPortal(), address(chain.portal));
        vm.assertEq(chain.systemConfig.batchInbox(), address(chain.batchInbox));
        vm.assertEq(chain.systemConfig.startBlock(), block.number);
    }

    /// @dev Genesis holds the first values, so they must not be a message as well.
    function test_constructor_appendsNoMessage() public view {
        vm.assertEq(chain.portal.messageAccumulator(), bytes32(0));
        vm.assertEq(chain.portal.messageCount(), 0);
    }

    function test_constructor_gasLimitOutOfBounds_reverts() public {
        ISystemConfig.Parameters memory parameters = configuration().parameters;
        parameters.gasLimit = chain.systemConfig.GAS_LIMIT_MIN() - 1;
        vm.expectRevert(
            abi.encodeWithSelector(ISystemConfig.GasLimitOutOfBounds.selector, parameters.gasLimit)
        );
        new SystemConfig(OWNER, address(1), address(2), parameters);
    }

    function test_constructor_batcherZero_reverts() public {
        ISystemConfig.Parameters memory parameters = configuration().parameters;
        parameters.batcher = address(0);
        vm.expectRevert(ISystemConfig.BatcherZero.selector);
        new SystemConfig(OWNER, address(1), address(2), parameters);
    }

    function testFuzz_setBatcher_storesAndPublishes(address batcher) public {
        vm.assume(batcher != address(0));
        _expectUpdate(ISystemConfig.UpdateType.Batcher, 0, abi.encode(batcher));
        vm.prank(OWNER);
        chain.systemConfig.setBatcher(batcher);
        vm.assertEq(chain.systemConfig.batcher(), batcher);
        _assertAppended(0, abi.encode(batcher));
    }

    function test_setBatcher_zero_reverts() public {
        vm.prank(OWNER);
        vm.expectRevert(ISystemConfig.BatcherZero.selector);
        chain.systemConfig.setBatcher(address(0));
    }

    function testFuzz_setFeeScalars_storesAndPublishes(uint32 base, uint32 blob) public {
        base %= chain.systemConfig.FEE_SCALAR_MAX() + 1;
        blob %= chain.systemConfig.FEE_SCALAR_MAX() + 1;
        _expectUpdate(ISystemConfig.UpdateType.FeeScalars, 1, abi.encode(base, blob));
        vm.prank(OWNER);
        chain.systemConfig.setFeeScalars(base, blob);
        vm.assertEq(chain.systemConfig.basefeeScalar(), base);
        vm.assertEq(chain.systemConfig.blobbasefeeScalar(), blob);
        _assertAppended(1, abi.encode(base, blob));
    }

    function test_setFeeScalars_tooLarge_reverts() public {
        uint32 tooLarge = chain.systemConfig.FEE_SCALAR_MAX() + 1;
        vm.prank(OWNER);
        vm.expectRevert(
            abi.encodeWithSelector(ISystemConfig.FeeScalarTooLarge.selector, tooLarge, 0)
        );
        chain.systemConfig.setFeeScalars(tooLarge, 0);
        vm.prank(OWNER);
        vm.expectRevert(
            abi.encodeWithSelector(ISystemConfig.FeeScalarTooLarge.selector, 0, tooLarge)
        );
        chain.systemConfig.setFeeScalars(0, tooLarge);
    }

    function testFuzz_setGasLimit_withinBoundsOnly(uint64 gasLimit) public {
        bool allowed = gasLimit >= chain.systemConfig.GAS_LIMIT_MIN()
            && gasLimit <= chain.systemConfig.GAS_LIMIT_MAX();
        if (!allowed) {
            vm.expectRevert(
                abi.encodeWithSelector(ISystemConfig.GasLimitOutOfBounds.selector, gasLimit)
            );
        }
        vm.prank(OWNER);
        chain.systemConfig.setGasLimit(gasLimit);
        vm.assertEq(
            chain.systemConfig.gasLimit(), allowed ? gasLimit : configuration().parameters.gasLimit
        );
    }

    function test_setGasLimit_bounds_storesAndPublishes() public {
        uint64[2] memory bounds =
            [chain.systemConfig.GAS_LIMIT_MIN(), chain.systemConfig.GAS_LIMIT_MAX()];
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 before = chain.portal.messageAccumulator();
            _expectUpdate(ISystemConfig.UpdateType.GasLimit, 2, abi.encode(bounds[i]));
            vm.prank(OWNER);
            chain.systemConfig.setGasLimit(bounds[i]);
            vm.assertEq(chain.systemConfig.gasLimit(), bounds[i]);
            vm.assertEq(chain.portal.messageAccumulator(), _next(before, 2, abi.encode(bounds[i])));
        }
    }

    function testFuzz_setOperatorFee_storesAndPublishes(uint32 scalar, uint64 constantPart) public {
        constantPart %= chain.systemConfig.OPERATOR_FEE_CONSTANT_MAX() + 1;
        _expectUpdate(ISystemConfig.UpdateType.OperatorFee, 5, abi.encode(scalar, constantPart));
        vm.prank(OWNER);
        chain.systemConfig.setOperatorFee(scalar, constantPart);
        vm.assertEq(chain.systemConfig.operatorFeeScalar(), scalar);
        vm.assertEq(chain.systemConfig.operatorFeeConstant(), constantPart);
        _assertAppended(5, abi.encode(scalar, constantPart));
    }

    function test_setOperatorFee_tooLarge_reverts() public {
        uint64 tooLarge = chain.systemConfig.OPERATOR_FEE_CONSTANT_MAX() + 1;
        vm.prank(OWNER);
        vm.expectRevert(
            abi.encodeWithSelector(ISystemConfig.OperatorFeeTooLarge.selector, tooLarge)
        );
        chain.systemConfig.setOperatorFee(0, tooLarge);
    }

    function testFuzz_set_notOwner_reverts(address caller) public {
        vm.assume(caller != OWNER);
        bytes memory refusal =
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.systemConfig.setBatcher(caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.systemConfig.setFeeScalars(0, 0);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.systemConfig.setGasLimit(30_000_000);
        vm.prank(caller);
        vm.expectRevert(refusal);
        chain.systemConfig.setOperatorFee(0, 0);
    }

    function test_transferOwnership_needsBothSides() public {
        vm.prank(OWNER);
        chain.systemConfig.transferOwnership(USER);
        vm.assertEq(chain.systemConfig.owner(), OWNER);
        vm.prank(USER);
        chain.systemConfig.acceptOwnership();
        vm.assertEq(chain.systemConfig.owner(), USER);
    }

    function _expectUpdate(ISystemConfig.UpdateType named, uint8 number, bytes memory data)
        private
    {
        vm.assertEq(uint8(named), number);
        vm.expectEmit(address(chain.systemConfig));
        emit ISystemConfig.ConfigUpdate(0, named, data);
    }

    function _assertAppended(uint8 number, bytes memory data) private view {
        vm.assertEq(chain.portal.messageAccumulator(), _next(0, number, data));
        vm.assertEq(chain.portal.messageCount(), 1);
    }

    function _next(bytes32 before, uint8 number, bytes memory data) private view returns (bytes32) {
        return MessageChain.next(
            before,
            uint64(block.number),
            uint64(block.timestamp),
            abi.encodePacked(bytes1(0x01), number, data)
        );
    }
}
