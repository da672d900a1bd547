// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IWETH9} from "../interfaces/IWETH9.sol";

/// @title WETH9
/// @notice See IWETH9.
/// @dev Invariant: the balance of ether is at least the sum of all tokens.
contract WETH9 is IWETH9 {
    /// @inheritdoc IWETH9
    string public constant name = "Wrapped Ether";
    /// @inheritdoc IWETH9
    string public constant symbol = "WETH";
    /// @inheritdoc IWETH9
    uint8 public constant decimals = 18;

    /// @inheritdoc IWETH9
    mapping(address src => uint256) public balanceOf;
    /// @inheritdoc IWETH9
    mapping(address src => mapping(address guy => uint256)) public allowance;

    /// @inheritdoc IWETH9
    receive() external payable {
        deposit();
    }

    /// @inheritdoc IWETH9
    fallback() external payable {
        deposit();
    }

    /// @inheritdoc IWETH9
    function withdraw(uint256 wad) external {
        uint256 balance = balanceOf[msg.sender];
        if (balance < wad) revert BalanceTooSmall(msg.sender, balance, wad);
        balanceOf[msg.sender] = balance - wad;
        emit Withdrawal(msg.sender, wad);
        (bool paid,) = msg.sender.call{value: wad}("");
        if (!paid) revert TransferFailed(msg.sender);
    }

    /// @inheritdoc IWETH9
    function approve(address guy, uint256 wad) external returns (bool) {
        allowance[msg.sender][guy] = wad;
        emit Approval(msg.sender, guy, wad);
        return true;
    }

    /// @inheritdoc IWETH9
    function transfer(address dst, uint256 wad) external returns (bool) {
        return transferFrom(msg.sender, dst, wad);
    }

    /// @inheritdoc IWETH9
    function totalSupply() external view returns (uint256) {
        return address(this).balance;
    }

    /// @inheritdoc IWETH9
    function deposit() public payable {
        balanceOf[msg.sender] += msg.value;
        emit Deposit(msg.sender, msg.value);
    }

    /// @inheritdoc IWETH9
    function transferFrom(address src, address dst, uint256 wad) public returns (bool) {
        uint256 balance = balanceOf[src];
        if (balance < wad) revert BalanceTooSmall(src, balance, wad);
        if (src != msg.sender) _spendAllowance(src, wad);
        balanceOf[src] = balance - wad;
        balanceOf[dst] += wad;
        emit Transfer(src, dst, wad);
        return true;
    }

    function _spendAllowance(address src, uint256 wad) private {
        uint256 allowed = allowance[src][msg.sender];
        if (allowed == type(uint256).max) return;
        if (allowed < wad) revert AllowanceTooSmall(src, msg.sender, allowed, wad);
        allowance[src][msg.sender] = allowed - wad;
    }
}
