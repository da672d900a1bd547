// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The cheat codes that the tests and scripts use, in place of a test library: forge itself only
///         looks at function names (`test…`, `invariant…`, `setUp`), and a revert is a failure.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function accesses(address account)
        external
        returns (bytes32[] memory reads, bytes32[] memory writes);
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata reason) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata reason) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertEq(string calldata left, string calldata right, string calldata reason)
        external
        pure;
    function assertFalse(bool condition) external pure;
    function assertGe(uint256 left, uint256 right) external pure;
    function assertLe(uint256 left, uint256 right) external pure;
    function assertTrue(bool condition) external pure;
    function assume(bool condition) external pure;
    function blobhashes(bytes32[] calldata hashes) external;
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function deal(address account, uint256 balance) external;
    function envAddress(string calldata name) external view returns (address);
    function envOr(string calldata name, address otherwise) external view returns (address);
    function envOr(string calldata name, bool otherwise) external view returns (bool);
    function envOr(string calldata name, bytes32 otherwise) external view returns (bytes32);
    function envOr(string calldata name, uint256 otherwise) external view returns (uint256);
    function etch(address account, bytes calldata code) external;
    function expectEmit(address emitter) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
    function fee(uint256 baseFee) external;
    function getNonce(address account) external view returns (uint64);
    function getRecordedLogs() external returns (Log[] memory);
    function load(address account, bytes32 slot) external view returns (bytes32);
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function readFile(string calldata path) external view returns (string memory);
    function record() external;
    function recordLogs() external;
    function roll(uint256 blockNumber) external;
    function setBlockhash(uint256 blockNumber, bytes32 hash) external;
    function setEnv(string calldata name, string calldata value) external;
    function startBroadcast() external;
    function stopBroadcast() external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function snapshotGasLastCall(string calldata group, string calldata name)
        external
        returns (uint256);
    function toString(address value) external pure returns (string memory);
    function toString(bytes calldata value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function txGasPrice(uint256 price) external;
    function warp(uint256 timestamp) external;
    function writeFile(string calldata path, string calldata text) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
