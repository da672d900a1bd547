//! The one way in for transactions, whatever door they came through.
//!
//! Not here: encodings, error codes. Invariant: a hash is returned only for a
//! transaction that is in the mempool.

use std::{sync::Arc, time::Duration};

use alloy::{
    consensus::Transaction as _,
    primitives::{B256, Bytes, keccak256},
};
use db::Sequencing;
use tokio::sync::oneshot;

use crate::{
    chain::{ChainView, Located, ReadError},
    mempool::{AdmissionQueue, Mempool, Rejection},
    publisher::{Outcome, Publisher, Subscription, TooManyWaiters},
    quota::{Client, Quotas},
};

/// A transaction that nobody can execute yet may become ready while others arrive. After so long its sender is told
/// what keeps it back.
const UNREADY_WAIT_MAX: Duration = Duration::from_secs(1);

/// Takes transactions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Submitter {
    pub(crate) queue: AdmissionQueue,
    pub(crate) mempool: Arc<Mempool>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) view: ChainView,
    pub(crate) quotas: Arc<Quotas>,
    /// Whether transactions are ordered here at all.
    pub(crate) leads: bool,
}

/// Why waiting for a transaction ended without a receipt.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WaitError {
    /// It was not taken, or was dropped later.
    #[error("transaction will not be executed")]
    Rejected(#[source] Arc<Rejection>),
    /// The time is over; the transaction may still be executed.
    #[error("transaction {hash} was not durable within {waited:?}")]
    TimedOut {
        /// Its hash.
        hash: B256,
        /// How long the call waited.
        waited: Duration,
    },
    /// It is in the mempool behind a nonce that nobody has sent.
    #[error("transaction {hash} waits for nonce {expected}")]
    Gap {
        /// Its hash.
        hash: B256,
        /// The first nonce that is missing.
        expected: u64,
    },
    /// It is in the mempool, and pays too little at present.
    #[error("transaction {hash} waits for a base fee of {fee_cap} wei, it is {base_fee} wei")]
    FeeTooLow {
        /// Its hash.
        hash: B256,
        /// The most that it pays per gas, in wei.
        fee_cap: u128,
        /// Base fee of the open block, or else of the newest one, in wei.
        base_fee: u64,
    },
    /// Too many callers wait.
    #[error("no room for another waiting caller")]
    TooMany(#[source] TooManyWaiters),
    /// The chain could not be read.
    #[error("cannot look for transaction {hash}")]
    Read {
        /// Its hash.
        hash: B256,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The sequencer ends.
    #[error("sequencer is shutting down")]
    Shutdown,
}

impl Submitter {
    /// Submits one raw transaction; its hash once it is received.
    ///
    /// # Errors
    /// The reason why it is not taken.
    pub async fn submit(&self, raw: Bytes) -> Result<B256, Rejection> {
        let mut results = self.submit_many(vec![raw]).await;
        results.pop().unwrap_or(Err(Rejection::NotTaking))
    }

    /// Submits many raw transactions for the present client; one answer each, in the same order.
    pub async fn submit_many(&self, raw: Vec<Bytes>) -> Vec<Result<B256, Rejection>> {
        if !self.leads {
            return raw.iter().map(|_| Err(Rejection::Following)).collect();
        }
        if self.mempool.sequencing() != Sequencing::Active {
            return raw.iter().map(|_| Err(Rejection::Stopped)).collect();
        }
        self.queue.admit(raw, Client::current()).await
    }

    /// Submits and waits until the transaction is durable.
    ///
    /// # Errors
    /// When it is refused or dropped, or the time is over.
    pub async fn submit_and_wait(&self, raw: Bytes, wait: Duration) -> Result<Located, WaitError> {
        let hash = keccak256(&raw);
        // Waiting begins before submitting, or a receipt could come in between and be missed.
        let receiver = self.publisher.wait(hash).map_err(WaitError::TooMany)?;
        match self.submit(raw).await {
            Ok(_) | Err(Rejection::AlreadyKnown { .. }) => self.answer(hash, receiver, wait).await,
            Err(rejection) => {
                // It may have been sent again, after its first answer was lost.
                let found = match &rejection {
                    Rejection::NonceTooLow { .. } => self.find(hash).await?,
                    // Refused before anybody looked at its nonce. That is to be cheap, so Postgres is not asked.
                    Rejection::PoolFull { .. } => self.find_in_memory(hash),
                    _ => Found::Nowhere,
                };
                match found {
                    Found::Durable(located) => Ok(*located),
                    Found::OnItsWay => self.answer(hash, receiver, wait).await,
                    Found::Nowhere => Err(WaitError::Rejected(Arc::new(rejection))),
                }
            }
        }
    }

    /// Waits until a transaction that was submitted before, or soon will be, is durable.
    ///
    /// # Errors
    /// When it is dropped, or the time is over.
    pub async fn wait_for(&self, hash: B256, wait: Duration) -> Result<Located, WaitError> {
        let receiver = self.publisher.wait(hash).map_err(WaitError::TooMany)?;
        match self.find(hash).await? {
            Found::Durable(located) => Ok(*located),
            Found::OnItsWay | Found::Nowhere => self.answer(hash, receiver, wait).await,
        }
    }

    /// The mempool, for its contents and pending nonces.
    pub const fn mempool(&self) -> &Arc<Mempool> {
        &self.mempool
    }

    /// Everything that is published from now on.
    pub fn subscribe(&self) -> Subscription {
        self.publisher.subscribe()
    }

    /// Where a transaction is. Postgres is asked only for one that memory does not know.
    async fn find(&self, hash: B256) -> Result<Found, WaitError> {
        let found = self.find_in_memory(hash);
        if !matches!(found, Found::Nowhere) {
            return Ok(found);
        }
        let found = self.view.transaction(hash).await;
        let found = found.map_err(|source| WaitError::Read { hash, source })?;
        Ok(found.map_or(Found::Nowhere, |located| Found::Durable(Box::new(located))))
    }

    /// Where a transaction is, as far as memory knows.
    fn find_in_memory(&self, hash: B256) -> Found {
        if let Some(located) = self.view.store().transaction(&hash) {
            return Found::Durable(Box::new(located));
        }
        let is_here = self.mempool.contains(&hash) || self.view.store().is_executed(&hash);
        if is_here { Found::OnItsWay } else { Found::Nowhere }
    }

    async fn answer(
        &self,
        hash: B256,
        mut receiver: oneshot::Receiver<Outcome>,
        wait: Duration,
    ) -> Result<Located, WaitError> {
        let soon = std::cmp::min(wait, UNREADY_WAIT_MAX);
        let mut outcome = tokio::time::timeout(soon, &mut receiver).await;
        if outcome.is_err() {
            if let Some(unready) = self.unready(hash) {
                return Err(unready);
            }
            outcome = tokio::time::timeout(wait - soon, receiver).await;
        }
        match outcome {
            Err(_) => Err(self.unready(hash).unwrap_or(WaitError::TimedOut { hash, waited: wait })),
            Ok(Err(_)) => Err(WaitError::Shutdown),
            Ok(Ok(Err(rejection))) => Err(WaitError::Rejected(rejection)),
            Ok(Ok(Ok(located))) => Ok(located),
        }
    }
}

impl Submitter {
    /// Why a waiting transaction cannot be executed now, if it cannot.
    fn unready(&self, hash: B256) -> Option<WaitError> {
        let waiting = self.mempool.get(&hash)?;
        let expected = self.mempool.pending_nonce(&waiting.sender())?;
        if expected < waiting.tx.tx.tx.nonce() {
            return Some(WaitError::Gap { hash, expected });
        }
        let newest = || self.view.store().newest().header.base_fee_per_gas.unwrap_or_default();
        let base_fee = self.view.pending().map_or_else(newest, |open| open.base_fee);
        let fee_cap = waiting.fees.cap;
        (fee_cap < u128::from(base_fee)).then_some(WaitError::FeeTooLow { hash, fee_cap, base_fee })
    }
}

/// What is known of a transaction.
enum Found {
    Durable(Box<Located>),
    /// It waits, or was executed and its row is being committed.
    OnItsWay,
    Nowhere,
}
