//! The whole service on one screen: the sender of L1 transactions, and the loop that feeds it.
//!
//! ```text
//! lease ─▶ poster ─▶ sender (batcher's key) ─▶ L1
//! ```
//! The end: dropping the work at once is safe, because the outbox holds what was meant to be sent.

use std::{convert::Infallible, sync::Arc, time::Duration};

use db::{Database, Fence, Leases, OutboxError, Role};
use l1::{
    Kzg, L1Client, L1Reader, LocalSigner,
    tx::{TxConfig, TxError, TxHandle, TxSender},
};
use protocol::RollupConfig;
use service::{Backoff, Component, Health, Severity, error_chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    BatcherConfig, BatcherError, keys, limit::PostingLimit, metrics, poster::Poster, source::Source,
};

/// How long leadership lasts without being renewed.
const LEASE_DURATION: Duration = Duration::from_secs(10);
/// First pause after a failed round.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(200);
/// Longest pause.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Pause between two looks at what L1 carries.
const LIMIT_INTERVAL: Duration = Duration::from_secs(60);

/// What the batcher works with and does not own.
#[derive(Debug)]
pub struct Deps {
    /// The chain's rules.
    pub rollup: Arc<RollupConfig>,
    /// The sequencer's database, migrated.
    pub database: Database,
    /// L1.
    pub client: L1Client,
    /// L1 blocks, for the log indexes of deposits.
    pub reader: L1Reader,
    /// Blob proofs.
    pub kzg: Kzg,
    /// Where health is shown.
    pub health: Health,
    /// Posts batches.
    pub batcher: LocalSigner,
    /// How L1 transactions are sent.
    pub tx: TxConfig,
}

/// Posts until `shutdown`.
///
/// # Errors
/// When something fails that waiting cannot cure.
pub async fn run(
    config: BatcherConfig,
    deps: Deps,
    shutdown: CancellationToken,
) -> Result<(), BatcherError> {
    metrics::describe();
    lead(&config, &deps, Role::Batcher, &shutdown, |fence| post(&config, &deps, fence)).await
}

async fn post(config: &BatcherConfig, deps: &Deps, fence: Fence) -> Result<(), BatcherError> {
    let health = deps.health.component("batcher", None);
    let outbox = keys::open(&deps.database, fence, &deps.batcher);
    let (sender, handle) = TxSender::new(
        deps.client.clone(),
        deps.batcher.clone(),
        deps.kzg.clone(),
        outbox.clone(),
        deps.tx.clone(),
    );
    let mut poster =
        Poster::new(config.clone(), &deps.rollup, source(deps), outbox, handle.clone());
    let (limit, known_limit) = watch::channel(None);
    let rounds = async {
        let mut pace = Pace::new(config.poll_interval, &health);
        loop {
            let done = poster.round().await;
            report("batcher", &handle);
            metrics::posting_limit(*known_limit.borrow(), poster.payload_mean());
            pace.after(done).await?;
        }
    };
    tokio::select! {
        ended = rounds => ended,
        never = watch_limit(config, &deps.client, limit) => match never {},
        ended = sender.run() => match ended {
            Ok(never) => match never {},
            Err(source) => Err(sender_ended("batcher", source)),
        },
    }
}

/// Looks again and again at what L1 carries, and says when that has really changed: L1 misses a block now and then.
async fn watch_limit(
    config: &BatcherConfig,
    client: &L1Client,
    limit: watch::Sender<Option<PostingLimit>>,
) -> Infallible {
    let mut told: Option<PostingLimit> = None;
    loop {
        match client.capacity().await {
            Ok(Some(capacity)) => {
                let found = PostingLimit::of(&capacity, config);
                if found.is_some_and(|found| told.is_none_or(|told| !found.is_about(&told))) {
                    tracing::info!(?capacity, limit = ?found, "what L1 carries, in bytes a second");
                    told = found;
                }
                limit.send_replace(found);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "cannot tell what L1 carries");
            }
        }
        tokio::time::sleep(LIMIT_INTERVAL).await;
    }
}

fn sender_ended(role: &'static str, source: TxError<OutboxError>) -> BatcherError {
    BatcherError::Sender { role, source: Box::new(source) }
}

fn source(deps: &Deps) -> Source {
    Source::new(&deps.database, deps.reader.clone())
}

fn report(role: &'static str, handle: &TxHandle) {
    let status = handle.status();
    let status = status.borrow();
    metrics::l1_balance(role, status.balance);
}

/// Does the work of a role while it leads: waits until nobody else does, keeps the lease, and gives it up at the end.
async fn lead<W: Future<Output = Result<(), BatcherError>>>(
    config: &BatcherConfig,
    deps: &Deps,
    role: Role,
    shutdown: &CancellationToken,
    work: impl FnOnce(Fence) -> W,
) -> Result<(), BatcherError> {
    let failed = |source| BatcherError::Lease { role: role.name(), source };
    let leases = Leases::new(deps.database.clone());
    let fence = tokio::select! {
        fence = leases.lead(role, &config.holder, LEASE_DURATION) => fence.map_err(failed)?,
        () = shutdown.cancelled() => return Ok(()),
    };
    let ended = tokio::select! {
        ended = work(fence) => ended,
        ended = leases.keep(fence, LEASE_DURATION) => match ended {
            Ok(never) => match never {},
            Err(source) => Err(failed(source)),
        },
        () = shutdown.cancelled() => Ok(()),
    };
    if let Err(error) = leases.release(fence).await {
        // It expires by itself.
        tracing::warn!(role = role.name(), error = %error_chain(&error), "cannot give up the lease");
    }
    ended
}

/// Pauses between rounds: short after a good one, longer and longer after failures.
#[derive(Debug)]
struct Pace<'a> {
    interval: Duration,
    backoff: Backoff,
    health: &'a Component,
}

impl<'a> Pace<'a> {
    const fn new(interval: Duration, health: &'a Component) -> Self {
        Self { interval, backoff: Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX), health }
    }

    async fn after(&mut self, round: Result<(), BatcherError>) -> Result<(), BatcherError> {
        let pause = match round {
            Ok(()) => {
                self.health.up("working");
                self.backoff.reset();
                self.interval
            }
            Err(error) if error.severity() == Severity::Critical => return Err(error),
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "a round failed, trying again");
                self.health.down(error.to_string());
                self.backoff.pause()
            }
        };
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
