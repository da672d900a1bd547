//! Plays a workload against an endpoint and looks afterwards whether all that was acknowledged is there.
//!
//! ```text
//! prepare   the funder's transactions and the approvals, unless they were played already
//! split     transactions by sender over connections: those of one sender keep their order
//! lanes     one task per connection: takes what is due, sends it, counts answers
//! watch     beside them: asks for the state and receipt of some of what was sent
//! settle    until the chain's nonces are what was acknowledged, then the receipts of the samples
//! ```

mod lane;
mod link;
mod prepare;
mod settle;
mod tally;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::Address;

use self::{lane::Lane, watch::Watch};
pub use self::{
    settle::{Settled, Unsettled},
    tally::{BIN, ErrorCount, Tally},
    watch::{Found, POLL, Watched},
};
use crate::{
    file::Workload,
    rpc::{Rpc, RpcError},
};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// JSON-RPC over HTTP: so many calls in a request; 1: a plain call.
    Http {
        /// Calls in a request.
        batch: usize,
    },
    /// JSON-RPC over WebSocket, the same.
    WebSocket {
        /// Calls in a message.
        batch: usize,
    },
    /// Braid's gRPC stream.
    Grpc {
        /// Transactions in a message.
        batch: usize,
        /// Whether acknowledgements are wanted when all are durable, not when they were received: then a closed loop cannot fill
        /// the mempool.
        is_durable: bool,
    },
}

impl Transport {
    /// Transactions that go together at most.
    #[must_use]
    pub const fn batch(self) -> usize {
        match self {
            Self::Http { batch } | Self::WebSocket { batch } | Self::Grpc { batch, .. } => batch,
        }
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, batch) = match self {
            Self::Http { batch } => ("http", batch),
            Self::WebSocket { batch } => ("ws", batch),
            Self::Grpc { batch, is_durable: false } => ("grpc", batch),
            Self::Grpc { batch, is_durable: true } => ("grpc-durable", batch),
        };
        write!(f, "{name}={batch}")
    }
}

/// When the next transaction is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// When fewer than so many are unanswered: as fast as the endpoint answers.
    Closed {
        /// Unanswered transactions at most, over all connections.
        in_flight: usize,
    },
    /// So many a second, whatever the endpoint does. Latency counts from when a transaction should have been sent.
    Open {
        /// Transactions a second.
        per_second: f64,
    },
}

/// How a workload is played.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// JSON-RPC over HTTP or WebSocket.
    pub url: String,
    /// Where gRPC is, if not there.
    pub grpc_url: Option<String>,
    /// The way in.
    pub transport: Transport,
    /// When what is sent.
    pub pace: Pace,
    /// Connections side by side.
    pub connections: usize,
    /// For how long.
    pub time: Duration,
    /// Transactions a second that are watched until their receipt.
    pub samples_per_second: u32,
    /// Longest wait for what was acknowledged to be in a block.
    pub patience: Duration,
}

/// A run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A question had no answer.
    #[error("the endpoint cannot be asked")]
    Rpc(#[source] RpcError),
    /// Another chain.
    #[error("the workload is for chain {expected}, and the endpoint is of chain {found}")]
    Chain {
        /// Of the workload.
        expected: u64,
        /// Of the endpoint.
        found: u64,
    },
    /// The funder has sent other things.
    #[error(
        "the funder {funder} has nonce {found} on this chain, and the workload begins with {expected}: generate it for this chain as it is now"
    )]
    Funder {
        /// Who.
        funder: Address,
        /// As it was when the workload was made.
        expected: u64,
        /// Now.
        found: u64,
    },
    /// The preparation was not taken.
    #[error("the preparation was refused: {0}")]
    Refused(String),
    /// The preparation failed.
    #[error("transaction {0} of the preparation failed")]
    Failed(alloy::primitives::B256),
    /// The preparation takes too long.
    #[error("the preparation was not in a block after {0} s")]
    Unprepared(u64),
    /// All was sent before.
    #[error(
        "all transactions of the workload are on this chain already: generate another one, with another seed"
    )]
    UsedUp,
    /// A connection failed in a way that trying again does not mend.
    #[error("connection {connection} failed")]
    Link {
        /// Which.
        connection: usize,
        /// How.
        #[source]
        source: LinkError,
    },
    /// A task ended.
    #[error("a task of the run has ended")]
    Task(#[source] tokio::task::JoinError),
}

pub use self::link::LinkError;

/// How far a run is, for whoever looks.
#[derive(Debug, Default)]
pub struct Progress {
    /// Transactions that went out.
    pub sent: AtomicU64,
    /// Of them, those that were taken.
    pub accepted: AtomicU64,
    /// Answers that were errors.
    pub refused: AtomicU64,
}

impl Progress {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// What the connections counted.
    pub tally: Tally,
    /// From the first transaction until the last answer.
    pub sending: Duration,
    /// What became of the samples.
    pub watched: Watched,
    /// Whether all is there.
    pub settled: Settled,
    /// How many transactions of the workload are still to be played.
    pub left: u64,
}

/// Makes a chain ready for a workload, unless it was done already; [`run`] does it, too.
///
/// # Errors
/// When the endpoint cannot be asked, is of another chain, or does not take the preparation.
pub async fn prepare(workload: &Workload, options: &RunOptions) -> Result<(), RunError> {
    let rpc = Rpc::new(&options.url).map_err(RunError::Rpc)?;
    prepare::prepare(workload, &rpc, options.patience).await.map(|_nonces| ())
}

/// Prepares the chain if need be, and plays as much of a workload as fits into the time. It goes on where an earlier run of the
/// same workload has ended.
///
/// # Errors
/// When the endpoint cannot be asked, is of another chain, or a connection fails for good.
pub async fn run(
    workload: &Workload,
    options: &RunOptions,
    progress: &Arc<Progress>,
) -> Result<Outcome, RunError> {
    let rpc = Rpc::new(&options.url).map_err(RunError::Rpc)?;
    let nonces = prepare::prepare(workload, &rpc, options.patience).await?;
    let watch = Watch::start(rpc.clone(), options, workload.senders.clone());
    let mut lanes = lane::split(workload, options, &nonces);
    if lanes.iter().all(Lane::is_empty) {
        return Err(RunError::UsedUp);
    }
    let all: u64 = lanes.iter().map(Lane::count).sum();
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (connection, mut lane) in lanes.drain(..).enumerate() {
        let (options, rpc, progress) = (options.clone(), rpc.clone(), progress.clone());
        let samples = watch.sampler();
        tasks.spawn(async move {
            lane.start(began, samples, progress);
            let driven = link::drive(lane, &options, &rpc).await;
            driven.map_err(|source| RunError::Link { connection, source })
        });
    }
    let mut tally = Tally::new(workload.senders.len());
    while let Some(done) = tasks.join_next().await {
        tally.merge(done.map_err(RunError::Task)??);
    }
    let sending = tally.last_answer.map_or_else(|| began.elapsed(), |at| at - began);
    let mut settled = settle::settle(workload, &rpc, &nonces, &tally, options.patience).await?;
    settled.after = began.elapsed();
    let watched = watch.end(options.patience).await?;
    settled.check_samples(&watched);
    let left = all - tally.accepted;
    Ok(Outcome { tally, sending, watched, settled, left })
}
