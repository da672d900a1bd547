// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Counter} from "../src/Counter.sol";

/// Runs on a fork of the chain, on the counter that the script deployed.
contract CounterTest {
    function test_the_fork_has_what_was_deployed() external {
        Counter counter = Counter(vmAddress());
        require(counter.number() == 42, "not the number that was broadcast");
        require(counter.add(8) == 50, "the fork does not count");
        try counter.add(51) {
            revert("counted too far");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(Counter.TooFar.selector, 101, 100);
            require(keccak256(reason) == keccak256(expected), "another reason");
        }
    }

    function vmAddress() private view returns (address) {
        (bool done, bytes memory answer) = address(uint160(uint256(keccak256("hevm cheat code")))).staticcall(
            abi.encodeWithSignature("envAddress(string)", "BRAID_COUNTER")
        );
        require(done, "BRAID_COUNTER is not set");
        return abi.decode(answer, (address));
    }
}
