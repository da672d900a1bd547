// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStandardBridge} from "../interfaces/IStandardBridge.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {StandardBridge} from "../universal/StandardBridge.sol";

/// @title L1StandardBridge
/// @notice The bridge on L1.
contract L1StandardBridge is StandardBridge {
    address private immutable _messenger;

    /// @param messenger_ The messenger on L1.
    constructor(address messenger_) {
        _messenger = messenger_;
    }

    /// @inheritdoc IStandardBridge
    function messenger() public view override returns (address) {
        return _messenger;
    }

    /// @inheritdoc IStandardBridge
    function otherBridge() public pure override returns (address) {
        return Predeploys.L2_STANDARD_BRIDGE;
    }
}
