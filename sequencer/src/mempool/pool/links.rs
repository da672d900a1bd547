//! How one transaction hangs in all the collections of the pool at once.
//!
//! Invariant: after [`Pool::refresh`] of a sender, the ready set, the lists by price and the counts say of its transactions what
//! its nonces say.

use std::sync::Arc;

use alloy::primitives::U256;

use super::{Pool, SenderId, SlotId, slots::Slot};
use crate::mempool::{Admitted, price::PriceClass, sender::Head};

impl Pool {
    /// Puts a transaction in; returns the one whose place it has taken.
    pub(super) fn link(
        &mut self,
        tx: Arc<Admitted>,
        nonce: u64,
        balance: U256,
    ) -> Option<Arc<Admitted>> {
        self.arrivals += 1;
        self.bytes += tx.raw.len();
        let sender = self.senders.enter(tx.sender(), nonce, balance);
        let executable = tx.nonce() <= self.senders.get(sender).end();
        self.gapped += usize::from(!executable);
        let slot = Slot {
            arrival: self.arrivals,
            nonce: tx.nonce(),
            gas_limit: tx.gas_limit(),
            cost: tx.cost.total(),
            bytes: tx.raw.len(),
            sender,
            key: 0,
            class: PriceClass::of(executable, tx.fees.tip),
            before: None,
            after: None,
            admitted: tx,
        };
        let tx_nonce = slot.nonce;
        let id = self.slots.insert(slot);
        self.prices.link(&mut self.slots, id);
        let old = self.senders.get_mut(sender).put(tx_nonce, id, &self.slots);
        let old = old.and_then(|old| self.forget(old));
        self.refresh(sender);
        old
    }

    /// Takes one transaction out, wherever it stands.
    pub(super) fn remove_one(&mut self, id: SlotId) -> Option<Arc<Admitted>> {
        let (sender, nonce) = self.slots.get(id).map(|slot| (slot.sender, slot.nonce))?;
        while let Some(parked) = self.senders.get_mut(sender).park_after(nonce, &self.slots) {
            self.reprice(parked, false);
        }
        let taken = self.senders.get_mut(sender).take_last(nonce, &self.slots);
        debug_assert_eq!(taken, Some(id), "a sender has its transactions");
        let removed = self.forget(id);
        self.refresh(sender);
        removed
    }

    /// Takes a transaction that is in no sender's record any more out of everything else.
    pub(super) fn forget(&mut self, id: SlotId) -> Option<Arc<Admitted>> {
        self.prices.unlink(&mut self.slots, id);
        let slot = self.slots.remove(id)?;
        self.bytes -= slot.bytes;
        self.gapped -= usize::from(slot.class.is_gapped());
        Some(slot.admitted)
    }

    /// Brings the derived facts of one sender up to date after any change; forgets it when nothing waits.
    pub(super) fn refresh(&mut self, sender: SenderId) {
        while let Some(absorbed) = self.senders.get_mut(sender).absorb(&self.slots) {
            self.reprice(absorbed, true);
        }
        self.place_head(sender);
        if self.senders.get(sender).is_empty() {
            self.senders.leave(sender);
        }
    }

    /// Puts the sender's next transaction into the ready set, and nothing else of it.
    pub(super) fn place_head(&mut self, id: SenderId) {
        let sender = self.senders.get(id);
        let head = sender.head().filter(|_| !sender.deferred);
        let head = head.and_then(|head| self.slots.get(head));
        let next = head.map(|slot| Head { arrival: slot.arrival, fees: slot.admitted.fees });
        let before = std::mem::replace(&mut self.senders.get_mut(id).ready, next);
        if before == next {
            return;
        }
        if before.is_some() {
            self.ready.removed(&self.senders);
        }
        if let Some(head) = next {
            self.ready.insert(id, head);
        }
    }

    /// A transaction has now a gap before it, or has none any more.
    fn reprice(&mut self, id: SlotId, executable: bool) {
        self.prices.unlink(&mut self.slots, id);
        let Some(slot) = self.slots.get_mut(id) else { return };
        let class = PriceClass::of(executable, slot.admitted.fees.tip);
        self.gapped -= usize::from(slot.class.is_gapped());
        self.gapped += usize::from(class.is_gapped());
        slot.class = class;
        self.prices.link(&mut self.slots, id);
    }
}
