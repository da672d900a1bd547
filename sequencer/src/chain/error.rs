//! Why the chain or its state could not be read.

use std::sync::Arc;

use db::{Classify, Severity};

/// A read that failed. Absence is never an error of this kind. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The index has gone past the block while its state was being read, or back before it. Ask again.
    #[error("state of block {number} is no longer held in memory")]
    Passed {
        /// The block whose state was read.
        number: u64,
    },
    /// The chain has no such block.
    #[error("block {number} is unknown")]
    BlockUnknown {
        /// Its number.
        number: u64,
    },
    /// The state in Postgres did not answer.
    #[error("cannot read {what}")]
    State {
        /// What was read.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: db::StateReadError,
    },
    /// The state of an older block could not be read.
    #[error("cannot read an older state")]
    History(#[source] Arc<db::HistoryError>),
    /// A stored transaction does not decode.
    #[error("transaction {index} of block {number} does not decode")]
    Body {
        /// Block number.
        number: u64,
        /// Place in the block.
        index: u64,
        /// Why.
        #[source]
        source: Arc<protocol::TransactionError>,
    },
    /// The index did not answer, or answered with something that cannot be.
    #[error("cannot read {what} of the index")]
    Index {
        /// What was read.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Arc<db::IndexError>,
    },
    /// Postgres did not answer, or answered with something that cannot be.
    #[error("cannot read {what} from Postgres")]
    Database {
        /// What was read.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Arc<db::ReadError>,
    },
}

impl ReadError {
    /// Whether the same read may succeed later: the database does not answer, or lags behind.
    pub fn is_temporary(&self) -> bool {
        let severity = match self {
            Self::Passed { .. } => Severity::Temporary,
            Self::BlockUnknown { .. } | Self::Body { .. } => Severity::Critical,
            Self::State { source, .. } => source.severity(),
            Self::History(source) => source.severity(),
            Self::Index { source, .. } => source.severity(),
            Self::Database { source, .. } => source.severity(),
        };
        severity == Severity::Temporary
    }

    /// Wraps an error of the index.
    pub fn index(what: &'static str) -> impl FnOnce(db::IndexError) -> Self {
        move |source| Self::Index { what, source: Arc::new(source) }
    }

    /// Wraps an error of the current state.
    pub fn state(what: &'static str) -> impl FnOnce(db::StateReadError) -> Self {
        move |source| Self::State { what, source }
    }

    /// Wraps an error of an older state.
    pub fn history(source: db::HistoryError) -> Self {
        if let db::HistoryError::TakenBack { number } = source {
            return Self::Passed { number };
        }
        Self::History(Arc::new(source))
    }

    /// Wraps an error of the database.
    pub fn database(what: &'static str) -> impl FnOnce(db::ReadError) -> Self {
        move |source| Self::Database { what, source: Arc::new(source) }
    }
}
