//! The state of one block while it is executed: what was read from the store, what the block has changed so far, and
//! what the transactions in flight have written. All threads share it.
//!
//! A transaction sees the writes of those before it. Accounts, with their code hash, have versions, so a change of
//! code (EIP-7702) is one; slots have versions; and an account's version says whether it cleared the storage, so that
//! a slot written before a destruction is gone after it. Code itself never changes under its hash.
//!
//! Invariant: once all versions are collapsed, a read gives what serial execution would have given.

mod alone;
mod claims;
mod diff;
mod look;
mod notes;
mod spare;
mod table;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressSet, B256Map},
};
use parking_lot::Mutex;
use revm::state::EvmState;
use state::{Account, StateReader};

use super::{ledger::Kept, report::HotPlace};
use crate::changes::{AccountChange, changed_slots};
pub(super) use claims::Undo;
pub(super) use notes::{Notes, Read};
pub(super) use spare::SpareTables;
use spare::Tables;
use table::Table;
pub(super) use table::{Claimant, Key as TableKey, Place, Stamp, Turn};

/// A slot of an account.
pub(super) type SlotKey = (Address, U256);

/// The state of an open block above the store `R`.
#[derive(Debug)]
pub(super) struct Memory<R> {
    store: R,
    accounts: Table<Address, AccountValue>,
    slots: Table<SlotKey, U256>,
    spare: Arc<SpareTables>,
    codes: Mutex<NewCodes>,
    /// Accounts whose slots in the store do not count any more.
    void: Mutex<AddressSet>,
    any_void: AtomicBool,
    /// Whether a version in flight clears storage. Set before the version is published.
    any_clears: AtomicBool,
}

/// An account, and what that means for its storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AccountValue {
    pub account: Option<Account>,
    /// The transaction cleared the storage; where the value stands: some transaction did since the last diff was taken.
    pub clears: bool,
}

#[derive(Debug, Default)]
struct NewCodes {
    all: B256Map<Bytes>,
    /// Those of committed transactions that no diff has named.
    fresh: Vec<B256>,
}

/// What a transaction wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub places: Vec<Write>,
    /// Hashes of new code.
    pub codes: Vec<B256>,
}

/// Where a transaction wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Write {
    Account(Place),
    Slot(Place),
}

impl<R: StateReader> Memory<R> {
    /// Above `store`, which must stay the state of one moment.
    pub(super) fn new(store: R, spare: Arc<SpareTables>) -> Self {
        let Tables { accounts, slots } = spare.take();
        Self {
            store,
            accounts,
            slots,
            spare,
            codes: Mutex::default(),
            void: Mutex::default(),
            any_void: AtomicBool::new(false),
            any_clears: AtomicBool::new(false),
        }
    }

    /// The account as the transaction at `turn` finds it.
    pub(super) fn account(
        &self,
        address: &Address,
        turn: Turn,
    ) -> Result<(Option<Account>, Read), R::Error> {
        let found = self.accounts.find(address, turn);
        let read = Read::Account { place: found.place, stamp: found.stamp };
        if let Some(value) = found.value {
            return Ok((value.account, read));
        }
        let account = self.store.account(address)?;
        self.accounts.learn(found.place, AccountValue { account, clears: false });
        Ok((account, read))
    }

    /// The account as the transaction at `turn` finds it, which was looked at before, so that nothing has to be read; and its place.
    pub(super) fn known_account(&self, address: &Address, turn: Turn) -> (Option<Account>, Place) {
        let found = self.accounts.find(address, turn);
        (found.value.expect("looked at when the block was opened").account, found.place)
    }

    /// The slot as the transaction at `turn` finds it.
    pub(super) fn slot(&self, key: &SlotKey, turn: Turn) -> Result<(U256, Read), R::Error> {
        let found = self.slots.find(key, turn);
        let cleared = self.cleared(&key.0, turn);
        let read = Read::Slot { place: found.place, stamp: found.stamp, cleared };
        if cleared.turn > found.stamp.turn {
            return Ok((U256::ZERO, read));
        }
        if let Some(value) = found.value {
            return Ok((value, read));
        }
        let value = self.stored_slot(key)?;
        self.slots.learn(found.place, value);
        Ok((value, read))
    }

