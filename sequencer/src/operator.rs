//! What the operator may do with a running sequencer: stop and start the sequencing of user transactions, remove what
//! waits, save the mempool.
//!
//! Not here: the door (`api/admin`). Invariant: blocks go on in any case. Deposits and what L1 forces need no permission,
//! and a chain that stood still would have its blocks dictated by L1 once the sequencing window has passed.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use db::{PendingError, PendingTransactions, Sequencing, SequencingError, SequencingRecord};
use service::Component;
use tokio::sync::Mutex;

use crate::{
    mempool::{Mempool, MempoolSize, save_now},
    metrics,
};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It is done here, but a restart would not know of it.
    #[error("done, but not recorded: a restart would undo it")]
    NotRecorded(#[source] SequencingError),
    /// The mempool could not be saved.
    #[error("cannot save the mempool: a restart may bring back what was removed")]
    NotSaved(#[source] PendingError),
}

/// The operator's handle. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    parts: Arc<OperatorParts>,
}

/// What it works with.
#[derive(Debug)]
pub(crate) struct OperatorParts {
    pub(crate) mempool: Arc<Mempool>,
    pub(crate) pending: PendingTransactions,
    pub(crate) record: SequencingRecord,
    pub(crate) health: Component,
    /// One change at a time, so that what holds is what was recorded last.
    pub(crate) changing: Mutex<()>,
}

impl Operator {
    /// Goes on with what the operator said last, perhaps to an earlier process.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(crate) async fn resume(parts: OperatorParts) -> Result<Self, SequencingError> {
        let state = parts.record.load().await?;
        let operator = Self { parts: Arc::new(parts) };
        operator.apply(state);
        if state != Sequencing::Active {
            tracing::warn!(
                state = state.word(),
                "sequencing is not active, as the operator left it"
            );
        }
        Ok(operator)
    }

    /// What becomes of user transactions.
    pub fn sequencing(&self) -> Sequencing {
        self.parts.mempool.sequencing()
    }

    /// What waits.
    pub fn mempool_size(&self) -> MempoolSize {
        self.parts.mempool.size()
    }

    /// Stops, drains or starts. Holds from the return on, but for one sub-block that may be under way; a restart changes
    /// nothing about it.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub async fn set_sequencing(&self, state: Sequencing) -> Result<(), OperatorError> {
        let _alone = self.parts.changing.lock().await;
        // It holds even if Postgres is away: that may be why somebody wants to stop.
        self.apply(state);
        self.parts.record.set(state).await.map_err(OperatorError::NotRecorded)
    }

    /// Removes those of these transactions that wait, also for restarts; says which. Their senders are told.
    ///
    /// # Errors
    /// When the mempool cannot be saved without them.
    pub async fn remove(&self, hashes: &[B256]) -> Result<Vec<B256>, OperatorError> {
        let removed = self.parts.mempool.remove(hashes);
        if !removed.is_empty() {
            self.save_mempool().await?;
        }
        Ok(removed)
    }

    /// The same with all transactions of one sender.
    ///
    /// # Errors
    /// When the mempool cannot be saved without them.
    pub async fn remove_sender(&self, sender: &Address) -> Result<Vec<B256>, OperatorError> {
        let waiting = self.parts.mempool.of_sender(sender);
        // The last first: none of them stands behind a gap meanwhile.
        let hashes: Vec<B256> = waiting.iter().rev().map(|(tx, _)| tx.hash()).collect();
        self.remove(&hashes).await
    }

    /// Saves the mempool now, and says how many transactions it has.
    ///
    /// # Errors
    /// When Postgres does not take it.
    pub async fn save_mempool(&self) -> Result<usize, OperatorError> {
        let _alone = self.parts.changing.lock().await;
        let saved = save_now(&self.parts.pending, &self.parts.mempool).await;
        saved.map_err(OperatorError::NotSaved)
    }

    fn apply(&self, state: Sequencing) {
        self.parts.mempool.set_sequencing(state);
        self.parts.health.up(state.word());
        metrics::sequencing(state);
    }
}
