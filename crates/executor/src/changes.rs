//! From what revm's journal holds after one transaction to a [`StateDiff`].
//!
//! Invariant: the diff names only what the transaction changed, and an account that is empty afterwards (EIP-161) or
//! was destroyed is gone with all its storage, whatever it held before and in whichever order that happened.

use alloc::collections::BTreeMap;
use revm::state::{Account as EvmAccount, EvmState};
use state::{Account, AccountDiff, StateDiff};

/// The changes of one transaction. `changes` must come from one finalized journal.
pub fn state_diff(changes: &EvmState) -> StateDiff {
    let mut diff = StateDiff::default();
    for (address, account) in changes {
        let Some(account_diff) = account_diff(account) else { continue };
        if let (Some(after), Some(code)) = (&account_diff.account, &account.info.code)
            && after.has_code()
            && after.code_hash != account.original_info().code_hash
        {
            diff.codes.insert(after.code_hash, code.original_bytes());
        }
        diff.accounts.insert(*address, account_diff);
    }
    diff
}

/// What happened to one account, or `None` if nothing did.
fn account_diff(account: &EvmAccount) -> Option<AccountDiff> {
    if !account.is_touched() {
        return None;
    }
    if account.is_selfdestructed() || account.is_empty() {
        return (!account.is_loaded_as_not_existing()).then(AccountDiff::gone);
    }
    let storage: BTreeMap<_, _> =
        account.changed_storage_slots().map(|(slot, value)| (*slot, value.present_value)).collect();
    if !account.is_changed() && !account.is_created() && storage.is_empty() {
        return None;
    }
    let after = Account {
        nonce: account.info.nonce,
        balance: account.info.balance,
        code_hash: account.info.code_hash,
    };
    Some(AccountDiff { account: Some(after), storage_cleared: account.is_created(), storage })
}

#[cfg(test)]
mod tests;
