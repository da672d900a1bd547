// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BenchToken} from "./BenchToken.sol";

/// @title BenchPair
/// @notice The exchange of `braid bench`: two tokens, a constant product, a fee of 0.3 % that stays in the pair.
/// @dev Invariant: no swap makes the product of the reserves smaller. Every swap writes the same slot, so all
/// swaps of a block depend on one another: that is what they are there to measure.
contract BenchPair {
    event Swap(address indexed sender, bool indexed isZeroIn, uint256 amountIn, uint256 amountOut);

    error NothingSwapped();
    error OutputTooSmall(uint256 amountOut, uint256 amountOutMin);
    error ReserveTooLarge(uint256 reserve);
    error AlreadyFilled();

    BenchToken public immutable token0;
    BenchToken public immutable token1;
    uint128 public reserve0;
    uint128 public reserve1;

    constructor(BenchToken first, BenchToken second) {
        token0 = first;
        token1 = second;
    }

    /// @notice Takes what it was sent of both tokens as its reserves; once.
    function fill() external {
        if (reserve0 != 0 || reserve1 != 0) revert AlreadyFilled();
        _keep(token0.balanceOf(address(this)), token1.balanceOf(address(this)));
    }

    /// @notice Takes `amountIn` of one token, by the caller's allowance, and pays the other one out.
    /// @param isZeroIn Whether `token0` is paid in.
    function swap(bool isZeroIn, uint256 amountIn, uint256 amountOutMin)
        external
        returns (uint256 amountOut)
    {
        (uint256 reserveIn, uint256 reserveOut) = isZeroIn
            ? (uint256(reserve0), uint256(reserve1))
            : (uint256(reserve1), uint256(reserve0));
        uint256 net = amountIn * 997;
        amountOut = net * reserveOut / (reserveIn * 1000 + net);
        if (amountOut == 0) revert NothingSwapped();
        if (amountOut < amountOutMin) revert OutputTooSmall(amountOut, amountOutMin);
        (reserveIn, reserveOut) = (reserveIn + amountIn, reserveOut - amountOut);
        if (isZeroIn) _keep(reserveIn, reserveOut);
        else _keep(reserveOut, reserveIn);
        emit Swap(msg.sender, isZeroIn, amountIn, amountOut);
        (BenchToken paid, BenchToken got) = isZeroIn ? (token0, token1) : (token1, token0);
        // Both revert where they fail.
        assert(paid.transferFrom(msg.sender, address(this), amountIn));
        assert(got.transfer(msg.sender, amountOut));
    }

    function _keep(uint256 first, uint256 second) private {
        if (first > type(uint128).max) revert ReserveTooLarge(first);
        if (second > type(uint128).max) revert ReserveTooLarge(second);
        // forge-lint: disable-next-line(unsafe-typecast) both were compared above
        (reserve0, reserve1) = (uint128(first), uint128(second));
    }
}
