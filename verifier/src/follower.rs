//! Follows L1: reads it, derives, executes what was derived, and goes back when L1 does.
//!
//! Not here: what is written when (`writer`), and what a proposal is worth (`proposals`). Invariant: a block is executed
//! on the state of its parent and handed to the writer before the next one is; whatever is said of the chain in the
//! status follows from L1 blocks that were processed to their end.

mod reorg;

use std::time::Duration;

use derivation::{Derivation, DerivedBlock, L1Processed, L1Refused, Step};
use l1::{L1Source, L1Tip, ProposalSource, Severity};
use protocol::{BlockId, L2BlockRef};
use service::{Backoff, Component, error_chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Status, VerifierError,
    chain::Chain,
    kept::BlobKeeper,
    lists::AccessLists,
    metrics,
    prefetch::Prefetch,
    progress::Progress,
    proposals::Judge,
    restart::Points,
    writer::{Work, WriteQueue},
};

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// The task that follows L1.
#[derive(Debug)]
pub(crate) struct Follower {
    /// Number and hash of the L1 block that the chain begins after.
    pub(crate) genesis_l1: BlockId,
    pub(crate) source: L1Source,
    pub(crate) prefetch: Prefetch,
    pub(crate) proposals: ProposalSource,
    pub(crate) lists: AccessLists,
    pub(crate) tip: watch::Receiver<L1Tip>,
    pub(crate) derivation: Derivation,
    /// Away while a block is executed.
    pub(crate) chain: Option<Chain>,
    pub(crate) points: Points,
    pub(crate) tables: db::VerifierStore,
    pub(crate) queue: WriteQueue,
    pub(crate) judge: Judge,
    pub(crate) blobs: BlobKeeper,
    pub(crate) progress: Progress,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) health: Component,
}

