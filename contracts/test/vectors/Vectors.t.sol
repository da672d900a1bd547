// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {vm} from "../Vm.sol";

/// @title Vectors
/// @notice Facts about the bytes, as the contracts have them, in JSON files beside this one that the Rust
///         tests read too. Each test compares the committed file with what the contracts say now;
///         VECTORS_WRITE=true writes it instead.
/// @dev In the files, numbers of up to 64 bits are JSON numbers, larger ones decimal strings, and bytes
///      are hex strings. Inputs follow from the position in the file alone.
abstract contract Vectors {
    /// @dev Compares the file with these cases, one object a line.
    function check(string memory name, string[] memory cases) internal {
        string memory text = "[\n";
        for (uint256 i = 0; i < cases.length; ++i) {
            text = string.concat(text, "  {", cases[i], i + 1 < cases.length ? "},\n" : "}\n");
        }
        text = string.concat(text, "]\n");
        string memory path = string.concat("test/vectors/", name, ".json");
        if (vm.envOr("VECTORS_WRITE", false)) vm.writeFile(path, text);
        vm.assertEq(vm.readFile(path), text, path);
    }

    function seed(string memory what, uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode(what, i));
    }

    function account(string memory what, uint256 i) internal pure returns (address) {
        return address(uint160(uint256(seed(what, i))));
    }

    function number(string memory key, uint256 value) internal pure returns (string memory) {
        require(value <= type(uint64).max);
        return string.concat('"', key, '": ', vm.toString(value));
    }

    function large(string memory key, uint256 value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '"');
    }

    function hash(string memory key, bytes32 value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '"');
    }

    function hex_(string memory key, bytes memory value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(value), '"');
    }

    function address_(string memory key, address value) internal pure returns (string memory) {
        return string.concat('"', key, '": "', vm.toString(abi.encodePacked(value)), '"');
    }

    function join(string memory left, string memory right) internal pure returns (string memory) {
        return string.concat(left, ", ", right);
    }
}
