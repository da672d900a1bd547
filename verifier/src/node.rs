//! The whole service on one screen: its tasks, its queue, and the order in which they end.
//!
//! ```text
//!  L1 ─ tip ─▶ Follower (derives, executes, judges) ── write queue ─▶ Writer ─▶ Postgres
//!                 └─ status ─▶ Proposer, given a key ─▶ outbox ─▶ sender ─▶ L1
//!  L1 ─ tip ─▶ Player of disputes ─ moves, given a key ─▶ outbox ─▶ sender ─▶ L1
//! ```
//! All of them write under the one lease: who leads the verifier proposes.
//!
//! **The end**, in this order: the follower stops, the proposer with it → what was executed is written → the lease is given back. Dropping the
//! handle instead ends everything at once, as a crash would; the next start goes on from the last processed L1 block.

use std::{convert::Infallible, sync::Arc, time::Duration};

use db::{Database, Fence, Leases, Role};
use l1::{L1Evidence, L1Source, L1Tip, ProposalSource, tx::TxSender};
use outbox::Outbox;
use protocol::RollupConfig;
use service::Health;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use transition::ChainParameters;

use crate::{
    Segments, Status, VerifierConfig, VerifierError,
    claims::ClaimReader,
    follower::Follower,
    kept::BlobKeeper,
    lists::{AccessListSource, AccessLists},
    metrics,
    player::{DisputeDeps, Place, Playing},
    prefetch::Prefetch,
    progress::Progress,
    proposals::Judge,
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
    /// What runs of segments read of L1 besides.
    pub evidence: L1Evidence,
    /// Where proposals come from.
    pub proposals: ProposalSource,
    /// Who gives access lists; `None`: blocks are executed serially.
    pub lists: Option<AccessListSource>,
    /// The newest of L1.
    pub l1_tip: watch::Receiver<L1Tip>,
    /// Proposes; `None`: nothing is proposed.
    pub proposer: Option<ProposerDeps>,
    /// Plays disputes; `None` where the oracle has none.
    pub disputes: Option<DisputeDeps>,
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
    require_two_accounts(deps.proposer.as_ref(), deps.disputes.as_ref())?;
    let Deps { rollup, database, l1, evidence, proposals, lists, l1_tip, .. } = deps;
    let Deps { proposer, disputes, health, config, .. } = deps;
    config.validate().map_err(VerifierError::Config)?;
    metrics::describe();
    database.migrate().await.map_err(VerifierError::Database)?;
    let leases = Leases::new(database.clone());
    let fence = lead(&leases, &config, &shutdown).await?;
    let loaded = Box::pin(load(&rollup, &database, fence, &config)).await?;
    let tables = db::VerifierStore::new(database.clone());
    let (genesis_output, alarm) = (loaded.genesis_output, config.proposal_alarm_l1_blocks);
    let claims = ClaimReader::new(rollup.clone(), &database);
    let segments = segments(&rollup, &database, &l1, evidence, &config)?;
    let judge =
        Judge::restore(tables.clone(), fence, segments.clone(), genesis_output, alarm).await?;
    let head = loaded.head.block;
    let writing = health.component("verifier-database", None);
    let (writer, queue) = Writer::new(&database, fence, head.number, &config, writing);
    let points = Points::new(rollup.clone(), &database);
    let finalized = points.head(0).await?.head.block;
    let (l1_processed, l1_head) = (loaded.derivation.processed().l1, l1_tip.borrow().head);
    let status = watch::Sender::new(Status::at_start(l1_processed, l1_head, head, finalized));
    let subscribed = status.subscribe();
    let playing = disputes.map(|deps| {
        let place =
            Place { rollup: &rollup, segments, database: &database, fence, config: &config };
        Playing::new(deps, &place, l1_tip.clone(), status.clone(), &health)
    });
    let follower = Follower {
        genesis_l1: rollup.genesis.l1,
        prefetch: Prefetch::new(l1.clone(), config.l1_prefetch_blocks_max),
        source: l1,
        proposals,
        lists: AccessLists::new(lists),
        tip: l1_tip,
        derivation: loaded.derivation,
        chain: Some(loaded.chain),
        blobs: BlobKeeper::new(tables.clone(), fence, &config),
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
    let tasks = Tasks { follower, writer, proposing, playing };
    let supervised = supervise(tasks, leases, fence, duration, shutdown);
    let task = tokio::spawn(async move {
        tokio::select! {
            result = supervised => result,
            () = aborted.cancelled() => Ok(()),
        }
    });
    Ok(VerifierHandle { status: subscribed, task, _abort: abort.drop_guard() })
}

/// By which proposals are judged and disputes are played.
fn segments(
    rollup: &Arc<RollupConfig>,
    database: &Database,
    l1: &L1Source,
    evidence: L1Evidence,
    config: &VerifierConfig,
) -> Result<Segments, VerifierError> {
    let (segment_gas, threads) = (config.segment_gas, config.trie_threads);
    let parameters = ChainParameters { segment_gas, ..ChainParameters::new(rollup) };
    Segments::new(rollup.clone(), parameters, database, l1.clone(), evidence, threads)
        .map_err(|source| VerifierError::Segments(Box::new(source)))
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
    playing: Option<Playing>,
}

/// Two senders with one account would take each other's nonces, and each the other's entries in the outbox.
fn require_two_accounts(
    proposer: Option<&ProposerDeps>,
    disputes: Option<&DisputeDeps>,
) -> Result<(), VerifierError> {
    let proposer = proposer.map(|proposer| proposer.signer.address());
    let challenger = disputes.and_then(|deps| deps.challenger.as_ref());
    match challenger.map(|challenger| challenger.signer.address()) {
        Some(account) if proposer == Some(account) => Err(VerifierError::OneAccount { account }),
        _ => Ok(()),
    }
}

/// Plays, if somebody is to.
async fn play(playing: Option<Playing>) -> Result<Infallible, VerifierError> {
    match playing {
        Some(playing) => playing.run().await,
        None => std::future::pending().await,
    }
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
    let Tasks { follower, writer, proposing, playing } = tasks;
    let mut writing = Box::pin(writer.run());
    let mut following = Box::pin(follower.run(shutdown));
    let mut proposing = Box::pin(propose(proposing));
    let mut playing = Box::pin(play(playing));
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
        result = &mut playing => match result {
            Ok(never) => match never {},
            Err(error) => return Err(error),
        },
        result = &mut following => result,
    };
    // Safe at any moment: what they meant to send is in the outbox.
    drop(proposing);
    drop(playing);
    // The follower held the only way to the writer, which therefore ends once its queue is empty.
    drop(following);
    writing.await?;
    followed?;
    leases.release(fence).await.map_err(VerifierError::Lease)
}
