//! Where derivation stood after each of the last L1 blocks, so that it can go back.
//!
//! Not here: the L1 blocks themselves (`origins`). Invariant: the snapshots belong to consecutive L1
//! blocks, and there is always one.
use alloc::collections::VecDeque;

use protocol::L2BlockRef;

use crate::{DerivedHead, L1Processed};

/// How many L1 blocks derivation can go back, in blocks. Twice the 64 slots after which a healthy L1 finalizes.
pub const L1_REORG_DEPTH_MAX: u64 = 128;

/// The end of each recent L1 block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// The oldest snapshot that is kept.
    oldest: L1Processed,
    /// Those after it.
    later: VecDeque<L1Processed>,
}

impl History {
    pub(crate) const fn starting_at(start: L1Processed) -> Self {
        Self { oldest: start, later: VecDeque::new() }
    }

    pub(crate) fn last(&self) -> &L1Processed {
        self.later.back().unwrap_or(&self.oldest)
    }

    pub(crate) const fn oldest(&self) -> &L1Processed {
        &self.oldest
    }

    pub(crate) fn push(&mut self, processed: L1Processed) {
        self.later.push_back(processed);
        while self.last().l1.number - self.oldest.l1.number > L1_REORG_DEPTH_MAX {
            let Some(next) = self.later.pop_front() else { break };
            self.oldest = next;
        }
    }

    pub(crate) fn get(&self, l1_number: u64) -> Option<&L1Processed> {
        let distance = l1_number.checked_sub(self.oldest.l1.number)?;
        match distance.checked_sub(1) {
            None => Some(&self.oldest),
            Some(index) => self.later.get(usize::try_from(index).ok()?),
        }
    }

    /// Forgets what came after this L1 block and returns where derivation stood then.
    pub(crate) fn unwind(&mut self, to_l1_number: u64) -> Result<DerivedHead, UnwindTooDeep> {
        let too_deep = UnwindTooDeep { to: to_l1_number, oldest: self.oldest.l1.number };
        let head = self.get(to_l1_number).ok_or(too_deep)?.head;
        while self.last().l1.number > to_l1_number {
            self.later.pop_back();
        }
        Ok(head)
    }

    pub(crate) fn safe_head(&self, l1_number: u64) -> Option<L2BlockRef> {
        self.get(l1_number).map(|processed| processed.head.block)
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
