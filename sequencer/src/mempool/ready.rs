//! The next transaction of each sender, in the order in which they will be taken.
//!
//! Three heaps: the full lane (the base fee leaves the tip whole), the cut lane (it cuts the tip) and parked (it is above the
//! fee cap). Whoever leaves stays in its heap until it comes to the top, and so does what a new base fee has sent to another
//! lane: the weight under which it stands there is never below what it pays, so it comes to the top in time.
//! Invariant: what stands here is what the senders' records say stands here.

use std::{cmp::Ordering as Compared, collections::BinaryHeap, sync::Arc};

use super::{
    Fees, Ordering,
    pool::{SenderId, Senders},
    sender::Head,
};

/// Entries of those who left that are kept at least, before a heap is made anew without them.
const GONE_KEPT: usize = 1_024;

/// Higher weight first, then earlier arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    weight: u128,
    arrival: u64,
    sender: SenderId,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Compared {
        self.weight.cmp(&other.weight).then(other.arrival.cmp(&self.arrival))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Compared> {
        Some(self.cmp(other))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Full,
    Cut,
    Parked,
}

/// Ready transactions, one per sender.
#[derive(Debug)]
pub(super) struct Ready {
    ordering: Arc<dyn Ordering>,
    base_fee: u64,
    full: BinaryHeap<Entry>,
    cut: BinaryHeap<Entry>,
    /// By fee cap.
    parked: BinaryHeap<Entry>,
    /// How many stand here.
    count: usize,
}

impl Ready {
    pub(super) fn new(ordering: Arc<dyn Ordering>, base_fee: u64) -> Self {
        let (full, cut, parked) = (BinaryHeap::new(), BinaryHeap::new(), BinaryHeap::new());
        Self { ordering, base_fee, full, cut, parked, count: 0 }
    }

    /// The record of this sender says from now on that this transaction stands here.
    pub(super) fn insert(&mut self, sender: SenderId, head: Head) {
        self.count += 1;
        self.push(sender, head);
    }

    /// The record of a sender does not say so any more.
    pub(super) fn removed(&mut self, senders: &Senders) {
        self.count -= 1;
        if self.full.len() + self.cut.len() + self.parked.len() > 2 * self.count + GONE_KEPT {
            self.clear(senders);
        }
    }

    /// Takes out the sender whose transaction goes next. The caller writes that into the sender's record.
    pub(super) fn pop(&mut self, senders: &Senders) -> Option<SenderId> {
        self.clear_top(senders, Place::Full);
        self.clear_top(senders, Place::Cut);
        let rank = |entry: &Entry| {
            let fees = standing(senders, entry).map(|head| head.fees);
            let weight = fees.map_or(0, |fees| self.ordering.weight_now(&fees, self.base_fee));
            Entry { weight, ..*entry }
        };
        // `None` is below everything.
        let (full, cut) = (self.full.peek().map(rank), self.cut.peek().map(rank));
        let lane = if full > cut { &mut self.full } else { &mut self.cut };
        let first = lane.pop()?;
        self.count -= 1;
        Some(first.sender)
    }

    /// Whether any could be taken now.
    pub(super) fn has_any(&mut self, senders: &Senders) -> bool {
        self.clear_top(senders, Place::Full);
        self.clear_top(senders, Place::Cut);
        !(self.full.is_empty() && self.cut.is_empty())
    }

    /// What is parked below the new base fee comes back; the rest is seen to when it comes to the top.
    pub(super) fn set_base_fee(&mut self, base_fee: u64, senders: &Senders) {
        self.base_fee = base_fee;
        while self.parked.peek().is_some_and(|top| top.weight >= u128::from(base_fee)) {
            let Some(entry) = self.parked.pop() else { break };
            if let Some(head) = standing(senders, &entry) {
                self.push(entry.sender, head);
            }
        }
    }

    pub(super) const fn base_fee(&self) -> u64 {
        self.base_fee
    }

    /// Makes the heaps anew without what left.
    fn clear(&mut self, senders: &Senders) {
        let heaps = [&mut self.full, &mut self.cut, &mut self.parked];
        let all = heaps.into_iter().flat_map(|heap| std::mem::take(heap).into_vec());
        let stands = |entry: Entry| Some((entry.sender, standing(senders, &entry)?));
        let mut all: Vec<_> = all.filter_map(stands).collect();
        // One that left and came back stands there twice.
        all.sort_unstable_by_key(|(_, head)| head.arrival);
        all.dedup_by_key(|(_, head)| head.arrival);
        for (sender, head) in all {
            self.push(sender, head);
        }
    }

    /// Takes off the top of a lane what left, and sends on what belongs elsewhere by now.
    fn clear_top(&mut self, senders: &Senders, place: Place) {
        while let Some(top) = self.heap(place).peek().copied() {
            match standing(senders, &top) {
                Some(head) if self.place_of(&head.fees) == place => return,
                Some(head) => {
                    self.heap(place).pop();
                    self.push(top.sender, head);
                }
                None => {
                    self.heap(place).pop();
                }
            }
        }
    }

    fn push(&mut self, sender: SenderId, Head { arrival, fees }: Head) {
        let place = self.place_of(&fees);
        let weight = match place {
            Place::Full => self.ordering.weight_full(&fees),
            Place::Cut => self.ordering.weight_cut(&fees),
            Place::Parked => fees.cap,
        };
        self.heap(place).push(Entry { weight, arrival, sender });
    }

    const fn heap(&mut self, place: Place) -> &mut BinaryHeap<Entry> {
        match place {
            Place::Full => &mut self.full,
            Place::Cut => &mut self.cut,
            Place::Parked => &mut self.parked,
        }
    }

    fn place_of(&self, fees: &Fees) -> Place {
        let base_fee = u128::from(self.base_fee);
        if fees.cap < base_fee {
            Place::Parked
        } else if fees.slack() < base_fee {
            Place::Cut
        } else {
            Place::Full
        }
    }
}

/// What an entry is about, if its sender still stands here with it.
fn standing(senders: &Senders, entry: &Entry) -> Option<Head> {
    senders.get(entry.sender).ready.filter(|head| head.arrival == entry.arrival)
}

#[cfg(test)]
impl Ready {
    /// Panics where this is not what the records of so many senders say, or where too much is kept of those who left.
    pub(super) fn check(&self, senders: &Senders, count: usize) {
        let entries = self.full.iter().chain(&self.cut).chain(&self.parked);
        let standing: std::collections::BTreeSet<_> =
            entries.filter_map(|entry| Some(standing(senders, entry)?.arrival)).collect();
        assert_eq!(standing.len(), self.count);
        assert!(self.count <= count);
        let entries = self.full.len() + self.cut.len() + self.parked.len();
        assert!(entries <= 2 * self.count + GONE_KEPT + 1, "{entries} entries of {}", self.count);
    }
}
