// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IOptimismMintableERC20} from "../interfaces/IOptimismMintableERC20.sol";

/// @title OptimismMintableERC20
/// @notice See IOptimismMintableERC20.
contract OptimismMintableERC20 is ERC20, IOptimismMintableERC20 {
    /// @notice Version of the interface.
    string public constant version = "1.0.0";

    /// @inheritdoc IOptimismMintableERC20
    address public immutable bridge;

    /// @inheritdoc IOptimismMintableERC20
    address public immutable remoteToken;

    uint8 private immutable _decimals;

    /// @notice Tokens were made.
    event Mint(address indexed account, uint256 amount);

    /// @notice Tokens were burnt.
    event Burn(address indexed account, uint256 amount);

    /// @notice Only the bridge makes and burns tokens.
    error NotBridge(address caller);

    modifier onlyBridge() {
        if (msg.sender != bridge) revert NotBridge(msg.sender);
        _;
    }

    /// @param bridge_      Who makes and burns it.
    /// @param remoteToken_ The token that it stands for.
    /// @param name_        Its name.
    /// @param symbol_      Its symbol.
    /// @param decimals_    Those of the token that it stands for.
    constructor(
        address bridge_,
        address remoteToken_,
        string memory name_,
        string memory symbol_,
        uint8 decimals_
    ) ERC20(name_, symbol_) {
        bridge = bridge_;
        remoteToken = remoteToken_;
        _decimals = decimals_;
    }

    /// @inheritdoc IOptimismMintableERC20
    function mint(address to, uint256 amount) external onlyBridge {
        _mint(to, amount);
        emit Mint(to, amount);
    }

    /// @inheritdoc IOptimismMintableERC20
    function burn(address from, uint256 amount) external onlyBridge {
        _burn(from, amount);
        emit Burn(from, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IOptimismMintableERC20).interfaceId;
    }
}
