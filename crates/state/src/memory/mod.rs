//! A complete state in memory: genesis, tests, and small chains. Not the sequencer's: that is lazy and bounded.
//!
//! Invariant: no slot holds zero, and only existing accounts have slots.

#[cfg(test)]
mod tests;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use protocol::GenesisAccount;

use crate::{Account, AccountDiff, StateDiff, StateReader, StateTrie};

/// Every account, slot and code of one state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    accounts: BTreeMap<Address, Account>,
    storage: BTreeMap<Address, BTreeMap<U256, U256>>,
    codes: BTreeMap<B256, Bytes>,
    block_hashes: BTreeMap<u64, B256>,
}

/// What a complete state does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryStateError {
    /// No account of this state ever had that code.
    #[error("no code has the hash {0}")]
    CodeUnknown(B256),
    /// No one told the hash of that block.
    #[error("the hash of block {0} is not known")]
    BlockHashUnknown(u64),
}

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state before the first block.
    pub fn from_genesis(alloc: &BTreeMap<Address, GenesisAccount>) -> Self {
        let mut diff = StateDiff::default();
        for (address, genesis) in alloc {
            let code_hash = keccak256(&genesis.code);
            let GenesisAccount { nonce, balance, code, storage } = genesis;
            if !code.is_empty() {
                diff.codes.insert(code_hash, code.clone());
            }
            let account = Some(Account { nonce: *nonce, balance: *balance, code_hash });
            let slots = storage.iter().map(|(slot, value)| ((*slot).into(), (*value).into()));
            let change = AccountDiff { account, storage_cleared: true, storage: slots.collect() };
            diff.accounts.insert(*address, change);
        }
        let mut state = Self::new();
        state.apply(&diff);
        state
    }

    /// Makes the changes of a diff.
    pub fn apply(&mut self, diff: &StateDiff) {
        for (address, change) in &diff.accounts {
            if change.clears_storage() {
                self.storage.remove(address);
            }
            let Some(account) = change.account else {
                self.accounts.remove(address);
                continue;
            };
            self.accounts.insert(*address, account);
            if change.storage.is_empty() {
                continue;
            }
            let slots = self.storage.entry(*address).or_default();
            slots.extend(&change.storage);
            for slot in change.storage.iter().filter(|(_, value)| value.is_zero()) {
                slots.remove(slot.0);
            }
            if slots.is_empty() {
                self.storage.remove(address);
            }
        }
        self.codes.extend(diff.codes.iter().map(|(hash, code)| (*hash, code.clone())));
    }

    /// Tells the hash of a block to `BLOCKHASH`.
    pub fn set_block_hash(&mut self, number: u64, hash: B256) {
        self.block_hashes.insert(number, hash);
    }

    /// Every account, by address.
    pub fn accounts(&self) -> impl Iterator<Item = (Address, Account)> {
        self.accounts.iter().map(|(address, account)| (*address, *account))
    }

    /// Every slot that is not zero, by address and slot.
    pub fn slots(&self) -> impl Iterator<Item = (Address, U256, U256)> {
        self.storage.iter().flat_map(|(address, slots)| {
            slots.iter().map(|(slot, value)| (*address, *slot, *value))
        })
    }

    /// Every slot of one account that is not zero: what [`StateDiff::undo_with`] asks for.
    pub fn slots_of(&self, address: &Address) -> Vec<(U256, U256)> {
        let slots = self.storage.get(address).into_iter().flatten();
        slots.map(|(slot, value)| (*slot, *value)).collect()
    }

    /// Every code, by hash.
    pub fn codes(&self) -> impl Iterator<Item = (B256, &Bytes)> {
        self.codes.iter().map(|(hash, code)| (*hash, code))
    }

    /// The trie of this state.
    pub fn trie(&self) -> StateTrie {
        StateTrie::from_state(self.accounts(), self.slots())
    }
}

impl StateReader for MemoryState {
    type Error = MemoryStateError;

    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
        Ok(self.accounts.get(address).copied())
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
        let value = self.storage.get(address).and_then(|slots| slots.get(slot));
        Ok(value.copied().unwrap_or_default())
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
        if *hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        self.codes.get(hash).cloned().ok_or(MemoryStateError::CodeUnknown(*hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
        self.block_hashes.get(&number).copied().ok_or(MemoryStateError::BlockHashUnknown(number))
    }
}
