//! The state for groups of transactions that touch nothing in common: written in place, and taken back if they do.

use alloy_primitives::{Address, U256};
use revm::state::EvmState;
use state::{Account, StateReader};

use super::{
    AccountValue, Memory, Notes, Place, Read, SlotKey, Stamp,
    table::{Before, Claimant, Claimed},
};
use crate::changes::{AccountChange, changed_slots};

/// What stood before a group wrote.
#[derive(Debug)]
pub(in crate::parallel) struct Undo {
    accounts: Vec<Before<AccountValue>>,
    slots: Vec<Before<U256>>,
}

/// What a group finds in the state.
#[derive(Debug)]
pub(in crate::parallel) struct Looked<T> {
    pub value: T,
    pub read: Read,
    /// All find the same for as long as the run lasts.
    pub is_shared: bool,
}

impl Undo {
    /// With room for what so many transactions write.
    pub(in crate::parallel) fn with_capacity(transactions: usize) -> Self {
        let room = transactions * 2;
        Self { accounts: Vec::with_capacity(room), slots: Vec::with_capacity(room) }
    }
}

impl<R: StateReader> Memory<R> {
    /// The account as a transaction of the group finds it. `None`: another group writes there.
    pub(in crate::parallel) fn account_claimed(
        &self,
        address: &Address,
        by: Claimant,
    ) -> Result<Option<Looked<Option<Account>>>, R::Error> {
        let Some(found) = self.accounts.find_claimed(address, by) else { return Ok(None) };
        let Claimed { place, value, is_shared } = found;
        let read = Read::Account { place, stamp: Stamp::default() };
        if let Some(value) = value {
            return Ok(Some(Looked { value: value.account, read, is_shared }));
        }
        let account = self.store.account(address)?;
        self.accounts.learn(place, AccountValue { account, clears: false });
        Ok(Some(Looked { value: account, read, is_shared }))
    }

    /// The same for a slot.
    pub(in crate::parallel) fn slot_claimed(
        &self,
        key: &SlotKey,
        by: Claimant,
    ) -> Result<Option<Looked<U256>>, R::Error> {
        let Some(found) = self.slots.find_claimed(key, by) else { return Ok(None) };
        let Claimed { place, value, is_shared } = found;
        let read = Read::Slot { place, stamp: Stamp::default(), cleared: Stamp::default() };
        if let Some(value) = value {
            return Ok(Some(Looked { value, read, is_shared }));
        }
        let value = self.stored_slot(key)?;
        self.slots.learn(place, value);
        Ok(Some(Looked { value, read, is_shared }))
    }

    /// Writes what a transaction of the group changed. `false`: it is more than a group may change, or at a place that
    /// another one looks at; some of it may be written.
    pub(in crate::parallel) fn write_claimed(
        &self,
        changes: &EvmState,
        notes: &Notes,
        by: Claimant,
        undo: &mut Undo,
    ) -> bool {
        changes.iter().all(|(address, account)| {
            let Some(change) = AccountChange::of(account) else { return true };
            // New code and cleared storage concern more than one place.
            if change.clears_storage || change.new_code(account).is_some() {
                return false;
            }
            let is_written = change.is_in_slots_alone(account) || {
                let place = self.account_place(address, notes);
                self.write_account_claimed(place, change, by, undo)
            };
            is_written
                && changed_slots(account).all(|(slot, value)| {
                    let place = self.slot_place(&(*address, slot), notes);
                    self.slots.write_claimed(place, by, &mut undo.slots, |_| value)
                })
        })
    }

    /// The same for one account whose storage is not cleared.
    pub(in crate::parallel) fn write_account_claimed(
        &self,
        place: Place,
        change: AccountChange,
        by: Claimant,
        undo: &mut Undo,
    ) -> bool {
        !change.clears_storage
            && self.accounts.write_claimed(place, by, &mut undo.accounts, |before| {
                let clears = before.is_some_and(|before| before.clears);
                AccountValue { account: change.after, clears }
            })
    }

    /// Takes back what a group wrote.
    pub(in crate::parallel) fn take_back(&self, undo: Undo) {
        undo.accounts.into_iter().for_each(|before| self.accounts.restore(before));
        undo.slots.into_iter().for_each(|before| self.slots.restore(before));
    }
}
