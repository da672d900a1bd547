// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Targets
/// @notice Tells forge which one contract an invariant run calls.
abstract contract Targets {
    address private _handler;

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = _handler;
    }

    function callOnly(address handler) internal {
        _handler = handler;
    }
}
