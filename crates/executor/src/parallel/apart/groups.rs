//! Puts transactions into groups that are expected to touch nothing in common.
//!
//! Two that are expected to touch the same place, where at least one of them writes, belong together, and so do all
//! that hang together by such pairs. What hangs together stays in one group; groups get about equal shares of the work.

use std::{cmp::Reverse, hash::BuildHasher};

use alloy_primitives::map::DefaultHashBuilder;
use hashbrown::{HashTable, hash_table::Entry};

use crate::parallel::{
    Key, PreparedTransaction,
    report::{HOT_MAX, HotPlace},
    schedule::Cost,
};

/// A run takes so long at most.
const FEW: &str = "a short run touches few places";

/// Transactions by group.
#[derive(Debug)]
pub(super) struct Groups {
    /// For each transaction the first one that it hangs together with.
    kin: Vec<u32>,
    /// Group of those that hang together with each transaction, where it is the first of them.
    of_kin: Vec<u32>,
    /// Transactions by group, in their order.
    members: Vec<u32>,
    /// Where those of each group begin.
    starts: Vec<u32>,
    pub total: Cost,
    /// What hangs together and costs most.
    pub longest: Cost,
    pub hot: Vec<HotPlace>,
}

/// A place that some transaction is expected to touch.
#[derive(Debug)]
struct Place {
    /// The first one that is.
    first: u32,
    /// Which of its keys that is.
    key: u32,
    is_written: bool,
    /// How many come after one that writes.
    waits: u32,
}

