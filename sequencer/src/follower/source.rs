//! Where L1 blocks come from: a node, or a recording that tests and replays feed.

use std::sync::Arc;

use alloy::primitives::B256;
use derivation::L1Block;
use l1::{L1Error, L1Event, L1Reader, L1Watcher};
use parking_lot::RwLock;
use protocol::BlockId;
use tokio::{sync::watch, task::JoinHandle};

use crate::{error::chain, metrics};

/// The newest that is known of L1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct L1Tip {
    /// The head.
    pub head: Option<BlockId>,
    /// Number of the newest finalized block.
    pub finalized: Option<u64>,
}

/// Gives L1 blocks by number.
#[derive(Debug, Clone)]
pub enum L1Source {
    /// A node of L1.
    Node(L1Reader),
    /// Recorded blocks.
    Recorded(Arc<RecordedL1>),
}

/// Recorded L1 blocks, which may grow and be replaced from a number on.
#[derive(Debug)]
pub struct RecordedL1 {
    blocks: RwLock<Vec<L1Block>>,
    tip: watch::Sender<L1Tip>,
}

impl L1Source {
    /// The canonical block with this number; `None` if L1 has not come that far.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn block(&self, number: u64) -> Result<Option<L1Block>, L1Error> {
        match self {
            Self::Node(reader) => match reader.block(number).await {
                Ok(block) => Ok(Some(block)),
                Err(L1Error::BlockMissing { .. }) => Ok(None),
                Err(error) => Err(error),
            },
            Self::Recorded(recorded) => Ok(recorded.block(number)),
        }
    }

    /// The hash of the canonical block with this number.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn hash(&self, number: u64) -> Result<Option<B256>, L1Error> {
        match self {
            Self::Node(reader) => match reader.origin(number.into()).await {
                Ok(origin) => Ok(Some(origin.hash)),
                Err(L1Error::BlockMissing { .. }) => Ok(None),
                Err(error) => Err(error),
            },
            Self::Recorded(recorded) => Ok(recorded.block(number).map(|block| block.origin.hash)),
        }
    }
}

impl RecordedL1 {
    /// A recording that begins with these consecutive blocks; the head is the last, nothing is finalized.
    pub fn new(blocks: Vec<L1Block>) -> Arc<Self> {
        let head = blocks.last().map(L1Block::id);
        let tip = watch::Sender::new(L1Tip { head, finalized: None });
        Arc::new(Self { blocks: RwLock::new(blocks), tip })
    }

    /// L1 grows: everything from the first number on is replaced by `blocks`.
    pub fn extend(&self, new: Vec<L1Block>) {
        let mut blocks = self.blocks.write();
        if let Some(first) = new.first() {
            blocks.retain(|block| block.origin.number < first.origin.number);
        }
        blocks.extend(new);
        let head = blocks.last().map(L1Block::id);
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

    fn block(&self, number: u64) -> Option<L1Block> {
        self.blocks.read().iter().find(|block| block.origin.number == number).cloned()
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
                L1Event::Available { outage } => tracing::info!(?outage, "L1 is back"),
                // The follower compares parent hashes itself.
                L1Event::Reorg { .. } | L1Event::Safe(_) => {}
            }
        }
    });
    (receiver, task)
}
