// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OutputOracle} from "../src/L1/OutputOracle.sol";
import {ISystemConfig} from "../src/interfaces/ISystemConfig.sol";
import {vm} from "../test/Vm.sol";
import {Configuration, Contracts, Deployment} from "./Deployment.sol";

/// @title Deploy
/// @notice `forge script script/Deploy.s.sol --rpc-url … --broadcast` with the configuration in the
///         environment. All but the first two accounts have a default.
///
///          BRAID_OWNER, BRAID_BATCHER                          addresses
///          BRAID_GUARDIAN                                      address, or none
///          BRAID_GAS_LIMIT                                     gas of an L2 block
///          BRAID_BASE_FEE_SCALAR, BRAID_BLOB_BASE_FEE_SCALAR   millionths
///          BRAID_OPERATOR_FEE_SCALAR                           millionths of a wei per gas
///          BRAID_OPERATOR_FEE_CONSTANT, BRAID_BOND             wei
///          BRAID_PROPOSAL_INTERVAL                             L2 blocks
///          BRAID_L2_BLOCK_TIME, BRAID_DISPUTE_WINDOW           seconds
///          BRAID_PAUSE                                         seconds
///          BRAID_GENESIS_OUTPUT_ROOT                           hash, or zero for none
contract Deploy {
    /// @notice An environment variable does not fit its type.
    error NumberTooLarge(string name, uint256 value);

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
        read.oracle = OutputOracle.Parameters({
            batchInbox: address(0),
            portal: address(0),
            proposalInterval: _uint64("BRAID_PROPOSAL_INTERVAL", 1024),
            l2BlockTime: _uint64("BRAID_L2_BLOCK_TIME", 1),
            disputeWindow: _uint64("BRAID_DISPUTE_WINDOW", 7 days),
            bond: vm.envOr("BRAID_BOND", uint256(0.06 ether)),
            genesisOutputRoot: vm.envOr("BRAID_GENESIS_OUTPUT_ROOT", bytes32(0))
        });
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