impl Follower {
    /// Works until it is told to end. What was executed by then is written.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), VerifierError> {
        self.health.up("starting");
        while !shutdown.is_cancelled() {
            tokio::select! {
                result = self.turn() => result?,
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn turn(&mut self) -> Result<(), VerifierError> {
        match self.derivation.step() {
            Step::NeedL1 { number } => self.read_l1(number).await,
            Step::Execute(derived) => self.execute(derived).await,
            Step::Absent(batch) => {
                metrics::absent_batch();
                tracing::warn!(
                    batch = batch.index,
                    l1_block = batch.l1.number,
                    reason = %error_chain(&batch.reason),
                    "a posted batch counts as absent"
                );
                Ok(())
            }
            Step::Processed(processed) => self.processed(&processed).await,
        }
    }

    /// Reads the next L1 block, or waits for it.
    async fn read_l1(&mut self, number: u64) -> Result<(), VerifierError> {
        let tip = *self.tip.borrow_and_update();
        let Some(head) = tip.head else { return self.wait_for_tip().await };
        if let Some(known) = self.derivation.origins().get(head.number)
            && known.origin.hash != head.hash
        {
            return self.go_back(head.number).await;
        }
        if head.number < number {
            self.caught_up().await?;
            return self.wait_for_tip().await;
        }
        self.progress.behind(self.derivation.processed().l1, head, &self.derivation.head().block);
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.prefetch.block(number, head.number).await {
                Ok(Some((block, blobs))) => {
                    self.blobs.keep(number, &blobs).await?;
                    return self.add_l1(block).await;
                }
                // The head went away between two requests: the watcher will tell.
                Ok(None) => return self.wait_for_tip().await,
                Err(error) if error.severity() == Severity::Critical => {
                    return Err(VerifierError::L1(error));
                }
                Err(error) => {
                    metrics::l1_failed();
                    self.health.down("cannot read L1");
                    let error = error_chain(&error);
                    tracing::warn!(number, %error, "cannot read L1, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
            }
        }
    }

    async fn add_l1(&mut self, block: derivation::L1Block) -> Result<(), VerifierError> {
        let number = block.origin.number;
        match self.derivation.add_l1(block) {
            // What derivation asks for next is asked for again.
            Ok(()) | Err(L1Refused::OutOfOrder { .. }) => Ok(()),
            Err(L1Refused::Reorg { .. } | L1Refused::OtherEntries { .. }) => {
                self.go_back(number.saturating_sub(1)).await
            }
        }
    }

    /// Goes back; when Postgres or L1 is away before anything was done, the next turn tries again.
    async fn go_back(&mut self, from: u64) -> Result<(), VerifierError> {
        match self.reorg(from).await {
            Err(error) if error.is_temporary() => {
                let error = error_chain(&error);
                tracing::warn!(%error, "cannot go back after a reorg, trying again");
                tokio::time::sleep(RETRY_PAUSE_MIN).await;
                Ok(())
            }
            done => done,
        }
    }

    async fn wait_for_tip(&mut self) -> Result<(), VerifierError> {
        self.tip.changed().await.map_err(|_| VerifierError::Lost { what: "L1 watcher" })
    }

    /// Executes a derived block on a blocking thread and hands it to the writer.
    async fn execute(&mut self, derived: Box<DerivedBlock>) -> Result<(), VerifierError> {
        for alarm in &derived.alarms {
            tracing::error!(?alarm, block = derived.inputs.opening.number, "odd derived block");
        }
        let mut list = match derived.inputs.transactions.is_empty() {
            true => None,
            false => self.lists.of(derived.inputs.opening.number).await,
        };
        let has_list = list.is_some();
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        let block = loop {
            let lost = || VerifierError::Lost { what: "execution" };
            let mut executing = self.chain.take().ok_or_else(lost)?;
            let (stored, inputs, list) = (self.queue.stored(), derived.clone(), list.take());
            let work = tokio::task::spawn_blocking(move || {
                executing.stored_to(stored);
                let result = executing.execute(&inputs, list);
                (executing, result)
            });
            let (executed, result) = work.await.map_err(|_| lost())?;
            self.chain = Some(executed);
            match result {
                Ok(block) => break block,
                Err(failed) if failed.is_temporary() => {
                    let error = VerifierError::from(failed);
                    let error = error_chain(&error);
                    tracing::warn!(%error, "cannot read the state, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(failed) => return Err(failed.into()),
            }
        };
        if has_list {
            self.lists.was_of_use(block.is_by_list);
        }
        let (reference, gas) = (block.reference, block.header.gas_used);
        self.queue.send(Work::Block(Box::new(block))).await?;
        self.derivation.executed(reference).map_err(VerifierError::Derivation)?;
        self.progress.executed(gas);
        Ok(())
    }

    /// An L1 block is done.
    async fn processed(&mut self, processed: &L1Processed) -> Result<(), VerifierError> {
        self.queue.send(Work::Processed(processed.l1)).await?;
        self.health.up(format!("L1 block {}", processed.l1.number));
        self.show();
        Ok(())
    }

    /// All of L1 is derived: everything is written, and proposals are judged.
    async fn caught_up(&mut self) -> Result<(), VerifierError> {
        self.queue.flush().await?;
        let processed = *self.derivation.processed();
        self.progress.caught_up(processed.l1, &processed.head.block);
        match self.judge.round(&self.proposals, &processed).await {
            Ok(()) => {}
            // The next L1 block brings another chance.
            Err(error) if error.is_temporary() => {
                tracing::warn!(error = %error_chain(&error), "proposals could not be judged");
            }
            Err(error) => return Err(error),
        }
        let is_disputed = !self.status.borrow().games.is_empty();
        match self.blobs.forget(&self.proposals, processed.l1, is_disputed).await {
            Ok(()) => {}
            // They are kept a little longer.
            Err(error) if error.is_temporary() => {
                tracing::warn!(error = %error_chain(&error), "kept blobs could not be looked through");
            }
            Err(error) => return Err(error),
        }
        self.health.up(format!("L1 block {}, caught up", processed.l1.number));
        self.show();
        Ok(())
    }

    /// Tells everybody where we stand.
    fn show(&self) {
        let processed = self.derivation.processed();
        let tip = *self.tip.borrow();
        let finalized = tip.finalized.and_then(|number| self.finalized(number, processed));
        let judged = self.judge.summary();
        let head = processed.head.block;
        self.status.send_modify(|status| {
            status.l1_processed = processed.l1;
            status.l1_head = tip.head;
            status.head = head;
            status.synced = tip.head.is_some_and(|head| head.number <= processed.l1.number);
            if let Some(finalized) = finalized.filter(|new| new.number >= status.finalized.number) {
                status.finalized = finalized;
            }
            judged.show(status);
            let l1_head = tip.head.map_or(processed.l1.number, |head| head.number);
            let finalized = status.finalized.number;
            metrics::heads(processed.l1.number, l1_head, head.number, finalized);
        });
    }

    /// The safe head as of this finalized L1 block, which may be further than derivation has come.
    fn finalized(&self, l1_number: u64, processed: &L1Processed) -> Option<L2BlockRef> {
        if l1_number >= processed.l1.number {
            return Some(processed.head.block);
        }
        self.derivation.safe_head_at(l1_number)
    }
}
