//! Whether posting keeps up: what has not reached L1 within its sequencing window gives way to empty blocks there, and
//! with it transactions that were called durable. So blocks stay without user transactions while posting is late;
//! they wait in the mempool, which refuses more when it is full. Not here: how batches are posted.

use crate::metrics;

/// Share of the sequencing window that blocks may wait for posting, in percent. The rest is left for what is on its way.
const LAG_PERCENT_MAX: u64 = 50;

/// Compares the origin of our newest block with that of the safe head.
#[derive(Debug)]
pub(super) struct Posting {
    sequencing_window: u64,
    late: bool,
}

impl Posting {
    /// In time so far.
    pub(super) const fn new(sequencing_window: u64) -> Self {
        Self { sequencing_window, late: false }
    }

    /// Whether the next block must be without user transactions. Both are numbers of L1 origins, so an L1 that is
    /// away makes nothing late.
    pub(super) fn is_late(&mut self, newest_origin: u64, safe_origin: u64) -> bool {
        let lag = newest_origin.saturating_sub(safe_origin);
        let late =
            lag.saturating_mul(100) >= self.sequencing_window.saturating_mul(LAG_PERCENT_MAX);
        if late != self.late {
            self.late = late;
            metrics::posting_late(late);
            if late {
                tracing::warn!(
                    l1_blocks = lag,
                    "posting is late: blocks hold no user transactions"
                );
            } else {
                tracing::info!(l1_blocks = lag, "posting has caught up");
            }
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_window_is_late_and_catching_up_ends_it() {
        let mut posting = Posting::new(40);
        assert!(!posting.is_late(119, 100));
        assert!(posting.is_late(120, 100));
        assert!(posting.is_late(150, 100));
        assert!(!posting.is_late(150, 140));
        // After a reorg the safe head may name a later origin for a moment.
        assert!(!posting.is_late(100, 110));
    }
}
