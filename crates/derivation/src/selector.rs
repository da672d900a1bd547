//! The sequencer's side of the origin rules: whether the next block advances its origin.
//!
//! Not here: how many confirmations an L1 block needs before it is offered. Invariant: whatever is chosen,
//! a batch with the block is valid as far as the origin rules go, if it is posted in time.
use protocol::{L1Origin, L2BlockRef, RollupConfig};

/// Chooses origins for one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginSelector {
    block_time: u64,
    sequencer_drift_max: u64,
}

/// What the next block may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginChoice {
    /// Whether the origin of the next block is the L1 block after the head's origin.
    pub advances: bool,
    /// Whether the next block may hold user transactions. If not, it holds none: derivation would
    /// refuse the whole batch.
    pub user_transactions: bool,
}

impl OriginSelector {
    /// Follows the rules of this chain.
    pub const fn new(config: &RollupConfig) -> Self {
        Self { block_time: config.block_time, sequencer_drift_max: config.sequencer_drift_max }
    }

    /// Chooses for the block after `head`. `current` is the origin of the head, `next` the L1 block after
    /// it, if the sequencer already trusts it.
    ///
    /// The origin advances as soon as it may: deposits do not wait, and the window is widest.
    pub fn choose(
        &self,
        head: &L2BlockRef,
        current: &L1Origin,
        next: Option<&L1Origin>,
    ) -> OriginChoice {
        let timestamp = head.timestamp.saturating_add(self.block_time);
        let advances = next.is_some_and(|next| {
            current.number.checked_add(1) == Some(next.number) && next.timestamp <= timestamp
        });
        let drift_end = current.timestamp.saturating_add(self.sequencer_drift_max);
        OriginChoice { advances, user_transactions: advances || timestamp <= drift_end }
    }
}