impl Groups {
    /// Groups for transactions in their order.
    pub(super) fn new<T: AsRef<PreparedTransaction>>(txs: &[T], count: usize) -> Self {
        let (places, looks) = places(txs);
        let mut together = Together::new(txs.len());
        for (tx, place) in &looks {
            let place = &places[*place as usize];
            if place.is_written {
                together.join(place.first, *tx);
            }
        }
        let (mut costs, mut total) = (vec![0; txs.len()], 0);
        let mut kin = Vec::with_capacity(txs.len());
        for (tx, index) in txs.iter().zip(0..) {
            let (cost, root) = (tx.as_ref().prediction.cost, together.root(index));
            costs[root as usize] += cost;
            total += cost;
            kin.push(root);
        }
        let hot = hot_places(txs, &places);
        let longest = costs.iter().copied().max().unwrap_or(0);
        let of_kin = shares(&costs, total, count);
        let (members, starts) = by_group(kin.iter().map(|kin| of_kin[*kin as usize]), count);
        Self { kin, of_kin, members, starts, total, longest, hot }
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Transactions of one, in their order.
    pub(super) fn members(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// How many transactions.
    pub(super) fn len(&self) -> usize {
        self.kin.len()
    }

    /// For each transaction the first one that it hangs together with, and its group.
    pub(super) fn kin_and_group(&self) -> impl Iterator<Item = (usize, usize)> {
        self.kin.iter().map(|kin| (*kin as usize, self.of_kin[*kin as usize] as usize))
    }
}

/// Places that are expected to be touched, and who touches which. Places are told apart by a hash with a secret seed:
/// two that meet would only be taken together.
fn places<T: AsRef<PreparedTransaction>>(txs: &[T]) -> (Vec<Place>, Vec<(u32, u32)>) {
    let hasher = DefaultHashBuilder::default();
    let mut places = Vec::with_capacity(txs.len() * 3);
    let mut looks = Vec::with_capacity(txs.len() * 4);
    let mut known = HashTable::<(u64, u32)>::with_capacity(txs.len() * 3);
    for (tx, index) in txs.iter().zip(0..) {
        for (key, number) in tx.as_ref().prediction.keys.iter().zip(0..) {
            let (hash, writes) = match key {
                Key::Account { address, writes } => (hasher.hash_one(address), *writes),
                Key::Slot { address, slot, writes } => (hasher.hash_one((address, slot)), *writes),
                Key::Contract { address } => (hasher.hash_one(address), true),
            };
            let place = match known.entry(hash, |(of, _)| *of == hash, |(of, _)| *of) {
                Entry::Occupied(place) => {
                    let place = place.get().1;
                    let known: &mut Place = &mut places[place as usize];
                    known.waits += u32::from(known.is_written && known.first != index);
                    known.is_written |= writes;
                    place
                }
                Entry::Vacant(free) => {
                    let place = u32::try_from(places.len()).expect(FEW);
                    free.insert((hash, place));
                    places.push(Place { first: index, key: number, is_written: writes, waits: 0 });
                    place
                }
            };
            looks.push((index, place));
        }
    }
    (places, looks)
}

/// Where most come after another one.
fn hot_places<T: AsRef<PreparedTransaction>>(txs: &[T], places: &[Place]) -> Vec<HotPlace> {
    let mut hot: Vec<_> = places.iter().filter(|place| place.waits > 0).collect();
    if hot.len() > HOT_MAX {
        hot.select_nth_unstable_by_key(HOT_MAX, |place| Reverse(place.waits));
        hot.truncate(HOT_MAX);
    }
    let named = hot.into_iter().map(|place| {
        let keys = &txs[place.first as usize].as_ref().prediction.keys;
        let (address, slot) = match keys[place.key as usize] {
            Key::Account { address, .. } | Key::Contract { address } => (address, None),
            Key::Slot { address, slot, .. } => (address, Some(slot)),
        };
        HotPlace { address, slot, waits: place.waits.into(), aborts: 0 }
    });
    named.collect()
}

/// Gives each root a group, so that groups cost about the same: what costs much goes first, to where least is.
fn shares(costs: &[Cost], total: Cost, count: usize) -> Vec<u32> {
    let share = total / count as Cost + 1;
    let mut groups = vec![0; costs.len()];
    let mut loads = vec![0; count];
    let least = |loads: &[Cost]| {
        let least = loads.iter().zip(0..).min();
        least.map_or(0, |(_, group)| group)
    };
    let is_large = |cost: Cost| cost * 4 > share;
    let mut large: Vec<_> = costs.iter().zip(0u32..).filter(|(cost, _)| is_large(**cost)).collect();
    large.sort_unstable_by(|one, other| other.cmp(one));
    for (cost, root) in large {
        let group = least(&loads);
        groups[root as usize] = group;
        loads[group as usize] += cost;
    }
    let mut group = least(&loads);
    for (cost, root) in costs.iter().zip(0usize..) {
        if *cost > 0 && !is_large(*cost) {
            if loads[group as usize] + cost / 2 >= share {
                group = least(&loads);
            }
            groups[root] = group;
            loads[group as usize] += cost;
        }
    }
    groups
}

fn by_group(of: impl Iterator<Item = u32> + Clone, count: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0; count + 1];
    let mut len = 0;
    for group in of.clone() {
        starts[group as usize + 1] += 1;
        len += 1;
    }
    for group in 0..count {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut members = vec![0; len];
    for (group, tx) in of.zip(0..) {
        let at = &mut next[group as usize];
        members[*at as usize] = tx;
        *at += 1;
    }
    (members, starts)
}

/// Which transactions hang together: each points to an earlier one of the same kin, the earliest to itself.
#[derive(Debug)]
struct Together(Vec<u32>);

impl Together {
    fn new(len: usize) -> Self {
        Self((0..u32::try_from(len).expect(FEW)).collect())
    }

    fn root(&mut self, mut tx: u32) -> u32 {
        let Self(earlier) = self;
        while earlier[tx as usize] != tx {
            let next = earlier[earlier[tx as usize] as usize];
            earlier[tx as usize] = next;
            tx = next;
        }
        tx
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[std::cmp::max(one, other) as usize] = std::cmp::min(one, other);
    }
}
