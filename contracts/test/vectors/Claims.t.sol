// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claims} from "../../src/libraries/Claims.sol";
import {Vectors} from "./Vectors.t.sol";

/// @notice Claims of blocks, as the dispute contracts hash them.
contract ClaimsVectorsTest is Vectors {
    using Claims for Claims.BlockClaim;

    function test_claims() public {
        string[] memory cases = new string[](8);
        for (uint64 i = 0; i < 8; ++i) {
            uint64 l1Number = uint64(uint256(seed("l1", i)) >> (8 * i));
            uint32 entries = i % 3 == 0 ? type(uint32).max : 7 * uint32(i);
            Claims.BlockClaim memory claim = Claims.BlockClaim({
                blockHash: seed("block", i),
                stateRoot: seed("state", i),
                withdrawalsRoot: seed("withdrawals", i),
                cursor: bytes32(uint256(l1Number) << 64 | uint256(entries) << 32 | i),
                originHash: seed("origin", i),
                sequenceNumber: i == 7 ? type(uint64).max : i,
                number: uint64(uint256(seed("number", i)) >> (8 * i))
            });
            string memory text = hash("blockHash", claim.blockHash);
            text = join(text, hash("stateRoot", claim.stateRoot));
            text = join(text, hash("withdrawalsRoot", claim.withdrawalsRoot));
            text = join(text, number("cursorL1", l1Number));
            text = join(text, number("cursorEntries", entries));
            text = join(text, number("cursorBlocks", i));
            text = join(text, hash("originHash", claim.originHash));
            text = join(text, number("sequenceNumber", claim.sequenceNumber));
            text = join(text, number("number", claim.number));
            text = join(text, hash("claim", claim.hash()));
            text = join(text, hash("outputRoot", claim.outputRoot()));
            cases[i] = join(text, hash("invalid", Claims.INVALID));
        }
        check("claims", cases);
    }
}
