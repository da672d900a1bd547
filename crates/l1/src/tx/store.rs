//! The port to the outbox: where records survive a restart. The implementation lives with the database.
//!
//! Invariant: when a method returns `Ok`, its effect is durable. A store belongs to one sender address, and a writer
//! that lost its lease gets an error, which stops the sender. A store that is away is waited for.

use std::{error::Error, future::Future};

use super::record::{Attempt, Inclusion, Outcome, TxId, TxRecord, TxRequest};

/// Durable outbox of one sender.
pub trait Store: Send + Sync + 'static {
    /// Why the store failed. The sender never sends what it could not record: it stops, or waits if the store is away.
    type Error: Error + Send + Sync + 'static;

    /// Whether the store could not be reached. What was asked of it may or may not have happened, so the sender reads
    /// all records again, as after a restart, before it does anything else.
    fn is_away(&self, error: &Self::Error) -> bool;

    /// Whether an error of [`Self::insert`] concerns that record alone, because it contradicts another one. The
    /// submitter hears of it and the sender goes on.
    fn is_conflict(&self, _error: &Self::Error) -> bool {
        false
    }

    /// Adds a record, or returns the one that already has this key, open or closed, unchanged.
    fn insert(
        &self,
        key: &str,
        request: &TxRequest,
    ) -> impl Future<Output = Result<TxRecord, Self::Error>> + Send;

    /// All records without outcome, by rising id, with all their attempts.
    fn open(&self) -> impl Future<Output = Result<Vec<TxRecord>, Self::Error>> + Send;

    /// Appends an attempt and gives its nonce to the record, in one transaction.
    fn record_attempt(
        &self,
        id: TxId,
        attempt: &Attempt,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the nonce away from a record; its attempts stay.
    fn release_nonce(&self, id: TxId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Notes where a record was mined, or that a reorg took it out again.
    fn set_inclusion(
        &self,
        id: TxId,
        inclusion: Option<&Inclusion>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Notes that a record is no longer wanted.
    fn request_cancel(&self, id: TxId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Closes a record for good.
    fn close(
        &self,
        id: TxId,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
