//! The whole service on one screen: every queue, thread and task, and the order in which they end.
//!
//! ```text
//!  doors ─ admission queue ─▶ braid-admit-N ─▶ Mempool ─▶ braid-builder ─ journal queue ─▶ JournalWriter
//!                                                 ▲   commands │   ▲                            │ index queue
//!  L1 ─ tip ─▶ Follower ── control ───────────────┼────────────┘   └── braid-root               ▼
//!                                                 └── back after a reset                     Indexer
//! ```
//! **The end**, in this order: no more admission → the open block is sealed → the journal queue is written → the
//! index queue is written → the mempool is saved → the lease is given back. Dropping the handle instead
//! ends everything at once, and nothing durable is lost.
//!
//! **A reset** (L1 contradicts our blocks): the driver ends, both queues are written out, journal and index are
//! cut in one transaction, the chain is loaded again as after a restart, the transactions of the removed blocks
//! go back to the mempool in order, and a new driver starts.

mod projecting;
mod session;
mod tasks;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use alloy::primitives::Bytes;
use db::{Database, Fence, Leases, PendingTransactions, Predictions, SequencingRecord};
use executor::ChainSpec;
use l1::{L1Source, L1Tip};
use protocol::RollupConfig;
use service::{Clock, Component, Health};
use tokio::{
    sync::{Mutex, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    projecting::project,
    session::Session,
    tasks::{first_failure, lead, renew, save_often, stop_in_order},
};
use crate::{
    SequencerConfig, SequencerError, Submitter,
    builder::{BlockEngine, Command, Exit, OriginView, RootHandle},
    chain::{ChainBlock, ChainStore, ChainView},
    check::CheckPace,
    follower::{BuilderControl, Follower},
    indexer::SerialCheck,
    mempool::{Admission, AdmissionQueue, AdmissionRules, Mempool, RecoveryThreads, reload, save},
    metrics,
    operator::{Operator, OperatorParts},
    predictions,
    publisher::{Published, Publisher},
    quota::{Client, Quotas},
    restart::{Loaded, Loader, ResumePoints},
};

/// Seconds without a block, besides three block times, before the builder counts as down.
const SILENCE_MAX_S: u64 = 5;

/// Commands that may wait for the builder.
const COMMANDS_MAX: usize = 16;

/// What the sequencer works with and does not own.
#[derive(Debug, Clone)]
pub struct SequencerParts {
    /// The chain's rules.
    pub rollup: Arc<RollupConfig>,
    /// A migrated database.
    pub database: Database,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where L1 blocks come from.
    pub l1: L1Source,
    /// The newest of L1.
    pub l1_tip: watch::Receiver<L1Tip>,
    /// Where health is shown.
    pub health: Health,
}

/// A running sequencer. Dropping it ends everything at once, without saving the mempool.
#[derive(Debug)]
pub struct SequencerHandle {
    /// The way in for transactions.
    pub submitter: Submitter,
    /// The chain for readers.
    pub view: ChainView,
    /// What is published.
    pub publisher: Arc<Publisher>,
    /// What the operator may do.
    pub operator: Operator,
    /// The right to write the journal.
    pub(crate) fence: Fence,
    task: JoinHandle<Result<(), SequencerError>>,
    _abort: DropGuard,
}

impl SequencerHandle {
    /// Waits for the end.
    ///
    /// # Errors
    /// When it ended for any other reason than being told to.
    pub async fn wait(&mut self) -> Result<(), SequencerError> {
        let ended = (&mut self.task).await;
        ended.unwrap_or(Err(SequencerError::Lost { what: "sequencer task" }))
    }
}

/// Starts the sequencer: takes the lease, loads the chain, and runs until `shutdown`.
///
/// # Errors
/// When it cannot start.
pub async fn run(
    config: SequencerConfig,
    parts: SequencerParts,
    shutdown: CancellationToken,
) -> Result<SequencerHandle, SequencerError> {
    config.validate().map_err(SequencerError::Config)?;
    metrics::describe();
    let fence = lead(&config, &parts.database, &shutdown).await?;
    let engine =
        BlockEngine::start(config.builder.execution_threads, config.builder.execution.into())
            .map_err(|source| SequencerError::Thread { name: "braid-exec", source })?;
    let engine = Arc::new(engine);
    let loader = Loader::new(&config, &parts, fence, engine.clone());
    let loaded = loader.load(None, 0).await?;
    let store = loaded.store.clone();
    let readers = &config.readers;
    let publisher =
        Arc::new(Publisher::new(readers.subscriber_events_max, readers.waiting_callers_max));
    let base_fee = store.newest().header.base_fee_per_gas.unwrap_or_default();
    let mempool =
        Arc::new(Mempool::new(config.mempool, config.ordering, base_fee, publisher.clone()));
    let operator = operator(&parts, &mempool).await?;
    let rules = AdmissionRules {
        chain_id: parts.rollup.l2_chain_id,
        base_fee_min: parts.rollup.fees.base_fee_min,
    };
    let quotas = Arc::new(Quotas::new(config.quotas.clone()));
    let (learned, limits) = (engine.predictor().clone(), quotas.clone());
    let admission = Admission::new(rules, store.clone(), mempool.clone(), learned, limits);
    let admission = Arc::new(admission);
    let (queue, _threads) =
        RecoveryThreads::start(&admission, config.admission.threads, config.admission.queue_max)
            .map_err(|source| SequencerError::Thread { name: "braid-admit", source })?;
    let root = RootHandle::default();
    // Where L1 is followed alone, there are no blocks for as long as there are no batches.
    let silence_max = config.leads.then(|| silence_max(&parts.rollup));
    let leads = config.leads;
    let (rollup, database) = (parts.rollup.clone(), parts.database.clone());
    let view = ChainView::new(store.clone(), rollup, database, root.clone(), &config.readers);
    let abort = CancellationToken::new();
    let node = Node {
        origins: Arc::new(OriginView::new(config.l1_confirmations)),
        pending: PendingTransactions::new(parts.database.clone()),
        learned: Predictions::new(parts.database.clone()),
        builder_health: parts.health.component("builder", silence_max),
        journal_health: parts.health.component("journal", None),
        index_health: parts.health.component("index", None),
        fence,
        loader,
        engine,
        root,
        view: view.clone(),
        store,
        publisher: publisher.clone(),
        mempool: mempool.clone(),
        queue: queue.clone(),
        config,
        parts,
        shutdown,
    };
    let (events, chain) = (publisher.clone(), view.clone());
    let submitter = Submitter { queue, mempool, publisher: events, view: chain, quotas, leads };
    let aborted = abort.clone();
    let (ending, limit) = (node.shutdown.clone(), node.config.shutdown_time_max);
    let task = tokio::spawn(async move {
        tokio::select! {
            result = node.supervise(loaded) => result,
            () = aborted.cancelled() => Ok(()),
            () = too_late(ending, limit) => Err(SequencerError::ShutdownTooLong { limit }),
        }
    });
    let _abort = abort.drop_guard();
    Ok(SequencerHandle { submitter, view, publisher, operator, fence, task, _abort })
}

/// What the operator has, going on with what was said last.
async fn operator(
    parts: &SequencerParts,
    mempool: &Arc<Mempool>,
) -> Result<Operator, SequencerError> {
    let parts = OperatorParts {
        mempool: mempool.clone(),
        pending: PendingTransactions::new(parts.database.clone()),
        record: SequencingRecord::new(parts.database.clone()),
        health: parts.health.component("sequencing", None),
        changing: Mutex::default(),
    };
    Box::pin(Operator::resume(parts)).await.map_err(SequencerError::Sequencing)
}

/// A chain without a new block for so long is not healthy, whatever answers its requests.
fn silence_max(rollup: &RollupConfig) -> Duration {
    Duration::from_secs(SILENCE_MAX_S.saturating_add(rollup.block_time.saturating_mul(3)))
}

/// Comes `limit` after the end was asked for.
async fn too_late(shutdown: CancellationToken, limit: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(limit).await;
}

/// Everything that lives as long as the service.
#[derive(Debug)]
struct Node {
    config: SequencerConfig,
    parts: SequencerParts,
    fence: Fence,
    loader: Loader,
    engine: Arc<BlockEngine>,
    root: RootHandle,
    view: ChainView,
    store: Arc<ChainStore>,
    publisher: Arc<Publisher>,
    mempool: Arc<Mempool>,
    queue: AdmissionQueue,
    origins: Arc<OriginView>,
    pending: PendingTransactions,
    learned: Predictions,
    builder_health: Component,
    journal_health: Component,
    index_health: Component,
    shutdown: CancellationToken,
}

impl Node {
    /// Runs drivers, one after the other, until the end.
    async fn supervise(self, mut loaded: Loaded) -> Result<(), SequencerError> {
        let (commands, receiver) = crossbeam_channel::bounded::<Command>(COMMANDS_MAX);
        let resets = watch::Sender::new(0_u64);
        let control = BuilderControl::new(commands, resets.subscribe());
        self.give_back(std::mem::take(&mut loaded.returned)).await;
        predictions::reload(&self.learned, self.engine.predictor()).await;
        reload(&self.pending, &self.queue).await;
        let leads = self.config.leads;
        let mut lead = leads && !loaded.is_new;
        let mut tasks = self.spawn_tasks(&control, !lead).await?;
        let mut version = 0;
        loop {
            let session = Session::start(&self, loaded, &receiver, &control, lead, version)?;
            let (exit, reached) = tokio::select! {
                ended = session.run() => ended?,
                failed = first_failure(&mut tasks) => return Err(failed),
            };
            match exit {
                Exit::Stopped => break,
                Exit::Lost(what) => return Err(SequencerError::Lost { what }),
                Exit::Reset { keep, cause, lead: may_lead } => {
                    version = reached + 1;
                    loaded = self.take_back(keep, &cause, version).await?;
                    lead = leads && may_lead;
                    resets.send_modify(|resets| *resets += 1);
                }
            }
        }
        save(&self.pending, &self.mempool).await;
        predictions::save(&self.learned, self.engine.predictor()).await;
        let leases = Leases::new(self.parts.database.clone());
        leases.release(self.fence).await.map_err(SequencerError::Lease)
    }

    /// The check of sealed blocks, which has `control` build a wrong one again.
    fn serial_check(&self, control: &BuilderControl) -> SerialCheck {
        SerialCheck {
            spec: ChainSpec::from(self.parts.rollup.as_ref()),
            engine: self.engine.clone(),
            builder: control.clone(),
            pace: CheckPace::new(self.config.builder.check_rate_max),
            lists: self.config.builder.access_lists.then(|| self.publisher.clone()),
            #[cfg(test)]
            doubted: self.config.builder.doubted_block,
        }
    }

    /// The tasks beside the building of blocks.
    async fn spawn_tasks(
        &self,
        control: &BuilderControl,
        following: bool,
    ) -> Result<JoinSet<Result<(), SequencerError>>, SequencerError> {
        let mut tasks = JoinSet::new();
        let resume = ResumePoints::new(&self.parts, self.fence);
        let follower = Follower {
            derivation: resume.derivation().await?,
            source: self.parts.l1.clone(),
            tip: self.parts.l1_tip.clone(),
            view: self.view.clone(),
            origins: self.origins.clone(),
            builder: control.clone(),
            publisher: self.publisher.clone(),
            resume,
            derived: Vec::new(),
            following,
            leads: self.config.leads,
        };
        tasks.spawn(follower.run(self.shutdown.clone()));
        tasks.spawn(renew(
            Leases::new(self.parts.database.clone()),
            self.fence,
            self.config.lease_duration,
            self.shutdown.clone(),
        ));
        tasks.spawn(save_often(
            self.pending.clone(),
            self.mempool.clone(),
            (self.learned.clone(), self.engine.predictor().clone()),
            self.config.mempool_save_interval,
            self.shutdown.clone(),
        ));
        tasks.spawn(project(
            db::Projection::new(self.parts.database.clone()),
            self.config.projection,
            self.store.clone(),
            self.shutdown.clone(),
        ));
        tasks.spawn(stop_in_order(self.shutdown.clone(), self.queue.clone(), control.clone()));
        Ok(tasks)
    }

    /// Cuts journal and index, loads the chain again, and gives the removed transactions back to the mempool.
    async fn take_back(
        &self,
        keep: u64,
        cause: &str,
        version: u64,
    ) -> Result<Loaded, SequencerError> {
        metrics::reset();
        tracing::warn!(keep, cause, "blocks are taken back");
        let removed: Vec<Arc<ChainBlock>> = (keep + 1..=self.store.newest().number())
            .rev()
            .filter_map(|n| self.store.block(n))
            .collect();
        // Views of the old chain must not mix it with what comes.
        self.store.base().reset(keep);
        let mut back = self.loader.cut(keep, cause).await?;
        let waiting = self.mempool.drain(version);
        let mut loaded = self.loader.load(Some(self.store.clone()), version).await?;
        self.store.remember_removed(&removed);
        self.publisher.send(Published::Removed(Arc::new(removed)));
        self.publisher.send(Published::Heads(Arc::new(self.store.heads())));
        back.splice(..0, std::mem::take(&mut loaded.returned));
        back.extend(waiting.into_iter().map(|tx| tx.raw.clone()));
        self.give_back(back).await;
        Ok(loaded)
    }

    /// Lets transactions in again, in order. Those that L1 made impossible are refused.
    async fn give_back(&self, raws: Vec<Bytes>) {
        if raws.is_empty() {
            return;
        }
        let results = self.queue.admit(raws, Client::exempt()).await;
        let refused = results.iter().filter(|result| result.is_err()).count();
        tracing::warn!(returned = results.len() - refused, refused, "transactions returned");
    }
}
