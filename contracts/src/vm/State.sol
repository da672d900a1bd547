// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";

/// @dev A pointer to the bytes that a state is the hash of, numbers big-endian:
///
///          memory root (32) ‖ pc (8) ‖ step (8) ‖ ended (1) ‖ code (1) ‖ registers 0 … 31 (8 each) ‖ output (32)
type State is uint256;

using States for State global;

/// @title States
/// @notice Reading and writing the fields of a state. Numbers of 64 bits are held in 256, the upper ones zero.
library States {
    /// @notice Bytes of a state.
    uint256 internal constant BYTES = 338;

    uint256 private constant PC = 32;
    uint256 private constant STEP = 40;
    uint256 private constant ENDED = 48;
    uint256 private constant CODE = 49;
    uint256 private constant REGISTERS = 50;
    uint256 private constant OUTPUT = 306;

    /// @notice The state that a proof begins with.
    /// @param expected Its hash.
    function open(bytes calldata proof, bytes32 expected) internal pure returns (State state) {
        if (proof.length < BYTES) revert IStep.WrongLength(proof.length, BYTES);
        bytes memory fields = proof[:BYTES];
        bytes32 given = keccak256(fields);
        if (given != expected) revert IStep.WrongState(given);
        assembly ("memory-safe") {
            state := add(fields, 32)
        }
        uint256 ending = uint16(_number(state, ENDED) >> 48);
        // Not ended: 0x0000. Ended: 0x01 and any code.
        bool isEnding = ending == 0 || ending >> 8 == 1;
        if (!isEnding || _number(state, REGISTERS) != 0) revert IStep.WrongFields();
    }

    /// @notice The hash of the state.
    function hash(State state) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(state, BYTES)
        }
    }

    /// @notice The root of the memory.
    function root(State state) internal pure returns (bytes32) {
        return _word(state, 0);
    }

    /// @notice Where the next instruction is.
    function pc(State state) internal pure returns (uint256) {
        return _number(state, PC);
    }

    /// @notice Whether the run has ended.
    function isEnded(State state) internal pure returns (bool) {
        return _number(state, ENDED) >> 56 != 0;
    }

    /// @notice What a register holds.
    function register(State state, uint256 number) internal pure returns (uint256) {
        return _number(state, REGISTERS + 8 * number);
    }

    /// @notice Sets the root of the memory.
    function setRoot(State state, bytes32 value) internal pure {
        _setWord(state, 0, value);
    }

    /// @notice Sets where the next instruction is.
    function setPc(State state, uint256 value) internal pure {
        _setNumber(state, PC, value);
    }

    /// @notice Sets a register, unless it is number 0. Only the low 64 bits of the value count.
    function setRegister(State state, uint256 number, uint256 value) internal pure {
        if (number != 0) _setNumber(state, REGISTERS + 8 * number, value);
    }

    /// @notice Sets the output.
    function setOutput(State state, bytes32 value) internal pure {
        _setWord(state, OUTPUT, value);
    }

    /// @notice Ends the run.
    function end(State state, uint256 code) internal pure {
        assembly ("memory-safe") {
            mstore8(add(state, ENDED), 1)
            mstore8(add(state, CODE), code)
        }
    }

    /// @notice Counts a step.
    function count(State state) internal pure {
        unchecked {
            _setNumber(state, STEP, _number(state, STEP) + 1);
        }
    }

    function _number(State state, uint256 place) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, mload(add(state, place)))
        }
    }

    /// @dev Leaves the 24 bytes behind the number as they are; behind every number there are as many.
    function _setNumber(State state, uint256 place, uint256 value) private pure {
        assembly ("memory-safe") {
            let pointer := add(state, place)
            mstore(pointer, or(shl(192, value), shr(64, shl(64, mload(pointer)))))
        }
    }

    function _word(State state, uint256 place) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(state, place))
        }
    }

    function _setWord(State state, uint256 place, bytes32 value) private pure {
        assembly ("memory-safe") {
            mstore(add(state, place), value)
        }
    }
}
