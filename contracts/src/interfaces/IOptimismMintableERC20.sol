// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title IOptimismMintableERC20
/// @notice A token that stands for one of the other layer, with the OP Stack's ABI.
interface IOptimismMintableERC20 is IERC165 {
    /// @notice The token that it stands for.
    function remoteToken() external view returns (address);

    /// @notice Who makes and burns it.
    function bridge() external view returns (address);

    /// @notice Makes tokens. For the bridge alone.
    function mint(address to, uint256 amount) external;

    /// @notice Burns tokens. For the bridge alone.
    function burn(address from, uint256 amount) external;
}
