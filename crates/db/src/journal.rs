//! The journal: what was ordered, one row per sub-block. A transaction is durable once its row is committed.
//!
//! It is append-only but for one case: when L1 reorganizes below a used origin, the rows from there on move to
//! `journal_removed` together with a record of why. Invariants: rows are gapless and strictly in order; every append and
//! every cut checks the leader's epoch in its own statement or transaction; a row is read back exactly as it was
//! written, or reading fails.

mod payload;
mod reader;
mod writer;

use alloy_primitives::Bytes;

pub use payload::{decode_payload, encode_payload};
pub use reader::{Generation, JournalReader};
pub use writer::{Appended, Journal, Truncated};

pub(crate) use payload::{first_record, record_offsets};
pub(crate) use reader::read_sub_blocks;

use crate::{Classify, IndexError, Severity, codec::DecodeError, lease::Fence};

/// Where a sub-block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The block.
    pub block: u64,
    /// The sub-block's place in it, from zero.
    pub index: u32,
}

/// What one journal row says: the inputs of a slice of a block, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubBlock {
    /// Where it stands.
    pub position: Position,
    /// `protocol::BlockOpening`, encoded; in the first sub-block of a block and nowhere else.
    pub opening: Option<Bytes>,
    /// The raw transactions as [`encode_payload`] packs them.
    pub payload: Bytes,
    /// How many they are.
    pub transaction_count: u32,
}

impl SubBlock {
    /// Packs the transactions of a sub-block. `opening` belongs to index 0 and only there.
    pub fn new<T: AsRef<[u8]>>(
        position: Position,
        opening: Option<Bytes>,
        transactions: &[T],
    ) -> Result<Self, JournalError> {
        let invalid = || JournalError::Invalid { position };
        let transaction_count = u32::try_from(transactions.len()).map_err(|_| invalid())?;
        let payload = Bytes::from(encode_payload(transactions));
        let sub_block = Self { position, opening, payload, transaction_count };
        if sub_block.is_valid() { Ok(sub_block) } else { Err(invalid()) }
    }

    /// The raw transactions.
    pub fn transactions(&self) -> Result<Vec<Bytes>, JournalError> {
        let position = self.position;
        let transactions = decode_payload(&self.payload)
            .map_err(|source| JournalError::Payload { position, source })?;
        if transactions.len() == self.transaction_count as usize {
            Ok(transactions)
        } else {
            Err(JournalError::Corrupt { position })
        }
    }

    fn is_valid(&self) -> bool {
        (self.position.index == 0) == self.opening.is_some()
            && self.position.block > 0
            && self.payload.len() <= PAYLOAD_BYTES_MAX
    }

    /// Over everything in the row. Postgres checks its pages; this checks what was put into them and where.
    fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.position.block.to_be_bytes());
        hasher.update(&self.position.index.to_be_bytes());
        hasher.update(&self.transaction_count.to_be_bytes());
        let opening = self.opening.as_ref().map_or(&[][..], |opening| &opening[..]);
        hasher.update(&(opening.len() as u64).to_be_bytes());
        hasher.update(opening);
        hasher.update(&self.payload);
        hasher.finalize()
    }
}

/// The largest payload of one row: far above a sub-block of any sensible gas limit, far below Postgres's 1 GiB.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// Why the journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Appending failed; whether the row is there is unknown. Appending the same row again finds out.
    #[error("cannot append sub-block {}.{} to the journal", .position.block, .position.index)]
    Append {
        /// Which row.
        position: Position,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Cutting the journal back failed; whether it happened is unknown. Cutting again is safe.
    #[error("cannot cut the journal back to before block {from_block}")]
    Truncate {
        /// The first block to go.
        from_block: u64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The index could not be cut back with the journal; neither was.
    #[error("cannot take the index back with the journal")]
    UnwindIndex(#[source] Box<IndexError>),
    /// Reading failed.
    #[error("cannot read the journal from sub-block {}.{}", .from.block, .from.index)]
    Read {
        /// From where.
        from: Position,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading the newest row failed.
    #[error("cannot read the end of the journal")]
    ReadTail(#[source] sqlx::Error),
    /// Reading the generations failed.
    #[error("cannot read the generations of the journal")]
    ReadGenerations(#[source] sqlx::Error),
    /// Another leader has taken over; nothing was written.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
    /// The row would leave a gap or stand out of order; nothing was written.
    #[error("the journal goes on at sub-block {}.{}, not {}.{}",
        .expected.block, .expected.index, .position.block, .position.index)]
    NotNext {
        /// What was to be appended, or where the journal was to be cut.
        position: Position,
        /// Where the journal goes on.
        expected: Position,
    },
    /// A different row stands at that place.
    #[error("sub-block {}.{} is in the journal with other contents", .0.block, .0.index)]
    Conflict(Position),
    /// The sub-block breaks the rules that the type cannot state; nothing was written.
    #[error("sub-block {}.{} cannot be a journal row", .position.block, .position.index)]
    Invalid {
        /// Which.
        position: Position,
    },
    /// A row is not what was written.
    #[error("sub-block {}.{} fails its checksum", .position.block, .position.index)]
    Corrupt {
        /// Which.
        position: Position,
    },
    /// A row's payload does not decode.
    #[error("the payload of sub-block {}.{} does not decode", .position.block, .position.index)]
    Payload {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
}

impl Classify for JournalError {
    fn severity(&self) -> Severity {
        match self {
            Self::Append { source, .. }
            | Self::Truncate { source, .. }
            | Self::Read { source, .. }
            | Self::ReadTail(source)
            | Self::ReadGenerations(source) => source.severity(),
            Self::UnwindIndex(source) => source.severity(),
            Self::NotNext { .. } => Severity::Reset,
            Self::Deposed(_)
            | Self::Conflict(_)
            | Self::Invalid { .. }
            | Self::Corrupt { .. }
            | Self::Payload { .. } => Severity::Critical,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
