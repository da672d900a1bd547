// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BatchInbox} from "../src/L1/BatchInbox.sol";
import {L1CrossDomainMessenger} from "../src/L1/L1CrossDomainMessenger.sol";
import {L1StandardBridge} from "../src/L1/L1StandardBridge.sol";
import {Portal} from "../src/L1/Portal.sol";
import {SystemConfig} from "../src/L1/SystemConfig.sol";
import {DisputeOracle} from "../src/dispute/DisputeOracle.sol";
import {ISystemConfig} from "../src/interfaces/ISystemConfig.sol";
import {ITournaments} from "../src/interfaces/ITournaments.sol";
import {Step} from "../src/vm/Step.sol";
import {vm} from "../test/Vm.sol";

/// @notice Everything that a deployment fixes. The machine in `disputes` and the addresses in `oracle` are
///         filled in.
struct Configuration {
    address owner;
    /// Who may pause withdrawals, and for how many seconds.
    address guardian;
    uint256 pause;
    ISystemConfig.Parameters parameters;
    ITournaments.Parameters disputes;
    DisputeOracle.OracleParameters oracle;
}

/// @notice The L1 contracts of one chain.
struct Contracts {
    SystemConfig systemConfig;
    Portal portal;
    BatchInbox batchInbox;
    Step step;
    DisputeOracle outputOracle;
    L1CrossDomainMessenger messenger;
    L1StandardBridge bridge;
}

/// @title Deployment
/// @notice Makes the L1 contracts in a fixed order. They name one another, so their addresses are
///         computed from the deployer's nonce before the first is made; the Rust bindings do the same.
library Deployment {
    /// @notice A contract does not stand where it was computed to be.
    error WrongAddress(address expected, address actual);

    /// @param deployer The account that makes the contracts: the caller, or the broadcaster.
    function run(Configuration memory configuration, address deployer)
        internal
        returns (Contracts memory made)
    {
        uint256 nonce = vm.getNonce(deployer);
        address systemConfig = vm.computeCreateAddress(deployer, nonce);
        address portal = vm.computeCreateAddress(deployer, nonce + 1);
        address batchInbox = vm.computeCreateAddress(deployer, nonce + 2);
        address step = vm.computeCreateAddress(deployer, nonce + 3);
        address outputOracle = vm.computeCreateAddress(deployer, nonce + 4);
        configuration.disputes.machine = Step(step);
        configuration.oracle.portal = portal;
        configuration.oracle.batchInbox = batchInbox;

        made.systemConfig =
            new SystemConfig(configuration.owner, portal, batchInbox, configuration.parameters);
        made.portal =
            new Portal(systemConfig, outputOracle, configuration.guardian, configuration.pause);
        made.batchInbox = new BatchInbox(made.systemConfig);
        made.step = new Step();
        made.outputOracle = new DisputeOracle(configuration.disputes, configuration.oracle);
        // L2's genesis names these two.
        made.messenger = new L1CrossDomainMessenger(made.portal);
        made.bridge = new L1StandardBridge(address(made.messenger));

        _requireAt(systemConfig, address(made.systemConfig));
        _requireAt(portal, address(made.portal));
        _requireAt(batchInbox, address(made.batchInbox));
        _requireAt(step, address(made.step));
        _requireAt(outputOracle, address(made.outputOracle));
    }

    function _requireAt(address expected, address actual) private pure {
        if (expected != actual) revert WrongAddress(expected, actual);
    }
}
