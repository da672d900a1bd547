//! What can be seen of the pool from outside.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use protocol::CARRIED_TRANSACTION_BYTES_MAX;

use super::{Pool, SlotId};
use crate::mempool::{Admitted, Floor, Rejection};

impl Pool {
    /// All waiting transactions in order of arrival.
    pub fn in_arrival_order(&self) -> Vec<Arc<Admitted>> {
        let all = self.slots.iter();
        let mut all: Vec<_> = all.map(|slot| (slot.arrival, slot.admitted.clone())).collect();
        all.sort_unstable_by_key(|(arrival, _)| *arrival);
        all.into_iter().map(|(_, admitted)| admitted).collect()
    }

    /// A transaction by hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<Admitted>> {
        self.admitted(self.slots.find(hash)?)
    }

    /// Whether a transaction waits here.
    pub fn contains(&self, hash: &B256) -> bool {
        self.slots.find(hash).is_some()
    }

    /// Next nonce after all executable transactions of the sender, if it has any here.
    pub fn pending_nonce(&self, address: &Address) -> Option<u64> {
        self.senders.find(address).map(|sender| sender.end())
    }

    /// Transactions of one sender in order of nonce, each with whether it is executable.
    pub fn of_sender(&self, address: &Address) -> Vec<(Arc<Admitted>, bool)> {
        let Some(sender) = self.senders.find(address) else { return Vec::new() };
        let all = sender.iter();
        all.filter_map(|(id, executable)| Some((self.admitted(id)?, executable))).collect()
    }

    /// Everyone who has transactions here.
    pub fn senders(&self) -> Vec<Address> {
        self.senders.addresses().collect()
    }

    /// The price that buys a place. `None`: there is room, at any price.
    pub fn floor(&self) -> Option<Floor> {
        let has_slots = self.slots.len() < self.limits.transactions_max;
        let free_bytes = if has_slots { self.bytes_max.saturating_sub(self.bytes) } else { 0 };
        (free_bytes < CARRIED_TRANSACTION_BYTES_MAX).then(|| {
            let cheapest = self.prices.ascending(&self.slots).next().map(|slot| slot.class);
            Floor { free_bytes, cheapest, full: self.is_full() }
        })
    }

    pub(super) fn is_full(&self) -> Rejection {
        Rejection::PoolFull { transactions: self.slots.len(), bytes: self.bytes }
    }

    /// How many transactions, how many of them executable, and their bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.slots.len(), self.slots.len() - self.gapped, self.bytes)
    }

    /// Whether the next transaction of any sender could be taken now.
    pub fn has_ready(&mut self) -> bool {
        self.ready.has_any(&self.senders)
    }

    /// The version of the pending state that is known here.
    pub const fn version(&self) -> u64 {
        self.version
    }

    fn admitted(&self, id: SlotId) -> Option<Arc<Admitted>> {
        self.slots.get(id).map(|slot| slot.admitted.clone())
    }
}
