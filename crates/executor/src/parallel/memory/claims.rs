//! The state for groups of transactions that touch nothing in common: written in place, and taken back if they do.

use alloy_primitives::{Address, U256};
use state::{Account, StateReader};

use super::{
    AccountValue, Memory, Place, Read, SlotKey, Stamp,
    table::{Before, Claimant, Claimed},
};
use crate::{changes::AccountChange, parallel::ledger::Kept};

/// What stood before a group wrote.
#[derive(Debug)]
pub(in crate::parallel) struct Undo {
    accounts: Vec<Before<AccountValue>>,
    slots: Vec<Before<U256>>,
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
    ) -> Result<Option<(Option<Account>, Read)>, R::Error> {
        let Some(found) = self.accounts.find_claimed(address, by) else { return Ok(None) };
        let Claimed { place, value } = found;
        let read = Read::Account { place, stamp: Stamp::default() };
        if let Some(value) = value {
            return Ok(Some((value.account, read)));
        }
        let account = self.store.account(address)?;
        self.accounts.learn(place, AccountValue { account, clears: false });
        Ok(Some((account, read)))
    }

    /// The same for a slot.
    pub(in crate::parallel) fn slot_claimed(
        &self,
        key: &SlotKey,
        by: Claimant,
    ) -> Result<Option<(U256, Read)>, R::Error> {
        let Some(found) = self.slots.find_claimed(key, by) else { return Ok(None) };
        let Claimed { place, value } = found;
        let read = Read::Slot { place, stamp: Stamp::default(), cleared: Stamp::default() };
        if let Some(value) = value {
            return Ok(Some((value, read)));
        }
        let value = self.stored_slot(key)?;
        self.slots.learn(place, value);
        Ok(Some((value, read)))
    }

    /// Writes what transactions of the group changed. `false`: it is more than a group may change, or at a place that
    /// another one looks at; some of it may be written.
    pub(in crate::parallel) fn write_claimed(
        &self,
        kept: &Kept,
        by: Claimant,
        undo: &mut Undo,
    ) -> bool {
        // New code and cleared storage concern more than one place.
        kept.written_accounts().all(|(_, place, change, code)| {
            code.is_none() && self.write_account_claimed(place, change, by, undo)
        }) && kept.written_slots().all(|(key, place, value)| {
            let place = place.unwrap_or_else(|| self.slots.place(&key));
            self.slots.write_claimed(place, by, &mut undo.slots, |_| value)
        })
    }

    /// The same for one account.
    fn write_account_claimed(
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
