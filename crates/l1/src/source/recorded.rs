//! A recorded L1, for tests and replays. It judges nothing: whatever it is fed is L1.

use std::sync::Arc;

use derivation::L1Block;
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::tip::L1Tip;

/// Recorded L1 blocks, which may grow and be replaced from a number on.
#[derive(Debug)]
pub struct RecordedL1 {
    blocks: RwLock<Vec<L1Block>>,
    tip: watch::Sender<L1Tip>,
}

impl RecordedL1 {
    /// A recording that begins with these consecutive blocks; the head is the last, nothing is finalized.
    pub fn new(blocks: Vec<L1Block>) -> Arc<Self> {
        let head = blocks.last().map(L1Block::id);
        let tip = watch::Sender::new(L1Tip { head, finalized: None });
        Arc::new(Self { blocks: RwLock::new(blocks), tip })
    }

    /// L1 grows: everything from the first number on is replaced by `new`.
    pub fn extend(&self, new: Vec<L1Block>) {
        let Some(first) = new.first().map(|block| block.origin.number) else { return };
        let head = new.last().map(L1Block::id);
        let mut blocks = self.blocks.write();
        blocks.retain(|block| block.origin.number < first);
        blocks.extend(new);
        drop(blocks);
        self.tip.send_modify(|tip| tip.head = head);
    }

    /// Blocks up to this number are final.
    pub fn finalize(&self, number: u64) {
        self.tip.send_modify(|tip| tip.finalized = Some(number));
    }

    /// What a watcher would say.
    pub fn tip(&self) -> watch::Receiver<L1Tip> {
        self.tip.subscribe()
    }

    /// The block with this number, if L1 has come that far.
    pub fn block(&self, number: u64) -> Option<L1Block> {
        self.blocks.read().iter().find(|block| block.origin.number == number).cloned()
    }
}
