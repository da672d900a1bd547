// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Deploy} from "../../script/Deploy.s.sol";
import {Contracts} from "../../script/Deployment.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {vm} from "../Vm.sol";

/// @dev The environment belongs to the whole process and tests run side by side, so one test sets it.
contract DeployTest {
    using Claims for Claims.BlockClaim;

    address private constant OWNER = address(0x0A11CE);
    address private constant BATCHER = address(0xBA7C4);
    address private constant GUARDIAN = address(0x6A4D);

    Contracts private made;

    function test_run_deploysWhatTheEnvironmentSays() public {
        vm.roll(1000);
        vm.warp(1_700_000_000);
        Deploy script = new Deploy();
        vm.setEnv("BRAID_OWNER", vm.toString(OWNER));
        vm.setEnv("BRAID_BATCHER", vm.toString(BATCHER));
        vm.setEnv("BRAID_GUARDIAN", vm.toString(GUARDIAN));
        vm.setEnv("BRAID_PAUSE", "90");
        vm.setEnv("BRAID_GAS_LIMIT", "45000000");
        vm.setEnv("BRAID_PROPOSAL_INTERVAL", "120");
        vm.setEnv("BRAID_DISPUTE_WINDOW", "60");
        vm.setEnv("BRAID_EFFORT", "20");
        vm.setEnv("BRAID_BOND_SEGMENTS", "200000000000000000");
        vm.setEnv("BRAID_PROPOSAL_LAG", "7248");
        vm.setEnv("BRAID_GENESIS_TIME", "1699999000");
        vm.setEnv("BRAID_INITIAL_STATE", vm.toString(keccak256("image")));
        vm.setEnv("BRAID_PARAMETERS_HASH", vm.toString(keccak256("parameters")));
        Claims.BlockClaim memory genesis = _genesis();
        vm.setEnv("BRAID_GENESIS_BLOCK_HASH", vm.toString(genesis.blockHash));
        vm.setEnv("BRAID_GENESIS_STATE_ROOT", vm.toString(genesis.stateRoot));
        vm.setEnv("BRAID_GENESIS_WITHDRAWALS_ROOT", vm.toString(genesis.withdrawalsRoot));
        vm.setEnv("BRAID_GENESIS_CURSOR", vm.toString(genesis.cursor));
        vm.expectRevert(
            abi.encodeWithSelector(Deploy.Missing.selector, "BRAID_GENESIS_ORIGIN_HASH")
        );
        script.configurationFromEnvironment();
        vm.setEnv("BRAID_GENESIS_ORIGIN_HASH", vm.toString(genesis.originHash));
        made = script.run();
        _assertNamesOneAnother();
        _assertTakesTheEnvironment();
        _assertConfigUpdatesArrive();

        vm.setEnv("BRAID_OPERATOR_FEE_SCALAR", "4294967296");
        vm.expectRevert(
            abi.encodeWithSelector(
                Deploy.NumberTooLarge.selector, "BRAID_OPERATOR_FEE_SCALAR", uint256(1) << 32
            )
        );
        script.configurationFromEnvironment();
    }

    function _assertNamesOneAnother() private view {
        vm.assertEq(made.systemConfig.optimismPortal(), address(made.portal));
        vm.assertEq(made.systemConfig.batchInbox(), address(made.batchInbox));
        vm.assertEq(made.portal.systemConfig(), address(made.systemConfig));
        vm.assertEq(address(made.batchInbox.systemConfig()), address(made.systemConfig));
        vm.assertEq(made.outputOracle.batchInbox(), address(made.batchInbox));
        vm.assertEq(made.outputOracle.portal(), address(made.portal));
        vm.assertEq(made.portal.outputOracle(), address(made.outputOracle));
        vm.assertEq(address(made.outputOracle.MACHINE()), address(made.step));
        vm.assertEq(address(made.messenger.portal()), address(made.portal));
        vm.assertEq(made.bridge.messenger(), address(made.messenger));
    }

    function _assertTakesTheEnvironment() private view {
        vm.assertEq(made.systemConfig.owner(), OWNER);
        vm.assertEq(made.systemConfig.batcher(), BATCHER);
        vm.assertEq(made.portal.guardian(), GUARDIAN);
        vm.assertEq(made.portal.PAUSE(), 90);
        vm.assertEq(made.systemConfig.gasLimit(), 45_000_000);
        vm.assertEq(made.systemConfig.blobbasefeeScalar(), 1_000_000);
        vm.assertEq(made.outputOracle.SUBMISSION_INTERVAL(), 120);
        vm.assertEq(made.outputOracle.L2_BLOCK_TIME(), 1);
        vm.assertEq(made.outputOracle.PROPOSAL_LAG(), 7248);
        vm.assertEq(made.outputOracle.GENESIS_TIME(), 1_699_999_000);
        vm.assertEq(made.outputOracle.MAX_BLOCKS(), 1 << 25);
        vm.assertEq(made.outputOracle.FINALIZATION_PERIOD_SECONDS(), 60);
        vm.assertEq(made.outputOracle.BOND(), 0.2 ether);
        vm.assertEq(made.outputOracle.bond(ITournaments.Level.Steps), 0.5 ether);
        vm.assertEq(uint256(made.outputOracle.height(ITournaments.Level.Segments)), 30);
        vm.assertEq(made.outputOracle.WINDOW(), 60);
        vm.assertEq(made.outputOracle.EFFORT(), 20);
        vm.assertEq(made.outputOracle.INITIAL_STATE(), keccak256("image"));
        vm.assertEq(made.outputOracle.PARAMETERS_HASH(), keccak256("parameters"));
        vm.assertEq(made.outputOracle.proposal(0).claim, _genesis().hash());
    }

    function _genesis() private pure returns (Claims.BlockClaim memory) {
        return Claims.BlockClaim({
            blockHash: keccak256("genesis"),
            stateRoot: keccak256("state"),
            withdrawalsRoot: keccak256("withdrawals"),
            cursor: bytes32(uint256(5) << 64),
            originHash: keccak256("origin"),
            sequenceNumber: 0,
            number: 0
        });
    }

    function _assertConfigUpdatesArrive() private {
        vm.prank(OWNER);
        made.systemConfig.setGasLimit(50_000_000);
        vm.assertEq(made.portal.messageCount(), 1);
    }
}
