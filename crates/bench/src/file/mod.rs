//! A workload on disk: signed once, played as often as wanted.
//!
//! All numbers are little-endian. After the [`Header`] come the senders, the preamble and the transactions, then a CRC-32 of
//! everything before it:
//!
//! ```text
//! header
//! sender       × senders            address, 20 bytes │ nonce before its first transaction, u64
//! record       × funding            signed by the funder, in order: they make the contracts and pay the senders
//! record       × approvals          signed by senders: they let the pair take their tokens
//! record       × transactions       what is measured
//! crc          u32
//!
//! record = sender, u32 │ length, u32 │ EIP-2718 encoding
//! ```
//!
//! Nobody has to decode a transaction to send it: a record says whose it is and where it ends.

mod header;
mod read;
mod write;

use alloy::primitives::Address;
use bytes::Bytes;

pub use self::{header::Header, write::Writer};

/// What a workload file begins with.
pub const MAGIC: [u8; 8] = *b"BRDBENCH";
/// The version that is written and read.
pub const VERSION: u32 = 1;
/// Longest transaction, in bytes: what nodes take.
pub const TRANSACTION_BYTES_MAX: u32 = 128 * 1024;
/// The sender of a record that the funder has signed.
pub const FUNDER: u32 = u32::MAX;

/// A file that is no workload.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be read or written.
    #[error("cannot read or write the workload")]
    Io(#[source] std::io::Error),
    /// It begins with something else.
    #[error("not a workload of braid bench")]
    NotAWorkload,
    /// It was written by another version.
    #[error(
        "a workload of version {0}, and this program reads version {VERSION}: generate it again"
    )]
    Version(u32),
    /// It ends too early.
    #[error("the workload ends too early")]
    TooShort,
    /// There is something after its end.
    #[error("{0} bytes follow the end of the workload")]
    TooLong(usize),
    /// Its checksum is wrong.
    #[error(
        "the workload is damaged: its checksum is {found:#010x} and should be {expected:#010x}"
    )]
    Damaged {
        /// Of what is there.
        found: u32,
        /// As it was written.
        expected: u32,
    },
    /// A number in the header is none that there can be.
    #[error("the workload's header has {value} as its {field}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it holds.
        value: u64,
    },
    /// A record is of nobody.
    #[error("record {record} is of sender {sender}, and there is none of that number")]
    Sender {
        /// Which record, counted over all three lists.
        record: usize,
        /// The number.
        sender: u32,
    },
    /// A record is too long.
    #[error("a transaction of {0} bytes: {TRANSACTION_BYTES_MAX} is the limit")]
    TransactionTooLong(usize),
    /// Its writer was told another number than was written.
    #[error("{written} of {promised} {what} were written")]
    Count {
        /// Of what.
        what: &'static str,
        /// So many came.
        written: u32,
        /// So many the header says.
        promised: u32,
    },
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// Its address.
    pub address: Address,
    /// Its nonce before its first transaction, approvals included.
    pub nonce: u64,
}

/// One signed transaction of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which sender's, or [`FUNDER`].
    pub sender: u32,
    /// The EIP-2718 encoding.
    pub raw: Bytes,
}

/// A workload that was read: the bytes of the file, and where what is in them.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What it is for.
    pub header: Header,
    /// Who sends.
    pub senders: Vec<Sender>,
    bytes: Bytes,
    funding: usize,
    approvals: usize,
    transactions: usize,
}

#[cfg(test)]
mod tests;
