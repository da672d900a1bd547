//! A recorded L1, for tests and replays. It judges nothing: whatever it is fed is L1.

use std::{collections::BTreeMap, sync::Arc};

use derivation::L1Block;
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::{
    blobs::{BlobError, Blobs},
    error::L1Error,
    tip::L1Tip,
};

/// Recorded L1 blocks, which may grow and be replaced from a number on.
#[derive(Debug)]
pub struct RecordedL1 {
    blocks: RwLock<Vec<L1Block>>,
    /// Those of the postings, by L1 block; in a recording that has none, nobody looks for any.
    blobs: RwLock<RecordedBlobs>,
    tip: watch::Sender<L1Tip>,
}

#[derive(Debug, Default)]
struct RecordedBlobs {
    posted: BTreeMap<u64, Blobs>,
    are_pruned: bool,
}

impl RecordedL1 {
    /// A recording that begins with these consecutive blocks; the head is the last, nothing is finalized.
    pub fn new(blocks: Vec<L1Block>) -> Arc<Self> {
        let head = blocks.last().map(L1Block::id);
        let tip = watch::Sender::new(L1Tip { head, finalized: None });
        Arc::new(Self { blocks: RwLock::new(blocks), blobs: RwLock::default(), tip })
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

    /// These blobs were posted, by L1 block.
    pub fn add_blobs(&self, posted: BTreeMap<u64, Blobs>) {
        self.blobs.write().posted.extend(posted);
    }

    /// L1 has no blobs any more.
    pub fn prune_blobs(&self) {
        self.blobs.write().are_pruned = true;
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

    pub(super) fn block_with(
        &self,
        number: u64,
        kept: &Blobs,
    ) -> Result<Option<(L1Block, Blobs)>, L1Error> {
        let Some(block) = self.block(number) else { return Ok(None) };
        let recorded = self.blobs.read();
        let blobs = recorded.posted.get(&number).cloned().unwrap_or_default();
        let missing = blobs.keys().find(|hash| recorded.are_pruned && !kept.contains_key(*hash));
        if let Some(hash) = missing {
            let source = BlobError::Missing { hash: *hash };
            return Err(L1Error::Blob { number, source });
        }
        Ok(Some((block, blobs)))
    }
}