    /// The slot as it was before the block, or since its account was cleared.
    fn stored_slot(&self, key: &SlotKey) -> Result<U256, R::Error> {
        if self.is_void(&key.0) { Ok(U256::ZERO) } else { self.store.storage(&key.0, &key.1) }
    }

    /// The code of a hash.
    pub(super) fn code(&self, hash: &B256) -> Result<Bytes, R::Error> {
        if let Some(code) = self.codes.lock().all.get(hash) {
            return Ok(code.clone());
        }
        self.store.code(hash)
    }

    /// The hash of an earlier block.
    pub(super) fn block_hash(&self, number: u64) -> Result<B256, R::Error> {
        self.store.block_hash(number)
    }

    /// Whether the transaction at `turn` would find the same again.
    pub(super) fn still_holds(&self, read: &Read, turn: Turn) -> bool {
        match *read {
            Read::Account { place, stamp } => self.accounts.stamp(place, turn) == stamp,
            Read::Slot { place, stamp, cleared } => {
                self.slots.stamp(place, turn) == stamp
                    && (!self.any_clears.load(Ordering::SeqCst)
                        || self.cleared(&self.slots.key(place).0, turn) == cleared)
            }
        }
    }

    /// Who wrote what the transaction at `turn` would find at a place that it has read; 0: nobody in flight.
    pub(super) fn writer(&self, read: &Read, turn: Turn) -> Turn {
        match *read {
            Read::Account { place, .. } => self.accounts.stamp(place, turn).turn,
            Read::Slot { place, .. } => self.slots.stamp(place, turn).turn,
        }
    }

    /// A place at which transactions met, with how many waited there and how many of them were run again.
    pub(super) fn hot_place(&self, place: Write, (waits, aborts): (u64, u64)) -> HotPlace {
        let (address, slot) = match place {
            Write::Account(place) => (self.accounts.key(place), None),
            Write::Slot(place) => {
                let (address, slot) = self.slots.key(place);
                (address, Some(slot))
            }
        };
        HotPlace { address, slot, waits, aborts }
    }

    /// Shows the changes of the transaction at `stamp.turn` to those after it.
    pub(super) fn publish(&self, changes: &EvmState, stamp: Stamp, notes: &Notes) -> Written {
        let mut written = Written::default();
        for (address, account) in changes {
            let Some(change) = AccountChange::of(account) else { continue };
            if let Some((hash, code)) = change.new_code(account) {
                self.codes.lock().all.insert(hash, code);
                written.codes.push(hash);
            }
            // Whoever only looks at the account does not wait for those who write its slots.
            if !change.is_in_slots_alone(account) {
                let place = self.account_place(address, notes);
                written.places.push(self.publish_account(place, stamp, change));
            }
            if change.after.is_none() {
                continue;
            }
            for (slot, value) in changed_slots(account) {
                let place = self.slot_place(&(*address, slot), notes);
                self.slots.publish(place, stamp, value);
                written.places.push(Write::Slot(place));
            }
        }
        written
    }

    /// The same for one account whose slots do not change.
    pub(super) fn publish_account(
        &self,
        place: Place,
        stamp: Stamp,
        change: AccountChange,
    ) -> Write {
        if change.clears_storage {
            self.any_clears.store(true, Ordering::SeqCst);
        }
        let value = AccountValue { account: change.after, clears: change.clears_storage };
        self.accounts.publish(place, stamp, value);
        Write::Account(place)
    }

    /// Where an account is, which a transaction has mostly looked at before.
    pub(super) fn account_place(&self, address: &Address, notes: &Notes) -> Place {
        notes.account(address).unwrap_or_else(|| self.accounts.place(address))
    }

    fn slot_place(&self, key: &SlotKey, notes: &Notes) -> Place {
        notes.slot(key).unwrap_or_else(|| self.slots.place(key))
    }

    /// Takes back what an earlier attempt of the transaction at `turn` wrote and the last one did not.
    pub(super) fn retract(&self, turn: Turn, before: &[Write], now: &[Write]) {
        for write in before.iter().filter(|write| !now.contains(write)) {
            match *write {
                Write::Account(place) => self.accounts.retract(place, turn),
                Write::Slot(place) => self.slots.retract(place, turn),
            }
        }
    }

