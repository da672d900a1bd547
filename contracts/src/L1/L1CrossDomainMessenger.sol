// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICrossDomainMessenger} from "../interfaces/ICrossDomainMessenger.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {CrossDomainMessenger} from "../universal/CrossDomainMessenger.sol";
import {Portal} from "./Portal.sol";

/// @title L1CrossDomainMessenger
/// @notice The messenger on L1: messages to L2 are deposits, those from L2 are withdrawals.
contract L1CrossDomainMessenger is CrossDomainMessenger {
    /// @notice The way to L2 and back.
    Portal public immutable portal;

    /// @param portal_ The way to L2 and back.
    constructor(Portal portal_) {
        portal = portal_;
    }

    /// @inheritdoc ICrossDomainMessenger
    function otherMessenger() public pure override returns (address) {
        return Predeploys.L2_CROSS_DOMAIN_MESSENGER;
    }

    function _send(uint64 gasLimit, bytes memory call_) internal override {
        portal.depositTransaction{value: msg.value}(
            otherMessenger(), msg.value, gasLimit, false, call_
        );
    }

    function _isFromOtherMessenger() internal view override returns (bool) {
        return msg.sender == address(portal) && portal.l2Sender() == otherMessenger();
    }

    /// @dev A deposit made by this contract would be a message.
    function _isUnsafe(address target) internal view override returns (bool) {
        return target == address(this) || target == address(portal);
    }
}
