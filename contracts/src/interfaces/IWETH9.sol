// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IWETH9
/// @notice Ether as an ERC-20 token, one to one, with the interface of WETH9.
interface IWETH9 {
    /// @notice An allowance was set.
    event Approval(address indexed src, address indexed guy, uint256 wad);

    /// @notice Tokens moved.
    event Transfer(address indexed src, address indexed dst, uint256 wad);

    /// @notice Ether was wrapped.
    event Deposit(address indexed dst, uint256 wad);

    /// @notice Ether was unwrapped.
    event Withdrawal(address indexed src, uint256 wad);

    /// @notice The account has less than it wants to spend.
    error BalanceTooSmall(address src, uint256 balance, uint256 wad);

    /// @notice The caller may not spend so much of the account's tokens.
    error AllowanceTooSmall(address src, address guy, uint256 allowed, uint256 wad);

    /// @notice The caller did not accept its ether.
    error TransferFailed(address src);

    /// @notice Wraps the ether sent.
    receive() external payable;

    /// @notice Wraps the ether sent, whatever the call data.
    fallback() external payable;

    /// @notice Wraps the ether sent.
    function deposit() external payable;

    /// @notice Unwraps `wad` of the caller's tokens.
    function withdraw(uint256 wad) external;

    /// @notice Lets `guy` spend up to `wad` of the caller's tokens; the largest number means no limit.
    function approve(address guy, uint256 wad) external returns (bool);

    /// @notice Moves tokens of the caller.
    function transfer(address dst, uint256 wad) external returns (bool);

    /// @notice Moves tokens of `src`, within the caller's allowance.
    function transferFrom(address src, address dst, uint256 wad) external returns (bool);

    /// @notice All tokens there are.
    function totalSupply() external view returns (uint256);

    /// @notice Tokens of an account.
    function balanceOf(address src) external view returns (uint256);

    /// @notice What `guy` may spend of the tokens of `src`.
    function allowance(address src, address guy) external view returns (uint256);

    /// @notice Name of the token.
    function name() external view returns (string memory);

    /// @notice Symbol of the token.
    function symbol() external view returns (string memory);

    /// @notice Decimals of the token.
    function decimals() external view returns (uint8);
}
