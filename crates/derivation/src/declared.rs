//! Which first blocks the postings of the recent L1 blocks declare: so it is known how many have claimed to be the next.
//!
//! Not here: what came of them. Invariant: a function of the L1 blocks alone, so that a restart finds it again.
use alloc::collections::VecDeque;

use protocol::{BLOBS_PER_BATCH_MAX, Carrier, PostedBatch};

/// What the postings that declare one block as their first may weigh together, in the L1 blocks above the origin of the
/// head, before another one is absent unseen (B11). A block in parts needs at most 528.
pub const POSTINGS_WEIGHT_MAX: u64 = 640;

/// What a posting weighs: as much as it can have blobs, or 1.
pub const fn posting_weight(carrier: Carrier) -> u64 {
    match carrier {
        Carrier::Calldata => 1,
        Carrier::Blobs => BLOBS_PER_BATCH_MAX as u64,
    }
}

/// The postings in the order of the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared(VecDeque<Posting>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Posting {
    l1_number: u64,
    first_block: u64,
    weight: u64,
}

impl Declared {
    pub(crate) const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Adds the posting that comes next in the inbox.
    pub(crate) fn push(&mut self, l1_number: u64, posted: &PostedBatch) {
        let (first_block, weight) = (posted.first_block, posting_weight(posted.carrier));
        self.0.push_back(Posting { l1_number, first_block, weight });
    }

    /// Whether so many postings above this origin declare the block that no other is looked at.
    pub(crate) fn is_full(&self, origin: u64, first_block: u64) -> bool {
        let above = self.0.iter().rev().take_while(|posting| posting.l1_number > origin);
        let rivals = above.filter(|posting| posting.first_block == first_block);
        rivals.map(|posting| posting.weight).sum::<u64>() >= POSTINGS_WEIGHT_MAX
    }

    /// Forgets the postings above this L1 block.
    pub(crate) fn truncate_after(&mut self, l1_number: u64) {
        while self.0.back().is_some_and(|posting| posting.l1_number > l1_number) {
            self.0.pop_back();
        }
    }

    /// Forgets the postings below this L1 block.
    pub(crate) fn prune_before(&mut self, l1_number: u64) {
        while self.0.front().is_some_and(|posting| posting.l1_number < l1_number) {
            self.0.pop_front();
        }
    }
}
