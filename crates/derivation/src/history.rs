//! Where derivation stood after each of the last L1 blocks, so that it can go back.
//!
//! Not here: the L1 blocks themselves (`origins`). Invariant: the snapshots belong to consecutive L1
//! blocks, and there is always one.
use alloc::collections::VecDeque;

use protocol::{L2BlockRef, batch::BLOCK_BYTES_MAX};

use crate::{L1Processed, partial::PartialBlock};

/// How many L1 blocks derivation can go back, in blocks. Twice the 64 slots after which a healthy L1 finalizes.
pub const L1_REORG_DEPTH_MAX: u64 = 128;

/// How many bytes of transactions may be kept only so that derivation can go back to where they were parts of an
/// unfinished block. Beyond that it cannot go back as far.
pub const PARTS_KEPT_BYTES_MAX: usize = 4 * BLOCK_BYTES_MAX;

/// Where derivation stood at the end of an L1 block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) processed: L1Processed,
    /// The parts of a block that its last postings carry.
    pub(crate) partial: Option<PartialBlock>,
}

/// The end of each recent L1 block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// The oldest snapshot that is kept.
    oldest: Snapshot,
    /// Those after it.
    later: VecDeque<Snapshot>,
}

impl History {
    pub(crate) const fn starting_at(start: L1Processed) -> Self {
        Self { oldest: Snapshot { processed: start, partial: None }, later: VecDeque::new() }
    }

    /// Completes the snapshot that the history starts at: a start is known before its parts are.
    pub(crate) fn set_start_partial(&mut self, partial: Option<PartialBlock>) {
        self.oldest.partial = partial;
    }

    pub(crate) fn last(&self) -> &L1Processed {
        &self.later.back().unwrap_or(&self.oldest).processed
    }

    pub(crate) const fn oldest(&self) -> &L1Processed {
        &self.oldest.processed
    }

    pub(crate) fn push(&mut self, snapshot: Snapshot) {
        self.later.push_back(snapshot);
        while self.last().l1.number - self.oldest().l1.number > L1_REORG_DEPTH_MAX
            || self.parts_bytes() > PARTS_KEPT_BYTES_MAX
        {
            let Some(next) = self.later.pop_front() else { break };
            self.oldest = next;
        }
    }

    /// Bytes of the kept parts. A part that outlives an L1 block was held at the end of the one that posted it, too, so
    /// counting it there counts all once.
    fn parts_bytes(&self) -> usize {
        let bytes = |snapshot: &Snapshot, and_before| {
            let l1_number = snapshot.processed.l1.number;
            let partial = snapshot.partial.as_ref();
            partial.map_or(0, |partial| partial.bytes_posted_in(l1_number, and_before))
        };
        let later = self.later.iter().map(|snapshot| bytes(snapshot, false));
        bytes(&self.oldest, true) + later.sum::<usize>()
    }

    fn get(&self, l1_number: u64) -> Option<&Snapshot> {
        let distance = l1_number.checked_sub(self.oldest().l1.number)?;
        match distance.checked_sub(1) {
            None => Some(&self.oldest),
            Some(index) => self.later.get(usize::try_from(index).ok()?),
        }
    }

    /// Forgets what came after this L1 block and returns where derivation stood then.
    pub(crate) fn unwind(&mut self, to_l1_number: u64) -> Result<Snapshot, UnwindTooDeep> {
        let too_deep = UnwindTooDeep { to: to_l1_number, oldest: self.oldest().l1.number };
        let snapshot = self.get(to_l1_number).ok_or(too_deep)?.clone();
        while self.last().l1.number > to_l1_number {
            self.later.pop_back();
        }
        Ok(snapshot)
    }

    pub(crate) fn safe_head(&self, l1_number: u64) -> Option<L2BlockRef> {
        self.get(l1_number).map(|snapshot| snapshot.processed.head.block)
    }
}

/// The L1 block lies before everything that derivation can go back to.
///
/// Start again from an older head: see `Derivation::resume`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot unwind to L1 block {to}, the oldest kept is {oldest}")]
pub struct UnwindTooDeep {
    /// The L1 block that was asked for.
    pub to: u64,
    /// The oldest L1 block that can be gone back to.
    pub oldest: u64,
}
