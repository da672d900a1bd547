//! Why the chain or its state could not be read.

use std::sync::Arc;

use alloy::primitives::B256;

/// A read that failed. Absence is never an error of this kind. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The index has gone past the block while its state was being read. Ask again for a newer one.
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
    /// No account has code of this hash.
    #[error("code {hash} is unknown")]
    CodeUnknown {
        /// The hash.
        hash: B256,
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
    /// Wraps an error of the database.
    pub fn database(what: &'static str) -> impl FnOnce(db::ReadError) -> Self {
        move |source| Self::Database { what, source: Arc::new(source) }
    }
}
