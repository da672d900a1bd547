// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStandardBridge} from "../interfaces/IStandardBridge.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {StandardBridge} from "../universal/StandardBridge.sol";

/// @title L2StandardBridge
/// @notice The bridge on L2.
/// @dev Stands there from genesis, which writes its slot 1.
contract L2StandardBridge is StandardBridge {
    address private _otherBridge;

    /// @inheritdoc IStandardBridge
    function messenger() public pure override returns (address) {
        return Predeploys.L2_CROSS_DOMAIN_MESSENGER;
    }

    /// @inheritdoc IStandardBridge
    function otherBridge() public view override returns (address) {
        return _otherBridge;
    }
}
