//! The waiting transactions of one sender, by nonce.
//!
//! ```text
//!  nonce ──▶ taken ──▶ cursor ──▶ executable ──▶ end ── gap ──▶ parked behind the gap
//!  └──────────────── queue ─────────────────────┘
//! ```
//! Invariants: `account nonce ≤ cursor ≤ end`, every nonce from the account's to `end` is in the queue, `end` is nowhere; the
//! sums are those of the costs of what is there.

use std::collections::{BTreeMap, VecDeque};

use alloy::primitives::{Address, U256, Uint};

use super::{
    Fees,
    pool::{SlotId, Slots},
};

/// A sum of many costs, none of them above 256 bits.
type Sum = Uint<320, 5>;

/// Room for slots that a sender without transactions may keep.
const ROOM_KEPT_MAX: usize = 8;

/// The transaction that goes next, while it stands in the ready set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) arrival: u64,
    pub(super) fees: Fees,
}

#[derive(Debug, Default)]
pub(super) struct Sender {
    pub(super) address: Address,
    /// Next nonce of the account in the pending state.
    pub(super) nonce: u64,
    /// Balance in the pending state, in wei.
    pub(super) balance: U256,
    /// Next nonce to hand out; above `nonce` while the builder holds transactions.
    pub(super) cursor: u64,
    /// What stands in the ready set.
    pub(super) ready: Option<Head>,
    /// Its next transaction needs more gas than the open block has left.
    pub(super) deferred: bool,
    /// Those without a gap before them: the first has the account's nonce.
    queue: VecDeque<SlotId>,
    queue_cost: Sum,
    parked: BTreeMap<u64, SlotId>,
    parked_cost: Sum,
}

impl Sender {
    /// Takes over the record of one who left.
    pub(super) fn begin(&mut self, address: Address, nonce: u64, balance: U256) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        queue.shrink_to(ROOM_KEPT_MAX);
        *self = Self { address, nonce, balance, cursor: nonce, queue, ..Self::default() };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.parked.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.parked.len()
    }

    /// First nonce that is missing.
    pub(super) fn end(&self) -> u64 {
        self.nonce + self.queue.len() as u64
    }

    /// The transaction that goes next, if it is here.
    pub(super) fn head(&self) -> Option<SlotId> {
        self.in_queue(self.cursor)
    }

    /// The one with the highest nonce below this one.
    pub(super) fn last_before(&self, nonce: u64) -> Option<SlotId> {
        let parked = self.parked.range(..nonce).next_back();
        let in_queue = || self.in_queue(std::cmp::min(nonce, self.end()).checked_sub(1)?);
        parked.map(|(_, id)| *id).or_else(in_queue)
    }

    /// The transaction with this nonce.
    pub(super) fn get(&self, nonce: u64) -> Option<SlotId> {
        self.in_queue(nonce).or_else(|| self.parked.get(&nonce).copied())
    }

    /// All of them in order of nonce, each with whether it is executable.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SlotId, bool)> {
        let queue = self.queue.iter().map(|id| (*id, true));
        queue.chain(self.parked.values().map(|id| (*id, false)))
    }

    /// What the transactions before this nonce may cost, in wei; the largest number where it is more.
    pub(super) fn queued_cost(&self, nonce: u64, slots: &Slots) -> U256 {
        let sum = if nonce < self.end() {
            let before = usize::try_from(nonce.saturating_sub(self.nonce)).unwrap_or(usize::MAX);
            self.queue
                .iter()
                .take(before)
                .map(|id| cost(slots, *id))
                .fold(Sum::ZERO, Sum::wrapping_add)
        } else if self.parked.last_key_value().is_none_or(|(last, _)| *last < nonce) {
            self.queue_cost + self.parked_cost
        } else {
            let parked = self.parked.range(..nonce).map(|(_, id)| cost(slots, *id));
            parked.fold(self.queue_cost, Sum::wrapping_add)
        };
        U256::saturating_from(sum)
    }

    /// Puts a transaction in, whose nonce is not below the account's; returns the one that had its place. One behind a gap stays
    /// there until [`Self::absorb`].
    pub(super) fn put(&mut self, nonce: u64, id: SlotId, slots: &Slots) -> Option<SlotId> {
        let place = usize::try_from(nonce - self.nonce).unwrap_or(usize::MAX);
        if let Some(found) = self.queue.get_mut(place) {
            let old = std::mem::replace(found, id);
            self.queue_cost = self.queue_cost - cost(slots, old) + cost(slots, id);
            return Some(old);
        }
        if place == self.queue.len() {
            self.queue.push_back(id);
            self.queue_cost += cost(slots, id);
            return None;
        }
        let old = self.parked.insert(nonce, id);
        self.parked_cost += cost(slots, id);
        self.parked_cost -= old.map_or(Sum::ZERO, |old| cost(slots, old));
        old
    }

    /// Moves the first parked one to the end of the queue where no gap is left before it.
    pub(super) fn absorb(&mut self, slots: &Slots) -> Option<SlotId> {
        let end = self.end();
        let id = self.parked.first_entry().filter(|first| *first.key() == end)?.remove();
        self.parked_cost -= cost(slots, id);
        self.queue.push_back(id);
        self.queue_cost += cost(slots, id);
        Some(id)
    }

    /// Moves the last of the queue behind the gap that is about to be before it, unless it is the one with this nonce.
    pub(super) fn park_after(&mut self, nonce: u64, slots: &Slots) -> Option<SlotId> {
        let last =
            self.end().checked_sub(1).filter(|last| *last > nonce && !self.queue.is_empty())?;
        let id = self.queue.pop_back()?;
        self.queue_cost -= cost(slots, id);
        self.parked.insert(last, id);
        self.parked_cost += cost(slots, id);
        Some(id)
    }

    /// Takes a transaction out that is parked or the last of the queue.
    pub(super) fn take_last(&mut self, nonce: u64, slots: &Slots) -> Option<SlotId> {
        if let Some(id) = self.parked.remove(&nonce) {
            self.parked_cost -= cost(slots, id);
            return Some(id);
        }
        let id = if nonce + 1 == self.end() { self.queue.pop_back()? } else { return None };
        self.queue_cost -= cost(slots, id);
        Some(id)
    }

    /// Takes out the first, while the account's nonce is on its way to this one. `None` when it is there.
    pub(super) fn advance(&mut self, nonce: u64, slots: &Slots) -> Option<SlotId> {
        if self.nonce >= nonce {
            return None;
        }
        if let Some(id) = self.queue.pop_front() {
            self.nonce += 1;
            self.queue_cost -= cost(slots, id);
            return Some(id);
        }
        match self.parked.first_entry().filter(|first| *first.key() < nonce) {
            Some(first) => {
                self.nonce = first.key() + 1;
                let id = first.remove();
                self.parked_cost -= cost(slots, id);
                Some(id)
            }
            None => {
                self.nonce = nonce;
                None
            }
        }
    }

    fn in_queue(&self, nonce: u64) -> Option<SlotId> {
        let place = usize::try_from(nonce.checked_sub(self.nonce)?).ok()?;
        self.queue.get(place).copied()
    }
}

fn cost(slots: &Slots, id: SlotId) -> Sum {
    slots.get(id).map_or(Sum::ZERO, |slot| Sum::from(slot.cost))
}
