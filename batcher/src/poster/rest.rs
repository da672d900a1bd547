//! Whether posting rests: where one machine does everything, its processors are better used under load for what somebody
//! waits for. Pure.
//!
//! The sequencer fills blocks until half of the sequencing window has passed without posting, or as many bytes wait as three
//! blobs in each L1 block of that time carry. Posting rests up to half of either, so it never is what stops the sequencer.

use std::time::{Duration, Instant};

use protocol::blob::BLOB_BYTES;

/// The part of the sequencing window in which posting may rest: half of what the sequencer allows.
const WINDOW_SHARE: u64 = 4;
/// Bytes of user transactions that may wait for each L1 block of that time.
const BYTES_PER_L1_BLOCK: u64 = 3 * BLOB_BYTES as u64;
/// Pause between two looks while it rests.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What waits for posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backlog {
    /// User transactions of the newest block.
    pub(super) newest_transactions: u64,
    /// Bytes of all that wait.
    pub(super) bytes: u64,
    /// L1 blocks between the origins of the oldest and the newest that wait.
    pub(super) l1_blocks: u64,
}

/// When posting rests.
#[derive(Debug)]
pub(super) struct Rest {
    /// Transactions from which on a block is a sign of load; `None`: nothing is.
    busy_transactions: Option<u64>,
    l1_blocks_max: u64,
    /// What was found last, and when.
    last: Option<(Instant, bool)>,
}

impl Rest {
    pub(super) const fn new(busy_transactions: Option<u64>, sequencing_window: u64) -> Self {
        Self { busy_transactions, l1_blocks_max: sequencing_window / WINDOW_SHARE, last: None }
    }

    /// What is known without looking. `None`: it is time to look. A rest lasts for a moment; that there is none may be over
    /// with the next block, and whoever begins a large one then goes on with it for long.
    pub(super) fn recent(&self, now: Instant) -> Option<bool> {
        if self.busy_transactions.is_none() {
            return Some(false);
        }
        let (at, rests) = self.last?;
        (rests && now.duration_since(at) < LOOK_INTERVAL).then_some(true)
    }

    /// Whether it rests with so much waiting.
    pub(super) fn look(&mut self, backlog: Backlog, now: Instant) -> bool {
        let bytes_max = self.l1_blocks_max.saturating_mul(BYTES_PER_L1_BLOCK);
        let rests = self.busy_transactions.is_some_and(|busy| backlog.newest_transactions >= busy)
            && backlog.l1_blocks < self.l1_blocks_max
            && backlog.bytes < bytes_max;
        if self.last.is_some_and(|(_, rested)| rested) != rests {
            let Backlog { bytes, l1_blocks, .. } = backlog;
            if rests {
                tracing::info!(bytes, l1_blocks, bytes_max, "posting rests while there is load");
            } else {
                tracing::info!(bytes, l1_blocks, bytes_max, "posting goes on");
            }
        }
        self.last = Some((now, rests));
        rests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 40;
    const MOST: u64 = 10 * 3 * 131_072;

    fn rests(newest_transactions: u64, bytes: u64, l1_blocks: u64) -> bool {
        let backlog = Backlog { newest_transactions, bytes, l1_blocks };
        Rest::new(Some(100), WINDOW).look(backlog, Instant::now())
    }

    #[test]
    fn it_rests_under_load_up_to_a_quarter_of_the_window() {
        assert!(rests(100, MOST - 1, 9));
        assert!(!rests(99, 0, 0), "a small block");
        assert!(!rests(100, MOST, 0), "so many bytes");
        assert!(!rests(100, 0, 10), "so long");
    }

    #[test]
    fn it_looks_seldom_and_never_where_nothing_is_load() {
        let now = Instant::now();
        assert_eq!(Rest::new(None, WINDOW).recent(now), Some(false));
        let mut rest = Rest::new(Some(100), WINDOW);
        assert_eq!(rest.recent(now), None);
        let backlog = Backlog { newest_transactions: 100, bytes: 0, l1_blocks: 0 };
        assert!(rest.look(backlog, now));
        assert_eq!(rest.recent(now), Some(true));
        assert_eq!(rest.recent(now + LOOK_INTERVAL), None);
        assert!(!rest.look(Backlog { newest_transactions: 9, ..backlog }, now));
        assert_eq!(rest.recent(now), None, "the next block may be large");
    }
}
