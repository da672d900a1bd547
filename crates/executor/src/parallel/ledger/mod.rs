//! What a lane knows of the state while it makes calls in place: accounts and slots stay at hand from one transaction to
//! the next, each with what stands there now, and what the running transaction did can be undone.
//!
//! It takes the place of revm's journal, which is made anew for every transaction, so that everything is read again and
//! written down each time.
//!
//! Invariant: to a transaction a kept account looks as if it had just been read from a state in which all before it
//! stands. What changes more than balances, nonces and slots is written down at once, and the ledger is empty then.

mod account;
mod journal;
mod kept;
mod preload;
mod settle;

#[cfg(test)]
mod tests;

use alloy_primitives::{Address, B256, Log, U256, map::HashMap};
use revm::{
    Database,
    bytecode::Bytecode,
    context::{
        journal::warm_addresses::WarmAddresses,
        journaled_state::{JournalLoadError, TransferError},
    },
    primitives::{KECCAK_EMPTY, hardfork::SpecId},
};
use state::StateReader;

use super::{
    native::{Transfer, Transferred},
    view::{View, ViewError},
};
use crate::{StateDatabase, database::ReadError, evm::Environment};
pub(super) use kept::Kept;
use kept::{KeptAccount, KeptSlot, Number};
use preload::Wanted;

/// So many accounts or slots stay in the nearer caches. With more, what is kept is written down after a transaction.
const KEPT_ACCOUNTS_MAX: usize = 256;
const KEPT_SLOTS_MAX: usize = 512;

/// Accounts and slots at hand, and what the running transaction did.
#[derive(Debug)]
pub(super) struct Ledger<R: StateReader> {
    database: StateDatabase<View<R>>,
    kept: Kept,
    wanted: Wanted,
    /// The running transaction, or the next one.
    number: Number,
    /// What the running transaction did, in order.
    changes: Vec<Change>,
    transient: HashMap<(Address, U256), U256>,
    logs: Vec<Log>,
    depth: usize,
    warm: WarmAddresses,
    spec: SpecId,
    /// A transaction that came through changed more than balances, nonces and slots.
    is_odd: bool,
}

/// One thing that a transaction did, with what is needed to undo it. Accounts and slots go by their numbers.
#[derive(Debug)]
enum Change {
    /// Looked at an account for the first time.
    Warmed(usize),
    Touched(usize),
    Balance(usize, U256),
    Nonce(usize, u64),
    Code(usize, Box<(B256, Option<Bytecode>)>),
    /// Created an account, which had neither nonce nor code.
    Created(usize),
    Destroyed(usize),
    /// Looked at a slot for the first time.
    SlotWarmed(usize),
    Slot(usize, U256),
    Transient(Box<(Address, U256, U256)>),
}

type StoreError<R> = ReadError<ViewError<<R as StateReader>::Error>>;
type LoadError<R> = JournalLoadError<StoreError<R>>;

impl<R: StateReader> Ledger<R> {
    /// Whether the rules are known here: not those from Amsterdam on.
    pub(super) fn knows(spec: SpecId) -> bool {
        spec.is_enabled_in(SpecId::SPURIOUS_DRAGON) && !spec.is_enabled_in(SpecId::AMSTERDAM)
    }

    /// Whether nothing is kept.
    pub(super) const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Makes a plain transfer. `None`: it is for the EVM to decide.
    pub(super) fn transfer(
        &mut self,
        rules: &Environment,
        transfer: &Transfer<'_>,
    ) -> Result<Option<Transferred>, ViewError<R::Error>> {
        let from = self.find(&transfer.from).map_err(|error| error.0)?;
        let to = self.find(&transfer.to).map_err(|error| error.0)?;
        let end = |number: usize| {
            let kept = &self.kept.accounts[number];
            kept.is_there.then(|| kept.account())
        };
        let Some(done) = transfer.run(rules, end(from), end(to)) else { return Ok(None) };
        let recipient = match done.recipient {
            Some(change) if change.after.is_none() => return Ok(None),
            change => change.and_then(|change| change.after),
        };
        for (number, account) in [(from, Some(done.sender)), (to, recipient)] {
            let Some(account) = account else { continue };
            let kept = &mut self.kept.accounts[number];
            kept.now.info.nonce = account.nonce;
            kept.now.info.balance = account.balance;
            kept.is_there = true;
            kept.is_written = true;
        }
        Ok(Some(done))
    }

    /// The nonce of an account.
    pub(super) fn nonce(&mut self, address: &Address) -> Result<u64, ViewError<R::Error>> {
        let number = self.find(address).map_err(|error| error.0)?;
        Ok(self.kept.accounts[number].now.info.nonce)
    }

    /// The number of an account, whoever looks at it.
    fn find(&mut self, address: &Address) -> Result<usize, StoreError<R>> {
        if let Some(number) = self.kept.account(address) {
            return Ok(number);
        }
        let (found, place) = self.database.reader.look_account(address).map_err(ReadError)?;
        Ok(self.kept.add_account(*address, place, found))
    }

    /// Looks at an account for the running transaction, and says whether for the first time.
    #[inline]
    fn load(&mut self, address: &Address, skip_cold: bool) -> Result<(usize, bool), LoadError<R>> {
        let known = self.kept.account(address);
        if let Some(number) = known
            && self.kept.accounts[number].looked == self.number
        {
            return Ok((number, false));
        }
        let is_cold = self.warm.check_is_cold(address, skip_cold)?;
        let number = match known {
            Some(number) => number,
            None => self.find(address)?,
        };
        self.kept.accounts[number].look(self.number);
        if is_cold {
            self.changes.push(Change::Warmed(number));
        }
        Ok((number, is_cold))
    }

