//! Who leaves a full pool for a transaction that pays more.
//!
//! All who have to leave are named before the first of them does, so one that finds no place costs nobody theirs.

use std::collections::BTreeMap;

use alloy::primitives::Address;

use super::{Left, Pool, SlotId};
use crate::mempool::{Admitted, Rejection, price::PriceClass};

/// What has to leave.
#[derive(Debug)]
struct Excess {
    transactions: usize,
    bytes: usize,
}

impl Pool {
    /// Evicts cheaper transactions until the new one fits, which may take the place of an old one of its sender and nonce.
    pub(super) fn make_room(
        &mut self,
        tx: &Admitted,
        nonce: u64,
        old_bytes: Option<usize>,
        left: &mut Left,
    ) -> Result<(), Rejection> {
        let sender = self.senders.find(&tx.sender());
        let transactions_max = self.limits.sender_transactions_max;
        let is_new = old_bytes.is_none();
        if is_new && sender.is_some_and(|sender| sender.len() >= transactions_max) {
            return Err(Rejection::SenderFull { transactions_max });
        }
        let executable = tx.nonce() <= sender.map_or(nonce, |sender| sender.end());
        let class = PriceClass::of(executable, tx.fees.tip);
        // Where there is more than may be let in by now, it takes the place of as much as it brings.
        let bytes_max = std::cmp::max(self.bytes_max, self.bytes);
        let bytes = self.bytes + tx.raw.len() - old_bytes.unwrap_or(0);
        let excess = Excess {
            transactions: usize::from(is_new && self.slots.len() >= self.limits.transactions_max),
            bytes: bytes.saturating_sub(bytes_max),
        };
        let victims = self.cheaper(excess, class, &tx.sender()).ok_or_else(|| self.is_full())?;
        let evicted = victims.into_iter().filter_map(|victim| self.remove_one(victim));
        left.extend(evicted.map(|evicted| (evicted.hash(), Rejection::Evicted)));
        Ok(())
    }

    /// Who leaves for one of this class and sender; `None` where that would not be enough.
    fn cheaper(
        &self,
        mut excess: Excess,
        class: PriceClass,
        address: &Address,
    ) -> Option<Vec<SlotId>> {
        let mut victims = Vec::new();
        // The lowest nonce of each sender that leaves.
        let mut lowest = BTreeMap::new();
        let mut by_price = self.prices.ascending(&self.slots);
        while excess.transactions > 0 || excess.bytes > 0 {
            let cheapest = by_price.next().filter(|cheapest| cheapest.class < class)?;
            let sender = self.senders.get(cheapest.sender);
            let lowest = lowest.entry(cheapest.sender).or_insert(u64::MAX);
            // Its sender loses the last in its queue: what stands behind the cheapest cannot be executed without it. What the
            // builder holds is not evicted.
            while *lowest > cheapest.nonce && (excess.transactions > 0 || excess.bytes > 0) {
                let last = sender.last_before(*lowest).filter(|_| sender.address != *address)?;
                let slot = self.slots.get(last).filter(|slot| slot.nonce >= sender.cursor)?;
                *lowest = slot.nonce;
                excess.transactions = excess.transactions.saturating_sub(1);
                excess.bytes = excess.bytes.saturating_sub(slot.bytes);
                victims.push(last);
            }
        }
        Some(victims)
    }
}
