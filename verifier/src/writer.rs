//! Writes the derived chain behind its execution. The only task that does.
//!
//! **Order of writes**, each a transaction of its own under the lease's fence:
//!
//! 1. a block, as soon as it was executed: its packed row of the index;
//! 2. an L1 block that was processed to its end: its row together with one per L2 block derived from it;
//! 3. the state tables, in chunks, from the packed rows.
//!
//! So at any instant a block that derivation remembers is in the index, and the newest remembered L1 block with its safe
//! head is a point to resume from. What the index has above that head is the part of an L1 block that was cut short; a
//! restart takes it back. Going back after an L1 reorg runs the other way round, 2 before 1, for the same reason. The state
//! tables may stand anywhere at or below the index: its own cursor says where, in the same transaction.

use std::{future::Future, time::Duration};

use db::{Classify, CurrentState, Fence, Index, Severity, WithdrawalNodes};
use protocol::BlockId;
use service::{Backoff, Component, error_chain};
use state::StateDiff;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{VerifierError, chain::Derived, metrics};

mod record;

pub(crate) use record::genesis_record;

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is to be written.
#[derive(Debug)]
pub(crate) enum Work {
    /// The next block.
    Block(Box<Derived>),
    /// An L1 block yields nothing more.
    Processed(BlockId),
    /// Brings everything up to date, the state tables too, and answers.
    Flush(oneshot::Sender<()>),
    /// Goes back to the end of an L1 block; answers with the way back of the state.
    Unwind { to: BlockId, keep: u64, answer: oneshot::Sender<StateDiff> },
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub(crate) struct WriteQueue {
    work: mpsc::Sender<Work>,
    stored: watch::Receiver<u64>,
}

/// The task that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    index: Index,
    current: CurrentState,
    tables: db::VerifierStore,
    fence: Fence,
    state_chunk_blocks: u32,
    /// Newest block of the index.
    tip: u64,
    /// The block after which the state tables stand.
    stored: watch::Sender<u64>,
    /// Written blocks of the L1 block in work.
    derived: Vec<db::DerivedRow>,
    health: Component,
    work: mpsc::Receiver<Work>,
}

impl WriteQueue {
    /// Waits while the queue is full.
    pub(crate) async fn send(&self, work: Work) -> Result<(), VerifierError> {
        self.work.send(work).await.map_err(|_| VerifierError::Lost { what: "writer" })
    }

    /// Waits until everything sent so far is in Postgres.
    pub(crate) async fn flush(&self) -> Result<(), VerifierError> {
        let (answer, flushed) = oneshot::channel();
        self.send(Work::Flush(answer)).await?;
        flushed.await.map_err(|_| VerifierError::Lost { what: "writer" })
    }

    /// Goes back to the end of L1 block `to`, when `keep` was the safe head.
    pub(crate) async fn unwind(&self, to: BlockId, keep: u64) -> Result<StateDiff, VerifierError> {
        let (answer, undone) = oneshot::channel();
        self.send(Work::Unwind { to, keep, answer }).await?;
        undone.await.map_err(|_| VerifierError::Lost { what: "writer" })
    }

    /// The block after which the state tables stand.
    pub(crate) fn stored(&self) -> u64 {
        *self.stored.borrow()
    }
}

impl Writer {
    /// A writer for a database whose index ends with block `tip`, and whose state tables stand there too.
    pub(crate) fn new(
        database: &db::Database,
        fence: Fence,
        tip: u64,
        config: &crate::VerifierConfig,
        health: Component,
    ) -> (Self, WriteQueue) {
        let (sender, work) = mpsc::channel(config.write_queue_blocks_max);
        let stored = watch::Sender::new(tip);
        let queue = WriteQueue { work: sender, stored: stored.subscribe() };
        let writer = Self {
            index: Index::new(database.clone()),
            current: CurrentState::new(database.clone()),
            tables: db::VerifierStore::new(database.clone()),
            fence,
            state_chunk_blocks: config.state_chunk_blocks,
            tip,
            stored,
            derived: Vec::new(),
            health,
            work,
        };
        (writer, queue)
    }

