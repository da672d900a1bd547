//! The index: everything that follows from the journal and from L1, in two tiers.
//!
//! ```text
//! Index        truth: one packed row per sealed block, and where a transaction hash is found
//! CurrentState the state after some block, for lazy reading       follows the truth
//! Projection   rows per transaction, log and version              follows the truth, can be rebuilt
//! ```
//!
//! The truth is written under the leader's fence. What follows reads only the truth, in a transaction that holds its
//! cursor, so it needs no fence and gives the same rows however often and by whomever it is done.
//! Invariants: blocks are gapless and each is the child of the one below; a follower's cursor never passes the truth;
//! unwinding is the twin of writing and takes all three back in one transaction.

mod block;
mod current;
mod cursor;
mod projection;
mod receipts;
#[cfg(test)]
pub(crate) mod samples;
mod unwind;
mod withdrawals;
mod writer;

use alloy_primitives::B256;
use protocol::Header;
use state::DiffDecodeError;

pub use block::{BlockParts, BlockRecord, Bodies, PackedBlock};
pub use current::{CurrentState, StateStep};
pub use projection::{Projection, Reached, reached_accounts};
pub use receipts::IndexedReceipt;
pub use withdrawals::WithdrawalNodes;
pub use writer::{BlockWritten, Index};

pub(crate) use block::{decode_receipts, numbers, read_block, sealed_header};
pub(crate) use current::diffs_between;
pub(crate) use cursor::{Follower, read as read_cursor};
pub(crate) use receipts::decode as decode_receipt;
pub(crate) use unwind::{undo_between, unwind_to};

use crate::{Classify, ConvertError, JournalError, Severity, codec::DecodeError, lease::Fence};

/// The first eight bytes of a transaction hash, as the position index has them.
pub(crate) fn hash_prefix(hash: &B256) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A sealed block's header with what the index knows about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHeader {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
    /// Transactions of the block, deposits included.
    pub transaction_count: u32,
}

/// Why the index could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Writing a block failed; whether it is there is unknown. Writing it again finds out.
    #[error("cannot write block {number} to the index")]
    Write {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading a block failed.
    #[error("cannot read block {number} of the index")]
    ReadBlock {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading how far the index has come failed.
    #[error("cannot read how far the index has come")]
    ReadTip(#[source] sqlx::Error),
    /// A follower could not be advanced.
    #[error("cannot bring the {follower} forward")]
    Advance {
        /// `state` or `projection`.
        follower: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A follower could not be emptied for rebuilding, or the index not taken back.
    #[error("cannot take the index back to block {number}")]
    Unwind {
        /// The newest block to keep.
        number: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The block's parent is not the newest block of the index; nothing was written.
    #[error("block {number} does not follow the newest block of the index")]
    NotNext {
        /// Which.
        number: u64,
    },
    /// The index has another block of this number.
    #[error("the index has another block {number}: {existing}")]
    Conflict {
        /// Which.
        number: u64,
        /// The hash that is there.
        existing: B256,
    },
    /// Another leader has taken over; nothing was written.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
    /// The block's transactions are not those of its journal rows, so its body could not be read back.
    #[error("the journal does not hold the transactions of block {number}")]
    NotJournaled {
        /// Which.
        number: u64,
    },
    /// The parts of a block do not fit together; nothing was written.
    #[error("block {number} is inconsistent: {what}")]
    Inconsistent {
        /// Which.
        number: u64,
        /// In what.
        what: &'static str,
    },
    /// A part of a block's row is not what was written.
    #[error("block {number} of the index is damaged")]
    Corrupt {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A diff of a block is not what was written.
    #[error("a diff of block {number} is damaged")]
    CorruptDiff {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: DiffDecodeError,
    },
    /// A number of a block does not fit its column.
    #[error("a number of block {number} does not fit its column")]
    Convert {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: ConvertError,
    },
    /// The body of a block could not be read from the journal.
    #[error("cannot read the body of block {number}")]
    Body {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: Box<JournalError>,
    },
}

impl Classify for IndexError {
    fn severity(&self) -> Severity {
        match self {
            Self::Write { source, .. }
            | Self::ReadBlock { source, .. }
            | Self::ReadTip(source)
            | Self::Advance { source, .. }
            | Self::Unwind { source, .. } => source.severity(),
            Self::Body { source, .. } => source.severity(),
            Self::NotNext { .. } => Severity::Reset,
            Self::Conflict { .. }
            | Self::Deposed(_)
            | Self::NotJournaled { .. }
            | Self::Inconsistent { .. }
            | Self::Corrupt { .. }
            | Self::CorruptDiff { .. }
            | Self::Convert { .. } => Severity::Critical,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
