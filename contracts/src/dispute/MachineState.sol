// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claims} from "../libraries/Claims.sol";

/// @title MachineState
/// @notice What a state of the machine says about the run that reached it.
/// @dev A state is the hash of 338 bytes, numbers big-endian:
///
///          memory root (32) ‖ pc (8) ‖ step (8) ‖ ended (1) ‖ exit code (1)
///          ‖ 32 registers (8 each) ‖ output (32)
library MachineState {
    uint256 private constant SIZE = 338;
    uint256 private constant ENDED = 48;
    uint256 private constant EXIT_CODE = 49;
    uint256 private constant OUTPUT = 306;

    /// @notice These are not the bytes of a state.
    error NotAState(uint256 size);

    /// @notice The claim that a run has as its meaning if it ends in this state: INVALID if it has
    ///         not ended, or with another exit code than 0.
    function claimOf(bytes calldata state) internal pure returns (bytes32) {
        if (state.length != SIZE) revert NotAState(state.length);
        bool succeeded = state[ENDED] == 0x01 && state[EXIT_CODE] == 0x00;
        return succeeded ? bytes32(state[OUTPUT:SIZE]) : Claims.INVALID;
    }
}
