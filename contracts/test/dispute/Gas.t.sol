// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {Toy} from "./Toy.sol";

/// @notice Gas of each move in trees of their real heights, into `snapshots/`. Without what a transaction
///         itself costs; `docs/spec/disputes.md` has the sums.
/// forge-config: default.isolate = true
/// @dev The trees differ in their last leaf, so a side is its siblings from the bottom up and that leaf.
contract GasTest is Arena {
    bytes32[] private path;

    function heights() internal pure override returns (uint8[3] memory) {
        return [30, 18, 18];
    }

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 30; ++i) {
            path.push(keccak256(abi.encode("sibling", i)));
        }
    }

    function test_gas() public {
        bytes32 id = _meet(TOP, 30, "claim one", "claim two", "", "", "segments");
        bytes32 inner = game.innerOf(id);
        bytes memory one = Toy.encode("one", 40, true, 0, "claim one");
        bytes memory two = Toy.encode("two", 40, true, 0, "claim two");
        id = _meet(inner, 18, keccak256(one), keccak256(two), one, two, "strides");
        inner = game.innerOf(id);
        id = _meet(inner, 18, keccak256(one), keccak256(two), "", "", "steps");

        vm.warp(block.timestamp + WINDOW);
        vm.prank(address(0x4E1));
        game.timeout(id);
        vm.snapshotGasLastCall("moves", "timeout, both out");
        vm.prank(address(0x4E1));
        game.concludeInner(inner);
        vm.snapshotGasLastCall("moves", "concludeInner, nobody left");
    }

    /// @dev A winner that meets the next opponent costs more than one that waits.
    function test_gas_winnerMeetsTheNext() public {
        bytes32 id = _meet(TOP, 30, "claim one", "claim two", "", "", "segments");
        bytes32[] memory proof = _proof(30);
        game.join{value: BOND}(TOP, "claim three", proof, "");
        bytes32 inner = game.innerOf(id);
        bytes memory state = Toy.encode("one", 40, true, 0, "claim one");
        game.join{value: 2 * BOND}(inner, keccak256(state), _proof(18), state);
        vm.warp(block.timestamp + WINDOW);
        vm.prank(address(0x4E1));
        game.concludeInner(inner);
        vm.snapshotGasLastCall("moves", "concludeInner, the winner meets the next");
    }

    function _meet(
        bytes32 tournament,
        uint256 height,
        bytes32 one,
        bytes32 two,
        bytes memory stateOne,
        bytes memory stateTwo,
        string memory level
    ) private returns (bytes32 id) {
        uint256 bond = game.bond(game.tournamentOf(tournament).level);
        bytes32[] memory proof = _proof(height);
        game.join{value: bond}(tournament, one, proof, stateOne);
        vm.snapshotGasLastCall("moves", _named("join, waits", level));
        game.join{value: bond}(tournament, two, proof, stateTwo);
        vm.snapshotGasLastCall("moves", _named("join, meets", level));

        id = game.matchId(tournament, _root(one, height), _root(two, height));
        // Helpers, whose refunds are noted, cost the most.
        address helper = address(0x4E1);
        for (uint256 left = height; left > 1; --left) {
            bytes32 leaf = (height - left) % 2 == 0 ? one : two;
            vm.prank(helper);
            game.advance(
                id, path[left - 1], _root(leaf, left - 1), path[left - 2], _root(leaf, left - 2)
            );
        }
        vm.snapshotGasLastCall("moves", _named("advance", level));
        bytes32 last = height % 2 == 1 ? one : two;
        bytes32[] memory proofOfAgreed = _proof(height);
        proofOfAgreed[0] = last;
        vm.prank(helper);
        game.seal(id, path[0], last, path[0], proofOfAgreed);
        vm.snapshotGasLastCall("moves", _named("seal", level));
    }

    function _root(bytes32 leaf, uint256 height) private view returns (bytes32 root) {
        root = leaf;
        for (uint256 i = 0; i < height; ++i) {
            root = keccak256(abi.encode(path[i], root));
        }
    }

    function _proof(uint256 height) private view returns (bytes32[] memory proof) {
        proof = new bytes32[](height);
        for (uint256 i = 0; i < height; ++i) {
            proof[i] = path[i];
        }
    }

    function _named(string memory move, string memory level) private pure returns (string memory) {
        return string.concat(level, ": ", move);
    }
}
