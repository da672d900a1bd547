// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";
import {Access} from "./Access.sol";
import {Preimages} from "./Preimages.sol";
import {Reader, Readers} from "./Reader.sol";
import {State} from "./State.sol";

/// @title HostCalls
/// @notice Host calls: register a7 says which, a0 to a2 are the arguments, a0 gets the result.
library HostCalls {
    uint256 private constant PREIMAGE = 1;
    uint256 private constant KECCAK256 = 2;
    uint256 private constant RECOVER = 3;
    uint256 private constant COMMIT = 4;
    uint256 private constant EXIT = 93;

    /// @notice The longest input of call 2.
    uint256 private constant KECCAK_BYTES_MAX = 1 << 16;

    uint256 private constant A0 = 10;
    uint256 private constant A1 = 11;
    uint256 private constant A2 = 12;
    uint256 private constant A7 = 17;

    /// @notice Carries a call out, but for the step that it is.
    /// @return isOne False for a trap, which has changed nothing.
    function carryOut(State state, Reader memory reader, bytes32[] calldata locals)
        internal
        view
        returns (bool isOne)
    {
        uint256 number = state.register(A7);
        uint256 a0 = state.register(A0);
        uint256 a1 = state.register(A1);
        uint256 a2 = state.register(A2);
        if (number == EXIT) {
            // 0 is success and nothing else is: what does not fit a byte is 255.
            state.end(a0 < 0xff ? a0 : 0xff);
            return true;
        }
        if (number == PREIMAGE) isOne = _preimage(state, reader, locals, a0, a1, a2);
        else if (number == KECCAK256) isOne = _keccak256(state, reader, a0, a1, a2);
        else if (number == RECOVER) isOne = _recover(state, reader, a0, a1);
        else if (number == COMMIT) isOne = _commit(state, reader, a0);
        if (isOne) state.setPc(state.pc() + 4);
    }

    function _preimage(
        State state,
        Reader memory reader,
        bytes32[] calldata locals,
        uint256 keyAt,
        uint256 offset,
        uint256 destination
    ) private view returns (bool) {
        if (!Access.isPossible(keyAt, 32) || !Access.isPossible(destination, 32)) {
            return false;
        }
        (bytes32 key,) = reader.word(keyAt);
        (, uint256 siblings) = reader.word(destination);
        bytes memory preimage = Preimages.read(key, reader, locals);
        bytes32 word = Preimages.wordAt(preimage, offset);
        state.setRoot(Readers.rootWith(destination, word, siblings));
        state.setRegister(A0, preimage.length);
        return true;
    }

    function _keccak256(
        State state,
        Reader memory reader,
        uint256 from,
        uint256 length,
        uint256 destination
    ) private pure returns (bool) {
        if (length > KECCAK_BYTES_MAX) return false;
        // The smallest buffer that holds them.
        uint256 height = 0;
        uint256 size = 32;
        for (; size < length; size *= 2) {
            ++height;
        }
        if (!Access.isPossible(from, size) || !Access.isPossible(destination, 32)) return false;
        bytes memory bytes_ = reader.buffer(from, height);
        bytes32 hash;
        assembly ("memory-safe") {
            hash := keccak256(add(bytes_, 32), length)
        }
        _write(state, reader, destination, hash);
        return true;
    }

    function _recover(State state, Reader memory reader, uint256 from, uint256 destination)
        private
        view
        returns (bool)
    {
        if (!Access.isPossible(from, 128) || !Access.isPossible(destination, 32)) {
            return false;
        }
        // Bad inputs make the precompile return nothing; only a lack of gas makes it fail.
        (bool success, bytes memory signer) = address(1).staticcall(reader.buffer(from, 2));
        if (!success) revert IStep.NotEnoughGas();
        bool isOne = signer.length == 32;
        _write(state, reader, destination, Preimages.wordAt(signer, 0));
        state.setRegister(A0, isOne ? 1 : 0);
        return true;
    }

    function _commit(State state, Reader memory reader, uint256 from) private pure returns (bool) {
        if (!Access.isPossible(from, 32)) return false;
        (bytes32 word,) = reader.word(from);
        state.setOutput(word);
        return true;
    }

    function _write(State state, Reader memory reader, uint256 destination, bytes32 word)
        private
        pure
    {
        (, uint256 siblings) = reader.word(destination);
        state.setRoot(Readers.rootWith(destination, word, siblings));
    }
}
