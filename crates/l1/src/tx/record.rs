//! What the outbox keeps: requests, attempts, and how they ended. Plain values without behaviour of their own.

use std::fmt;

use alloy::primitives::{Address, B256, Bytes, U256};
use protocol::BlockId;
use serde::{Deserialize, Serialize};

use super::fees::Fees;

/// Number of a record in the outbox; rises in the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxId(pub u64);

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which pool of an L1 node a transaction lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolKind {
    /// The ordinary pool.
    Plain,
    /// The blob pool.
    Blob,
}

/// What is to happen on L1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxRequest {
    /// Recipient.
    pub to: Address,
    /// Wei to send along.
    pub value: U256,
    /// Calldata.
    pub input: Bytes,
    /// Gas limit. None: ask L1, in its latest state, before the first attempt. Give one when the call depends on
    /// a transaction that is still in flight, because then the estimate would fail.
    pub gas_limit: Option<u64>,
    /// Bytes to carry in blobs, as `protocol::blob` packs them. None: an ordinary transaction.
    pub blob_data: Option<Bytes>,
}

impl TxRequest {
    /// A call without value.
    #[must_use]
    pub const fn call(to: Address, input: Bytes) -> Self {
        Self { to, value: U256::ZERO, input, gas_limit: None, blob_data: None }
    }

    /// The pool it belongs to.
    #[must_use]
    pub const fn kind(&self) -> PoolKind {
        if self.blob_data.is_some() { PoolKind::Blob } else { PoolKind::Plain }
    }
}

/// One signed form of a request. Signing is deterministic, so these fields give the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Hash of the signed transaction.
    pub hash: B256,
    /// Its nonce.
    pub nonce: u64,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Its fees.
    pub fees: Fees,
    /// Whether it only takes the nonce away, with a transfer of nothing to the sender.
    pub cancels: bool,
}

/// Where an attempt was mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// Hash of the attempt.
    pub hash: B256,
    /// Block it is in.
    pub block: BlockId,
    /// Whether it succeeded.
    pub succeeded: bool,
}

/// How a record ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It succeeded and has the configured depth.
    Confirmed(Inclusion),
    /// It was mined, failed, and has the configured depth.
    Reverted(Inclusion),
    /// It was cancelled: before any attempt, or by a transaction that took its nonce.
    Cancelled(Option<Inclusion>),
    /// L1 would never take it: the call reverts in advance, or no node accepts such a transaction.
    Refused {
        /// The node's words.
        reason: String,
    },
}

/// One entry of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxRecord {
    /// Its number.
    pub id: TxId,
    /// What it is for. Submitting the same key again finds this record instead of making another.
    pub key: String,
    /// What is to happen.
    pub request: TxRequest,
    /// The nonce it holds. None: still queued, or its nonce was taken by a foreign transaction.
    pub nonce: Option<u64>,
    /// All attempts, oldest first, also those under a nonce that was lost.
    pub attempts: Vec<Attempt>,
    /// Where it was mined, as far as known.
    pub inclusion: Option<Inclusion>,
    /// Somebody no longer wants it.
    pub cancel_requested: bool,
    /// How it ended. None: open.
    pub outcome: Option<Outcome>,
}

impl TxRecord {
    /// A fresh record without nonce or attempt.
    #[must_use]
    pub const fn new(id: TxId, key: String, request: TxRequest) -> Self {
        Self {
            id,
            key,
            request,
            nonce: None,
            attempts: Vec::new(),
            inclusion: None,
            cancel_requested: false,
            outcome: None,
        }
    }

    /// The newest attempt under the nonce it holds now.
    #[must_use]
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| Some(attempt.nonce) == self.nonce)
    }

    /// Attempts under the nonce it holds now, newest first.
    pub fn current_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().rev().filter(|attempt| Some(attempt.nonce) == self.nonce)
    }
}
