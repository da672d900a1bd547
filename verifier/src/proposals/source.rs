//! Where proposals come from: a node, or a recording that tests and replays feed.

mod recorded;

use std::sync::Arc;

use l1::{L1Error, Outputs, Proposal};
use protocol::BlockId;

pub use recorded::RecordedProposals;

/// Gives proposals by their place in the oracle.
#[derive(Debug, Clone)]
pub enum ProposalSource {
    /// The contract on L1.
    Node(Outputs),
    /// Recorded proposals.
    Recorded(Arc<RecordedProposals>),
}

impl ProposalSource {
    /// At most `count_max` proposals from `first` on, in the state after this L1 block.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub(super) async fn list(
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
}
