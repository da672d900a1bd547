//! Looking at what the next transactions are expected to touch, all at once: the waits for memory and for the store overlap.
//!
//! An expectation may be wrong. Then something is kept that nobody looks at, or a transaction looks for itself.

use alloy_primitives::Address;
use state::StateReader;

use super::{KEPT_ACCOUNTS_MAX, KEPT_SLOTS_MAX, Ledger};
use crate::parallel::{Key, memory::SlotKey};

/// Keys of the next transactions.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    accounts: Vec<Address>,
    slots: Vec<SlotKey>,
}

impl<R: StateReader> Ledger<R> {
    /// Looks at what is not kept yet, as far as half of what may be kept: the rest would have to go before it is used. A
    /// store that fails will be met again by whoever needs it.
    pub(in crate::parallel) fn preload<'a>(&mut self, keys: impl Iterator<Item = &'a Key>) {
        let Self { database, kept, wanted: Wanted { accounts, slots }, .. } = self;
        accounts.clear();
        slots.clear();
        let view = &database.reader;
        for key in keys {
            if accounts.len() * 2 >= KEPT_ACCOUNTS_MAX || slots.len() * 2 >= KEPT_SLOTS_MAX {
                break;
            }
            match *key {
                Key::Account { address, .. } | Key::Contract { address } => {
                    if kept.account(&address).is_none() && !view.vaults().contains(&address) {
                        accounts.push(address);
                    }
                }
                Key::Slot { address, slot, .. } => slots.push((address, slot)),
            }
        }
        let (memory, by) = (view.memory(), view.claimant());
        let looked = memory.look_at_accounts(accounts, by, |at, place, found| {
            let address = accounts[at];
            if kept.account(&address).is_none() {
                kept.add_account(address, place, found);
            }
        });
        if looked.is_err() {
            return;
        }
        // What is kept of an account whose storage was cleared is written down, so these are as they stand.
        slots.retain(|(address, slot)| {
            let of = kept.account(address);
            of.is_some_and(|of| !kept.has_slot(of, slot))
        });
        let _ = memory.look_at_slots(slots, by, |at, place, value| {
            let (address, slot) = &slots[at];
            if let Some(of) = kept.account(address) {
                kept.add_slot(of, slot, place, value);
            }
        });
    }
}
