// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {ICrossDomainMessenger} from "../interfaces/ICrossDomainMessenger.sol";
import {IOptimismMintableERC20} from "../interfaces/IOptimismMintableERC20.sol";
import {IStandardBridge} from "../interfaces/IStandardBridge.sol";
import {MinGasCall} from "../libraries/MinGasCall.sol";

/// @title StandardBridge
/// @notice See IStandardBridge.
/// @dev Invariant: of each token of this side the bridge holds at least the sum of its `deposits`.
abstract contract StandardBridge is IStandardBridge {
    using SafeERC20 for IERC20;

    /// @notice What crosses, as the events say it.
    struct Transfer {
        address localToken;
        address remoteToken;
        address from;
        address to;
        uint256 amount;
        bytes extraData;
    }

    /// @dev Both tokens of a transfer of ether.
    address internal constant ETHER = address(0);

    /// @dev Gas that is given on with ether that is sent here without a word.
    uint32 private constant RECEIVE_GAS_LIMIT = 200_000;

    /// @dev Gas that is kept for an event after ether is given out.
    uint256 private constant GAS_AFTER_CALL = 10_000;

    /// @inheritdoc IStandardBridge
    string public constant version = "1.0.0";

    /// @inheritdoc IStandardBridge
    mapping(address localToken => mapping(address remoteToken => uint256)) public deposits;

    /// @dev Also an account that has delegated to code (EIP-7702) has its address on both sides.
    modifier onlyAccount() {
        if (msg.sender != tx.origin) revert CallerIsContract(msg.sender);
        _;
    }

    modifier onlyOtherBridge() {
        ICrossDomainMessenger by = ICrossDomainMessenger(messenger());
        if (msg.sender != address(by) || by.xDomainMessageSender() != otherBridge()) {
            revert NotOtherBridge();
        }
        _;
    }

    /// @inheritdoc IStandardBridge
    receive() external payable onlyAccount {
        _bridgeETH(msg.sender, RECEIVE_GAS_LIMIT, "");
    }

    /// @inheritdoc IStandardBridge
    function bridgeETH(uint32 minGasLimit, bytes calldata extraData) external payable onlyAccount {
        _bridgeETH(msg.sender, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function bridgeETHTo(address to, uint32 minGasLimit, bytes calldata extraData)
        external
        payable
    {
        _bridgeETH(to, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function bridgeERC20(
        address localToken,
        address remoteToken,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external onlyAccount {
        _bridgeERC20(localToken, remoteToken, msg.sender, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function bridgeERC20To(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) external {
        _bridgeERC20(localToken, remoteToken, to, amount, minGasLimit, extraData);
    }

    /// @inheritdoc IStandardBridge
    function finalizeBridgeETH(address from, address to, uint256 amount, bytes calldata extraData)
        external
        payable
        onlyOtherBridge
    {
        if (msg.value != amount) revert WrongValue();
        if (to == address(this) || to == messenger()) revert BadRecipient(to);
        _hasCome(Transfer(ETHER, ETHER, from, to, amount, extraData));
        emit ETHBridgeFinalized(from, to, amount, extraData);
        if (!MinGasCall.call(to, amount, "", GAS_AFTER_CALL)) revert EtherRefused(to);
    }

    /// @inheritdoc IStandardBridge
    function finalizeBridgeERC20(
        address localToken,
        address remoteToken,
        address from,
        address to,
        uint256 amount,
        bytes calldata extraData
    ) external onlyOtherBridge {
        if (to == address(this)) revert BadRecipient(to);
        _hasCome(Transfer(localToken, remoteToken, from, to, amount, extraData));
        emit ERC20BridgeFinalized(localToken, remoteToken, from, to, amount, extraData);
        if (_standsFor(localToken, remoteToken)) {
            IOptimismMintableERC20(localToken).mint(to, amount);
        } else {
            deposits[localToken][remoteToken] -= amount;
            IERC20(localToken).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IStandardBridge
    function messenger() public view virtual returns (address);

    /// @inheritdoc IStandardBridge
    function otherBridge() public view virtual returns (address);

    /// @dev Emits the older event of what has left.
    function _hasLeft(Transfer memory made) internal virtual;

    /// @dev Emits the older event of what has come.
    function _hasCome(Transfer memory made) internal virtual;

    function _bridgeETH(address to, uint32 minGasLimit, bytes memory extraData) internal {
        _hasLeft(Transfer(ETHER, ETHER, msg.sender, to, msg.value, extraData));
        emit ETHBridgeInitiated(msg.sender, to, msg.value, extraData);
        bytes memory call_ =
            abi.encodeCall(this.finalizeBridgeETH, (msg.sender, to, msg.value, extraData));
        _send(msg.value, call_, minGasLimit);
    }

    function _bridgeERC20(
        address localToken,
        address remoteToken,
        address to,
        uint256 amount,
        uint32 minGasLimit,
        bytes calldata extraData
    ) internal {
        if (_standsFor(localToken, remoteToken)) {
            IOptimismMintableERC20(localToken).burn(msg.sender, amount);
        } else {
            IERC20 token = IERC20(localToken);
            uint256 before = token.balanceOf(address(this));
            token.safeTransferFrom(msg.sender, address(this), amount);
            if (token.balanceOf(address(this)) != before + amount) {
                revert FeeOnTransfer(localToken);
            }
            deposits[localToken][remoteToken] += amount;
        }
        _hasLeft(Transfer(localToken, remoteToken, msg.sender, to, amount, extraData));
        emit ERC20BridgeInitiated(localToken, remoteToken, msg.sender, to, amount, extraData);
        // What is local here is remote there.
        bytes memory call_ = abi.encodeCall(
            this.finalizeBridgeERC20, (remoteToken, localToken, msg.sender, to, amount, extraData)
        );
        _send(0, call_, minGasLimit);
    }

    function _send(uint256 value, bytes memory call_, uint32 minGasLimit) private {
        ICrossDomainMessenger(messenger()).sendMessage{value: value}(
            otherBridge(), call_, minGasLimit
        );
    }

    /// @dev Whether a token says that it stands for one of the other side; that must then be the one that is named.
    function _standsFor(address localToken, address remoteToken) private view returns (bool) {
        bytes4 id = type(IOptimismMintableERC20).interfaceId;
        if (!ERC165Checker.supportsInterface(localToken, id)) return false;
        if (IOptimismMintableERC20(localToken).remoteToken() != remoteToken) {
            revert WrongRemoteToken(localToken, remoteToken);
        }
        return true;
    }
}
