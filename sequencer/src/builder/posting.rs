//! Whether posting keeps up. What is not on L1 within its sequencing window gives way to empty blocks there, and with it
//! transactions that were called durable. So no more is built than can be posted in half a window: beyond that, blocks
//! stay without user transactions; they wait in the mempool, which refuses more when it is full.
//!
//! How much that is, posting itself tells: half of what became safe in the last half window, and some to begin with. Half,
//! because batches come in lumps, and what became safe in that time may have been begun before. The other half of the window
//! is left for what is on its way, and for L1's moods. Not here: how batches are posted.

use std::collections::VecDeque;

use protocol::{CARRIED_TRANSACTION_BYTES_MAX, L2BlockRef};

use crate::metrics;

/// Share of the sequencing window in which everything is to be posted, in percent.
const LAG_PERCENT_MAX: u64 = 50;

/// What is taken to be postable in each L1 block before anything else is known, in bytes of user transactions: three blobs
/// before compression, a small part of what L1 takes.
const BYTES_PER_L1_BLOCK_MIN: usize = 3 * protocol::blob::BLOB_BYTES;
/// Share of what became safe lately that may wait for posting, in percent.
const POSTED_PERCENT_MAX: usize = 50;

/// Follows what waits for posting, and how fast it goes.
#[derive(Debug)]
pub(super) struct Posting {
    /// L1 blocks in which everything is to be posted.
    lag_max: u64,
    /// Sealed blocks that are not safe, in order: number, and bytes of user transactions.
    waiting: VecDeque<(u64, usize)>,
    waiting_bytes: usize,
    /// Blocks that became safe lately, in order: the L1 head at which that was seen, number, and bytes.
    posted: VecDeque<(u64, u64, usize)>,
    posted_bytes: usize,
    is_late: bool,
}

impl Posting {
    /// At a start: blocks up to `newest` hold so many bytes that are not safe.
    pub(super) fn new(sequencing_window: u64, newest: u64, unsafe_bytes: usize) -> Self {
        Self {
            lag_max: sequencing_window.saturating_mul(LAG_PERCENT_MAX) / 100,
            waiting: VecDeque::from([(newest, unsafe_bytes)]),
            waiting_bytes: unsafe_bytes,
            posted: VecDeque::new(),
            posted_bytes: 0,
            is_late: false,
        }
    }

    /// A block was sealed.
    pub(super) fn sealed(&mut self, number: u64, bytes: usize) {
        self.waiting.push_back((number, bytes));
        self.waiting_bytes += bytes;
    }

    /// Bytes of user transactions that the next block may hold: any one transaction fits, or none. The L1 head is the
    /// newest that is known, so an L1 that is away makes nothing late, but does not let the backlog grow without bound.
    pub(super) fn room(&mut self, safe: &L2BlockRef, l1_head: u64) -> usize {
        self.note_safe(safe.number, l1_head);
        let bytes_max = self.bytes_max();
        let lag = l1_head.saturating_sub(safe.origin.number);
        let room = bytes_max.saturating_sub(self.waiting_bytes);
        let late = lag >= self.lag_max || room < CARRIED_TRANSACTION_BYTES_MAX;
        metrics::posting(self.waiting_bytes, bytes_max, late);
        if late != self.is_late {
            self.is_late = late;
            let (waiting_bytes, l1_blocks) = (self.waiting_bytes, lag);
            if late {
                tracing::info!(
                    l1_blocks,
                    waiting_bytes,
                    bytes_max,
                    "posting is late: blocks hold no user transactions"
                );
            } else {
                tracing::info!(l1_blocks, waiting_bytes, bytes_max, "posting has caught up");
            }
        }
        if late { 0 } else { room }
    }

    /// The most bytes of user transactions that may wait for posting.
    fn bytes_max(&self) -> usize {
        let first = usize::try_from(self.lag_max).unwrap_or(usize::MAX);
        let posted = self.posted_bytes / 100 * POSTED_PERCENT_MAX;
        std::cmp::max(first.saturating_mul(BYTES_PER_L1_BLOCK_MIN), posted)
    }

