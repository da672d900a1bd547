// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LibCall} from "solady/utils/LibCall.sol";

/// @title MinGasCall
/// @notice Calls that get the gas that they were promised.
library MinGasCall {
    /// @dev Gas that a call costs besides what it gives on, at most: a cold account that is made with the value.
    uint256 private constant CALL_GAS = 40_000;

    /// @notice Whether there is gas to give `minGas` to a call and to keep `kept` for what follows. A call gets at most
    ///         63 of 64 parts of what is left.
    function isEnough(uint256 minGas, uint256 kept) internal view returns (bool) {
        uint256 left = gasleft();
        uint256 needed = CALL_GAS + kept;
        return left >= needed && (left - needed) / 64 * 63 >= minGas;
    }

    /// @notice Calls with all gas but `kept`, after `isEnough`. What the call returns is not looked at, however long it is.
    function call(address target, uint256 value, bytes memory data, uint256 kept)
        internal
        returns (bool success)
    {
        (success,,) = LibCall.tryCall(target, value, gasleft() - kept, 0, data);
    }
}
