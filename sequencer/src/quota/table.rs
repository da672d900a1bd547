//! What is remembered of clients or senders, in bounded memory.
//!
//! Who has used nothing lately is forgotten, which changes nothing for them. Where even that leaves no room, newcomers
//! share one entry: nobody gets a fresh quota by crowding others out.

use std::{hash::Hash, sync::Arc};

use alloy::primitives::map::HashMap;
use parking_lot::Mutex;

/// At most so often the table is searched for entries to forget, in nanoseconds.
const SWEEP_INTERVAL: u64 = 1_000_000_000;

/// An entry that can be forgotten at times.
pub(super) trait Forgettable: Default {
    /// Whether a new entry would be the same.
    fn is_as_new(&self, now: u64) -> bool;
}

#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries_max: usize,
    inner: Mutex<Inner<K, V>>,
    /// Of everybody for whom there is no room.
    shared: Arc<V>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, Arc<V>>,
    swept_at: u64,
}

impl<K: Hash + Eq, V: Forgettable> Table<K, V> {
    pub(super) fn new(entries_max: usize) -> Self {
        let inner = Inner { entries: HashMap::default(), swept_at: 0 };
        Self { entries_max, inner: Mutex::new(inner), shared: Arc::default() }
    }

    /// The entry of `key`, perhaps a new one.
    pub(super) fn get(&self, key: K, now: u64) -> Arc<V> {
        let mut inner = self.inner.lock();
        if let Some(entry) = inner.entries.get(&key) {
            return entry.clone();
        }
        if inner.entries.len() >= self.entries_max {
            inner.sweep(now);
            if inner.entries.len() >= self.entries_max {
                return self.shared.clone();
            }
        }
        inner.entries.entry(key).or_default().clone()
    }
}

impl<K: Hash + Eq, V: Forgettable> Inner<K, V> {
    fn sweep(&mut self, now: u64) {
        if now < self.swept_at.saturating_add(SWEEP_INTERVAL) {
            return;
        }
        self.swept_at = now;
        self.entries.retain(|_, entry| Arc::strong_count(entry) > 1 || !entry.is_as_new(now));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Busy(AtomicU64);

    impl Forgettable for Busy {
        fn is_as_new(&self, now: u64) -> bool {
            self.0.load(Ordering::Relaxed) <= now
        }
    }

    #[test]
    fn a_full_table_forgets_the_idle_and_then_shares() {
        let table = Table::<u32, Busy>::new(2);
        let now = 10 * SWEEP_INTERVAL;
        table.get(1, now).0.store(u64::MAX, Ordering::Relaxed);
        table.get(2, now);
        // Two are there, one of them idle.
        table.get(3, now).0.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(table.inner.lock().entries.len(), 2);
        assert_eq!(table.get(1, now).0.load(Ordering::Relaxed), u64::MAX);
        let later = now + SWEEP_INTERVAL;
        let (fourth, fifth) = (table.get(4, later), table.get(5, later));
        assert!(Arc::ptr_eq(&fourth, &fifth));
        assert_eq!(table.inner.lock().entries.len(), 2);
    }
}
