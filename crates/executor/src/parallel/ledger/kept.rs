//! Accounts and slots that a ledger keeps, each found by its key once and by its number from then on.

use std::hash::{BuildHasher, Hash};

use alloy_primitives::{Address, B256, Bytes, U256, map::DefaultHashBuilder};
use hashbrown::HashTable;
use revm::state::{
    Account as EvmAccount, AccountInfo, AccountStatus, EvmStorageSlot, TransactionId,
};
use state::Account;

use crate::{
    changes::AccountChange,
    database::account_info,
    parallel::memory::{Place, SlotKey, TableKey as _},
};

/// Everything that transactions have looked at since what they did was last written down.
#[derive(Default)]
pub(in crate::parallel) struct Kept {
    pub(super) accounts: Vec<KeptAccount>,
    pub(super) slots: Vec<KeptSlot>,
    account_numbers: HashTable<usize>,
    slot_numbers: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// Mostly an account is looked for again at once.
    last: usize,
}

/// Number of a transaction among those since the ledger was empty, from 1; 0 is none.
pub(super) type Number = u32;

/// An account as it is now.
#[derive(Debug)]
pub(super) struct KeptAccount {
    pub address: Address,
    pub place: Place,
    pub now: EvmAccount,
    /// The transaction for which it is warm.
    pub looked: Number,
    /// The last transaction that looked at it.
    begun: Number,
    /// As that transaction found it.
    pub found: Account,
    /// Whether that transaction found one, even an empty one.
    pub is_there: bool,
    /// What that transaction did.
    pub is_created: bool,
    pub is_destroyed: bool,
    /// Some transaction that came through changed it.
    pub is_written: bool,
    /// Some transaction that came through left nothing of its storage from before.
    pub clears_storage: bool,
}

/// A slot as it is now.
#[derive(Debug)]
pub(super) struct KeptSlot {
    /// Number of its account.
    pub of: usize,
    pub key: U256,
    /// `None`: nobody has looked into the state, because the account has just been created.
    pub place: Option<Place>,
    pub now: EvmStorageSlot,
    /// The transaction for which it is warm.
    pub looked: Number,
    /// The last transaction that looked at it.
    pub begun: Number,
    /// Some transaction that came through changed it.
    pub is_written: bool,
}

impl core::fmt::Debug for Kept {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { accounts, slots, .. } = self;
        f.debug_struct("Kept").field("accounts", accounts).field("slots", slots).finish()
    }
}

impl Kept {
    pub(super) const fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Forgets everything but the room it took.
    pub(super) fn clear(&mut self) {
        let Self { accounts, slots, account_numbers, slot_numbers, hasher: _, last } = self;
        accounts.clear();
        slots.clear();
        account_numbers.clear();
        slot_numbers.clear();
        *last = 0;
    }

    /// The number of an account.
    #[inline]
    pub(super) fn account(&mut self, address: &Address) -> Option<usize> {
        if self.accounts.get(self.last).is_some_and(|last| last.address == *address) {
            return Some(self.last);
        }
        let hash = self.hasher.hash_one(address.words());
        let is_it = |number: &usize| self.accounts[*number].address == *address;
        let number = *self.account_numbers.find(hash, is_it)?;
        self.last = number;
        Some(number)
    }

    /// Keeps an account that was not there yet, as it was found.
    pub(super) fn add_account(
        &mut self,
        address: Address,
        place: Place,
        found: Option<Account>,
    ) -> usize {
        let number = self.accounts.len();
        let is_there = found.is_some();
        let found = found.unwrap_or_default();
        let now = EvmAccount::default().with_info(account_info(found));
        self.accounts.push(KeptAccount {
            address,
            place,
            now,
            looked: 0,
            begun: 0,
            found,
            is_there,
            is_created: false,
            is_destroyed: false,
            is_written: false,
            clears_storage: false,
        });
        let Self { accounts, account_numbers, hasher, .. } = self;
        let hash_of = |address: &Address| hasher.hash_one(address.words());
        account_numbers
            .insert_unique(hash_of(&address), number, |number| hash_of(&accounts[*number].address));
        self.last = number;
        number
    }

