//! The whole service on one screen: its tasks, its queue, and the order in which they end.
//!
//! ```text
//!  L1 ─ tip ─▶ Follower (derives, executes, judges) ── write queue ─▶ Writer ─▶ Postgres
//!                 └─ status ─▶ Proposer, given a key ─▶ outbox ─▶ sender ─▶ L1
//! ```
//! All of them write under the one lease: who leads the verifier proposes.
//!
//! **The end**, in this order: the follower stops, the proposer with it → what was executed is written → the lease is given back. Dropping the
//! handle instead ends everything at once, as a crash would; the next start goes on from the last processed L1 block.

use std::{convert::Infallible, sync::Arc, time::Duration};

use db::{Database, Fence, Leases, Role};
use l1::{L1Source, L1Tip, tx::TxSender};
use outbox::Outbox;
use protocol::RollupConfig;
use service::Health;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Status, VerifierConfig, VerifierError,
    claims::ClaimReader,
    follower::Follower,
    lists::{AccessListSource, AccessLists},
    metrics,
    prefetch::Prefetch,
    progress::Progress,
    proposals::{Judge, ProposalSource},
    proposer::{Proposer, ProposerDeps},
    restart::{Points, load},
    writer::Writer,
};

/// What the verifier works with and does not own.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The chain's rules.
    pub rollup: Arc<RollupConfig>,
    /// The verifier's own database; its schema is brought up to date.
    pub database: Database,
    /// Where L1 blocks come from.
    pub l1: L1Source,
    /// Where proposals come from.
    pub proposals: ProposalSource,
    /// Who gives access lists; `None`: blocks are executed serially.
    pub lists: Option<AccessListSource>,
    /// The newest of L1.
    pub l1_tip: watch::Receiver<L1Tip>,
    /// Proposes; `None`: nothing is proposed.
    pub proposer: Option<ProposerDeps>,
    /// Where health is shown.
    pub health: Health,
    /// The settings.
    pub config: VerifierConfig,
}

/// A running verifier. Dropping it ends everything at once, as a crash would.
#[derive(Debug)]
pub struct VerifierHandle {
    status: watch::Receiver<Status>,
    task: JoinHandle<Result<(), VerifierError>>,
    _abort: DropGuard,
}

impl VerifierHandle {
    /// Where the verifier stands; changes whenever it moves.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it ended for any other reason than being told to.
    pub async fn wait(&mut self) -> Result<(), VerifierError> {
        let ended = (&mut self.task).await;
        ended.unwrap_or(Err(VerifierError::Lost { what: "verifier task" }))
    }
}

