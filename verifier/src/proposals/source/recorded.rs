//! Recorded proposals beside a recorded L1.
//!
//! Invariant: a proposal and the L1 block that holds it come and go together, also for a reader at the same time.

use std::sync::Arc;

use derivation::L1Block;
use l1::{L1Error, Proposal, RecordedL1};
use parking_lot::RwLock;
use protocol::BlockId;

/// The proposals of a recorded L1.
#[derive(Debug)]
pub struct RecordedProposals {
    l1: Arc<RecordedL1>,
    /// Locked before the blocks are, so that both change as one.
    proposals: RwLock<Vec<Proposal>>,
}

impl RecordedProposals {
    /// No proposals yet.
    pub fn new(l1: Arc<RecordedL1>) -> Arc<Self> {
        Arc::new(Self { l1, proposals: RwLock::default() })
    }

    /// L1 grows by blocks and the proposals made in them. Everything from the first block's number on is replaced.
    pub fn extend(&self, blocks: Vec<L1Block>, new: Vec<Proposal>) {
        let Some(first) = blocks.first().map(|block| block.origin.number) else { return };
        let mut proposals = self.proposals.write();
        proposals.retain(|proposal| proposal.l1_block < first);
        proposals.extend(new);
        self.l1.extend(blocks);
    }

    pub(super) fn list(
        &self,
        first: u64,
        count_max: u64,
        at: BlockId,
    ) -> Result<Vec<Proposal>, L1Error> {
        let proposals = self.proposals.read();
        if self.l1.block(at.number).is_none_or(|block| block.id() != at) {
            return Err(L1Error::BlockMissing { block: at.hash.to_string() });
        }
        let end = first.saturating_add(count_max);
        let wanted = proposals.iter().filter(|proposal| {
            proposal.l1_block <= at.number && (first..end).contains(&proposal.index)
        });
        Ok(wanted.copied().collect())
    }
}
