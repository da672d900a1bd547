// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bisections} from "../../src/dispute/Bisections.sol";
import {Clocks} from "../../src/dispute/Clocks.sol";
import {MachineState} from "../../src/dispute/MachineState.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {StateTree} from "../../src/dispute/StateTree.sol";
import {vm} from "../Vm.sol";
import {Toy} from "./Toy.sol";

/// @notice The pure rules of disputes.
contract RulesTest {
    using Bisections for Bisections.Bisection;
    using Clocks for Clocks.Clock;

    Bisections.Bisection private bisection;
    Clocks.Clock private clock;

    function setUp() public {
        vm.warp(1_700_000_000);
    }

    /// @dev Whatever the trees, the bisection ends at their first difference, in as many moves as the tree
    ///      has levels.
    function testFuzz_bisection_findsTheFirstDifference(uint256 seed, uint8 height, uint256 first)
        public
    {
        height = height % 7 + 1;
        uint256 count = 1 << height;
        first %= count;
        bytes32[][][2] memory trees;
        for (uint256 side = 0; side < 2; ++side) {
            bytes32[] memory leaves = new bytes32[](count);
            for (uint256 i = 0; i < count; ++i) {
                // Beyond the first difference some leaves are the same again.
                bool differs = i == first || (i > first && uint8(seed >> (i % 32)) % 2 == 0);
                leaves[i] = keccak256(abi.encode(seed, i, differs ? side : 0));
            }
            trees[side] = Toy.tree(leaves);
        }
        (bytes32 root, bytes32[] memory top) = (trees[0][height][0], trees[1][height - 1]);
        bisection = Bisections.Bisection(root, top[0], top[1], 0, height);

        uint256 turn = 0;
        for (; bisection.height > 1; turn = 1 - turn) {
            (bytes32 left, bytes32 right, uint256 place) = _opened(trees[turn]);
            if (left == bisection.left) ++place;
            bytes32[] memory below = trees[turn][bisection.height - 2];
            bisection.descend(left, right, below[2 * place], below[2 * place + 1]);
        }
        (bytes32 one, bytes32 two,) = _opened(trees[turn]);
        (uint64 position, bytes32 mine, bytes32 theirs) = bisection.divergence(one, two);
        vm.assertEq(position, first);
        vm.assertEq(mine, trees[turn][0][first]);
        vm.assertEq(theirs, trees[1 - turn][0][first]);
    }

    function test_descend_notChildren_reverts() public {
        bytes32 root = StateTree.parent("l", "r");
        bisection = Bisections.Bisection(root, "x", "r", 0, 2);
        vm.expectRevert(
            abi.encodeWithSelector(
                Bisections.NotChildren.selector, root, bytes32("r"), bytes32("l")
            )
        );
        this.descend("r", "l", 0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Bisections.NotChildren.selector, bytes32("l"), bytes32("a"), bytes32("b")
            )
        );
        this.descend("l", "r", "a", "b");
    }

    function test_descend_atLeaves_reverts() public {
        bisection = Bisections.Bisection(StateTree.parent("l", "r"), "x", "r", 0, 1);
        vm.expectRevert(Bisections.AtLeaves.selector);
        this.descend("l", "r", "a", "b");
    }

    function test_divergence_aboveLeaves_reverts() public {
        bisection = Bisections.Bisection(StateTree.parent("l", "r"), "x", "r", 0, 2);
        vm.expectRevert(abi.encodeWithSelector(Bisections.AboveLeaves.selector, 2));
        this.divergence("l", "r");
    }

    function testFuzz_tree_lastLeafGivesTheChildrenOfTheRoot(uint256 seed, uint8 height)
        public
        view
    {
        height = height % 7 + 1;
        bytes32[] memory leaves = _leaves(seed, height);
        uint256 last = leaves.length - 1;
        (bytes32 left, bytes32 right) = this.childrenByLast(leaves[last], Toy.proof(leaves, last));
        vm.assertEq(StateTree.parent(left, right), Toy.root(leaves));
    }

    function testFuzz_tree_everyLeafIsProven(uint256 seed, uint8 height, uint256 index)
        public
        view
    {
        height = height % 7 + 1;
        bytes32[] memory leaves = _leaves(seed, height);
        index %= leaves.length;
        bytes32[] memory proof = Toy.proof(leaves, index);
        bytes32 root = Toy.root(leaves);
        vm.assertEq(this.rootBy(leaves[index], index, proof), root);
        vm.assertTrue(this.rootBy(leaves[index], index ^ 1, proof) != root);
        vm.assertTrue(this.rootBy("other", index, proof) != root);
    }

    function test_claimOf_whatEndedWellIsItsOutput() public view {
        vm.assertEq(this.claimOf(Toy.encode("root", 9, true, 0, "output")), bytes32("output"));
        vm.assertEq(this.claimOf(Toy.encode("root", 9, true, 1, "output")), Claims.INVALID);
        vm.assertEq(this.claimOf(Toy.encode("root", 9, true, 0xff, "output")), Claims.INVALID);
        vm.assertEq(this.claimOf(Toy.encode("root", 9, false, 0, "output")), Claims.INVALID);
        // Flags that no run reaches.
        bytes memory odd = Toy.encode("root", 9, true, 0, "output");
        odd[48] = 0x02;
        vm.assertEq(this.claimOf(odd), Claims.INVALID);
    }

    function testFuzz_claimOf_otherSizes_revert(uint16 size) public {
        vm.assume(size != 338);
        vm.expectRevert(abi.encodeWithSelector(MachineState.NotAState.selector, size));
        this.claimOf(new bytes(size));
    }

    function testFuzz_clock_countsSeconds(uint32 left, uint32 passed) public {
        clock = Clocks.Clock(left, 0);
        vm.warp(block.timestamp + 5);
        vm.assertEq(clock.remaining(), left);
        clock.start();
        vm.warp(block.timestamp + passed);
        vm.assertEq(clock.remaining(), passed < left ? left - passed : 0);
        vm.assertEq(clock.lateness(), passed > left ? passed - left : 0);
        clock.stop();
        vm.assertEq(clock.left, passed < left ? left - passed : 0);
        vm.assertEq(clock.lateness(), 0);
    }

    function testFuzz_clock_extendAndSpend(uint32 left, uint32 time, uint32 most) public {
        clock = Clocks.Clock(left, 0);
        clock.extend(time, most);
        uint256 sum = uint256(left) + time;
        vm.assertEq(clock.left, sum < most ? sum : most);
        uint256 before = clock.left;
        vm.assertEq(clock.spend(time), before > time ? before - time : 0);
    }

    function test_clock_misused_reverts() public {
        vm.expectRevert(Clocks.ClockMisused.selector);
        this.stopClock();
        clock.start();
        vm.expectRevert(Clocks.ClockMisused.selector);
        this.startClock();
        vm.expectRevert(Clocks.ClockMisused.selector);
        this.extendClock();
        vm.expectRevert(Clocks.ClockMisused.selector);
        this.spendClock();
    }

    function descend(bytes32 left, bytes32 right, bytes32 newLeft, bytes32 newRight) external {
        bisection.descend(left, right, newLeft, newRight);
    }

    function divergence(bytes32 left, bytes32 right) external view {
        bisection.divergence(left, right);
    }

    function childrenByLast(bytes32 leaf, bytes32[] calldata proof)
        external
        pure
        returns (bytes32, bytes32)
    {
        return StateTree.childrenByLast(leaf, proof);
    }

    function rootBy(bytes32 leaf, uint256 index, bytes32[] calldata proof)
        external
        pure
        returns (bytes32)
    {
        return StateTree.rootBy(leaf, index, proof);
    }

    function claimOf(bytes calldata state) external pure returns (bytes32) {
        return MachineState.claimOf(state);
    }

    function startClock() external {
        clock.start();
    }

    function stopClock() external {
        clock.stop();
    }

    function extendClock() external {
        clock.extend(1, 1);
    }

    function spendClock() external {
        clock.spend(1);
    }

    function _opened(bytes32[][] memory tree)
        private
        view
        returns (bytes32 left, bytes32 right, uint256 place)
    {
        uint256 below = bisection.height - 1;
        place = bisection.position >> below;
        (left, right) = (tree[below][place], tree[below][place + 1]);
    }

    function _leaves(uint256 seed, uint256 height) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << height);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }
}
