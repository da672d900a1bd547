// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Targets
/// @notice Tells forge which one contract an invariant run calls, and as whom.
abstract contract Targets {
    address private _handler;

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = _handler;
    }

    /// @dev Gas has a price in some runs, and forge gives what a sender did not use to it as ether: a sender must
    ///      not be a contract under test, nor the alias of one.
    function targetSenders() external pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0x5E4DE4);
    }

    function callOnly(address handler) internal {
        _handler = handler;
    }
}
