//! Transactions that were received and have no place yet, and the one way by which they get here.
//!
//! ```text
//!  raw ─▶ AdmissionQueue ─▶ form ─▶ recovery ─▶ account ─▶ Pool ─▶ builder
//!              bounded       └──── CPU threads ────┘      one lock
//! ```
//! Not here: executing them, and what clients are told. Invariant: what is in the pool was paid for and in
//! reach of its sender's nonce when it came in; each sub-block's diff keeps that up to date.

mod admission;
mod floor;
mod intrinsic;
mod ordering;
mod pool;
mod price;
mod ready;
mod recovery;
mod rejection;
mod sender;
mod stored;
#[cfg(test)]
mod tests;
mod transaction;

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use db::Sequencing;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use state::StateDiff;

pub use admission::{Admission, AdmissionRules, AdmissionState};
pub use floor::Floor;
pub use ordering::{FirstCome, Ordering, PriorityFee};
pub use pool::{Left, NotInserted, Pool, TakeLimits};
pub use recovery::{AdmissionQueue, RecoveryThreads};
pub use rejection::Rejection;
pub use stored::{reload, save, save_now};
pub use transaction::{Admitted, Cost, Fees, SenderState, Submission};

use crate::publisher::{Published, Publisher};

/// Bounds of the mempool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MempoolLimits {
    /// Transactions in all.
    pub transactions_max: usize,
    /// Bytes of all raw transactions together.
    pub bytes_max: usize,
    /// Transactions of one sender.
    pub sender_transactions_max: usize,
    /// How far ahead of the next nonce a nonce may be.
    pub nonce_gap_max: u64,
    /// Percent by which a replacement must raise fee cap and tip.
    pub replacement_bump_percent: u32,
}

impl Default for MempoolLimits {
    fn default() -> Self {
        Self {
            transactions_max: 500_000,
            bytes_max: 512 << 20,
            sender_transactions_max: 1_024,
            nonce_gap_max: 1_024,
            replacement_bump_percent: 10,
        }
    }
}

/// Which order ready transactions are taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderingChoice {
    /// By effective tip, then by arrival.
    #[default]
    PriorityFee,
    /// By arrival.
    FirstCome,
}

impl OrderingChoice {
    fn ordering(self) -> Arc<dyn Ordering> {
        match self {
            Self::PriorityFee => Arc::new(PriorityFee),
            Self::FirstCome => Arc::new(FirstCome),
        }
    }
}

/// How many transactions wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MempoolSize {
    /// All of them.
    pub transactions: usize,
    /// Those without a nonce gap before them.
    pub executable: usize,
    /// Bytes of all raw transactions.
    pub bytes: usize,
}

/// The pool behind its lock, with the publisher that is told who came and left.
#[derive(Debug)]
pub struct Mempool {
    pool: Mutex<Pool>,
    publisher: Arc<Publisher>,
    /// Changes under the lock of the pool: what was taken before a change is the last.
    sequencing: Mutex<Sequencing>,
}

impl Mempool {
    /// An empty mempool.
    pub fn new(
        limits: MempoolLimits,
        ordering: OrderingChoice,
        base_fee: u64,
        publisher: Arc<Publisher>,
    ) -> Self {
        let pool = Pool::new(limits, ordering.ordering(), base_fee);
        Self { pool: Mutex::new(pool), publisher, sequencing: Mutex::default() }
    }

