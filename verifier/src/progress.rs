//! Tells people how a long sync goes: a line every few seconds, and one when it has caught up.
//!
//! Silent while it follows the head of L1: one block every few seconds is no news.

use std::time::{Duration, Instant};

use protocol::{BlockId, L2BlockRef};

/// Speed since the last line.
#[derive(Debug)]
pub(crate) struct Progress {
    interval: Duration,
    since: Instant,
    blocks: u64,
    gas: u64,
    syncing: bool,
}

impl Progress {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, since: Instant::now(), blocks: 0, gas: 0, syncing: true }
    }

    pub(crate) const fn executed(&mut self, gas: u64) {
        self.blocks += 1;
        self.gas = self.gas.saturating_add(gas);
    }

    /// L1 has more to derive from; says so now and then.
    pub(crate) fn behind(&mut self, l1: BlockId, l1_head: BlockId, head: &L2BlockRef) {
        let elapsed = self.since.elapsed();
        if elapsed < self.interval {
            return;
        }
        let seconds = elapsed.as_secs_f64();
        self.syncing = true;
        tracing::info!(
            l1_block = l1.number,
            l1_head = l1_head.number,
            l2_block = head.number,
            blocks_per_second = format_args!("{:.1}", self.blocks as f64 / seconds),
            megagas_per_second = format_args!("{:.1}", self.gas as f64 / seconds / 1e6),
            "syncing"
        );
        self.start_over();
    }

    /// Everything that L1 has is derived.
    pub(crate) fn caught_up(&mut self, l1: BlockId, head: &L2BlockRef) {
        if std::mem::take(&mut self.syncing) {
            tracing::info!(l1_block = l1.number, l2_block = head.number, "caught up with L1");
        }
        self.start_over();
    }

    fn start_over(&mut self) {
        (self.since, self.blocks, self.gas) = (Instant::now(), 0, 0);
    }
}
