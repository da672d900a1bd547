//! How often blocks were taken back, for whoever keeps what it read of them.
//!
//! Invariant: what was read while [`Unwinds::now`] gave the same number before and after is of one chain, as far as this
//! process is the one that takes blocks back; only the leader does, and a process that loses its lease ends.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts them. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unwinds {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// Blocks are being taken back until this is dropped, whatever came of it.
#[derive(Debug)]
pub(crate) struct Unwinding(Arc<Counts>);

impl Unwinds {
    /// How many there have been; `None` while blocks are being taken back.
    pub(crate) fn now(&self) -> Option<u64> {
        // In this order: what begins in between makes the numbers differ.
        let ended = self.counts.ended.load(Ordering::SeqCst);
        (self.counts.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }

    /// Blocks are about to be taken back.
    pub(crate) fn begin(&self) -> Unwinding {
        self.counts.begun.fetch_add(1, Ordering::SeqCst);
        Unwinding(self.counts.clone())
    }
}

impl Drop for Unwinding {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_number_while_one_is_under_way() {
        let unwinds = Unwinds::default();
        assert_eq!(unwinds.now(), Some(0));
        let (first, second) = (unwinds.begin(), unwinds.begin());
        assert_eq!(unwinds.now(), None);
        drop(first);
        assert_eq!(unwinds.now(), None);
        drop(second);
        assert_eq!(unwinds.now(), Some(2));
    }
}
