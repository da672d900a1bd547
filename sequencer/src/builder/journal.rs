//! Appends executed sub-blocks to the journal, in order, and tells the world what is durable.
//!
//! A failure of Postgres is waited out with the same row, so the queue behind it fills and the driver stops taking
//! transactions: nothing beyond the durable point is ever acknowledged. A deposed leader ends. Not here: the
//! index. Invariant: an event is published only after the row that holds it is committed.

use std::{sync::Arc, time::Duration};

use alloy::primitives::Bytes;
use db::{Classify, Fence, Journal, JournalError, Position, Severity, SubBlock};
use protocol::BlockOpening;
use service::Backoff;
use tokio::{sync::mpsc, time::Instant};

use super::ExecutedSubBlock;
use crate::{
    chain::{ChainBlock, ChainStore},
    metrics,
    publisher::{Cursor, DurableSubBlock, Published, Publisher},
};

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(20);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// What the driver hands over, in the order of execution.
#[derive(Debug)]
pub enum JournalItem {
    /// A row to append.
    SubBlock(Box<JournalRow>),
    /// The block whose rows came before is sealed.
    Sealed(Arc<ChainBlock>),
}

/// A sub-block with what readers need to know of its block.
#[derive(Debug)]
pub struct JournalRow {
    /// What its block was opened with.
    pub opening: BlockOpening,
    /// Base fee of its block, in wei.
    pub base_fee: u64,
    /// What was executed.
    pub sub_block: ExecutedSubBlock,
}

/// The task that owns the journal's writing end.
#[derive(Debug)]
pub struct JournalWriter {
    /// The writing end.
    pub journal: Journal,
    /// The right to write.
    pub fence: Fence,
    /// Told what is durable.
    pub store: Arc<ChainStore>,
    /// Told what is durable.
    pub publisher: Arc<Publisher>,
    /// Where sealed, durable blocks go on.
    pub indexer: mpsc::Sender<Arc<ChainBlock>>,
    /// Where its health is shown.
    pub health: service::Component,
}

impl JournalWriter {
    /// Works until the queue is closed and empty, and gives the journal back.
    ///
    /// # Errors
    /// When this process may not write any more, or the journal contradicts it.
    pub async fn run(
        mut self,
        mut items: mpsc::Receiver<JournalItem>,
    ) -> Result<Journal, JournalError> {
        self.health.up("nothing appended yet");
        while let Some(item) = items.recv().await {
            match item {
                JournalItem::SubBlock(row) => self.append(*row).await?,
                JournalItem::Sealed(block) => self.sealed(block).await,
            }
            metrics::journal_queue(items.len());
        }
        Ok(self.journal)
    }

    async fn append(&mut self, row: JournalRow) -> Result<(), JournalError> {
        let JournalRow { opening, base_fee, sub_block } = row;
        let position = Position { block: opening.number, index: sub_block.index };
        let first = (sub_block.index == 0).then(|| Bytes::from(opening.encode()));
        let row = SubBlock::new(position, first, &sub_block.raw)?;
        let started = Instant::now();
        self.append_until_known(&row).await?;
        metrics::journaled(started.elapsed(), sub_block.raw.len());
        self.store.add_durable(opening.number, &sub_block.transactions);
        self.publisher.durable(DurableSubBlock {
            cursor: Cursor { block: position.block, sub_block: position.index },
            opening,
            base_fee,
            transactions: sub_block.transactions,
        });
        Ok(())
    }

    /// Repeats an append while Postgres is away; the journal knows a row that is there already.
    async fn append_until_known(&mut self, row: &SubBlock) -> Result<(), JournalError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.journal.append(self.fence, row).await {
                Ok(_) => {
                    self.health.up(format!("block {}", row.position.block));
                    return Ok(());
                }
                Err(error) if error.severity() == Severity::Temporary => {
                    metrics::journal_failed();
                    self.health.down("Postgres does not take the journal");
                    let pause = backoff.pause();
                    tracing::warn!(
                        block = row.position.block,
                        sub_block = row.position.index,
                        error = %service::error_chain(&error),
                        ?pause,
                        "journal append failed, trying again"
                    );
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// All rows of the block are committed: it is `latest`.
    async fn sealed(&self, block: Arc<ChainBlock>) {
        let heads = self.store.set_latest(block.reference);
        self.publisher.send(Published::Block(block.clone()));
        self.publisher.send(Published::Heads(Arc::new(heads)));
        if self.indexer.send(block).await.is_err() {
            tracing::error!("the indexer is gone; the index stays behind until a restart");
        }
    }
}
