//! Whether posting keeps up. What is not on L1 within its sequencing window gives way to empty blocks there, and with it
//! transactions that were called durable. So no more is built than can be posted in half a window. From half of that on,
//! blocks take a part of what is left, and the mempool lets in what such blocks hold: so the pace becomes that of posting
//! before there is nothing left, when blocks stay without user transactions.
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

/// Share of what may wait from which on building slows down, in percent. Up to there posting may rest by its own rule.
const FREE_PERCENT: usize = 50;
/// From there on, a block takes one part of so many of what is left.
const SLOW_BLOCKS: usize = 16;
/// Meanwhile the mempool lets in as much as so many blocks hold: what waits longer is better refused.
const SLOW_MEMPOOL_BLOCKS: usize = 16;

/// What posting leaves to the next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Bytes of user transactions that it may hold: any one transaction fits, or none.
    pub(super) bytes: usize,
    /// Bytes that the mempool lets in, where that is less than its limits.
    pub(super) mempool_bytes_max: Option<usize>,
}

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
    pace: Pace,
}

/// How fast is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// As fast as can be.
    Full,
    /// As fast as is posted.
    Slow,
    /// Without user transactions.
    Late,
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
            pace: Pace::Full,
        }
    }

    /// A block was sealed.
    pub(super) fn sealed(&mut self, number: u64, bytes: usize) {
        self.waiting.push_back((number, bytes));
        self.waiting_bytes += bytes;
    }

    /// What the next block may hold. The L1 head is the newest that is known, so an L1 that is away makes nothing late, but
    /// does not let the backlog grow without bound.
    pub(super) fn room(&mut self, safe: &L2BlockRef, l1_head: u64) -> Room {
        self.note_safe(safe.number, l1_head);
        let bytes_max = self.bytes_max();
        let lag = l1_head.saturating_sub(safe.origin.number);
        let left = bytes_max.saturating_sub(self.waiting_bytes);
        let free = (bytes_max / 100 * FREE_PERCENT).saturating_sub(self.waiting_bytes);
        let pace = if lag >= self.lag_max || left < CARRIED_TRANSACTION_BYTES_MAX {
            Pace::Late
        } else if free == 0 {
            Pace::Slow
        } else {
            Pace::Full
        };
        let part = std::cmp::max(free + (left - free) / SLOW_BLOCKS, CARRIED_TRANSACTION_BYTES_MAX);
        let bytes = if pace == Pace::Late { 0 } else { part };
        metrics::posting(self.waiting_bytes, bytes_max, bytes, pace == Pace::Late);
        self.tell(pace, lag, bytes_max);
        let slow = || std::cmp::max(bytes, CARRIED_TRANSACTION_BYTES_MAX) * SLOW_MEMPOOL_BLOCKS;
        Room { bytes, mempool_bytes_max: (pace != Pace::Full).then(slow) }
    }

    fn tell(&mut self, pace: Pace, l1_blocks: u64, bytes_max: usize) {
        if std::mem::replace(&mut self.pace, pace) == pace {
            return;
        }
        let waiting_bytes = self.waiting_bytes;
        let message = match pace {
            Pace::Full => "posting has caught up",
            Pace::Slow => "posting lags: blocks take less",
            Pace::Late => "posting is late: blocks hold no user transactions",
        };
        tracing::info!(l1_blocks, waiting_bytes, bytes_max, "{message}");
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
    const LEAST: usize = CARRIED_TRANSACTION_BYTES_MAX;

    fn safe(number: u64, origin: u64) -> L2BlockRef {
        let origin = BlockId { number: origin, ..BlockId::default() };
        L2BlockRef { number, origin, ..L2BlockRef::default() }
    }

    impl Posting {
        /// Bytes that the next block may hold.
        fn bytes(&mut self, safe: &L2BlockRef, l1_head: u64) -> usize {
            self.room(safe, l1_head).bytes
        }
    }

    /// What a block may hold when nothing waits and so much may.
    const fn full(bytes_max: usize) -> usize {
        let free = bytes_max / 100 * FREE_PERCENT;
        free + (bytes_max - free) / SLOW_BLOCKS
    }

    #[test]
    fn half_a_window_is_late_and_catching_up_ends_it() {
        let mut posting = Posting::new(40, 0, 0);
        assert_eq!(posting.bytes(&safe(0, 100), 119), full(FIRST));
        assert_eq!(posting.bytes(&safe(0, 100), 120), 0);
        assert_eq!(posting.bytes(&safe(0, 100), 150), 0);
        assert_eq!(posting.bytes(&safe(0, 140), 150), full(FIRST));
        // After a reorg the safe head may name a later origin for a moment.
        assert_eq!(posting.bytes(&safe(0, 110), 100), full(FIRST));
    }

    #[test]
    fn from_half_on_blocks_take_a_part_of_what_is_left_and_the_mempool_what_they_hold() {
        let mut posting = Posting::new(40, 0, 0);
        let mut room = |number, bytes| {
            posting.sealed(number, bytes);
            posting.room(&safe(0, 100), 101)
        };
        let free = FIRST / 100 * FREE_PERCENT;
        let some = room(1, free - 1);
        assert_eq!(some, Room { bytes: 1 + (FIRST - free) / 16, mempool_bytes_max: None });
        let slow = room(2, 1);
        let bytes = (FIRST - free) / 16;
        assert_eq!(slow, Room { bytes, mempool_bytes_max: Some(16 * bytes) });
        let slower = room(3, FIRST - free - 3 * LEAST);
        assert_eq!(slower, Room { bytes: LEAST, mempool_bytes_max: Some(16 * LEAST) });
        assert_eq!(room(4, 2 * LEAST).bytes, LEAST, "any one fits");
        let late = room(5, 1);
        assert_eq!(late, Room { bytes: 0, mempool_bytes_max: Some(16 * LEAST) });
    }

    #[test]
    fn more_may_wait_where_more_was_posted() {
        let mut posting = Posting::new(40, 0, 0);
        posting.sealed(1, FIRST);
        assert_eq!(posting.bytes(&safe(0, 100), 101), 0, "nothing is known of posting yet");
        assert_eq!(posting.bytes(&safe(1, 100), 102), full(FIRST));
        for number in 2..=4 {
            posting.sealed(number, FIRST);
        }
        let bytes = posting.bytes(&safe(4, 100), 103);
        assert!(bytes.abs_diff(full(2 * FIRST)) < 100, "four were posted just now: {bytes}");
        posting.sealed(5, 2 * FIRST - 2 * LEAST);
        assert_eq!(posting.bytes(&safe(4, 110), 122), LEAST);
        posting.sealed(6, LEAST);
        assert_eq!(posting.bytes(&safe(4, 110), 122), 0, "not every transaction would fit");
        assert_eq!(posting.bytes(&safe(6, 160), 171), full(FIRST));
        assert_eq!(
            posting.bytes(&safe(6, 190), 200),
            full(FIRST),
            "what was posted long ago says nothing"
        );
    }

    #[test]
    fn a_start_counts_what_is_not_safe() {
        let mut posting = Posting::new(40, 7, FIRST);
        assert_eq!(posting.bytes(&safe(6, 100), 101), 0);
        assert_eq!(posting.bytes(&safe(7, 100), 102), full(FIRST));
    }

    #[test]
    fn what_a_reorg_takes_from_l1_waits_again() {
        let mut posting = Posting::new(40, 0, 0);
        for number in 1..=3 {
            posting.sealed(number, FIRST / 2);
        }
        assert!(posting.bytes(&safe(2, 100), 101) > LEAST);
        assert_eq!(posting.bytes(&safe(1, 100), 102), 0, "two of three wait");
        assert_eq!(posting.bytes(&safe(3, 100), 103), full(FIRST));
        assert_eq!(posting.bytes(&safe(0, 100), 104), 0, "all of them wait");
        assert_eq!(posting.waiting, [(1, FIRST / 2), (2, FIRST / 2), (3, FIRST / 2)]);
        assert_eq!(posting.bytes(&safe(3, 140), 150), full(FIRST));
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
                let bytes = std::cmp::min(posting.bytes(&safe_head, l1_head), bytes);
                posting.sealed(number, bytes);
                queue.push_back((safe(number, l1_head), bytes));
            }
        }

        /// However much there is to build in blocks of up to 3 MB: the pace becomes that of posting, and there is always some
        /// room.
        #[test]
        fn a_steady_poster_never_makes_it_late(
            window in 80_u64..400,
            per_l1_block in BYTES_PER_L1_BLOCK_MIN..2_000_000,
        ) {
            let mut posting = Posting::new(window, 0, 0);
            let mut queue = VecDeque::new();
            let (mut safe_head, mut budget, mut built) = (safe(0, 1_000), 0, 0);
            for number in 1..1_000 {
                let l1_head = 1_000 + number;
                budget += per_l1_block;
                while let Some((block, bytes)) = queue.pop_front_if(|(_, bytes)| *bytes <= budget) {
                    budget -= bytes;
                    safe_head = block;
                }
                budget = if queue.is_empty() { 0 } else { budget };
                let room = posting.room(&safe_head, l1_head);
                prop_assert!(room.bytes > 0, "block {number}");
                let bytes = std::cmp::min(room.bytes, 3_000_000);
                if number > 500 {
                    built += bytes;
                }
                posting.sealed(number, bytes);
                queue.push_back((safe(number, l1_head), bytes));
            }
            let share = built / 499 * 100 / per_l1_block;
            prop_assert!((90..=110).contains(&share), "{share} percent of what is posted");
        }
    }
}
