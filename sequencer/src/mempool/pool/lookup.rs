//! What can be seen of the pool from outside.

use std::sync::Arc;

use alloy::primitives::{Address, B256};

use super::Pool;
use crate::mempool::Admitted;

impl Pool {
    /// All waiting transactions in order of arrival.
    pub fn in_arrival_order(&self) -> Vec<Arc<Admitted>> {
        let all = self.senders.values().flat_map(|sender| sender.transactions.values());
        let mut all: Vec<_> = all.map(|tx| (tx.arrival, tx.admitted.clone())).collect();
        all.sort_unstable_by_key(|(arrival, _)| *arrival);
        all.into_iter().map(|(_, admitted)| admitted).collect()
    }

    /// A transaction by hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<Admitted>> {
        let (address, nonce) = self.by_hash.get(hash)?;
        Some(self.senders.get(address)?.transactions.get(nonce)?.admitted.clone())
    }

    /// Next nonce after all executable transactions of the sender, if it has any here.
    pub fn pending_nonce(&self, address: &Address) -> Option<u64> {
        self.senders.get(address).map(|sender| sender.end)
    }

    /// Transactions of one sender in order of nonce, each with whether it is executable.
    pub fn of_sender(&self, address: &Address) -> Vec<(Arc<Admitted>, bool)> {
        let Some(sender) = self.senders.get(address) else { return Vec::new() };
        let all = sender.transactions.iter();
        all.map(|(nonce, tx)| (tx.admitted.clone(), sender.is_executable(*nonce))).collect()
    }

    /// Everyone who has transactions here.
    pub fn senders(&self) -> Vec<Address> {
        self.senders.keys().copied().collect()
    }

    /// How many transactions, how many of them executable, and their bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.by_hash.len(), self.by_hash.len() - self.gapped, self.bytes)
    }

    /// Senders whose next transaction could be taken now, and those that wait for a lower base fee.
    pub fn heads(&self) -> (usize, usize) {
        (self.ready.takeable(), self.ready.parked())
    }

    /// The version of the pending state that is known here.
    pub const fn version(&self) -> u64 {
        self.version
    }
}
