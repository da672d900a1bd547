// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICrossDomainMessenger} from "../interfaces/ICrossDomainMessenger.sol";
import {IL2ToL1MessagePasser} from "../interfaces/IL2ToL1MessagePasser.sol";
import {AddressAlias} from "../libraries/AddressAlias.sol";
import {Predeploys} from "../libraries/Predeploys.sol";
import {CrossDomainMessenger} from "../universal/CrossDomainMessenger.sol";

/// @title L2CrossDomainMessenger
/// @notice The messenger on L2: messages to L1 are withdrawals, those from L1 are deposits.
/// @dev Stands there from genesis, which writes its slot 3.
contract L2CrossDomainMessenger is CrossDomainMessenger {
    address private _otherMessenger;

    /// @inheritdoc ICrossDomainMessenger
    function otherMessenger() public view override returns (address) {
        return _otherMessenger;
    }

    function _send(uint64 gasLimit, bytes memory call_) internal override {
        _passer().initiateWithdrawal{value: msg.value}(_otherMessenger, gasLimit, call_);
    }

    function _isFromOtherMessenger() internal view override returns (bool) {
        return AddressAlias.unaliased(msg.sender) == _otherMessenger;
    }

    /// @dev A withdrawal made by this contract would be a message.
    function _isUnsafe(address target) internal view override returns (bool) {
        return target == address(this) || target == address(_passer());
    }

    function _passer() private pure returns (IL2ToL1MessagePasser) {
        return IL2ToL1MessagePasser(payable(Predeploys.L2_TO_L1_MESSAGE_PASSER));
    }
}
