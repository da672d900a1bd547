//! What must hold of the pool between any two calls, looked at in full. For tests.

use std::collections::BTreeSet;

use alloy::primitives::U256;

use super::Pool;
use crate::mempool::price::PriceClass;

impl Pool {
    pub(in crate::mempool) const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Panics where an invariant does not hold.
    pub(in crate::mempool) fn check(&self) {
        let mut seen = BTreeSet::new();
        let mut gapped = 0;
        for address in self.senders.addresses() {
            let sender = self.senders.find(&address).expect("who is listed is here");
            assert!(!sender.is_empty() && sender.address == address);
            assert!(sender.nonce <= sender.cursor && sender.cursor <= sender.end());
            let (mut next, mut sum) = (sender.nonce, U256::ZERO);
            for (id, executable) in sender.iter() {
                let slot = self.slots.get(id).expect("what a sender has is here");
                assert!(seen.insert(id), "it is there once");
                assert_eq!(self.slots.find(&slot.admitted.hash()), Some(id));
                assert_eq!(slot.nonce, slot.admitted.nonce());
                assert!(executable == (slot.nonce == next), "{} at {next}", slot.nonce);
                assert_eq!(slot.class, PriceClass::of(executable, slot.admitted.fees.tip));
                assert_eq!(sender.queued_cost(slot.nonce, &self.slots), sum);
                sum += slot.admitted.cost.total();
                next += u64::from(executable);
                gapped += usize::from(!executable);
            }
            let head = sender.head().filter(|_| !sender.deferred);
            let head = head.and_then(|head| self.slots.get(head));
            assert_eq!(sender.ready.map(|head| head.arrival), head.map(|slot| slot.arrival));
        }
        assert_eq!(seen.len(), self.slots.len());
        assert_eq!(self.slots.iter().count(), self.slots.len());
        assert_eq!(gapped, self.gapped);
        assert_eq!(
            self.bytes,
            self.slots.iter().map(|slot| slot.admitted.raw.len()).sum::<usize>()
        );
        self.prices.check(&self.slots);
        self.ready.check(&self.senders, self.senders.addresses().count());
    }
}
