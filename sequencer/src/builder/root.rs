//! The roots, on their own thread: hashes what each sub-block changed and holds as it comes, beside the execution of the
//! next, and seals the block.
//!
//! It owns the trie. Between blocks the trie is that of the newest sealed block; that is when proofs are given.
//! Invariant: sub-blocks arrive in the order of execution, each exactly once.

use std::{sync::Arc, thread::JoinHandle, time::Instant};

use alloy::primitives::{Address, U256};
use crossbeam_channel::{Receiver, Sender, bounded};
use executor::BodyRoots;
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::{AccountProof, StateDiff, StateTrie};
use tokio::sync::oneshot;

use super::{ClosedBlock, ExecutedSubBlock};
use crate::{
    chain::{ChainBlock, Included},
    metrics,
};

/// Jobs that may wait for the root thread; a sub-block is one.
const JOBS_MAX: usize = 256;

/// Proofs that wait for the next sealed block.
const PROOFS_WAITING_MAX: usize = 1_024;

enum Job {
    Apply { diff: Arc<StateDiff>, transactions: Vec<Arc<Included>> },
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
            let open = GrowingBlock::default();
            Trie { trie, open, sealed: Some(number), waiting: Vec::new() }.run(&receiver)
        })?;
        Ok(Self { jobs, thread })
    }

    /// A sub-block was executed.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn apply(&self, sub_block: &ExecutedSubBlock) -> Result<(), RootGone> {
        let (diff, transactions) = (sub_block.diff.clone(), sub_block.transactions.clone());
        self.jobs.send(Job::Apply { diff, transactions }).map_err(|_| RootGone)
    }

    /// Seals a block whose sub-blocks were all applied. Blocks until that is done.
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

/// The roots of a block that is being executed, sub-block by sub-block.
#[derive(Debug, Default)]
pub(crate) struct GrowingBlock {
    body: BodyRoots,
    diff: StateDiff,
}

impl GrowingBlock {
    /// A sub-block was executed.
    pub(crate) fn add(&mut self, diff: &StateDiff, transactions: &[Arc<Included>]) {
        for included in transactions {
            self.body.push(&included.transaction, &included.outcome);
        }
        self.diff.merge(diff.clone());
    }

    /// Seals the block with the trie of the state after it.
    pub(crate) fn seal(self, trie: &StateTrie, block: ClosedBlock) -> ChainBlock {
        let withdrawals_root = trie.storage_root(&L2_TO_L1_MESSAGE_PASSER);
        let sealed = executor::seal_with_roots(
            &block.context,
            self.body,
            block.gas_used,
            trie.root(),
            withdrawals_root,
        );
        block.sealed(sealed, self.diff)
    }
}

struct Trie {
    trie: StateTrie,
    open: GrowingBlock,
    /// The block that the trie is the state of; `None` inside a block.
    sealed: Option<u64>,
    waiting: Vec<ProofRequest>,
}

impl Trie {
    fn run(mut self, jobs: &Receiver<Job>) -> StateTrie {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Apply { diff, transactions } => self.apply(&diff, &transactions),
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

    fn apply(&mut self, diff: &StateDiff, transactions: &[Arc<Included>]) {
        let started = Instant::now();
        self.sealed = None;
        self.trie.apply(diff);
        let hashed = Instant::now();
        metrics::root_applied(hashed.duration_since(started));
        self.open.add(diff, transactions);
        metrics::body_hashed(hashed.elapsed());
    }

    fn seal(&mut self, block: ClosedBlock) -> ChainBlock {
        let started = Instant::now();
        let sealed = std::mem::take(&mut self.open).seal(&self.trie, block);
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
