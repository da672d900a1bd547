//! What the machine refuses. Each of these is about its caller or about L1, never about a batch.
use alloy_primitives::B256;

/// Derivation cannot begin there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The head cannot have been derived so early.
    #[error(
        "L1 block {start} lies before the origin {origin} of the head that was derived from it"
    )]
    BeforeOrigin {
        /// The L1 block that was said to be processed.
        start: u64,
        /// The origin of the head.
        origin: u64,
    },
    /// The cursor is not in the L1 block after the one that was processed to its end.
    #[error("the cursor is in L1 block {cursor}, which does not follow {start}")]
    Apart {
        /// The L1 block that was said to be processed.
        start: u64,
        /// The L1 block of the cursor.
        cursor: u64,
    },
}

/// An L1 block that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L1Refused {
    /// L1 was reorganized: unwind to the last common L1 block.
    #[error("L1 was reorganized below block {number}: expected {expected}, found {found}")]
    Reorg {
        /// Number of the L1 block that was added.
        number: u64,
        /// The hash that the followed chain demands, of its parent or of itself.
        expected: B256,
        /// The hash found there.
        found: B256,
    },
    /// The head was said to be derived from entries that this block does not have.
    #[error("L1 block {number} does not have the entries that the head was derived from")]
    OtherEntries {
        /// Number of the L1 block that was added.
        number: u64,
    },
    /// The machine did not ask for this block.
    #[error("L1 block {number} was added, {expected} is next")]
    OutOfOrder {
        /// The block that is needed next.
        expected: u64,
        /// The block that was added.
        number: u64,
    },
}

/// A block was reported that is not the pending one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("L2 block {number} does not have the inputs that derivation gave")]
pub struct UnexpectedBlock {
    /// Number of the reported block.
    pub number: u64,
}