    /// The same with its code.
    fn load_with_code(
        &mut self,
        address: &Address,
        skip_cold: bool,
    ) -> Result<(usize, bool), LoadError<R>> {
        let (number, is_cold) = self.load(address, skip_cold)?;
        self.load_code(number)?;
        Ok((number, is_cold))
    }

    fn load_code(&mut self, number: usize) -> Result<&Bytecode, StoreError<R>> {
        let info = &mut self.kept.accounts[number].now.info;
        if info.code.is_none() {
            info.code = Some(match info.code_hash {
                KECCAK_EMPTY => Bytecode::default(),
                hash => self.database.code_by_hash(hash)?,
            });
        }
        Ok(info.code.as_ref().expect("loaded just now"))
    }

    /// The number of an account that the running transaction has looked at.
    fn loaded(&mut self, address: &Address) -> usize {
        self.kept.account(address).expect("looked at before")
    }

    /// Looks at a slot for the running transaction, and says whether for the first time.
    #[inline]
    fn load_slot(
        &mut self,
        of: usize,
        key: &U256,
        skip_cold: bool,
    ) -> Result<(usize, bool), LoadError<R>> {
        let number = self.kept.slot(of, key);
        let (account, slot) = (&self.kept.accounts[of], &mut self.kept.slots[number]);
        if slot.looked == self.number {
            return Ok((number, false));
        }
        let is_cold = !self.warm.is_storage_warm(&account.address, key);
        if is_cold && skip_cold {
            return Err(JournalLoadError::ColdLoadSkipped);
        }
        if slot.begun != self.number {
            if account.is_created {
                slot.place = None;
                slot.now.present_value = U256::ZERO;
            } else if slot.place.is_none() {
                let found = self.database.reader.look_slot(&account.address, key);
                let (value, place) = found.map_err(ReadError)?;
                slot.place = Some(place);
                slot.now.present_value = value;
            }
            slot.begun = self.number;
            slot.now.original_value = slot.now.present_value;
        }
        slot.looked = self.number;
        if is_cold {
            self.changes.push(Change::SlotWarmed(number));
        }
        Ok((number, is_cold))
    }

    fn touch(&mut self, number: usize) {
        let account = &mut self.kept.accounts[number].now;
        if !account.is_touched() {
            account.mark_touch();
            self.changes.push(Change::Touched(number));
        }
    }

    /// Changes the balance of an account that is touched.
    fn change_balance(&mut self, number: usize, balance: U256) {
        let before = std::mem::replace(&mut self.kept.accounts[number].now.info.balance, balance);
        if before != balance {
            self.changes.push(Change::Balance(number, before));
        }
    }

    fn set_nonce(&mut self, number: usize, nonce: u64) {
        self.touch(number);
        let before = std::mem::replace(&mut self.kept.accounts[number].now.info.nonce, nonce);
        self.changes.push(Change::Nonce(number, before));
    }

    fn set_code(&mut self, number: usize, hash: B256, code: Bytecode) {
        self.touch(number);
        let info = &mut self.kept.accounts[number].now.info;
        let before = (std::mem::replace(&mut info.code_hash, hash), info.code.replace(code));
        self.changes.push(Change::Code(number, Box::new(before)));
    }

    /// Moves value between two accounts.
    fn move_value(&mut self, from: usize, to: usize, value: U256) -> Option<TransferError> {
        let balance = |number: usize| self.kept.accounts[number].now.info.balance;
        let (of_from, of_to) = (balance(from), balance(to));
        if from == to {
            return (value > of_from).then_some(TransferError::OutOfFunds);
        }
        if value.is_zero() {
            self.touch(to);
            return None;
        }
        self.touch(from);
        let Some(left) = of_from.checked_sub(value) else {
            return Some(TransferError::OutOfFunds);
        };
        let Some(sum) = of_to.checked_add(value) else {
            return Some(TransferError::OverflowPayment);
        };
        for (number, balance) in [(from, left), (to, sum)] {
            self.touch(number);
            self.change_balance(number, balance);
        }
        None
    }

    /// Undoes what the running transaction did since it had done so much.
    fn undo(&mut self, since: usize) {
        let Self { kept: Kept { accounts, slots, .. }, changes, transient, .. } = self;
        for change in changes.drain(since..).rev() {
            match change {
                Change::Warmed(number) => accounts[number].looked = 0,
                Change::Touched(number) => accounts[number].now.unmark_touch(),
                Change::Balance(number, before) => accounts[number].now.info.balance = before,
                Change::Nonce(number, before) => accounts[number].now.info.nonce = before,
                Change::Code(number, before) => {
                    let info = &mut accounts[number].now.info;
                    (info.code_hash, info.code) = *before;
                }
                Change::Created(number) => accounts[number].is_created = false,
                Change::Destroyed(number) => accounts[number].is_destroyed = false,
                Change::SlotWarmed(number) => slots[number].looked = 0,
                Change::Slot(number, before) => slots[number].now.present_value = before,
                Change::Transient(before) => {
                    let (address, key, value) = *before;
                    transient.insert((address, key), value);
                }
            }
        }
    }

    /// The running transaction came through.
    fn close(&mut self) {
        let Self { kept: Kept { accounts, slots, .. }, changes, is_odd, .. } = self;
        for change in changes.drain(..) {
            match change {
                Change::Touched(number) => *is_odd |= KeptAccount::close(&mut accounts[number]),
                Change::Slot(number, _) => KeptSlot::close(&mut slots[number]),
                _ => {}
            }
        }
        self.end();
    }

    /// The next transaction begins.
    fn end(&mut self) {
        self.number += 1;
        self.logs.clear();
        self.transient.clear();
        self.depth = 0;
        self.warm.clear_coinbase_and_access_list();
    }
}
