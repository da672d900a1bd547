//! The roots, on their own thread: hashes what each sub-block changed and holds as it comes, beside the execution of the
//! next, and seals the block.
//!
//! It owns the trie and lets others look at it, without waiting for the end of a block: who looks brings along what to
//! think away (`chain/outlook.rs`).
//! Invariant: sub-blocks arrive in the order of execution, each exactly once.

use std::{sync::Arc, thread::JoinHandle, time::Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use executor::BodyRoots;
use parking_lot::Mutex;
use protocol::predeploys::L2_TO_L1_MESSAGE_PASSER;
use state::{StateDiff, StateTrie};

use super::{ClosedBlock, ExecutedSubBlock, WithdrawalKeeper};
use crate::{
    chain::{Body, ChainBlock},
    metrics,
};

/// Jobs that may wait for the root thread; a sub-block is one.
const JOBS_MAX: usize = 256;

enum Job {
    Apply { diff: Arc<StateDiff>, transactions: Body },
    Seal { block: Box<ClosedBlock>, answer: Sender<ChainBlock> },
    Look { covered: Covered, look: Look },
}

/// Gets to see the trie, or nothing where the trie is ahead of what the caller knows.
type Look = Box<dyn FnOnce(Option<&StateTrie>) + Send>;

/// How far a caller knows the chain, or how far the trie is: a sealed block and sub-blocks after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// Number of the newest sealed block.
    pub sealed: u64,
    /// Sub-blocks of the block after it, the opening one included.
    pub sub_blocks: usize,
}

impl Covered {
    /// Whether everything that `applied` has is covered.
    const fn reaches(&self, applied: &Self) -> bool {
        self.sealed > applied.sealed
            || (self.sealed == applied.sealed && self.sub_blocks >= applied.sub_blocks)
    }
}

/// The thread that keeps the trie.
#[derive(Debug)]
pub struct RootWorker {
    jobs: Sender<Job>,
    thread: JoinHandle<StateTrie>,
}

/// Asks the root thread. Cheap to clone; it outlives resets of the chain.
#[derive(Debug, Clone, Default)]
pub struct RootHandle {
    jobs: Arc<Mutex<Option<Sender<Job>>>>,
    /// One question at a time, so that building waits for one at most.
    turn: Arc<Mutex<()>>,
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
    pub fn start(
        trie: StateTrie,
        number: u64,
        keeper: WithdrawalKeeper,
        handle: &RootHandle,
    ) -> std::io::Result<Self> {
        let (jobs, receiver) = bounded(JOBS_MAX);
        *handle.jobs.lock() = Some(jobs.clone());
        let thread = std::thread::Builder::new().name("braid-root".into()).spawn(move || {
            let open = GrowingBlock::default();
            let applied = Covered { sealed: number, sub_blocks: 0 };
            Trie { trie, open, applied, keeper }.run(&receiver)
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
    /// Lets `look` see the trie, whatever it has applied by then; `None` where that is more than `covered`. Blocks the
    /// thread until then.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn ask<T: Send + 'static>(
        &self,
        covered: Covered,
        look: impl FnOnce(&StateTrie) -> T + Send + 'static,
    ) -> Result<Option<T>, RootGone> {
        let turn = self.turn.lock();
        let (answer, receiver) = bounded(1);
        // The receiver waits for it.
        let look: Look = Box::new(move |trie| drop(answer.send(trie.map(look))));
        let jobs = self.jobs.lock().clone().ok_or(RootGone)?;
        jobs.send(Job::Look { covered, look }).map_err(|_| RootGone)?;
        drop(jobs);
        let answer = receiver.recv().map_err(|_| RootGone);
        drop(turn);
        answer
    }
}

/// The roots of a block that is being executed, sub-block by sub-block.
#[derive(Debug, Default)]
pub(crate) struct GrowingBlock {
    body: BodyRoots,
    diffs: Vec<Arc<StateDiff>>,
}

impl GrowingBlock {
    /// A sub-block was executed.
    pub(crate) fn add(&mut self, diff: Arc<StateDiff>, transactions: &Body) {
        for included in transactions {
            self.body.push(&included.transaction, &included.outcome);
        }
        self.diffs.push(diff);
    }

    /// Seals the block with the trie of the state after it.
    pub(crate) fn seal(
        self,
        trie: &StateTrie,
        block: ClosedBlock,
        keeper: WithdrawalKeeper,
    ) -> ChainBlock {
        let withdrawals_root = trie.storage_root(&L2_TO_L1_MESSAGE_PASSER);
        let sealed = executor::seal_with_roots(
            &block.context,
            self.body,
            block.gas_used,
            trie.root(),
            withdrawals_root,
        );
        let diff = StateDiff::merged(self.diffs.iter().map(|diff| &**diff));
        let kept = keeper.keep(trie, &diff, block.context.opening.number);
        block.sealed(sealed, diff, kept)
    }
}

struct Trie {
    trie: StateTrie,
    open: GrowingBlock,
    /// How far the trie is.
    applied: Covered,
    keeper: WithdrawalKeeper,
}

impl Trie {
    fn run(mut self, jobs: &Receiver<Job>) -> StateTrie {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Apply { diff, transactions } => self.apply(diff, &transactions),
                Job::Seal { block, answer } => {
                    let sealed = self.seal(*block);
                    // The driver waits for this; it is gone only if it panicked.
                    let _ = answer.send(sealed);
                }
                Job::Look { covered, look } => {
                    look(covered.reaches(&self.applied).then_some(&self.trie));
                }
            }
        }
        self.trie
    }

    fn apply(&mut self, diff: Arc<StateDiff>, transactions: &Body) {
        let started = Instant::now();
        self.applied.sub_blocks += 1;
        self.trie.apply(&diff);
        let hashed = Instant::now();
        metrics::root_applied(hashed.duration_since(started));
        self.open.add(diff, transactions);
        metrics::body_hashed(hashed.elapsed());
    }

    fn seal(&mut self, block: ClosedBlock) -> ChainBlock {
        let started = Instant::now();
        let sealed = std::mem::take(&mut self.open).seal(&self.trie, block, self.keeper);
        self.applied = Covered { sealed: sealed.number(), sub_blocks: 0 };
        metrics::sealed(started.elapsed());
        sealed
    }
}
