// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";
import {Reader} from "./Reader.sol";

/// @title Preimages
/// @notice The bytes behind a key, whose first byte is its type.
library Preimages {
    uint256 private constant LOCAL = 1;
    uint256 private constant KECCAK256 = 2;

    /// @notice The bytes behind a key; none behind one of unknown type.
    function read(bytes32 key, Reader memory reader, bytes32[] calldata locals)
        internal
        pure
        returns (bytes memory preimage)
    {
        uint256 kind = uint256(key) >> 248;
        if (kind == LOCAL) {
            uint256 number = _tail(key);
            if (number < locals.length) preimage = bytes.concat(locals[number]);
        } else if (kind == KECCAK256) {
            preimage = reader.rest();
            if (_tail(keccak256(preimage)) != _tail(key)) revert IStep.WrongPreimage(key);
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

    /// @dev All but the first byte.
    function _tail(bytes32 key) private pure returns (uint256) {
        return uint248(uint256(key));
    }
}
