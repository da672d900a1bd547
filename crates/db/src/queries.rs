//! What the API reads of the chain: blocks, transactions, receipts and logs, from the packed truth where one row is
//! enough and from the projection where a search is needed.
//!
//! Invariant: a transaction is given out only if its bytes have the hash that was asked for, whatever the rows say.

mod accounts;
mod blocks;
mod logs;
mod transactions;
mod withdrawals;

use state::WalkError;

use crate::{Classify, Database, IndexError, JournalError, Severity, codec::DecodeError};

pub use logs::{IndexedLog, LOGS_MAX, LogFilter};
pub use transactions::{IndexedTransaction, TransactionPosition};

/// Why a question about the chain could not be answered. Absence is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading a block's header failed.
    #[error("cannot read the header of a block")]
    Header(#[source] sqlx::Error),
    /// A row of a block could not be understood.
    #[error("cannot understand the row of a block")]
    Block(#[source] IndexError),
    /// Reading a block's body failed.
    #[error("cannot read the body of block {number}")]
    Body {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The body of a block could not be read from the journal.
    #[error("cannot read the journal's part of block {number}")]
    Journal {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: JournalError,
    },
    /// Reading receipts failed.
    #[error("cannot read the receipts of block {number}")]
    Receipts {
        /// Of which block.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Looking a transaction hash up failed.
    #[error("cannot look up a transaction")]
    Position(#[source] sqlx::Error),
    /// Looking for an account's transactions failed.
    #[error("cannot look for the transactions of an account")]
    Account(#[source] sqlx::Error),
    /// Searching logs failed.
    #[error("cannot search the logs of blocks {from} to {to}")]
    Logs {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading kept nodes of the message passer failed.
    #[error("cannot read nodes of the message passer")]
    Withdrawals(#[source] sqlx::Error),
    /// A kept node is damaged.
    #[error("a node of the message passer is damaged")]
    Node(#[source] WalkError),
    /// A packed part of a block is damaged.
    #[error("block {number} of the index is damaged")]
    Corrupt {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: DecodeError,
    },
}

impl Classify for ReadError {
    fn severity(&self) -> Severity {
        match self {
            Self::Header(source)
            | Self::Position(source)
            | Self::Account(source)
            | Self::Withdrawals(source)
            | Self::Body { source, .. }
            | Self::Receipts { source, .. }
            | Self::Logs { source, .. } => source.severity(),
            Self::Block(source) => source.severity(),
            Self::Journal { source, .. } => source.severity(),
            Self::Node(_) | Self::Corrupt { .. } => Severity::Critical,
        }
    }
}

/// Reads the chain; clones share the pool.
#[derive(Debug, Clone)]
pub struct ChainReader {
    database: Database,
}

impl ChainReader {
    /// The chain in `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[cfg(test)]
mod tests;
