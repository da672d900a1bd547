//! Where proposals come from: a node, or a recording that tests and replays feed.

mod recorded;

use std::sync::Arc;

use alloy::eips;
use protocol::BlockId;

use super::{Outputs, Proposal};
use crate::error::L1Error;

pub use recorded::RecordedProposals;

/// Gives proposals by their place in the list. All answers are of the state after one L1 block.
#[derive(Debug, Clone)]
pub enum ProposalSource {
    /// The contract on L1.
    Node(Outputs),
    /// Recorded proposals.
    Recorded(Arc<RecordedProposals>),
}

impl ProposalSource {
    /// At most `count_max` proposals from `first` on.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn list(
        &self,
        first: u64,
        count_max: u64,
        at: BlockId,
    ) -> Result<Vec<Proposal>, L1Error> {
        match self {
            Self::Node(outputs) => outputs.list(first, count_max, at.hash).await,
            Self::Recorded(recorded) => recorded.list(first, count_max, at),
        }
    }

    /// How many proposals stand.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn count(&self, at: BlockId) -> Result<u64, L1Error> {
        match self {
            Self::Node(outputs) => outputs.count(eips::BlockId::hash(at.hash)).await,
            Self::Recorded(recorded) => recorded.count(at),
        }
    }

    /// The L2 block that the newest proposal is for; the genesis stands always, so without any it is 0.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn latest_block(&self, at: BlockId) -> Result<u64, L1Error> {
        match self {
            Self::Node(outputs) => outputs.latest_block(eips::BlockId::hash(at.hash)).await,
            Self::Recorded(recorded) => recorded.latest_block(at),
        }
    }

    /// Index of the first proposal that covers this L2 block; `None` if none does yet.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn covering(&self, l2_block: u64, at: BlockId) -> Result<Option<u64>, L1Error> {
        match self {
            Self::Node(outputs) => outputs.covering(l2_block, at.hash).await,
            Self::Recorded(recorded) => recorded.covering(l2_block, at),
        }
    }

    /// Which proposal stands at this index; `None` if none does.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn id(&self, index: u64, at: BlockId) -> Result<Option<u64>, L1Error> {
        match self {
            Self::Node(outputs) => outputs.id(index, eips::BlockId::hash(at.hash)).await,
            Self::Recorded(recorded) => {
                Ok(recorded.list(index, 1, at)?.first().map(|proposal| proposal.id))
            }
        }
    }

    /// Whether the proposal that stands at this index can no longer go. A recording knows of no time, so there it is whether it
    /// was decided.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn is_final(&self, index: u64, at: BlockId) -> Result<bool, L1Error> {
        match self {
            Self::Node(outputs) => outputs.is_final(index, eips::BlockId::hash(at.hash)).await,
            Self::Recorded(recorded) => {
                Ok(recorded.list(index, 1, at)?.first().is_some_and(|proposal| proposal.decided))
            }
        }
    }
}
