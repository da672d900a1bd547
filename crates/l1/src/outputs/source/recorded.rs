//! Recorded proposals beside a recorded L1.
//!
//! Invariant: a proposal and the L1 block that holds it come and go together, also for a reader at the same time.

use std::sync::Arc;

use derivation::L1Block;
use parking_lot::RwLock;
use protocol::BlockId;

use crate::{error::L1Error, outputs::Proposal, source::RecordedL1};

/// The proposals of a recorded L1.
#[derive(Debug)]
pub struct RecordedProposals {
    l1: Arc<RecordedL1>,
    /// Locked before the blocks are, so that both change as one.
    proposals: RwLock<Vec<Recorded>>,
}

/// A proposal, and the L1 block from which on it does not stand any more, because it lost its dispute.
#[derive(Debug)]
struct Recorded {
    proposal: Proposal,
    removed_in: Option<u64>,
}

impl Recorded {
    fn stands(&self, l1_block: u64) -> bool {
        self.proposal.l1_block <= l1_block && self.removed_in.is_none_or(|block| l1_block < block)
    }
}

impl RecordedProposals {
    /// No proposals yet.
    pub fn new(l1: Arc<RecordedL1>) -> Arc<Self> {
        Arc::new(Self { l1, proposals: RwLock::default() })
    }

    /// L1 grows by blocks and the proposals made in them. Everything from the first block's number on is replaced. A
    /// proposal at the index of another takes its place, and what stands behind goes.
    pub fn extend(&self, blocks: Vec<L1Block>, new: Vec<Proposal>) {
        let Some(first) = blocks.first().map(|block| block.origin.number) else { return };
        let mut proposals = self.proposals.write();
        proposals.retain(|recorded| recorded.proposal.l1_block < first);
        for recorded in proposals.iter_mut() {
            recorded.removed_in = recorded.removed_in.filter(|block| *block < first);
        }
        for proposal in new {
            let gone = |recorded: &&mut Recorded| {
                recorded.removed_in.is_none() && recorded.proposal.index >= proposal.index
            };
            for recorded in proposals.iter_mut().filter(gone) {
                recorded.removed_in = Some(proposal.l1_block);
            }
            proposals.push(Recorded { proposal, removed_in: None });
        }
        self.l1.extend(blocks);
    }

    pub(super) fn list(
        &self,
        first: u64,
        count_max: u64,
        at: BlockId,
    ) -> Result<Vec<Proposal>, L1Error> {
        let proposals = self.proposals.read();
        self.must_have(at)?;
        let end = first.saturating_add(count_max);
        let wanted = proposals.iter().filter(|recorded| {
            recorded.stands(at.number) && (first..end).contains(&recorded.proposal.index)
        });
        Ok(wanted.map(|recorded| recorded.proposal).collect())
    }

    pub(super) fn count(&self, at: BlockId) -> Result<u64, L1Error> {
        Ok(self.list(0, u64::MAX, at)?.len() as u64)
    }

    pub(super) fn latest_block(&self, at: BlockId) -> Result<u64, L1Error> {
        Ok(self.list(0, u64::MAX, at)?.last().map_or(0, |newest| newest.l2_block))
    }

    /// Those that stand were pushed in the order of their places, each for a later block than the one before.
    pub(super) fn covering(&self, l2_block: u64, at: BlockId) -> Result<Option<u64>, L1Error> {
        let standing = self.list(0, u64::MAX, at)?;
        let place = standing.partition_point(|proposal| proposal.l2_block < l2_block);
        Ok(standing.get(place).map(|proposal| proposal.index))
    }

    fn must_have(&self, at: BlockId) -> Result<(), L1Error> {
        if self.l1.block(at.number).is_none_or(|block| block.id() != at) {
            return Err(L1Error::BlockMissing { block: at.hash.to_string() });
        }
        Ok(())
    }
}
