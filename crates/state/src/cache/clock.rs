//! A bounded map that evicts by second chance: a hand goes round, spares what was read since it last came by, and
//! takes the first that was not. Reading needs no exclusive access.
//!
//! Invariant: the weights of what is held add up to at most the capacity.

use alloy_primitives::map::HashMap;
use core::{
    hash::Hash,
    sync::atomic::{AtomicBool, Ordering},
};

/// A map of at most `capacity` in weight.
#[derive(Debug)]
pub(super) struct Clock<K, V> {
    places: HashMap<K, usize>,
    ring: Vec<Entry<K, V>>,
    hand: usize,
    weight: usize,
    capacity: usize,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    weight: usize,
    /// Read since the hand came by.
    used: AtomicBool,
}

impl<K: Copy + Eq + Hash, V> Clock<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { places: HashMap::default(), ring: Vec::new(), hand: 0, weight: 0, capacity }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let entry = &self.ring[*self.places.get(key)?];
        entry.used.store(true, Ordering::Relaxed);
        Some(&entry.value)
    }

    /// Whether a key is held; not counted as a read.
    pub(super) fn contains(&self, key: &K) -> bool {
        self.places.contains_key(key)
    }

    /// Holds a value in place of the old one; gives the keys that had to go. What is too heavy is not held.
    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) -> Vec<K> {
        self.remove(&key);
        let mut gone = Vec::new();
        if weight > self.capacity {
            return gone;
        }
        while self.weight + weight > self.capacity {
            gone.push(self.evict());
        }
        self.places.insert(key, self.ring.len());
        self.ring.push(Entry { key, value, weight, used: AtomicBool::new(false) });
        self.weight += weight;
        gone
    }

    pub(super) fn remove(&mut self, key: &K) -> bool {
        let Some(place) = self.places.remove(key) else { return false };
        let entry = self.ring.swap_remove(place);
        self.weight -= entry.weight;
        if let Some(moved) = self.ring.get(place) {
            self.places.insert(moved.key, place);
        }
        true
    }

    /// Removes whatever `unwanted` says.
    pub(super) fn remove_if(&mut self, unwanted: impl Fn(&K) -> bool) {
        let keys: Vec<K> = self.ring.iter().map(|entry| entry.key).filter(unwanted).collect();
        keys.iter().for_each(|key| {
            self.remove(key);
        });
    }

    pub(super) const fn len(&self) -> usize {
        self.ring.len()
    }

    /// Weight held; for the numbers.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Something is held: weight is above a capacity that no single value is above.
    fn evict(&mut self) -> K {
        loop {
            self.hand = if self.hand < self.ring.len() { self.hand } else { 0 };
            let entry = &mut self.ring[self.hand];
            if core::mem::take(entry.used.get_mut()) {
                self.hand += 1;
                continue;
            }
            let key = entry.key;
            self.remove(&key);
            return key;
        }
    }
}
