//! Where L1 blocks and proposals come from: a node, or a recording that tests and replays feed.

mod prefetch;
mod recorded;

use alloy::primitives::B256;
use derivation::L1Block;
use l1::{L1Error, L1Event, L1Reader, L1Watcher, Outputs, Proposal};
use protocol::BlockId;
use std::sync::Arc;
use tokio::{sync::watch, task::JoinHandle};

pub(crate) use prefetch::Prefetch;
pub use recorded::RecordedL1;

use crate::{error::chain, metrics};

/// The newest that is known of L1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1Tip {
    /// The head.
    pub head: Option<BlockId>,
    /// Number of the newest finalized block.
    pub finalized: Option<u64>,
}

/// Gives L1 blocks by number, and proposals.
#[derive(Debug, Clone)]
pub enum L1Source {
    /// A node of L1.
    Node(Box<NodeL1>),
    /// Recorded blocks.
    Recorded(Arc<RecordedL1>),
}

/// The readers of a node of L1.
#[derive(Debug, Clone)]
pub struct NodeL1 {
    /// Reads blocks.
    pub reader: L1Reader,
    /// Reads proposals.
    pub outputs: Outputs,
}

impl L1Source {
    /// The canonical block with this number; `None` if L1 has not come that far.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn block(&self, number: u64) -> Result<Option<L1Block>, L1Error> {
        match self {
            Self::Node(node) => present(node.reader.block(number).await),
            Self::Recorded(recorded) => Ok(recorded.block(number)),
        }
    }

    /// The hash of the canonical block with this number.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn hash(&self, number: u64) -> Result<Option<B256>, L1Error> {
        match self {
            Self::Node(node) => {
                let origin = present(node.reader.origin(number.into()).await)?;
                Ok(origin.map(|origin| origin.hash))
            }
            Self::Recorded(recorded) => Ok(recorded.block(number).map(|block| block.origin.hash)),
        }
    }

    /// At most `count_max` proposals from `first` on, in the state after this L1 block.
    ///
    /// # Errors
    /// When L1 does not answer, or no longer has the block.
    pub async fn proposals(
        &self,
        first: u64,
        count_max: u64,
        at: BlockId,
    ) -> Result<Vec<Proposal>, L1Error> {
        match self {
            Self::Node(node) => node.outputs.list(first, count_max, at.hash).await,
            Self::Recorded(recorded) => recorded.proposals(first, count_max, at),
        }
    }
}

fn present<T>(result: Result<T, L1Error>) -> Result<Option<T>, L1Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(L1Error::BlockMissing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Turns a watcher's events into the newest tip. The task ends when nobody listens any more.
pub fn watch_tip(
    mut watcher: L1Watcher,
    health: service::Component,
) -> (watch::Receiver<L1Tip>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(L1Tip::default());
    let task = tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = watcher.next() => event,
                () = sender.closed() => return,
            };
            match event {
                L1Event::NewHead(head) => {
                    health.up(format!("head {}", head.id.number));
                    sender.send_modify(|tip| tip.head = Some(head.id));
                }
                L1Event::Finalized(head) => {
                    sender.send_modify(|tip| tip.finalized = Some(head.id.number));
                }
                L1Event::Unavailable(error) => {
                    metrics::l1_failed();
                    health.down("no L1 endpoint answers");
                    tracing::warn!(error = %chain(error.as_ref()), "L1 is away");
                }
                L1Event::Available { outage } => {
                    health.up("L1 answers again");
                    tracing::info!(?outage, "L1 is back");
                }
                // The follower compares hashes itself.
                L1Event::Reorg { .. } | L1Event::Safe(_) => {}
            }
        }
    });
    (receiver, task)
}
