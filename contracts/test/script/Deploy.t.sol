// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Deploy} from "../../script/Deploy.s.sol";
import {Contracts} from "../../script/Deployment.sol";
import {vm} from "../Vm.sol";

/// @dev The environment belongs to the whole process and tests run side by side, so one test sets it.
contract DeployTest {
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
        vm.setEnv("BRAID_BOND", "1000000000000000");
        vm.setEnv("BRAID_GENESIS_OUTPUT_ROOT", vm.toString(keccak256("genesis")));
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
        vm.assertEq(made.outputOracle.FINALIZATION_PERIOD_SECONDS(), 60);
        vm.assertEq(made.outputOracle.BOND(), 0.001 ether);
        vm.assertEq(made.outputOracle.getL2Output(0).outputRoot, keccak256("genesis"));
    }

    function _assertConfigUpdatesArrive() private {
        vm.prank(OWNER);
        made.systemConfig.setGasLimit(50_000_000);
        vm.assertEq(made.portal.messageCount(), 1);
    }
}