/// Starts the verifier: takes the lease, loads what was derived before, and runs until `shutdown`.
///
/// # Errors
/// When it cannot start.
pub async fn run(deps: Deps, shutdown: CancellationToken) -> Result<VerifierHandle, VerifierError> {
    let Deps { rollup, database, l1, proposals, lists, l1_tip, proposer, health, config } = deps;
    config.validate().map_err(VerifierError::Config)?;
    metrics::describe();
    database.migrate().await.map_err(VerifierError::Database)?;
    let leases = Leases::new(database.clone());
    let fence = lead(&leases, &config, &shutdown).await?;
    let loaded = load(&rollup, &database, fence, &config).await?;
    let tables = db::VerifierStore::new(database.clone());
    let (genesis_output, alarm) = (loaded.genesis_output, config.proposal_alarm_l1_blocks);
    let claims = ClaimReader::new(rollup.clone(), &database);
    let judge =
        Judge::restore(tables.clone(), fence, claims.clone(), genesis_output, alarm).await?;
    let head = loaded.head.block;
    let writing = health.component("verifier-database", None);
    let (writer, queue) = Writer::new(&database, fence, head.number, &config, writing);
    let points = Points::new(rollup.clone(), &database);
    let finalized = points.head(0).await?.head.block;
    let status = watch::Sender::new(Status {
        l1_processed: loaded.derivation.processed().l1,
        l1_head: l1_tip.borrow().head,
        head,
        finalized,
        synced: false,
        agreed_to: None,
        proposals_pending: 0,
        proposals_underivable: Vec::new(),
        first_bad_block: None,
        disagreements: Vec::new(),
    });
    let subscribed = status.subscribe();
    let follower = Follower {
        genesis_l1: rollup.genesis.l1,
        prefetch: Prefetch::new(l1.clone(), config.l1_prefetch_blocks_max),
        source: l1,
        proposals,
        lists: AccessLists::new(lists),
        tip: l1_tip,
        derivation: loaded.derivation,
        chain: Some(loaded.chain),
        points,
        tables,
        queue,
        judge,
        progress: Progress::new(config.progress_interval),
        status,
        health: health.component("verifier", None),
    };
    let abort = CancellationToken::new();
    let aborted = abort.clone();
    let duration = config.lease_duration;
    let proposing = proposer.map(|deps| {
        let (watched, shown) = (subscribed.clone(), health.component("proposer", None));
        Proposer::new(deps, &rollup, (&database, fence), claims, watched, shown)
    });
    let tasks = Tasks { follower, writer, proposing };
    let supervised = supervise(tasks, leases, fence, duration, shutdown);
    let task = tokio::spawn(async move {
        tokio::select! {
            result = supervised => result,
            () = aborted.cancelled() => Ok(()),
        }
    });
    Ok(VerifierHandle { status: subscribed, task, _abort: abort.drop_guard() })
}

/// Waits until nobody else writes this database.
async fn lead(
    leases: &Leases,
    config: &VerifierConfig,
    shutdown: &CancellationToken,
) -> Result<Fence, VerifierError> {
    tokio::select! {
        fence = leases.lead(Role::Verifier, &config.holder, config.lease_duration) => {
            fence.map_err(VerifierError::Lease)
        }
        () = shutdown.cancelled() => Err(VerifierError::Lost { what: "wait for the lease" }),
    }
}

/// What runs side by side.
struct Tasks {
    follower: Follower,
    writer: Writer,
    proposing: Option<(Proposer, TxSender<Outbox>)>,
}

/// Proposes, if somebody is to.
async fn propose(
    proposing: Option<(Proposer, TxSender<Outbox>)>,
) -> Result<Infallible, VerifierError> {
    let Some((proposer, sender)) = proposing else { return std::future::pending().await };
    tokio::select! {
        ended = proposer.run() => ended,
        ended = sender.run() => match ended {
            Ok(never) => match never {},
            Err(source) => Err(VerifierError::L1Sender(Box::new(source))),
        },
    }
}

/// Runs the tasks until one fails or the end is asked for.
async fn supervise(
    tasks: Tasks,
    leases: Leases,
    fence: Fence,
    lease_duration: Duration,
    shutdown: CancellationToken,
) -> Result<(), VerifierError> {
    // Polled here, not spawned, so that dropping this future ends all of them in the middle of whatever they do.
    let Tasks { follower, writer, proposing } = tasks;
    let mut writing = Box::pin(writer.run());
    let mut following = Box::pin(follower.run(shutdown));
    let mut proposing = Box::pin(propose(proposing));
    let mut renewing = Box::pin(leases.keep(fence, lease_duration));
    let followed = tokio::select! {
        // First, because it is the cause where another one is only lost without it.
        biased;
        result = &mut writing => {
            return Err(result.err().unwrap_or(VerifierError::Lost { what: "writer" }));
        }
        ended = &mut renewing => match ended {
            Ok(never) => match never {},
            Err(error) => return Err(VerifierError::Lease(error)),
        },
        result = &mut proposing => match result {
            Ok(never) => match never {},
            Err(error) => return Err(error),
        },
        result = &mut following => result,
    };
    // Safe at any moment: what it meant to send is in the outbox.
    drop(proposing);
    // The follower held the only way to the writer, which therefore ends once its queue is empty.
    drop(following);
    writing.await?;
    followed?;
    leases.release(fence).await.map_err(VerifierError::Lease)
}
