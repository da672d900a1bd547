// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../../src/interfaces/IStep.sol";
import {Reader, Readers} from "../../src/vm/Reader.sol";
import {vm} from "../Vm.sol";

/// @dev Against a tree in plain Solidity. Proofs have 7 bytes before them, so nothing in them is aligned.
contract ReaderTest {
    uint256 private constant START = 7;

    function read(bytes calldata proof, bytes32 root, uint256 from, uint256 height)
        external
        pure
        returns (bytes memory bytes_)
    {
        Reader memory reader = Readers.open(proof, START, root);
        bytes_ = reader.buffer(from, height);
        reader.close(proof);
    }

    function write(bytes calldata proof, bytes32 root, uint256 place, bytes32 other)
        external
        pure
        returns (bytes32 word, bytes32 changed)
    {
        Reader memory reader = Readers.open(proof, START, root);
        uint256 siblings;
        (word, siblings) = reader.word(place);
        changed = Readers.rootWith(place, other, siblings);
        reader.close(proof);
    }

    function rest(bytes calldata proof, uint256 start) external pure returns (bytes memory bytes_) {
        Reader memory reader = Readers.open(proof, start, bytes32(0));
        bytes_ = reader.rest();
        reader.close(proof);
    }

    function testFuzz_buffer_isOfTheRoot(uint256 seed, uint32 place, uint8 kind) public view {
        uint256 height = kind % 8;
        (bytes memory bytes_, bytes memory siblings, bytes32 root) = _tree(seed, place, height);
        uint256 size = 32 << height;
        bytes memory found = this.read(
            bytes.concat(new bytes(START), bytes_, siblings), root, place / size * size, height
        );
        vm.assertEq(found, bytes_);
    }

    function testFuzz_word_isOfTheRootAndMakesTheNext(uint256 seed, uint32 place, bytes32 other)
        public
        view
    {
        (bytes memory bytes_, bytes memory siblings, bytes32 root) = _tree(seed, place, 0);
        bytes memory proof = bytes.concat(new bytes(START), bytes_, siblings);
        (bytes32 word, bytes32 changed) = this.write(proof, root, place, other);
        vm.assertEq(word, bytes32(bytes_));
        vm.assertEq(changed, _climb(other, place / 32, siblings));
    }

    function testFuzz_buffer_otherByte_reverts(uint256 seed, uint32 place, uint8 kind, uint16 which)
        public
    {
        uint256 height = kind % 4;
        (bytes memory bytes_, bytes memory siblings, bytes32 root) = _tree(seed, place, height);
        bytes memory proof = bytes.concat(new bytes(START), bytes_, siblings);
        uint256 changed = START + which % (proof.length - START);
        proof[changed] = ~proof[changed];
        uint256 from = place / (32 << height) * (32 << height);
        vm.expectRevert(abi.encodeWithSelector(IStep.WrongWords.selector, from));
        this.read(proof, root, from, height);
    }

    function testFuzz_close_otherLength_reverts(uint256 seed, uint32 place, uint8 more) public {
        (bytes memory bytes_, bytes memory siblings, bytes32 root) = _tree(seed, place, 0);
        bytes memory longer =
            bytes.concat(new bytes(START), bytes_, siblings, new bytes(uint256(more) + 1));
        uint256 read_ = longer.length - more - 1;
        vm.expectRevert(abi.encodeWithSelector(IStep.WrongLength.selector, longer.length, read_));
        this.read(longer, root, place / 32 * 32, 0);
    }

    function testFuzz_rest_isAllThatIsLeft(bytes memory proof, uint256 start) public view {
        start %= proof.length + 1;
        bytes memory expected = new bytes(proof.length - start);
        for (uint256 i = 0; i < expected.length; ++i) {
            expected[i] = proof[start + i];
        }
        vm.assertEq(this.rest(proof, start), expected);
    }

    /// @dev The bytes of the buffer that a place is in, siblings, and the root over them.
    function _tree(uint256 seed, uint256 place, uint256 height)
        private
        pure
        returns (bytes memory bytes_, bytes memory siblings, bytes32 root)
    {
        uint256 words = 1 << height;
        bytes32[] memory nodes = new bytes32[](words);
        for (uint256 i = 0; i < words; ++i) {
            nodes[i] = keccak256(abi.encode(seed, "word", i));
            bytes_ = bytes.concat(bytes_, nodes[i]);
        }
        for (; words > 1; words /= 2) {
            for (uint256 i = 0; i < words / 2; ++i) {
                nodes[i] = keccak256(bytes.concat(nodes[2 * i], nodes[2 * i + 1]));
            }
        }
        for (uint256 level = height; level < Readers.HEIGHT; ++level) {
            siblings = bytes.concat(siblings, keccak256(abi.encode(seed, "sibling", level)));
        }
        root = _climb(nodes[0], place / (32 << height), siblings);
    }

    function _climb(bytes32 node, uint256 index, bytes memory siblings)
        private
        pure
        returns (bytes32)
    {
        for (uint256 i = 0; i < siblings.length / 32; ++i) {
            bytes32 sibling;
            assembly ("memory-safe") {
                sibling := mload(add(add(siblings, 32), mul(i, 32)))
            }
            node = index % 2 == 0
                ? keccak256(bytes.concat(node, sibling))
                : keccak256(bytes.concat(sibling, node));
            index /= 2;
        }
        return node;
    }
}
