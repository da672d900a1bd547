//! The outbox in Postgres, as the L1 sender wants it. Translates between the two crates' values, and nothing else.
//!
//! Not here: what keys are called and what they cover. Whoever sends says so, once, when it opens its outbox.

use alloy_primitives::Address;
use db::{
    Classify as _, Coverage, Database, Fence, OutboxAttempt, OutboxEntry, OutboxError,
    OutboxInclusion, OutboxOutcome, OutboxRecord, OutboxRequest,
};
use l1::tx::{Attempt, Fees, Inclusion, Outcome, Store, TxId, TxRecord, TxRequest};

/// Newest entries that are looked at: far more than can be unsettled at a time.
const ENTRIES_MAX: u32 = 1_024;

/// The outbox of one sender under one leader's fence. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    inner: db::Outbox,
    fence: Fence,
    coverage: fn(&str) -> Coverage,
}

impl Outbox {
    /// The outbox of `sender`, written while `fence` holds; `coverage` says what a key covers.
    pub fn new(
        database: &Database,
        fence: Fence,
        sender: Address,
        coverage: fn(&str) -> Coverage,
    ) -> Self {
        Self { inner: db::Outbox::new(database.clone(), sender), fence, coverage }
    }

    /// The newest entries whose key starts with `prefix`, by rising number.
    ///
    /// # Errors
    /// When the database does not answer, or holds what nobody wrote.
    pub async fn entries(&self, prefix: &str) -> Result<Vec<OutboxEntry>, OutboxError> {
        self.inner.entries(prefix, ENTRIES_MAX).await
    }
}

impl Store for Outbox {
    type Error = OutboxError;

    fn is_away(&self, error: &OutboxError) -> bool {
        error.is_unavailable()
    }

    fn is_conflict(&self, error: &OutboxError) -> bool {
        matches!(error, OutboxError::Covered { .. })
    }

    async fn insert(&self, key: &str, request: &TxRequest) -> Result<TxRecord, OutboxError> {
        let request = OutboxRequest {
            to: request.to,
            value: request.value,
            input: request.input.clone(),
            gas_limit: request.gas_limit,
            blob_data: request.blob_data.clone(),
        };
        self.inner.insert(self.fence, key, (self.coverage)(key), &request).await.map(record)
    }

    async fn open(&self) -> Result<Vec<TxRecord>, OutboxError> {
        Ok(self.inner.open().await?.into_iter().map(record).collect())
    }

    async fn record_attempt(&self, id: TxId, attempt: &Attempt) -> Result<(), OutboxError> {
        let attempt = OutboxAttempt {
            hash: attempt.hash,
            nonce: attempt.nonce,
            gas_limit: attempt.gas_limit,
            fee_per_gas: attempt.fees.fee_per_gas,
            tip_per_gas: attempt.fees.tip_per_gas,
            fee_per_blob_gas: attempt.fees.fee_per_blob_gas,
            cancels: attempt.cancels,
        };
        self.inner.record_attempt(self.fence, id.0, &attempt).await
    }

    async fn release_nonce(&self, id: TxId) -> Result<(), OutboxError> {
        self.inner.release_nonce(self.fence, id.0).await
    }

    async fn set_inclusion(
        &self,
        id: TxId,
        inclusion: Option<&Inclusion>,
    ) -> Result<(), OutboxError> {
        let inclusion = inclusion.map(stored_inclusion);
        self.inner.set_inclusion(self.fence, id.0, inclusion.as_ref()).await
    }

    async fn request_cancel(&self, id: TxId) -> Result<(), OutboxError> {
        self.inner.request_cancel(self.fence, id.0).await
    }

    async fn close(&self, id: TxId, outcome: &Outcome) -> Result<(), OutboxError> {
        let outcome = match outcome {
            Outcome::Confirmed(inclusion) => OutboxOutcome::Confirmed(stored_inclusion(inclusion)),
            Outcome::Reverted(inclusion) => OutboxOutcome::Reverted(stored_inclusion(inclusion)),
            Outcome::Cancelled(inclusion) => {
                OutboxOutcome::Cancelled(inclusion.as_ref().map(stored_inclusion))
            }
            Outcome::Refused { reason } => OutboxOutcome::Refused { reason: reason.clone() },
        };
        self.inner.close(self.fence, id.0, &outcome).await
    }
}

const fn stored_inclusion(inclusion: &Inclusion) -> OutboxInclusion {
    let Inclusion { hash, block, succeeded } = *inclusion;
    OutboxInclusion { hash, block, succeeded }
}

const fn inclusion(stored: OutboxInclusion) -> Inclusion {
    let OutboxInclusion { hash, block, succeeded } = stored;
    Inclusion { hash, block, succeeded }
}

fn outcome(stored: OutboxOutcome) -> Outcome {
    match stored {
        OutboxOutcome::Confirmed(at) => Outcome::Confirmed(inclusion(at)),
        OutboxOutcome::Reverted(at) => Outcome::Reverted(inclusion(at)),
        OutboxOutcome::Cancelled(at) => Outcome::Cancelled(at.map(inclusion)),
        OutboxOutcome::Refused { reason } => Outcome::Refused { reason },
    }
}

fn attempt(stored: &OutboxAttempt) -> Attempt {
    Attempt {
        hash: stored.hash,
        nonce: stored.nonce,
        gas_limit: stored.gas_limit,
        fees: Fees {
            fee_per_gas: stored.fee_per_gas,
            tip_per_gas: stored.tip_per_gas,
            fee_per_blob_gas: stored.fee_per_blob_gas,
        },
        cancels: stored.cancels,
    }
}

fn record(stored: OutboxRecord) -> TxRecord {
    let OutboxRecord { entry, request, attempts } = stored;
    TxRecord {
        id: TxId(entry.id),
        key: entry.key,
        request: TxRequest {
            to: request.to,
            value: request.value,
            input: request.input,
            gas_limit: request.gas_limit,
            blob_data: request.blob_data,
        },
        nonce: entry.nonce,
        attempts: attempts.iter().map(attempt).collect(),
        inclusion: entry.inclusion.map(inclusion),
        cancel_requested: entry.cancel_requested,
        outcome: entry.outcome.map(outcome),
    }
}
