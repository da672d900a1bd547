//! The state after one block, or inside the open one: diffs that are not in Postgres yet, above the base.
//!
//! Invariant: all answers of one view are of one state. The base moves on as the indexer writes; a view that
//! it has passed fails instead of mixing two states.

use std::{cell::LazyCell, sync::Arc};

use alloy::primitives::{Address, B256, Bytes, U256};
use state::{Account, StateReader};

use super::{
    BaseState, ReadError,
    layer::{Hashed, Layer},
};

/// A state that does not change. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StateView {
    /// Newest first.
    layers: Arc<[Layer]>,
    base: Arc<BaseState>,
    /// The base may hold the state of this block or an earlier one, whose changes since are in the layers.
    number: u64,
    /// Resets of the base that had happened when this view was made.
    resets: u64,
}

impl StateView {
    /// The state after block `number`, and after the sub-blocks that come on top: `layers`, newest first, reach
    /// down to the block that the base holds now.
    pub fn new(base: Arc<BaseState>, number: u64, layers: Vec<Layer>) -> Self {
        let resets = base.resets();
        Self { layers: layers.into(), base, number, resets }
    }

    /// The newest sealed block in it.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The account, if it is in memory: this never blocks. `None` says nothing about it.
    pub fn held_account(&self, address: &Address) -> Option<Option<Account>> {
        if let Some(account) = self.changed_account(address) {
            return Some(account);
        }
        let account = self.base.held_account(address)?;
        self.checked(|_| Ok(account)).ok()
    }

    /// The slot, if it is in memory.
    pub fn held_storage(&self, address: &Address, slot: &U256) -> Option<U256> {
        if let Some(value) = self.changed_slot(address, slot) {
            return Some(value);
        }
        let value = self.base.held_storage(address, slot)?;
        self.checked(|_| Ok(value)).ok()
    }

    /// The code, if it is in memory.
    pub fn held_code(&self, hash: &B256) -> Option<Bytes> {
        self.new_code(hash).cloned().or_else(|| self.base.held_code(hash))
    }

    /// The account as the layers have it, if they do.
    fn changed_account(&self, address: &Address) -> Option<Option<Account>> {
        let address = Hashed::new(address);
        self.layers.iter().find_map(|layer| layer.account(address))
    }

    /// The slot as the layers have it, if they do.
    fn changed_slot(&self, address: &Address, slot: &U256) -> Option<U256> {
        let slot = LazyCell::new(|| Hashed::new((*address, *slot)));
        let address = Hashed::new(address);
        self.layers.iter().find_map(|layer| layer.slot(address, || *slot))
    }

    /// The same for many, layer by layer: the questions to one do not wait for each other.
    fn changed_accounts(&self, addresses: &[Address]) -> Vec<Option<Option<Account>>> {
        let addresses: Vec<_> = addresses.iter().map(Hashed::new).collect();
        self.changed(&addresses, |layer, address| layer.account(*address))
    }

    /// The same for many.
    fn changed_slots(&self, slots: &[(Address, U256)]) -> Vec<Option<U256>> {
        let hashed = |slot: &(Address, U256)| (slot.0, Hashed::new(*slot));
        let slots: Vec<_> = slots.iter().map(hashed).collect();
        let asked: Vec<_> = slots.iter().map(|(of, slot)| (Hashed::new(of), *slot)).collect();
        self.changed(&asked, |layer, (address, slot)| layer.slot(*address, || *slot))
    }

    /// What the newest layer that knows says to each question.
    fn changed<Q, A: Clone>(
        &self,
        asked: &[Q],
        look: impl Fn(&Layer, &Q) -> Option<A>,
    ) -> Vec<Option<A>> {
        let mut found = vec![None; asked.len()];
        let mut open: Vec<usize> = (0..asked.len()).collect();
        for layer in &*self.layers {
            open.retain(|at| {
                found[*at] = look(layer, &asked[*at]);
                found[*at].is_none()
            });
        }
        found
    }

    /// Code that has come with the layers.
    fn new_code(&self, hash: &B256) -> Option<&Bytes> {
        self.layers.iter().find_map(|layer| layer.code(hash))
    }

    /// What was found, and the rest from the base.
    fn completed<Q: Copy, A>(
        &self,
        asked: &[Q],
        found: Vec<Option<A>>,
        read: impl FnOnce(&BaseState, &[Q]) -> Result<Vec<A>, ReadError>,
    ) -> Result<Vec<A>, ReadError> {
        let missing = asked.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Q> = missing.map(|(asked, _)| *asked).collect();
        let rest = match missing.as_slice() {
            [] => Vec::new(),
            missing => self.checked(|base| read(base, missing))?,
        };
        let mut rest = rest.into_iter();
        Ok(found.into_iter().map_while(|found| found.or_else(|| rest.next())).collect())
    }

    /// Reads from the base and makes sure that it had not moved past this view by then.
    fn checked<T>(
        &self,
        read: impl FnOnce(&BaseState) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let value = read(&self.base)?;
        if self.base.newest_possible() > self.number || self.base.resets() != self.resets {
            return Err(ReadError::Passed { number: self.number });
        }
        Ok(value)
    }
}

impl StateReader for StateView {
    type Error = ReadError;

    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        match self.changed_account(address) {
            Some(account) => Ok(account),
            None => self.checked(|base| base.account(address)),
        }
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        match self.changed_slot(address, slot) {
            Some(value) => Ok(value),
            None => self.checked(|base| base.storage(address, slot)),
        }
    }

    fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ReadError> {
        let found = self.changed_accounts(addresses);
        self.completed(addresses, found, BaseState::accounts)
    }

    fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, ReadError> {
        let found = self.changed_slots(slots);
        self.completed(slots, found, BaseState::slots)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        // Code never changes under its hash, so it does not matter how far the base has come.
        self.new_code(hash).map_or_else(|| self.base.code(hash), |code| Ok(code.clone()))
    }

    fn block_hash(&self, number: u64) -> Result<B256, ReadError> {
        self.base.block_hash(number)
    }
}

#[cfg(test)]
mod tests;
