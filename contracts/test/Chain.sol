// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Configuration, Contracts, Deployment} from "../script/Deployment.sol";
import {DisputeOracle} from "../src/dispute/DisputeOracle.sol";
import {ISystemConfig} from "../src/interfaces/ISystemConfig.sol";
import {IStep} from "../src/interfaces/IStep.sol";
import {ITournaments} from "../src/interfaces/ITournaments.sol";
import {Claims} from "../src/libraries/Claims.sol";
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
    uint8 internal constant HEIGHT = 30;
    uint64 internal constant LAG = 1 days;
    /// @dev So many seconds before the contracts are made, so that some blocks can be proposed at once.
    uint64 internal constant AGE = 1 hours;

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
            disputes: ITournaments.Parameters({
                heights: [HEIGHT, 18, 18],
                bonds: [BOND, BOND, BOND],
                window: WINDOW,
                effort: 10 minutes,
                refundPriceMax: 1 gwei,
                stepGasMax: 3_000_000,
                machine: IStep(address(0)),
                initialState: keccak256("image")
            }),
            oracle: DisputeOracle.OracleParameters({
                batchInbox: address(0),
                portal: address(0),
                proposalInterval: INTERVAL,
                l2BlockTime: 1,
                proposalLag: LAG,
                genesisTime: 1_700_000_000 - AGE,
                parametersHash: keccak256("parameters"),
                genesis: genesisClaim()
            })
        });
    }

    function genesisClaim() internal pure returns (Claims.BlockClaim memory made) {
        made.blockHash = keccak256("genesis");
        made.stateRoot = keccak256("genesis state");
    }

    /// @dev Goes to the next L1 block, whose parent then has a hash.
    function nextL1Block() internal {
        vm.setBlockhash(block.number, keccak256(abi.encode("block", block.number)));
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 12);
    }
}