    /// Works until the queue is closed and empty, and then brings the state tables up to date for the next start.
    pub(crate) async fn run(mut self) -> Result<(), VerifierError> {
        self.health.up("nothing written yet");
        while let Some(work) = self.work.recv().await {
            match work {
                Work::Block(block) => self.write(*block).await?,
                Work::Processed(l1) => self.processed(l1).await?,
                Work::Flush(answer) => {
                    self.advance_state_to_tip().await?;
                    // Whoever asked may have been told to end meanwhile.
                    let _ = answer.send(());
                }
                Work::Unwind { to, keep, answer } => {
                    let undo = self.unwind(to, keep).await?;
                    let _ = answer.send(undo);
                }
            }
        }
        self.advance_state_to_tip().await
    }

    async fn write(&mut self, block: Derived) -> Result<(), VerifierError> {
        let started = Instant::now();
        let row = record::row(&block);
        // Recovering senders is work for a processor.
        let packed = tokio::task::spawn_blocking(move || record::pack(block)).await;
        let packed = packed.map_err(|_| VerifierError::Lost { what: "packing of a block" })??;
        // Nobody asks a verifier for proofs.
        let kept = WithdrawalNodes::default();
        let writing = self.retrying(|| self.index.write(self.fence, &packed, &kept));
        writing.await.map_err(VerifierError::Index)?;
        self.tip = packed.number();
        self.derived.push(row);
        metrics::written(started.elapsed());
        if self.tip - *self.stored.borrow() >= u64::from(self.state_chunk_blocks) {
            self.advance_state().await?;
        }
        Ok(())
    }

    async fn processed(&mut self, l1: BlockId) -> Result<(), VerifierError> {
        let writing = self.retrying(|| self.tables.processed(self.fence, l1, &self.derived));
        writing.await.map_err(VerifierError::Tables)?;
        self.derived.clear();
        self.health.up(format!("L1 block {}, block {}", l1.number, self.tip));
        Ok(())
    }

    async fn advance_state(&self) -> Result<(), VerifierError> {
        let advance = self.retrying(|| self.current.advance(self.state_chunk_blocks));
        let cursor = advance.await.map_err(VerifierError::Index)?;
        self.stored.send_replace(cursor.unwrap_or_default());
        Ok(())
    }

    async fn advance_state_to_tip(&self) -> Result<(), VerifierError> {
        while *self.stored.borrow() < self.tip {
            self.advance_state().await?;
        }
        Ok(())
    }

    async fn unwind(&mut self, to: BlockId, keep: u64) -> Result<StateDiff, VerifierError> {
        // Then the state tables stand at `keep` afterwards, and nothing has to be held in memory.
        self.advance_state_to_tip().await?;
        self.derived.clear();
        let mut undo = StateDiff::default();
        for number in (keep + 1..=self.tip).rev() {
            let reading = self.retrying(|| self.index.block(number));
            let block = reading.await.map_err(VerifierError::Index)?;
            undo.merge(&block.ok_or(VerifierError::BlockMissing { number })?.undo);
        }
        let forgetting = self.retrying(|| self.tables.unwind(self.fence, to.number));
        forgetting.await.map_err(VerifierError::Tables)?;
        let unwinding = self.retrying(|| self.index.unwind_to(self.fence, keep));
        unwinding.await.map_err(VerifierError::Index)?;
        self.tip = keep;
        self.stored.send_replace(keep);
        Ok(undo)
    }

    /// Repeats what failed because Postgres was away. Everything that is repeated may be done twice.
    async fn retrying<T, E, F>(&self, mut act: impl FnMut() -> F) -> Result<T, E>
    where
        E: std::error::Error + Classify,
        F: Future<Output = Result<T, E>>,
    {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match act().await {
                Err(error) if error.severity() == Severity::Temporary => {
                    metrics::write_failed();
                    self.health.down("Postgres does not take what was derived");
                    tracing::warn!(error = %error_chain(&error), "write failed, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                done => return done,
            }
        }
    }
}
