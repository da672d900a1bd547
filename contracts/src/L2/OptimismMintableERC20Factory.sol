// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Predeploys} from "../libraries/Predeploys.sol";
import {OptimismMintableERC20} from "../universal/OptimismMintableERC20.sol";

/// @title OptimismMintableERC20Factory
/// @notice Makes tokens on L2 that stand for those of L1, with the OP Stack's ABI. Anybody may: the bridge believes a token
///         made elsewhere as much. One of each remote token, name, symbol and number of decimals.
contract OptimismMintableERC20Factory {
    /// @notice Version of the interface.
    string public constant version = "1.0.0";

    /// @notice The token that each one made here stands for; zero: it was not made here.
    mapping(address localToken => address remoteToken) public deployments;

    /// @notice A token was made.
    event OptimismMintableERC20Created(
        address indexed localToken, address indexed remoteToken, address deployer
    );

    /// @notice The zero address is no token.
    error NoRemoteToken();

    /// @notice Makes a token of 18 decimals.
    function createOptimismMintableERC20(
        address remoteToken,
        string memory name,
        string memory symbol
    ) external returns (address) {
        return createOptimismMintableERC20WithDecimals(remoteToken, name, symbol, 18);
    }

    /// @notice Makes a token.
    function createOptimismMintableERC20WithDecimals(
        address remoteToken,
        string memory name,
        string memory symbol,
        uint8 decimals
    ) public returns (address localToken) {
        if (remoteToken == address(0)) revert NoRemoteToken();
        bytes32 salt = keccak256(abi.encode(remoteToken, name, symbol, decimals));
        localToken = address(
            new OptimismMintableERC20{salt: salt}(bridge(), remoteToken, name, symbol, decimals)
        );
        deployments[localToken] = remoteToken;
        emit OptimismMintableERC20Created(localToken, remoteToken, msg.sender);
    }

    /// @notice Who makes and burns the tokens.
    function bridge() public pure returns (address) {
        return Predeploys.L2_STANDARD_BRIDGE;
    }
}