    /// For a plan: the place of an account, and who is expected to have written it last.
    pub(super) fn plan_account(
        &self,
        address: &Address,
        plan: u32,
        turn: Turn,
        writes: bool,
    ) -> (Place, Turn) {
        self.accounts.plan(address, plan, turn, writes)
    }

    /// The same for a slot.
    pub(super) fn plan_slot(
        &self,
        key: &SlotKey,
        plan: u32,
        turn: Turn,
        writes: bool,
    ) -> (Place, Turn) {
        self.slots.plan(key, plan, turn, writes)
    }

    /// Makes the changes of a transaction stand, where nothing is in flight.
    pub(super) fn write(&self, changes: &EvmState, notes: &Notes) {
        for (address, account) in changes {
            let Some(change) = AccountChange::of(account) else { continue };
            if let Some((hash, code)) = change.new_code(account) {
                self.write_code(hash, code);
            }
            if !change.is_in_slots_alone(account) {
                self.write_account(address, self.account_place(address, notes), change);
            }
            if change.after.is_none() {
                continue;
            }
            for (slot, value) in changed_slots(account) {
                let place = self.slot_place(&(*address, slot), notes);
                self.slots.write(place, |_| value);
            }
        }
    }

    /// The same for what a ledger keeps.
    pub(super) fn write_kept(&self, kept: &Kept) {
        for (address, place, change, code) in kept.written_accounts() {
            if let Some((hash, code)) = code {
                self.write_code(hash, code);
            }
            self.write_account(address, place, change);
        }
        for (key, place, value) in kept.written_slots() {
            let place = place.unwrap_or_else(|| self.slots.place(&key));
            self.slots.write(place, |_| value);
        }
    }

    fn write_code(&self, hash: B256, code: Bytes) {
        let mut codes = self.codes.lock();
        codes.all.insert(hash, code);
        codes.fresh.push(hash);
    }

    /// Makes the change of one account stand, where nothing is in flight.
    pub(super) fn write_account(&self, address: &Address, place: Place, change: AccountChange) {
        let mut had_storage = false;
        self.accounts.write(place, |before| {
            let before = before.unwrap_or_default();
            had_storage = before.may_have_storage();
            AccountValue { account: change.after, clears: change.clears_storage || before.clears }
        });
        if change.clears_storage {
            self.set_void(*address, had_storage);
        }
    }

    /// A transaction that brought new code is included: the next diff names it.
    pub(super) fn keep_codes(&self, hashes: &[B256]) {
        if !hashes.is_empty() {
            self.codes.lock().fresh.extend(hashes);
        }
    }

    /// The last transaction before `turn` that cleared the storage of an account, if one in flight did.
    fn cleared(&self, address: &Address, turn: Turn) -> Stamp {
        if !self.any_clears.load(Ordering::SeqCst) {
            return Stamp::default();
        }
        self.accounts.stamp_where(address, turn, |value| value.clears).unwrap_or_default()
    }

    fn is_void(&self, address: &Address) -> bool {
        self.any_void.load(Ordering::SeqCst) && self.void.lock().contains(address)
    }

    /// The slots of an account that stand, or are in the store, count no more. An account without nonce and code never
    /// had any, so that creating a contract needs no search.
    fn set_void(&self, address: Address, had_storage: bool) {
        self.void.lock().insert(address);
        self.any_void.store(true, Ordering::SeqCst);
        if had_storage {
            self.slots.wipe(|(of, _)| *of == address, &U256::ZERO);
        }
    }
}

impl<R> Drop for Memory<R> {
    fn drop(&mut self) {
        let accounts = std::mem::replace(&mut self.accounts, Table::new());
        let slots = std::mem::replace(&mut self.slots, Table::new());
        self.spare.put(Tables { accounts, slots });
    }
}

impl AccountValue {
    fn may_have_storage(&self) -> bool {
        self.account.is_some_and(|account| account.nonce > 0 || account.has_code())
    }
}

#[cfg(test)]
mod tests;
