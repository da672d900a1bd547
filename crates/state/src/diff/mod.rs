//! What changed in the state over a transaction, a sub-block, a block or many: the new values, sorted.
//!
//! A diff is not a log: it holds the last value of each place. Old values are not in it; `undo` reads them.
//!
//! Invariant: `merge` is application in order, and `apply(undo)` after `apply` gives back the state before.

mod codec;
#[cfg(test)]
mod tests;

use alloc::{collections::BTreeMap, collections::btree_map::Entry, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{Account, StateReader};
pub use codec::DiffDecodeError;

/// The changes of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountDiff {
    /// The account afterwards; `None`: it is gone, with all its storage.
    pub account: Option<Account>,
    /// Every slot from before is gone; `storage` is all there is now.
    pub storage_cleared: bool,
    /// Slots written, with their new value; zero means deleted.
    pub storage: BTreeMap<U256, U256>,
}

impl AccountDiff {
    /// The account no longer exists.
    pub fn gone() -> Self {
        Self { account: None, storage_cleared: true, storage: BTreeMap::new() }
    }

    /// Whether older slots are gone: cleared, or their account is.
    pub fn clears_storage(&self) -> bool {
        self.storage_cleared || self.account.is_none()
    }

    fn merge(&mut self, later: &Self) {
        self.account = later.account;
        if later.account.is_none() {
            *self = Self::gone();
        } else if later.storage_cleared {
            self.storage_cleared = true;
            self.storage.clone_from(&later.storage);
        } else {
            self.storage.extend(&later.storage);
        }
    }
}

/// The changes of a whole state, sorted by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDiff {
    /// Changed accounts.
    pub accounts: BTreeMap<Address, AccountDiff>,
    /// Code that is new, by its hash. Code is never removed: accounts forget it, the store keeps it.
    pub codes: BTreeMap<B256, Bytes>,
}

impl StateDiff {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.codes.is_empty()
    }

    /// Makes this the diff of itself followed by `later`.
    pub fn merge(&mut self, later: &Self) {
        for (address, change) in &later.accounts {
            match self.accounts.entry(*address) {
                Entry::Vacant(place) => {
                    place.insert(change.clone());
                }
                // An account that was already gone has no older slots, whatever `later` says.
                Entry::Occupied(mut place) => {
                    let gone = place.get().account.is_none();
                    let known = place.get_mut();
                    known.merge(change);
                    known.storage_cleared |= gone;
                }
            }
        }
        self.codes.extend(later.codes.iter().map(|(hash, code)| (*hash, code.clone())));
    }

    /// The diff that leads back to `before`, the state this diff is applied to.
    ///
    /// An account that is cleared although it had a nonce or code in `before` may have had slots that no
    /// reader can list; see [`Self::undo_with`] for that case.
    pub fn undo<R: StateReader>(&self, before: &R) -> Result<Self, UndoError<R::Error>> {
        self.undo_with(before, |_| None)
    }

    /// Like [`Self::undo`]; `slots_of` lists every non-zero slot that an account has in `before`. It is asked only
    /// for accounts that are cleared by this diff and existed before, which under EIP-6780 no longer happens
    /// to a contract from an earlier transaction.
    pub fn undo_with<R: StateReader>(
        &self,
        before: &R,
        mut slots_of: impl FnMut(&Address) -> Option<Vec<(U256, U256)>>,
    ) -> Result<Self, UndoError<R::Error>> {
        let mut accounts = BTreeMap::new();
        for (address, change) in &self.accounts {
            let read = |source| UndoError::Read { address: *address, source };
            let Some(account) = before.account(address).map_err(read)? else {
                accounts.insert(*address, AccountDiff::gone());
                continue;
            };
            let storage_cleared = change.clears_storage();
            let storage = if storage_cleared {
                match slots_of(address) {
                    Some(slots) => slots.into_iter().collect(),
                    None if account.nonce == 0 && !account.has_code() => BTreeMap::new(),
                    None => return Err(UndoError::StorageUnknown { address: *address }),
                }
            } else {
                let slots = change.storage.keys();
                slots
                    .map(|slot| Ok((*slot, before.storage(address, slot)?)))
                    .collect::<Result<_, _>>()
                    .map_err(read)?
            };
            let account = Some(account);
            accounts.insert(*address, AccountDiff { account, storage_cleared, storage });
        }
        Ok(Self { accounts, codes: BTreeMap::new() })
    }
}

/// Why the way back from a diff is not known.
#[derive(Debug, thiserror::Error)]
pub enum UndoError<E: core::error::Error + 'static> {
    /// The state before could not be read.
    #[error("read {address} in the state before the diff")]
    Read {
        /// Where.
        address: Address,
        /// Why.
        #[source]
        source: E,
    },
    /// The diff clears a contract whose older slots are not listed anywhere.
    #[error("the slots {address} had before it was cleared are not known")]
    StorageUnknown {
        /// Where.
        address: Address,
    },
}
