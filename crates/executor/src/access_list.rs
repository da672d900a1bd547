//! The access list of a block (EIP-7928): every account and slot that somebody looked at in it, and what each transaction
//! left where. Index 0 is the block's opening, index 1 its first transaction.
//!
//! Changes are net: what a transaction puts back is a look. An account that goes away has no balance, no nonce and no
//! code afterwards.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

pub use alloy_eip7928::BlockAccessList;
use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{Address, B256, Bytes, U256, map::AddressMap};
use revm::state::{Account as EvmAccount, EvmState};

use crate::changes::AccountChange;

/// What one transaction left at one account, its slots aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub balance: Option<U256>,
    pub nonce: Option<u64>,
    /// With its hash; without bytes where the account has none any more.
    pub code: Option<(B256, Bytes)>,
    /// There is no account any more, or still none.
    pub is_gone: bool,
    /// Every slot from before is gone: the account went away, or was created.
    pub clears_storage: bool,
}

impl Left {
    pub(crate) fn of(account: &EvmAccount) -> Self {
        let is_gone = account.is_touched() && (account.is_selfdestructed() || account.is_empty());
        let Some(change) = AccountChange::of(account) else {
            return Self { is_gone, ..Self::default() };
        };
        let before = account.original_info();
        let after = change.after.unwrap_or_default();
        let code = || {
            let code = account.info.code.as_ref().filter(|_| after.has_code());
            (after.code_hash, code.map(|code| code.original_bytes()).unwrap_or_default())
        };
        Self {
            balance: (after.balance != before.balance).then_some(after.balance),
            nonce: (after.nonce != before.nonce).then_some(after.nonce),
            code: (after.code_hash != before.code_hash).then(code),
            is_gone,
            clears_storage: change.clears_storage,
        }
    }

    /// What it left at each slot that it looked at; `None`: what was there.
    pub(crate) fn slots(&self, account: &EvmAccount) -> impl Iterator<Item = (U256, Option<U256>)> {
        account.storage.iter().map(|(slot, value)| {
            let after = if self.is_gone { U256::ZERO } else { value.present_value };
            (*slot, (after != value.original_value()).then_some(after))
        })
    }
}

/// Writes the list while a block is executed in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessRecorder {
    accounts: AddressMap<Accesses>,
}

#[derive(Clone, Debug, Default)]
struct Accesses {
    balance: Vec<BalanceChange>,
    nonce: Vec<NonceChange>,
    code: Vec<CodeChange>,
    slots: BTreeMap<U256, Vec<StorageChange>>,
}

impl AccessRecorder {
    /// Adds what was done at `index`, on top of what was before.
    pub(crate) fn record(&mut self, index: u64, changes: &EvmState) {
        let at = BlockAccessIndex::new(index);
        for (address, account) in changes {
            let accesses = self.accounts.entry(*address).or_default();
            let left = Left::of(account);
            if let Some(balance) = left.balance {
                put(&mut accesses.balance, BalanceChange::new(at, balance), |c| {
                    c.block_access_index
                });
            }
            if let Some(nonce) = left.nonce {
                put(&mut accesses.nonce, NonceChange::new(at, nonce), |c| c.block_access_index);
            }
            for (slot, value) in left.slots(account) {
                let known = match accesses.slots.entry(slot) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(Vec::new()),
                };
                if let Some(value) = value {
                    put(known, StorageChange::new(at, value), |c| c.block_access_index);
                }
            }
            if let Some((_, code)) = left.code {
                put(&mut accesses.code, CodeChange::new(at, code), |c| c.block_access_index);
            }
        }
    }

    /// The list, in the order that the EIP asks for.
    pub(crate) fn into_list(self) -> BlockAccessList {
        let mut accounts: Vec<_> = self.accounts.into_iter().collect();
        accounts.sort_unstable_by_key(|(address, _)| *address);
        accounts.into_iter().map(|(address, accesses)| accesses.into_changes(address)).collect()
    }
}

impl Accesses {
    fn into_changes(self, address: Address) -> AccountChanges {
        let mut changes = AccountChanges::new(address);
        for (slot, values) in self.slots {
            if values.is_empty() {
                changes.storage_reads.push(slot);
            } else {
                changes.storage_changes.push(SlotChanges::new(slot, values));
            }
        }
        (changes.balance_changes, changes.nonce_changes) = (self.balance, self.nonce);
        changes.code_changes = self.code;
        changes
    }
}

/// Appends a change. The opening has two calls and one index: there the later one counts.
fn put<C>(changes: &mut Vec<C>, change: C, index: impl Fn(&C) -> BlockAccessIndex) {
    match changes.last_mut() {
        Some(last) if index(last) == index(&change) => *last = change,
        _ => changes.push(change),
    }
}
