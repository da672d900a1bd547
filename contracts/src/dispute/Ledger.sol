// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Ledger
/// @notice What accounts are owed and take out themselves: nobody else's move depends on whether they can
///         be paid.
/// @dev Invariant: an account is paid what it was credited, once. The only call that leaves these contracts
///      with ether is in `withdraw`, after all that it changes.
abstract contract Ledger {
    /// @notice Where stakes go that nobody has won.
    address public constant NOBODY = 0x000000000000000000000000000000000000dEaD;

    /// @notice What an account can take out, in wei.
    mapping(address account => uint256) public credit;

    event Credited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);

    error NothingToWithdraw(address account);
    error TransferFailed(address account);

    /// @notice Pays an account what it was credited. Anybody may call it.
    function withdraw(address account) external {
        uint256 amount = credit[account];
        if (amount == 0) revert NothingToWithdraw(account);
        credit[account] = 0;
        emit Withdrawn(account, amount);
        (bool paid,) = account.call{value: amount}("");
        if (!paid) revert TransferFailed(account);
    }

    function _credit(address account, uint256 amount) internal {
        if (amount == 0) return;
        credit[account] += amount;
        emit Credited(account, amount);
    }
}