    fn note_safe(&mut self, safe: u64, l1_head: u64) {
        while let Some((number, bytes)) = self.waiting.pop_front_if(|(number, _)| *number <= safe) {
            self.waiting_bytes -= bytes;
            self.posted.push_back((l1_head, number, bytes));
            self.posted_bytes += bytes;
        }
        // A reorg of L1 took batches away: they have to be posted again.
        while let Some((_, number, bytes)) =
            self.posted.pop_back_if(|(_, number, _)| *number > safe)
        {
            self.posted_bytes -= bytes;
            self.waiting.push_front((number, bytes));
            self.waiting_bytes += bytes;
        }
        let oldest = l1_head.saturating_sub(self.lag_max);
        while let Some((_, _, bytes)) = self.posted.pop_front_if(|(seen, ..)| *seen < oldest) {
            self.posted_bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::BlockId;

    use super::*;

    const FIRST: usize = 20 * BYTES_PER_L1_BLOCK_MIN;

    fn safe(number: u64, origin: u64) -> L2BlockRef {
        let origin = BlockId { number: origin, ..BlockId::default() };
        L2BlockRef { number, origin, ..L2BlockRef::default() }
    }

    #[test]
    fn half_a_window_is_late_and_catching_up_ends_it() {
        let mut posting = Posting::new(40, 0, 0);
        assert_eq!(posting.room(&safe(0, 100), 119), FIRST);
        assert_eq!(posting.room(&safe(0, 100), 120), 0);
        assert_eq!(posting.room(&safe(0, 100), 150), 0);
        assert_eq!(posting.room(&safe(0, 140), 150), FIRST);
        // After a reorg the safe head may name a later origin for a moment.
        assert_eq!(posting.room(&safe(0, 110), 100), FIRST);
    }

    #[test]
    fn more_may_wait_where_more_was_posted() {
        let mut posting = Posting::new(40, 0, 0);
        posting.sealed(1, FIRST);
        assert_eq!(posting.room(&safe(0, 100), 101), 0, "nothing is known of posting yet");
        assert_eq!(posting.room(&safe(1, 100), 102), FIRST);
        for number in 2..=4 {
            posting.sealed(number, FIRST);
        }
        let half = posting.room(&safe(4, 100), 103);
        assert!((2 * FIRST - 50..=2 * FIRST).contains(&half), "four were posted just now: {half}");
        posting.sealed(5, half - CARRIED_TRANSACTION_BYTES_MAX);
        assert_eq!(posting.room(&safe(4, 110), 122), CARRIED_TRANSACTION_BYTES_MAX);
        posting.sealed(6, 1);
        assert_eq!(posting.room(&safe(4, 110), 122), 0, "not every transaction would fit");
        assert_eq!(posting.room(&safe(6, 160), 171), FIRST);
        assert_eq!(
            posting.room(&safe(6, 190), 200),
            FIRST,
            "what was posted long ago says nothing"
        );
    }

    #[test]
    fn a_start_counts_what_is_not_safe() {
        let mut posting = Posting::new(40, 7, FIRST);
        assert_eq!(posting.room(&safe(6, 100), 101), 0);
        assert_eq!(posting.room(&safe(7, 100), 102), FIRST);
    }

    #[test]
    fn what_a_reorg_takes_from_l1_waits_again() {
        let mut posting = Posting::new(40, 0, 0);
        for number in 1..=3 {
            posting.sealed(number, FIRST / 2);
        }
        assert_eq!(posting.room(&safe(2, 100), 101), FIRST / 2);
        assert_eq!(posting.room(&safe(1, 100), 102), 0, "two of three wait");
        assert_eq!(posting.room(&safe(3, 100), 103), FIRST);
        assert_eq!(posting.room(&safe(0, 100), 104), 0, "all of them wait");
        assert_eq!(posting.waiting, [(1, FIRST / 2), (2, FIRST / 2), (3, FIRST / 2)]);
        assert_eq!(posting.room(&safe(3, 140), 150), FIRST);
        assert_eq!((posting.waiting_bytes, posting.posted_bytes), (0, FIRST / 2 * 3));
    }

    proptest! {
        /// One L1 block a turn, in which a poster of any constant speed from the least on takes what it can: nothing
        /// ever waits for a whole window.
        #[test]
        fn everything_is_posted_within_its_window(
            window in 8_u64..200,
            per_l1_block in BYTES_PER_L1_BLOCK_MIN..4_000_000,
            blocks in proptest::collection::vec(0_usize..3_000_000, 1..600),
        ) {
            let mut posting = Posting::new(window, 0, 0);
            let mut queue = VecDeque::new();
            let (mut safe_head, mut budget) = (safe(0, 1_000), 0);
            for (number, bytes) in (1..).zip(blocks) {
                let l1_head = 1_000 + number;
                budget += per_l1_block;
                while let Some((block, bytes)) = queue.pop_front_if(|(_, bytes)| *bytes <= budget) {
                    budget -= bytes;
                    safe_head = block;
                    prop_assert!(l1_head < safe_head.origin.number + window);
                }
                budget = if queue.is_empty() { 0 } else { budget };
                let bytes = std::cmp::min(posting.room(&safe_head, l1_head), bytes);
                posting.sealed(number, bytes);
                queue.push_back((safe(number, l1_head), bytes));
            }
        }
    }
}
