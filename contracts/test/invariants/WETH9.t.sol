// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WETH9} from "../../src/L2/WETH9.sol";
import {vm} from "../Vm.sol";
import {Targets} from "./Targets.sol";

/// @notice Four accounts that wrap, unwrap and move.
contract WETH9Handler {
    WETH9 private immutable weth;

    constructor(WETH9 weth_) {
        weth = weth_;
    }

    function account(uint8 which) public pure returns (address) {
        return address(uint160(0x1000 + which % 4));
    }

    function deposit(uint8 who, uint96 amount) external {
        vm.deal(account(who), amount);
        vm.prank(account(who));
        weth.deposit{value: amount}();
    }

    function withdraw(uint8 who, uint256 amount) external {
        amount %= weth.balanceOf(account(who)) + 1;
        vm.prank(account(who));
        weth.withdraw(amount);
    }

    function transfer(uint8 from, uint8 to, uint256 amount) external {
        amount %= weth.balanceOf(account(from)) + 1;
        vm.prank(account(from));
        weth.transfer(account(to), amount);
    }

    function transferFrom(uint8 by, uint8 from, uint8 to, uint256 amount) external {
        amount %= weth.balanceOf(account(from)) + 1;
        vm.prank(account(from));
        weth.approve(account(by), amount);
        vm.prank(account(by));
        weth.transferFrom(account(from), account(to), amount);
    }
}

contract WETH9Invariants is Targets {
    WETH9 private weth;
    WETH9Handler private handler;

    function setUp() public {
        weth = new WETH9();
        handler = new WETH9Handler(weth);
        callOnly(address(handler));
    }

    function invariant_ether_isTheSumOfAllTokens() public view {
        uint256 sum = 0;
        for (uint8 i = 0; i < 4; ++i) {
            sum += weth.balanceOf(handler.account(i));
        }
        vm.assertEq(address(weth).balance, sum);
        vm.assertEq(weth.totalSupply(), sum);
    }
}
