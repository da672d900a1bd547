//! A state in memory that is quick to read.

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, B256Map, HashMap},
};
use state::{Account, StateDiff, StateReader};

#[derive(Clone, Debug, Default)]
pub(crate) struct HashState {
    pub accounts: AddressMap<Account>,
    pub slots: HashMap<(Address, U256), U256>,
    pub codes: B256Map<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not in the state")]
pub(crate) struct Missing;

impl HashState {
    pub(crate) fn apply(&mut self, diff: &StateDiff) {
        for (address, change) in &diff.accounts {
            match change.account {
                Some(account) => self.accounts.insert(*address, account),
                None => self.accounts.remove(address),
            };
            let slots = change.storage.iter().map(|(slot, value)| ((*address, *slot), *value));
            self.slots.extend(slots);
        }
        self.codes.extend(diff.codes.iter().map(|(hash, code)| (*hash, code.clone())));
    }
}

impl StateReader for HashState {
    type Error = Missing;

    fn account(&self, address: &Address) -> Result<Option<Account>, Missing> {
        Ok(self.accounts.get(address).copied())
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Missing> {
        Ok(self.slots.get(&(*address, *slot)).copied().unwrap_or_default())
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Missing> {
        self.codes.get(hash).cloned().ok_or(Missing)
    }

    fn block_hash(&self, _: u64) -> Result<B256, Missing> {
        Err(Missing)
    }
}
