//! The next transaction of each sender, in the order in which they will be taken.
//!
//! Three places: the full lane (the base fee leaves the tip whole), the cut lane (it cuts the tip) and
//! parked (it is above the fee cap). A change of the base fee moves only what crosses a border, so parked
//! transactions cost nothing while they wait. Invariant: every entry is in exactly one place, the one that
//! its fees and the base fee say.

use std::{cmp::Reverse, collections::BTreeMap, collections::BTreeSet, sync::Arc};

use alloy::primitives::{Address, map::HashMap};

use super::{Fees, Ordering};

/// Higher weight first, then earlier arrival.
type Rank = (Reverse<u128>, u64);

/// Number of an arrival; it names a transaction in here.
type Arrival = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Full,
    Cut,
    Parked,
}

#[derive(Debug)]
struct Entry {
    sender: Address,
    fees: Fees,
    place: Place,
}

/// Ready transactions, one per sender.
#[derive(Debug)]
pub(super) struct Ready {
    ordering: Arc<dyn Ordering>,
    base_fee: u64,
    entries: HashMap<Arrival, Entry>,
    full: BTreeMap<Rank, Arrival>,
    cut: BTreeMap<Rank, Arrival>,
    /// The full lane by the highest base fee that still leaves the tip whole.
    full_by_slack: BTreeSet<(u128, Arrival)>,
    /// The cut lane by the same.
    cut_by_slack: BTreeSet<(u128, Arrival)>,
    /// The cut lane by fee cap.
    cut_by_cap: BTreeSet<(u128, Arrival)>,
    /// The parked ones by fee cap.
    parked_by_cap: BTreeSet<(u128, Arrival)>,
}

impl Ready {
    pub(super) fn new(ordering: Arc<dyn Ordering>, base_fee: u64) -> Self {
        Self {
            ordering,
            base_fee,
            entries: HashMap::default(),
            full: BTreeMap::new(),
            cut: BTreeMap::new(),
            full_by_slack: BTreeSet::new(),
            cut_by_slack: BTreeSet::new(),
            cut_by_cap: BTreeSet::new(),
            parked_by_cap: BTreeSet::new(),
        }
    }

    pub(super) fn insert(&mut self, arrival: Arrival, sender: Address, fees: Fees) {
        let place = self.place_of(&fees);
        let replaced = self.entries.insert(arrival, Entry { sender, fees, place });
        debug_assert!(replaced.is_none(), "an arrival number names one transaction");
        self.link(arrival, fees, place);
    }

    pub(super) fn remove(&mut self, arrival: Arrival) -> bool {
        let Some(entry) = self.entries.remove(&arrival) else { return false };
        self.unlink(arrival, entry.fees, entry.place);
        true
    }

    /// Removes and returns the sender whose transaction goes next.
    pub(super) fn pop(&mut self) -> Option<(Arrival, Address)> {
        let full = self.full.first_key_value().map(|(_, arrival)| *arrival);
        let cut = self.cut.first_key_value().map(|(_, arrival)| *arrival);
        let arrival = match (full, cut) {
            (Some(full), Some(cut)) => {
                if self.rank_now(full) <= self.rank_now(cut) {
                    full
                } else {
                    cut
                }
            }
            (full, cut) => full.or(cut)?,
        };
        let sender = self.entries.get(&arrival)?.sender;
        self.remove(arrival);
        Some((arrival, sender))
    }

    /// Moves what crosses a border between the old base fee and the new one.
    pub(super) fn set_base_fee(&mut self, base_fee: u64) {
        let (old, new) = (u128::from(self.base_fee), u128::from(base_fee));
        self.base_fee = base_fee;
        let mut moved = Vec::new();
        if new > old {
            moved.extend(self.full_by_slack.range(..(new, 0)).map(|(_, arrival)| *arrival));
            moved.extend(self.cut_by_cap.range(..(new, 0)).map(|(_, arrival)| *arrival));
        } else if new < old {
            moved.extend(self.parked_by_cap.range((new, 0)..).map(|(_, arrival)| *arrival));
            moved.extend(self.cut_by_slack.range((new, 0)..).map(|(_, arrival)| *arrival));
        }
        for arrival in moved {
            let Some(entry) = self.entries.get(&arrival) else { continue };
            let (fees, old_place, new_place) =
                (entry.fees, entry.place, self.place_of(&entry.fees));
            self.unlink(arrival, fees, old_place);
            self.link(arrival, fees, new_place);
            if let Some(entry) = self.entries.get_mut(&arrival) {
                entry.place = new_place;
            }
        }
    }

    pub(super) const fn base_fee(&self) -> u64 {
        self.base_fee
    }

    /// How many could be taken now.
    pub(super) fn takeable(&self) -> usize {
        self.full.len() + self.cut.len()
    }

    /// How many wait for a lower base fee.
    pub(super) fn parked(&self) -> usize {
        self.parked_by_cap.len()
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

    fn rank_now(&self, arrival: Arrival) -> Rank {
        let weight = self
            .entries
            .get(&arrival)
            .map_or(0, |entry| self.ordering.weight_now(&entry.fees, self.base_fee));
        (Reverse(weight), arrival)
    }

    fn link(&mut self, arrival: Arrival, fees: Fees, place: Place) {
        match place {
            Place::Full => {
                self.full.insert((Reverse(self.ordering.weight_full(&fees)), arrival), arrival);
                self.full_by_slack.insert((fees.slack(), arrival));
            }
            Place::Cut => {
                self.cut.insert((Reverse(self.ordering.weight_cut(&fees)), arrival), arrival);
                self.cut_by_slack.insert((fees.slack(), arrival));
                self.cut_by_cap.insert((fees.cap, arrival));
            }
            Place::Parked => {
                self.parked_by_cap.insert((fees.cap, arrival));
            }
        }
    }

    fn unlink(&mut self, arrival: Arrival, fees: Fees, place: Place) {
        match place {
            Place::Full => {
                self.full.remove(&(Reverse(self.ordering.weight_full(&fees)), arrival));
                self.full_by_slack.remove(&(fees.slack(), arrival));
            }
            Place::Cut => {
                self.cut.remove(&(Reverse(self.ordering.weight_cut(&fees)), arrival));
                self.cut_by_slack.remove(&(fees.slack(), arrival));
                self.cut_by_cap.remove(&(fees.cap, arrival));
            }
            Place::Parked => {
                self.parked_by_cap.remove(&(fees.cap, arrival));
            }
        }
    }
}
