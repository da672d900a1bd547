// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BenchPair} from "./BenchPair.sol";
import {BenchToken} from "./BenchToken.sol";

/// @title BenchSetup
/// @notice What `braid bench` puts on a chain before it measures: two tokens, a pair with deep reserves, and a way to
/// give many senders ether and tokens in one transaction.
/// @dev Made anew for every workload, so the addresses follow from who creates it and with which nonce: the
/// tokens are its creations 1 and 2, the pair is number 3.
contract BenchSetup {
    error NotTheCreator(address caller);
    error Lengths(uint256 senders, uint256 amounts);
    error NotPaid(address sender);

    uint256 private constant SUPPLY = 1 << 120;
    uint256 private constant RESERVE = 1 << 100;

    address public immutable creator;
    BenchToken public immutable token0;
    BenchToken public immutable token1;
    BenchPair public immutable pair;

    constructor() {
        creator = msg.sender;
        token0 = new BenchToken(SUPPLY);
        token1 = new BenchToken(SUPPLY);
        pair = new BenchPair(token0, token1);
        assert(token0.transfer(address(pair), RESERVE));
        assert(token1.transfer(address(pair), RESERVE));
        pair.fill();
    }

    /// @notice Gives each of `senders` its amount of ether, and `tokens` of both tokens unless that is zero.
    function give(address[] calldata senders, uint256[] calldata amounts, uint256 tokens)
        external
        payable
    {
        if (msg.sender != creator) revert NotTheCreator(msg.sender);
        if (senders.length != amounts.length) revert Lengths(senders.length, amounts.length);
        for (uint256 i = 0; i < senders.length; ++i) {
            if (tokens != 0) {
                assert(token0.transfer(senders[i], tokens));
                assert(token1.transfer(senders[i], tokens));
            }
            (bool paid,) = senders[i].call{value: amounts[i]}("");
            if (!paid) revert NotPaid(senders[i]);
        }
    }
}
