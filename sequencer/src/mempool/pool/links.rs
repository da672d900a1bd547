//! How one transaction hangs in all the collections of the pool at once.
//!
//! Invariant: after [`Pool::refresh`] of a sender, the ready set, the order by price and the counts say of its
//! transactions what its nonces say.

use std::{cmp::Reverse, sync::Arc};

use alloy::primitives::{Address, B256, U256};

use super::{Pool, Price};
use crate::mempool::{Admitted, Fees, sender::Sender, transaction::Pooled};

impl Pool {
    pub(super) fn link(&mut self, tx: Admitted, nonce: u64, balance: U256) {
        self.arrivals += 1;
        let (hash, address, arrival) = (tx.hash(), tx.sender(), self.arrivals);
        let tx_nonce = tx.nonce();
        self.bytes += tx.raw.len();
        self.by_hash.insert(hash, (address, tx_nonce));
        self.by_price.insert(price(&tx.fees, false, arrival, address));
        self.gapped += 1;
        let sender = self.senders.entry(address).or_insert_with(|| Sender::new(nonce, balance));
        sender.transactions.insert(tx_nonce, Pooled { admitted: Arc::new(tx), arrival });
        self.refresh(&address);
    }

    /// Takes one transaction out, wherever it stands.
    pub(super) fn remove_one(&mut self, hash: &B256) -> bool {
        let Some(sender) = self.unlink(hash) else { return false };
        self.refresh(&sender);
        true
    }

    /// The same before [`Self::refresh`], which is due once for all that are taken out of one sender's queue.
    pub(super) fn unlink(&mut self, hash: &B256) -> Option<Address> {
        let (address, nonce) = self.by_hash.remove(hash)?;
        let sender = self.senders.get_mut(&address)?;
        let executable = sender.is_executable(nonce);
        let pooled = sender.transactions.remove(&nonce)?;
        if sender.ready == Some(pooled.arrival) {
            sender.ready = None;
            self.ready.remove(pooled.arrival);
        }
        self.bytes -= pooled.admitted.raw.len();
        self.by_price.remove(&price(&pooled.admitted.fees, executable, pooled.arrival, address));
        self.gapped -= usize::from(!executable);
        Some(address)
    }

    /// Brings the derived facts of one sender up to date after any change; forgets it when nothing waits.
    pub(super) fn refresh(&mut self, address: &Address) {
        let Some(sender) = self.senders.get_mut(address) else { return };
        if sender.transactions.is_empty() {
            if let Some(arrival) = sender.ready {
                self.ready.remove(arrival);
            }
            self.senders.remove(address);
            return;
        }
        let moved = sender.find_end();
        for (nonce, pooled) in sender.transactions.range(moved) {
            let now = sender.is_executable(*nonce);
            let fees = &pooled.admitted.fees;
            self.by_price.remove(&price(fees, !now, pooled.arrival, *address));
            self.by_price.insert(price(fees, now, pooled.arrival, *address));
            if now {
                self.gapped -= 1;
            } else {
                self.gapped += 1;
            }
        }
        self.place_head(address);
    }

    /// Puts the sender's next transaction into the ready set, and nothing else of it.
    pub(super) fn place_head(&mut self, address: &Address) {
        let Some(sender) = self.senders.get_mut(address) else { return };
        let head = sender.head().filter(|_| !sender.deferred);
        let next = head.map(|head| (head.arrival, head.admitted.fees));
        if sender.ready == next.map(|(arrival, _)| arrival) {
            return;
        }
        if let Some(arrival) = sender.ready.take() {
            self.ready.remove(arrival);
        }
        if let Some((arrival, fees)) = next {
            self.ready.insert(arrival, *address, fees);
            sender.ready = Some(arrival);
        }
    }
}

const fn price(fees: &Fees, executable: bool, arrival: u64, sender: Address) -> Price {
    (executable, fees.tip, fees.cap, Reverse(arrival), sender)
}
