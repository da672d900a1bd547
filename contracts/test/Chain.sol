// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Configuration, Contracts, Deployment} from "../script/Deployment.sol";
import {OutputOracle} from "../src/L1/OutputOracle.sol";
import {ISystemConfig} from "../src/interfaces/ISystemConfig.sol";
import {vm} from "./Vm.sol";

/// @title Chain
/// @notice The L1 contracts of a fresh chain, made as the deployment script makes them, for tests.
abstract contract Chain {
    address internal constant OWNER = address(0x0A11CE);
    address internal constant BATCHER = address(0xBA7C4);
    address internal constant GUARDIAN = address(0x6A4D);
    address internal constant USER = address(0x05E2);

    uint64 internal constant INTERVAL = 60;
    uint64 internal constant WINDOW = 1 hours;
    uint256 internal constant PAUSE = 2 hours;
    uint256 internal constant BOND = 0.01 ether;

    Contracts internal chain;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(1_700_000_000);
        vm.fee(1 gwei);
        vm.setBlockhash(999, keccak256("block 999"));
        chain = Deployment.run(configuration(), address(this));
    }

    function configuration() internal pure returns (Configuration memory) {
        return Configuration({
            owner: OWNER,
            guardian: GUARDIAN,
            pause: PAUSE,
            parameters: ISystemConfig.Parameters({
                batcher: BATCHER,
                gasLimit: 60_000_000,
                baseFeeScalar: 1368,
                blobBaseFeeScalar: 810_949,
                operatorFeeScalar: 0,
                operatorFeeConstant: 0
            }),
            oracle: OutputOracle.Parameters({
                batchInbox: address(0),
                portal: address(0),
                proposalInterval: INTERVAL,
                l2BlockTime: 1,
                disputeWindow: WINDOW,
                bond: BOND,
                genesisOutputRoot: 0
            })
        });
    }

    /// @dev Goes to the next L1 block, whose parent then has a hash.
    function nextL1Block() internal {
        vm.setBlockhash(block.number, keccak256(abi.encode("block", block.number)));
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 12);
    }
}
