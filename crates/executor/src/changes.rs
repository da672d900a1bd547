//! From what revm's journal holds after one transaction to a [`StateDiff`].
//!
//! Invariant: the diff names only what the transaction changed, and an account that is empty afterwards (EIP-161) or
//! was destroyed is gone with all its storage, whatever it held before and in whichever order that happened.

use alloy_primitives::{B256, Bytes, U256};
use revm::state::{Account as EvmAccount, EvmState};
use state::{Account, AccountDiff, StateDiff};

/// The changes of one transaction. `changes` must come from one finalized journal.
pub fn state_diff(changes: &EvmState) -> StateDiff {
    let mut diff = StateDiff::default();
    for (address, account) in changes {
        let Some(change) = AccountChange::of(account) else { continue };
        diff.codes.extend(change.new_code(account));
        let storage = match change.after {
            Some(_) => changed_slots(account).collect(),
            None => Default::default(),
        };
        let AccountChange { after, clears_storage } = change;
        let change = AccountDiff { account: after, storage_cleared: clears_storage, storage };
        diff.accounts.insert(*address, change);
    }
    diff
}

/// What happened to one account, without its slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountChange {
    /// The account afterwards; `None`: it is gone, with all its storage.
    pub after: Option<Account>,
    /// Every slot from before is gone.
    pub clears_storage: bool,
}

impl AccountChange {
    /// `None` if nothing happened to the account, its slots included.
    pub(crate) fn of(account: &EvmAccount) -> Option<Self> {
        if !account.is_touched() {
            return None;
        }
        if account.is_selfdestructed() || account.is_empty() {
            let gone = Self { after: None, clears_storage: true };
            return (!account.is_loaded_as_not_existing()).then_some(gone);
        }
        if !account.is_changed() && !account.is_created() && changed_slots(account).next().is_none()
        {
            return None;
        }
        let after = Account {
            nonce: account.info.nonce,
            balance: account.info.balance,
            code_hash: account.info.code_hash,
        };
        Some(Self { after: Some(after), clears_storage: account.is_created() })
    }

    /// Whether only slots changed, in place.
    #[cfg(feature = "std")]
    pub(crate) fn is_in_slots_alone(&self, account: &EvmAccount) -> bool {
        self.after.is_some() && !self.clears_storage && !account.is_changed()
    }

    /// Code that the account did not have before, with its hash.
    pub(crate) fn new_code(&self, account: &EvmAccount) -> Option<(B256, Bytes)> {
        let after = self.after.filter(Account::has_code)?;
        let code = account.info.code.as_ref()?;
        (after.code_hash != account.original_info().code_hash)
            .then(|| (after.code_hash, code.original_bytes()))
    }
}

/// The slots that a transaction left different from how it found them.
pub(crate) fn changed_slots(account: &EvmAccount) -> impl Iterator<Item = (U256, U256)> {
    account.changed_storage_slots().map(|(slot, value)| (*slot, value.present_value))
}

#[cfg(test)]
mod tests;
