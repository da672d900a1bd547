//! Follows some of what was sent until its receipt: when it was durable, when its block was there.
//!
//! Asked for again and again, all samples in one request, so a latency is right within the pause between two looks; and what is
//! asked for costs the endpoint little, whatever the rate of transactions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{RunError, RunOptions};
use crate::{
    file::Sender,
    histogram::Histogram,
    rpc::{Receipt, Rpc, RpcError},
};

/// Pause between two looks: how exact the latencies are.
pub const POLL: Duration = Duration::from_millis(20);
/// Samples that wait to be looked at first.
const QUEUE_MAX: usize = 10_000;
/// The stages in which a transaction is in the journal; each includes the one before.
const DURABLE: [&str; 4] = ["durable", "posted", "proposed", "final"];

/// A transaction that is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) sender: u32,
    pub(super) ordinal: u32,
    pub(super) hash: B256,
    pub(super) since: Instant,
}

/// A sample and its receipt.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub(super) sample: Sample,
    /// The receipt.
    pub receipt: Receipt,
    /// Whether it is its sender's.
    pub(super) is_own: bool,
}

/// What became of the samples.
#[derive(Debug, Default)]
pub struct Watched {
    /// From sending until the endpoint said durable; `None` where it does not say.
    pub durable: Option<Histogram>,
    /// From sending until there was a receipt.
    pub receipt: Histogram,
    /// All with a receipt.
    pub found: Vec<Found>,
    /// Of them, those whose execution failed.
    pub failed: u64,
    /// Samples without a receipt at the end.
    pub missing: u64,
}

/// Chooses samples and hands them over.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    queue: mpsc::Sender<Sample>,
    began: Instant,
    /// Nanoseconds after the beginning, from when on the next one is wanted.
    next: Arc<AtomicU64>,
    interval: Duration,
}

impl Sampler {
    /// Whether it is time for another one.
    pub(super) fn wants_one(&self, now: Instant) -> bool {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let now = nanos(now.saturating_duration_since(self.began));
        let next = self.next.load(Ordering::Relaxed);
        let after = now.saturating_add(nanos(self.interval));
        now >= next
            && self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub(super) fn send(&self, sample: Sample) {
        // Where the watch is behind, there are enough of them.
        let _full = self.queue.try_send(sample);
    }
}

/// The task that looks.
pub(super) struct Watch {
    sampler: Sampler,
    ending: tokio::sync::watch::Sender<Option<Instant>>,
    task: tokio::task::JoinHandle<Result<Watched, RpcError>>,
}

impl Watch {
    pub(super) fn start(rpc: Rpc, options: &RunOptions, senders: Vec<Sender>) -> Self {
        let (queue, samples) = mpsc::channel(QUEUE_MAX);
        let per_second = std::cmp::max(options.samples_per_second, 1);
        let sampler = Sampler {
            queue,
            began: Instant::now(),
            next: Arc::default(),
            interval: Duration::from_secs(1) / per_second,
        };
        let (ending, ends) = tokio::sync::watch::channel(None);
        let looking = Looking {
            rpc,
            senders,
            patience: options.patience,
            undecided: Vec::new(),
            open: Vec::new(),
            watched: Watched { durable: Some(Histogram::default()), ..Watched::default() },
        };
        Self { sampler, ending, task: tokio::spawn(looking.run(samples, ends)) }
    }

    pub(super) fn sampler(&self) -> Sampler {
        self.sampler.clone()
    }

    /// Waits for the samples that have no receipt yet.
    pub(super) async fn end(self, patience: Duration) -> Result<Watched, RunError> {
        drop(self.sampler);
        self.ending.send_replace(Some(Instant::now() + patience));
        self.task.await.map_err(RunError::Task)?.map_err(RunError::Rpc)
    }
}

struct Looking {
    rpc: Rpc,
    senders: Vec<Sender>,
    /// For questions without an answer.
    patience: Duration,
    /// Not known to be durable.
    undecided: Vec<Sample>,
    /// Without a receipt.
    open: Vec<Sample>,
    watched: Watched,
}

impl Looking {
    async fn run(
        mut self,
        mut samples: mpsc::Receiver<Sample>,
        ends: tokio::sync::watch::Receiver<Option<Instant>>,
    ) -> Result<Watched, RpcError> {
        let mut failing_since = None;
        loop {
            while let Ok(sample) = samples.try_recv() {
                self.open.push(sample);
                if self.watched.durable.is_some() {
                    self.undecided.push(sample);
                }
            }
            match self.look().await {
                Ok(()) => failing_since = None,
                // An endpoint under load may leave a question unanswered, and one that was killed comes back; the samples are
                // asked for again.
                Err(error) => {
                    let since = *failing_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.patience {
                        return Err(error);
                    }
                }
            }
            let end = *ends.borrow();
            if let Some(end) = end
                && (self.open.is_empty() && samples.is_empty() || Instant::now() >= end)
            {
                self.watched.missing = self.open.len() as u64;
                return Ok(self.watched);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn look(&mut self) -> Result<(), RpcError> {
        self.look_for_durable().await?;
        self.look_for_receipts().await
    }

    async fn look_for_durable(&mut self) -> Result<(), RpcError> {
        let Some(durable) = &mut self.watched.durable else { return Ok(()) };
        if self.undecided.is_empty() {
            return Ok(());
        }
        let params: Vec<Value> = self.undecided.iter().map(|sample| json!([sample.hash])).collect();
        let answers = self.rpc.ask_all("rollup_getTransactionStatus", params).await?;
        let now = Instant::now();
        let mut undecided = Vec::new();
        for (sample, answer) in std::mem::take(&mut self.undecided).into_iter().zip(answers) {
            let status = match answer {
                Ok(status) => status,
                // Not a rollup of this kind: nothing is said of durability.
                Err(error) if error.is_unknown_method() => {
                    self.watched.durable = None;
                    return Ok(());
                }
                Err(_) => {
                    undecided.push(sample);
                    continue;
                }
            };
            let stage = status["stage"].as_str().unwrap_or_default();
            if DURABLE.contains(&stage) {
                durable.record(now.saturating_duration_since(sample.since));
            } else {
                undecided.push(sample);
            }
        }
        self.undecided = undecided;
        Ok(())
    }

    async fn look_for_receipts(&mut self) -> Result<(), RpcError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let hashes: Vec<B256> = self.open.iter().map(|sample| sample.hash).collect();
        let receipts = self.rpc.receipts(&hashes).await?;
        let now = Instant::now();
        let mut open = Vec::new();
        for (sample, receipt) in std::mem::take(&mut self.open).into_iter().zip(receipts) {
            let Some(receipt) = receipt else {
                open.push(sample);
                continue;
            };
            self.watched.receipt.record(now.saturating_duration_since(sample.since));
            self.watched.failed += u64::from(!receipt.is_success);
            let sender = self.senders.get(sample.sender as usize);
            let is_own = sender.is_some_and(|sender| sender.address == receipt.from);
            self.watched.found.push(Found { sample, receipt, is_own });
        }
        self.open = open;
        Ok(())
    }
}
