// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";
import {MinGasCall} from "../libraries/MinGasCall.sol";
import {BlobPoint} from "./BlobPoint.sol";
import {Reader} from "./Reader.sol";

/// @title Preimages
/// @notice The bytes behind a key, whose first byte is its type. The other 31, the tail, say which.
library Preimages {
    uint256 private constant LOCAL = 1;
    uint256 private constant KECCAK256 = 2;
    uint256 private constant BLOB = 5;
    uint256 private constant PRECOMPILE = 6;

    address private constant POINT_EVALUATION = address(0x0a);
    uint256 private constant POINT_EVALUATION_GAS = 50_000;

    /// @dev What shows an element of a blob: versioned hash (32) ‖ number (8) ‖ element (32) ‖ commitment (48) ‖ proof (48).
    uint256 private constant BLOB_OPENING_BYTES = 168;

    /// @dev Gas that a step keeps after it has called a precompile.
    uint256 private constant KEPT_GAS = 20_000;

    /// @notice The bytes behind a key; none behind one of unknown type.
    function read(bytes32 key, Reader memory reader, bytes32[] calldata locals)
        internal
        view
        returns (bytes memory preimage)
    {
        uint256 kind = uint256(key) >> 248;
        if (kind == LOCAL) {
            uint256 number = _tail(key);
            if (number < locals.length) preimage = bytes.concat(locals[number]);
        } else if (kind == KECCAK256) {
            preimage = reader.rest();
            _check(key, keccak256(preimage));
        } else if (kind == BLOB) {
            preimage = _blobElement(key, reader.rest());
        } else if (kind == PRECOMPILE) {
            preimage = _precompileResult(key, reader.rest());
        }
    }

    /// @notice 32 bytes from an offset on, with zeros behind the end.
    function wordAt(bytes memory preimage, uint256 offset) internal pure returns (bytes32 word) {
        if (offset >= preimage.length) return 0;
        assembly ("memory-safe") {
            word := mload(add(add(preimage, 32), offset))
        }
        uint256 left = preimage.length - offset;
        if (left < 32) word = word >> 8 * (32 - left) << 8 * (32 - left);
    }

    function _blobElement(bytes32 key, bytes calldata opening) private view returns (bytes memory) {
        if (opening.length != BLOB_OPENING_BYTES) revert IStep.WrongPreimage(key);
        _check(key, keccak256(opening[:40]));
        uint256 number = uint64(bytes8(opening[32:40]));
        if (number >= BlobPoint.ELEMENTS) revert IStep.WrongPreimage(key);
        bytes32 point = BlobPoint.pointOf(number);
        if (!MinGasCall.isEnough(POINT_EVALUATION_GAS, KEPT_GAS)) revert IStep.NotEnoughGas();
        (bool success, bytes memory output) =
            POINT_EVALUATION.staticcall(bytes.concat(opening[:32], point, opening[40:]));
        // Where there is no such precompile, every call succeeds and returns nothing.
        if (!success || output.length != 64) revert IStep.WrongPreimage(key);
        return opening[40:72];
    }

    /// @dev The opening: address (2) ‖ gas (8) ‖ input. The call gets this gas and no other, so nobody makes it fail by
    ///      giving less: what costs gas, such as copying the input, comes before the look at what is left.
    function _precompileResult(bytes32 key, bytes calldata opening)
        private
        view
        returns (bytes memory)
    {
        if (opening.length < 10) revert IStep.WrongPreimage(key);
        _check(key, keccak256(opening));
        uint256 precompile = uint16(bytes2(opening[:2]));
        uint256 callGas = uint64(bytes8(opening[2:10]));
        bytes memory input = opening[10:];
        if (!MinGasCall.isEnough(callGas, KEPT_GAS)) revert IStep.NotEnoughGas();
        return _resultOf(precompile, callGas, input);
    }

    /// @dev (bool success, bytes memory output) = precompile.staticcall{gas: callGas}(input), but without another copy of
    ///      the input; then success ? 0x01 ‖ output : 0x00.
    function _resultOf(uint256 precompile, uint256 callGas, bytes memory input)
        private
        view
        returns (bytes memory result)
    {
        assembly ("memory-safe") {
            let success := staticcall(callGas, precompile, add(input, 32), mload(input), 0, 0)
            let size := mul(success, returndatasize())
            result := mload(0x40)
            mstore(result, add(size, 1))
            mstore8(add(result, 32), success)
            returndatacopy(add(result, 33), 0, size)
            mstore(0x40, and(add(add(result, 64), size), not(31)))
        }
    }

    function _check(bytes32 key, bytes32 hash) private pure {
        if (_tail(hash) != _tail(key)) revert IStep.WrongPreimage(key);
    }

    function _tail(bytes32 key) private pure returns (uint256) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint248(uint256(key));
    }
}
