// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeOracle} from "../src/dispute/DisputeOracle.sol";
import {ISystemConfig} from "../src/interfaces/ISystemConfig.sol";
import {IStep} from "../src/interfaces/IStep.sol";
import {ITournaments} from "../src/interfaces/ITournaments.sol";
import {Claims} from "../src/libraries/Claims.sol";
import {vm} from "../test/Vm.sol";
import {Configuration, Contracts, Deployment} from "./Deployment.sol";

/// @title Deploy
/// @notice `forge script script/Deploy.s.sol --rpc-url … --broadcast` with the configuration in the
///         environment. What has no default is marked with a star. L2 begins at the L1 block in which the
///         contracts that it is derived from are made, so its genesis cannot be known before a chain's first
///         deployment: `braid deploy` computes it in between. This is for those whose genesis is fixed.
///
///          BRAID_OWNER*, BRAID_BATCHER*                        addresses
///          BRAID_GUARDIAN                                      address, or none
///          BRAID_GAS_LIMIT                                     gas of an L2 block
///          BRAID_BASE_FEE_SCALAR, BRAID_BLOB_BASE_FEE_SCALAR   millionths
///          BRAID_OPERATOR_FEE_SCALAR                           millionths of a wei per gas
///          BRAID_OPERATOR_FEE_CONSTANT                         wei
///          BRAID_PROPOSAL_INTERVAL                             L2 blocks
///          BRAID_PROPOSAL_LAG                                  seconds
///          BRAID_L2_BLOCK_TIME, BRAID_PAUSE                    seconds
///          BRAID_DISPUTE_WINDOW, BRAID_EFFORT                  seconds
///          BRAID_BOND_SEGMENTS, _STRIDES, _STEPS               wei
///          BRAID_REFUND_PRICE_MAX                              wei per gas
///          BRAID_STEP_GAS_MAX                                  gas
///          BRAID_INITIAL_STATE*, BRAID_PARAMETERS_HASH*        hashes
///          BRAID_GENESIS_TIME*                                 seconds, of the genesis block
///          BRAID_GENESIS_BLOCK_HASH*, _STATE_ROOT*,            words of the genesis block's claim
///          _WITHDRAWALS_ROOT*, _CURSOR*, _ORIGIN_HASH*
contract Deploy {
    /// @notice An environment variable does not fit its type.
    error NumberTooLarge(string name, uint256 value);
    /// @notice An environment variable that has no default is missing, or zero.
    error Missing(string name);

    /// @dev Of the protocol: `docs/spec/disputes.md`, section 1.
    uint8 private constant HEIGHT_SEGMENTS = 30;
    uint8 private constant HEIGHT_STRIDES = 18;
    uint8 private constant HEIGHT_STEPS = 18;

    /// @notice Deploys as the account that forge broadcasts with.
    function run() external returns (Contracts memory made) {
        Configuration memory configuration = configurationFromEnvironment();
        vm.startBroadcast();
        made = Deployment.run(configuration, tx.origin);
        vm.stopBroadcast();
    }

    /// @notice Reads what to deploy.
    function configurationFromEnvironment() public view returns (Configuration memory read) {
        read.owner = vm.envAddress("BRAID_OWNER");
        read.guardian = vm.envOr("BRAID_GUARDIAN", address(0));
        read.pause = vm.envOr("BRAID_PAUSE", uint256(7 days));
        read.parameters = ISystemConfig.Parameters({
            batcher: vm.envAddress("BRAID_BATCHER"),
            gasLimit: _uint64("BRAID_GAS_LIMIT", 60_000_000),
            baseFeeScalar: _uint32("BRAID_BASE_FEE_SCALAR", 0),
            blobBaseFeeScalar: _uint32("BRAID_BLOB_BASE_FEE_SCALAR", 1_000_000),
            operatorFeeScalar: _uint32("BRAID_OPERATOR_FEE_SCALAR", 0),
            operatorFeeConstant: _uint64("BRAID_OPERATOR_FEE_CONSTANT", 0)
        });
        read.disputes = ITournaments.Parameters({
            heights: [HEIGHT_SEGMENTS, HEIGHT_STRIDES, HEIGHT_STEPS],
            bonds: [
                vm.envOr("BRAID_BOND_SEGMENTS", uint256(0.15 ether)),
                vm.envOr("BRAID_BOND_STRIDES", uint256(0.1 ether)),
                vm.envOr("BRAID_BOND_STEPS", uint256(0.5 ether))
            ],
            window: _uint64("BRAID_DISPUTE_WINDOW", 7 days),
            effort: _uint64("BRAID_EFFORT", 4 hours),
            refundPriceMax: vm.envOr("BRAID_REFUND_PRICE_MAX", uint256(30 gwei)),
            stepGasMax: vm.envOr("BRAID_STEP_GAS_MAX", uint256(8_000_000)),
            machine: IStep(address(0)),
            initialState: _word("BRAID_INITIAL_STATE")
        });
        read.oracle = DisputeOracle.OracleParameters({
            batchInbox: address(0),
            portal: address(0),
            proposalInterval: _uint64("BRAID_PROPOSAL_INTERVAL", 1024),
            l2BlockTime: _uint64("BRAID_L2_BLOCK_TIME", 1),
            // Twice the time of a sequencing window of 3,600 L1 blocks, and of two more.
            proposalLag: _uint64("BRAID_PROPOSAL_LAG", 86_448),
            genesisTime: _time("BRAID_GENESIS_TIME"),
            parametersHash: _word("BRAID_PARAMETERS_HASH"),
            genesis: Claims.BlockClaim({
                blockHash: _word("BRAID_GENESIS_BLOCK_HASH"),
                stateRoot: _word("BRAID_GENESIS_STATE_ROOT"),
                withdrawalsRoot: _word("BRAID_GENESIS_WITHDRAWALS_ROOT"),
                cursor: _word("BRAID_GENESIS_CURSOR"),
                originHash: _word("BRAID_GENESIS_ORIGIN_HASH"),
                sequenceNumber: 0,
                number: 0
            })
        });
    }

    function _word(string memory name) private view returns (bytes32 word) {
        word = vm.envOr(name, bytes32(0));
        if (word == 0) revert Missing(name);
    }

    function _time(string memory name) private view returns (uint64 time) {
        time = _uint64(name, 0);
        if (time == 0) revert Missing(name);
    }

    function _uint64(string memory name, uint256 otherwise) private view returns (uint64) {
        uint256 value = vm.envOr(name, otherwise);
        if (value > type(uint64).max) revert NumberTooLarge(name, value);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(value);
    }

    function _uint32(string memory name, uint256 otherwise) private view returns (uint32) {
        uint256 value = vm.envOr(name, otherwise);
        if (value > type(uint32).max) revert NumberTooLarge(name, value);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(value);
    }
}
