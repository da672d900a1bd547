//! The state root, on its own thread: hashes each sub-block's diff as it comes, and seals the block.
//!
//! It owns the trie. Between blocks the trie is that of the newest sealed block; that is when proofs are given.
//! Invariant: diffs arrive in the order of execution, each exactly once.

use std::{sync::Arc, thread::JoinHandle, time::Instant};

use alloy::primitives::{Address, U256};
use crossbeam_channel::{Receiver, Sender, bounded};
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::{AccountProof, StateDiff, StateTrie};
use tokio::sync::oneshot;

use super::ClosedBlock;
use crate::{chain::ChainBlock, metrics};

/// Jobs that may wait for the root thread; a sub-block is one.
const JOBS_MAX: usize = 256;

/// Proofs that wait for the next sealed block.
const PROOFS_WAITING_MAX: usize = 1_024;

enum Job {
    Apply(Arc<StateDiff>),
    Seal { block: Box<ClosedBlock>, answer: Sender<ChainBlock> },
    Prove(ProofRequest),
}

struct ProofRequest {
    address: Address,
    slots: Vec<U256>,
    answer: oneshot::Sender<(u64, AccountProof)>,
}

/// The thread that keeps the trie.
#[derive(Debug)]
pub struct RootWorker {
    jobs: Sender<Job>,
    thread: JoinHandle<StateTrie>,
}

/// Asks the root thread for proofs. Cheap to clone; it outlives resets of the chain.
#[derive(Debug, Clone, Default)]
pub struct RootHandle {
    jobs: Arc<parking_lot::Mutex<Option<Sender<Job>>>>,
}

/// The root thread is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state root thread has ended")]
pub struct RootGone;

impl RootWorker {
    /// Starts the thread with the trie of block `number`.
    ///
    /// # Errors
    /// When the operating system refuses the thread.
    pub fn start(trie: StateTrie, number: u64, handle: &RootHandle) -> std::io::Result<Self> {
        let (jobs, receiver) = bounded(JOBS_MAX);
        *handle.jobs.lock() = Some(jobs.clone());
        let thread = std::thread::Builder::new().name("braid-root".into()).spawn(move || {
            Trie { trie, sealed: Some(number), waiting: Vec::new() }.run(&receiver)
        })?;
        Ok(Self { jobs, thread })
    }

    /// A sub-block was executed.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn apply(&self, diff: Arc<StateDiff>) -> Result<(), RootGone> {
        self.jobs.send(Job::Apply(diff)).map_err(|_| RootGone)
    }

    /// Seals a block whose diffs were all applied. Blocks until that is done.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn seal(&self, block: ClosedBlock) -> Result<ChainBlock, RootGone> {
        let (answer, receiver) = bounded(1);
        let job = Job::Seal { block: Box::new(block), answer };
        self.jobs.send(job).map_err(|_| RootGone)?;
        receiver.recv().map_err(|_| RootGone)
    }

    /// Ends the thread.
    pub fn stop(self, handle: &RootHandle) {
        *handle.jobs.lock() = None;
        drop(self.jobs);
        if self.thread.join().is_err() {
            tracing::error!("the state root thread panicked");
        }
    }
}

impl RootHandle {
    /// Proves an account and slots in the newest sealed block, or in the next one if that is being built: then the
    /// answer comes when it is sealed. Returns the number of the block as well.
    ///
    /// # Errors
    /// When the thread is gone.
    pub async fn prove(
        &self,
        address: Address,
        slots: Vec<U256>,
    ) -> Result<(u64, AccountProof), RootGone> {
        let (answer, receiver) = oneshot::channel();
        let job = Job::Prove(ProofRequest { address, slots, answer });
        {
            let jobs = self.jobs.lock();
            // A full queue means many sub-blocks waiting: a proof must not add to that.
            jobs.as_ref().ok_or(RootGone)?.try_send(job).map_err(|_| RootGone)?;
        }
        receiver.await.map_err(|_| RootGone)
    }
}

/// Seals a block with the trie of the state after it.
pub(crate) fn seal_with(trie: &StateTrie, block: ClosedBlock) -> ChainBlock {
    let withdrawals_root = trie.storage_root(&L2_TO_L1_MESSAGE_PASSER);
    let sealed = executor::seal(&block.context, &block.executed, trie.root(), withdrawals_root);
    block.sealed(sealed)
}

struct Trie {
    trie: StateTrie,
    /// The block that the trie is the state of; `None` inside a block.
    sealed: Option<u64>,
    waiting: Vec<ProofRequest>,
}

impl Trie {
    fn run(mut self, jobs: &Receiver<Job>) -> StateTrie {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Apply(diff) => self.apply(&diff),
                Job::Seal { block, answer } => {
                    let sealed = self.seal(*block);
                    // The driver waits for this; it is gone only if it panicked.
                    let _ = answer.send(sealed);
                    self.answer_waiting();
                }
                Job::Prove(request) if self.sealed.is_some() => self.prove(request),
                Job::Prove(request) if self.waiting.len() < PROOFS_WAITING_MAX => {
                    self.waiting.push(request);
                }
                Job::Prove(_) => {}
            }
        }
        self.trie
    }

    fn apply(&mut self, diff: &StateDiff) {
        let started = Instant::now();
        self.sealed = None;
        self.trie.apply(diff);
        metrics::root_applied(started.elapsed());
    }

    fn seal(&mut self, block: ClosedBlock) -> ChainBlock {
        let started = Instant::now();
        let sealed = seal_with(&self.trie, block);
        self.sealed = Some(sealed.number());
        metrics::sealed(started.elapsed());
        sealed
    }

    fn answer_waiting(&mut self) {
        for request in std::mem::take(&mut self.waiting) {
            self.prove(request);
        }
    }

    fn prove(&self, request: ProofRequest) {
        let Some(number) = self.sealed else { return };
        let proof = self.trie.proof(&request.address, &request.slots);
        // The caller may have gone.
        let _ = request.answer.send((number, proof));
    }
}
