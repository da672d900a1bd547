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
pub use codec::{DiffDecodeError, PackedDiff};

/// Accounts or slots of the state before that are asked for at once: enough that waits for memory overlap, few enough that the
/// answers stay near.
const READ_AT_ONCE: usize = 512;

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

    /// What leads back to `account` and its slots in `before`.
    fn undo<R: StateReader>(
        &self,
        address: &Address,
        account: Option<Account>,
        before: &R,
        slots_of: &mut impl FnMut(&Address) -> Option<Vec<(U256, U256)>>,
    ) -> Result<Self, UndoError<R::Error>> {
        let Some(was) = account else { return Ok(Self::gone()) };
        let storage_cleared = self.clears_storage();
        let storage = if storage_cleared {
            match slots_of(address) {
                Some(slots) => slots.into_iter().collect(),
                None if was.nonce == 0 && !was.has_code() => BTreeMap::new(),
                None => return Err(UndoError::StorageUnknown { address: *address }),
            }
        } else {
            let slots: Vec<_> = self.storage.keys().map(|slot| (*address, *slot)).collect();
            let mut values = Vec::with_capacity(slots.len());
            for slots in slots.chunks(READ_AT_ONCE) {
                values.extend(before.slots(slots).map_err(UndoError::Read)?);
            }
            slots.into_iter().map(|(_, slot)| slot).zip(values).collect()
        };
        Ok(Self { account, storage_cleared, storage })
    }

    /// Changes of one account, one after the other.
    fn merged(changes: &[(Address, &Self)]) -> Self {
        let last = match changes {
            [(_, only)] => return (*only).clone(),
            [.., (_, last)] if last.account.is_some() => *last,
            _ => return Self::gone(),
        };
        let cleared = changes.iter().rposition(|(_, change)| change.clears_storage());
        // What was gone had no slots, and what follows knows of no older ones.
        let since = changes[cleared.unwrap_or(0)..].iter().filter(|(_, c)| c.account.is_some());
        let slots = since.flat_map(|(_, change)| &change.storage);
        // Of equal keys the last one stays.
        let storage = slots.map(|(slot, value)| (*slot, *value)).collect();
        Self { account: last.account, storage_cleared: cleared.is_some(), storage }
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

    /// The diff of all of these, one after the other: the same as if each was merged into those before it, but looked through
    /// in their order instead of searched.
    pub fn merged<'a>(diffs: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut changes, mut codes) = (Vec::new(), BTreeMap::new());
        for diff in diffs {
            changes.extend(diff.accounts.iter().map(|(address, change)| (*address, change)));
            codes.extend(diff.codes.iter().map(|(hash, code)| (*hash, code.clone())));
        }
        // Each diff is sorted already, and those of one account stay in their order.
        changes.sort_by_key(|(address, _)| *address);
        let accounts = changes.chunk_by(|one, next| one.0 == next.0);
        let accounts = accounts.map(|same| (same[0].0, AccountDiff::merged(same)));
        Self { accounts: accounts.collect(), codes }
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
        slots_of: impl FnMut(&Address) -> Option<Vec<(U256, U256)>>,
    ) -> Result<Self, UndoError<R::Error>> {
        let mut accounts = Vec::with_capacity(self.accounts.len());
        self.each_undo(before, slots_of, |address, change| accounts.push((*address, change)))?;
        Ok(Self { accounts: accounts.into_iter().collect(), codes: BTreeMap::new() })
    }

    /// What each changed account was in `before`, in their order.
    fn each_undo<R: StateReader>(
        &self,
        before: &R,
        mut slots_of: impl FnMut(&Address) -> Option<Vec<(U256, U256)>>,
        mut each: impl FnMut(&Address, AccountDiff),
    ) -> Result<(), UndoError<R::Error>> {
        let mut changes = self.accounts.iter();
        let mut addresses = Vec::with_capacity(READ_AT_ONCE);
        loop {
            addresses.clear();
            addresses.extend(changes.clone().take(READ_AT_ONCE).map(|(address, _)| *address));
            if addresses.is_empty() {
                return Ok(());
            }
            let accounts = before.accounts(&addresses).map_err(UndoError::Read)?;
            for (account, (address, change)) in accounts.into_iter().zip(&mut changes) {
                each(address, change.undo(address, account, before, &mut slots_of)?);
            }
        }
    }
}

/// Why the way back from a diff is not known.
#[derive(Debug, thiserror::Error)]
pub enum UndoError<E: core::error::Error + 'static> {
    /// The state before could not be read.
    #[error("read the state before the diff")]
    Read(#[source] E),
    /// The diff clears a contract whose older slots are not listed anywhere.
    #[error("the slots {address} had before it was cleared are not known")]
    StorageUnknown {
        /// Where.
        address: Address,
    },
}
