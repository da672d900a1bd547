//! The outbox: every L1 transaction that batcher or verifier means to send, recorded before its first attempt.
//!
//! A restart finds here what was meant and every hash that may still be mined, so nothing is sent twice. Payloads are kept
//! as they are meant, not signed. Invariants: the same key is one record for ever; of the open records no two
//! post the same block, propose the same block or hold the same nonce; every write checks the writer's fence.

mod read;
mod search;
mod write;

pub use search::OutboxSearch;

use alloy_primitives::{Address, B256, Bytes, U256};
use protocol::BlockId;

use crate::{Classify, Database, Severity, lease::Fence};

/// What an L1 transaction does for the chain. The database keeps two open records from doing the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Posts these blocks.
    Batch {
        /// First block.
        first: u64,
        /// Last block.
        last: u64,
    },
    /// Proposes the output of this block.
    Proposal {
        /// The block.
        block: u64,
    },
    /// Something else, told apart by its key alone.
    Other,
}

/// What is to happen on L1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRequest {
    /// Recipient.
    pub to: Address,
    /// Wei to send along.
    pub value: U256,
    /// Calldata.
    pub input: Bytes,
    /// Gas limit; `None`: ask L1.
    pub gas_limit: Option<u64>,
    /// What its blobs carry; `None`: an ordinary transaction.
    pub blob_data: Option<Bytes>,
}

/// One signed form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxAttempt {
    /// Hash of the signed transaction.
    pub hash: B256,
    /// Its nonce.
    pub nonce: u64,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Most to pay per gas, in wei.
    pub fee_per_gas: u128,
    /// Tip per gas, in wei.
    pub tip_per_gas: u128,
    /// Most to pay per blob gas, in wei.
    pub fee_per_blob_gas: u128,
    /// Whether it only takes the nonce away.
    pub cancels: bool,
}

/// Where an attempt was mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxInclusion {
    /// Hash of the attempt.
    pub hash: B256,
    /// The L1 block it is in.
    pub block: BlockId,
    /// Whether it succeeded.
    pub succeeded: bool,
}

/// How a record ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxOutcome {
    /// It succeeded and is deep enough.
    Confirmed(OutboxInclusion),
    /// It was mined, failed, and is deep enough.
    Reverted(OutboxInclusion),
    /// It was cancelled, before any attempt or by a transaction that took its nonce.
    Cancelled(Option<OutboxInclusion>),
    /// L1 would never take it.
    Refused {
        /// The node's words.
        reason: String,
    },
}

/// A record without what it carries: enough to see what is posted, proposed and under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its number; rises in the order of recording.
    pub id: u64,
    /// What it is for.
    pub key: String,
    /// What it does for the chain.
    pub coverage: Coverage,
    /// The nonce it holds; `None`: none yet, or it was lost.
    pub nonce: Option<u64>,
    /// Where it was mined, as far as known.
    pub inclusion: Option<OutboxInclusion>,
    /// Whether somebody no longer wants it.
    pub cancel_requested: bool,
    /// How it ended; `None`: it is open.
    pub outcome: Option<OutboxOutcome>,
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRecord {
    /// Everything but what it carries.
    pub entry: OutboxEntry,
    /// What is to happen.
    pub request: OutboxRequest,
    /// All attempts, oldest first, also those under a nonce that was lost.
    pub attempts: Vec<OutboxAttempt>,
}

/// Why the outbox could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// Recording failed; recording the same key again finds out whether it is there.
    #[error("cannot record `{key}` in the outbox")]
    Insert {
        /// Its key.
        key: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Another open record posts or proposes one of its blocks.
    #[error("`{key}` covers a block of another record that is open")]
    Covered {
        /// Its key.
        key: String,
    },
    /// Changing a record failed; whether it is changed is unknown. Every change may be repeated.
    #[error("cannot {act} record {id} of the outbox")]
    Change {
        /// Which.
        id: u64,
        /// What was attempted.
        act: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Another open record of this sender holds that nonce.
    #[error("nonce {nonce} belongs to another record than {id}")]
    NonceTaken {
        /// The record that wanted it.
        id: u64,
        /// The nonce.
        nonce: u64,
    },
    /// There is no open record of that number.
    #[error("record {0} of the outbox is not open")]
    NotOpen(u64),
    /// Reading failed.
    #[error("cannot read the outbox")]
    Read(#[source] sqlx::Error),
    /// A record says what no record can say.
    #[error("record {0} of the outbox is damaged")]
    Corrupt(u64),
    /// Another leader has taken over; nothing was written.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
}

impl Classify for OutboxError {
    fn severity(&self) -> Severity {
        match self {
            Self::Insert { source, .. } | Self::Change { source, .. } | Self::Read(source) => {
                source.severity()
            }
            Self::Covered { .. } | Self::NonceTaken { .. } | Self::NotOpen(_) => Severity::Reset,
            Self::Corrupt(_) | Self::Deposed(_) => Severity::Critical,
        }
    }
}

/// The outbox of one sender.
#[derive(Debug, Clone)]
pub struct Outbox {
    database: Database,
    sender: Address,
}

impl Outbox {
    /// The outbox of `sender` in `database`.
    pub const fn new(database: Database, sender: Address) -> Self {
        Self { database, sender }
    }
}

#[cfg(test)]
mod tests;
