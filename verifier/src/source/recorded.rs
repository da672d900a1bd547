//! A recorded L1, for tests and replays. It judges nothing: whatever it is fed is L1.

use std::sync::Arc;

use derivation::L1Block;
use l1::{L1Error, Proposal};
use parking_lot::RwLock;
use protocol::BlockId;
use tokio::sync::watch;

use super::L1Tip;

/// Recorded L1 blocks and proposals, which may grow and be replaced from a number on.
#[derive(Debug)]
pub struct RecordedL1 {
    recording: RwLock<Recording>,
    tip: watch::Sender<L1Tip>,
}

#[derive(Debug)]
struct Recording {
    blocks: Vec<L1Block>,
    proposals: Vec<Proposal>,
}

impl RecordedL1 {
    /// A recording that begins with these consecutive blocks; the head is the last, nothing is finalized.
    pub fn new(blocks: Vec<L1Block>) -> Arc<Self> {
        let head = blocks.last().map(L1Block::id);
        let tip = watch::Sender::new(L1Tip { head, finalized: None });
        let recording = Recording { blocks, proposals: Vec::new() };
        Arc::new(Self { recording: RwLock::new(recording), tip })
    }

    /// L1 grows by blocks and the proposals made in them. Everything from the first block's number on is replaced.
    pub fn extend(&self, blocks: Vec<L1Block>, proposals: Vec<Proposal>) {
        let Some(first) = blocks.first().map(|block| block.origin.number) else { return };
        let head = blocks.last().map(L1Block::id);
        let mut recording = self.recording.write();
        recording.blocks.retain(|block| block.origin.number < first);
        recording.blocks.extend(blocks);
        recording.proposals.retain(|proposal| proposal.l1_block < first);
        recording.proposals.extend(proposals);
        drop(recording);
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

    pub(super) fn block(&self, number: u64) -> Option<L1Block> {
        let recording = self.recording.read();
        recording.blocks.iter().find(|block| block.origin.number == number).cloned()
    }

    pub(super) fn proposals(
        &self,
        first: u64,
        count_max: u64,
        at: BlockId,
    ) -> Result<Vec<Proposal>, L1Error> {
        let recording = self.recording.read();
        if !recording.blocks.iter().any(|block| block.id() == at) {
            return Err(L1Error::BlockMissing { block: at.hash.to_string() });
        }
        let end = first.saturating_add(count_max);
        let wanted = recording.proposals.iter().filter(|proposal| {
            proposal.l1_block <= at.number && (first..end).contains(&proposal.index)
        });
        Ok(wanted.copied().collect())
    }
}