    /// Lets transactions in, each with the account of its sender; one answer each, in order: an error where one is refused, or
    /// its account was read too long ago.
    pub fn insert<'a>(
        &self,
        all: impl IntoIterator<Item = &'a (Arc<Admitted>, SenderState)>,
    ) -> Vec<Result<B256, NotInserted>> {
        let mut all_left = Left::new();
        let mut pool = self.pool.lock();
        let mut one = |(tx, account): &(Arc<Admitted>, SenderState)| {
            let left = pool.insert(tx.clone(), *account)?;
            all_left.extend(left);
            Ok(tx.hash())
        };
        let results = all.into_iter().map(&mut one).collect();
        drop(pool);
        self.tell(all_left);
        results
    }

    /// Publishes that these transactions were let in: one event for a chunk, because subscribers keep few events.
    pub fn tell_received(&self, hashes: Vec<B256>) {
        if !hashes.is_empty() {
            self.publisher.send(Published::Received(hashes.into()));
        }
    }

    /// See [`Pool::take`]. Nothing while the operator has stopped sequencing.
    pub fn take(&self, limits: TakeLimits) -> Vec<Arc<Admitted>> {
        let mut pool = self.pool.lock();
        if self.sequencing() == Sequencing::Stopped {
            return Vec::new();
        }
        pool.take(limits)
    }

    /// What becomes of user transactions.
    pub fn sequencing(&self) -> Sequencing {
        *self.sequencing.lock()
    }

    /// What is to become of them from now on.
    pub fn set_sequencing(&self, state: Sequencing) {
        let _pool = self.pool.lock();
        *self.sequencing.lock() = state;
    }

    /// Removes those of these transactions that wait here, as the operator wants. What the builder holds stays.
    pub fn remove(&self, hashes: &[B256]) -> Vec<B256> {
        let removed = self.pool.lock().remove(hashes);
        self.tell(removed.iter().map(|hash| (*hash, Rejection::Removed)).collect());
        removed
    }

    /// See [`Pool::settle`].
    pub fn settle(&self, version: u64, diff: &Arc<StateDiff>, dropped: Left) {
        let left = self.pool.lock().settle(version, diff, dropped);
        self.tell(left);
    }

    /// See [`Pool::open_block`].
    pub fn open_block(&self, base_fee: u64, bytes_max: Option<usize>) {
        self.pool.lock().open_block(base_fee, bytes_max);
    }

    /// See [`Pool::drain`].
    pub fn drain(&self, version: u64) -> Vec<Arc<Admitted>> {
        self.pool.lock().drain(version)
    }

    /// All waiting transactions in order of arrival.
    pub fn in_arrival_order(&self) -> Vec<Arc<Admitted>> {
        self.pool.lock().in_arrival_order()
    }

    /// Whether a transaction waits here.
    pub fn contains(&self, hash: &B256) -> bool {
        self.pool.lock().contains(hash)
    }

    /// Which of these transactions wait here, in order, and what a place costs.
    pub fn look(&self, hashes: &[B256]) -> (Vec<bool>, Option<Floor>) {
        let pool = self.pool.lock();
        (hashes.iter().map(|hash| pool.contains(hash)).collect(), pool.floor())
    }

    /// A waiting transaction.
    pub fn get(&self, hash: &B256) -> Option<Arc<Admitted>> {
        self.pool.lock().get(hash)
    }

    /// Next nonce after the sender's executable transactions, if it has any here; else the account's nonce in
    /// the pending state is the answer.
    pub fn pending_nonce(&self, sender: &Address) -> Option<u64> {
        self.pool.lock().pending_nonce(sender)
    }

    /// One sender's transactions in order of nonce, each with whether it is executable.
    pub fn of_sender(&self, sender: &Address) -> Vec<(Arc<Admitted>, bool)> {
        self.pool.lock().of_sender(sender)
    }

    /// Everyone who has transactions here.
    pub fn senders(&self) -> Vec<Address> {
        self.pool.lock().senders()
    }

    /// How many wait.
    pub fn size(&self) -> MempoolSize {
        let (transactions, executable, bytes) = self.pool.lock().size();
        MempoolSize { transactions, executable, bytes }
    }

    /// Whether a transaction could be taken now.
    pub fn has_ready(&self) -> bool {
        self.pool.lock().has_ready()
    }

    fn tell(&self, left: Left) {
        for (hash, reason) in left {
            self.publisher.dropped(hash, reason);
        }
    }
}