    /// The number of a slot. One that was not there yet is zero, and nobody has looked for it.
    #[inline]
    pub(super) fn slot(&mut self, of: usize, key: &U256) -> usize {
        let hash = self.hasher.hash_one(slot_words(of, key));
        if let Some(number) = self.find_slot(hash, of, key) {
            return number;
        }
        let Self { slots, slot_numbers, hasher, .. } = self;
        let number = slots.len();
        let now = EvmStorageSlot::new(U256::ZERO, TransactionId::ZERO);
        slots.push(KeptSlot {
            of,
            key: *key,
            place: None,
            now,
            looked: 0,
            begun: 0,
            is_written: false,
        });
        let hash_of = |slot: &KeptSlot| hasher.hash_one(slot_words(slot.of, &slot.key));
        slot_numbers.insert_unique(hash, number, |number| hash_of(&slots[*number]));
        number
    }

    /// Whether somebody has looked at a slot.
    pub(super) fn has_slot(&self, of: usize, key: &U256) -> bool {
        let hash = self.hasher.hash_one(slot_words(of, key));
        let number = self.find_slot(hash, of, key);
        number.is_some_and(|number| self.slots[number].place.is_some())
    }

    #[inline]
    fn find_slot(&self, hash: u64, of: usize, key: &U256) -> Option<usize> {
        let is_it = |number: &usize| {
            let slot = &self.slots[*number];
            slot.key == *key && slot.of == of
        };
        self.slot_numbers.find(hash, is_it).copied()
    }

    /// Keeps a slot as it was found, if nobody has looked at it.
    pub(super) fn add_slot(&mut self, of: usize, key: &U256, place: Place, found: U256) {
        let number = self.slot(of, key);
        let slot = &mut self.slots[number];
        if slot.place.is_none() {
            slot.place = Some(place);
            slot.now.present_value = found;
        }
    }

    /// Accounts that were changed, with new code.
    pub(in crate::parallel) fn written_accounts(
        &self,
    ) -> impl Iterator<Item = (&Address, Place, AccountChange, Option<(B256, Bytes)>)> {
        self.accounts.iter().filter(|account| account.is_written).map(|account| {
            let change = account.change();
            (&account.address, account.place, change, account.new_code(&change))
        })
    }

    /// Slots that were changed, of accounts that are still there.
    pub(in crate::parallel) fn written_slots(
        &self,
    ) -> impl Iterator<Item = (SlotKey, Option<Place>, U256)> {
        self.slots.iter().filter(|slot| slot.is_written).filter_map(|slot| {
            let account = &self.accounts[slot.of];
            let key = (account.address, slot.key);
            account.is_there.then_some((key, slot.place, slot.now.present_value))
        })
    }
}

impl KeptAccount {
    /// A transaction looks at it. For the first time, all that was before is as if it had come from the store.
    pub(super) fn look(&mut self, number: Number) {
        self.looked = number;
        if self.begun == number {
            return;
        }
        self.begun = number;
        self.found = self.account();
        self.is_created = false;
        self.is_destroyed = false;
        self.now.status = match self.is_there {
            true => AccountStatus::empty(),
            false => AccountStatus::LoadedAsNotExisting,
        };
    }

    /// The transaction that touched it came through. Says whether more than balance and nonce changed.
    pub(super) fn close(&mut self) -> bool {
        let is_left = !self.is_destroyed && !self.now.is_empty();
        let was_there = std::mem::replace(&mut self.is_there, is_left);
        if !is_left {
            // What never was need not go.
            self.is_written |= was_there;
            self.clears_storage |= was_there;
            return was_there || self.is_destroyed;
        }
        self.is_written |= self.is_created || self.account() != self.found;
        self.clears_storage |= self.is_created;
        self.is_created || self.now.info.code_hash != self.found.code_hash
    }

    /// Nonce, balance and code as they are.
    pub(super) const fn account(&self) -> Account {
        let AccountInfo { balance, nonce, code_hash, .. } = self.now.info;
        Account { nonce, balance, code_hash }
    }

    fn change(&self) -> AccountChange {
        let after = self.is_there.then(|| self.account());
        AccountChange { after, clears_storage: self.clears_storage }
    }

    /// Code that the last transaction brought: nothing is kept beyond one that does.
    fn new_code(&self, change: &AccountChange) -> Option<(B256, Bytes)> {
        let after = change
            .after
            .filter(|after| after.has_code() && after.code_hash != self.found.code_hash)?;
        let code = self.now.info.code.as_ref()?;
        Some((after.code_hash, code.original_bytes()))
    }
}

impl KeptSlot {
    /// The transaction that changed it came through.
    pub(super) fn close(&mut self) {
        self.is_written |= self.now.is_changed();
    }
}

fn slot_words(of: usize, key: &U256) -> impl Hash {
    (of, *key.as_limbs())
}
