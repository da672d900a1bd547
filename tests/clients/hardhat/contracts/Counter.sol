// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// Counts, and says so.
contract Counter {
    event Counted(address indexed by, uint256 number);

    error TooFar(uint256 asked, uint256 limit);

    uint256 public constant LIMIT = 100;
    uint256 public number;

    constructor(uint256 first) {
        number = first;
    }

    function add(uint256 amount) external returns (uint256) {
        uint256 next = number + amount;
        if (next > LIMIT) revert TooFar(next, LIMIT);
        number = next;
        emit Counted(msg.sender, next);
        return next;
    }
}
