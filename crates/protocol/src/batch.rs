//! Batches: the inputs of many consecutive L2 blocks, as posted to L1 in one transaction.
//!
//! ```text
//! Batch ── encode ──► columns ── compress (batcher) ──┐
//!             └─────► signatures (r‖s, aside) ────────┴─ pack ──► payload ── blobs or calldata ──► L1
//! payload ── decode_batch: split, decompress, read columns, rebuild raw transactions ──► Batch
//! ```
//!
//! Bytes and rules are normative in `docs/spec/batch.md`. This module does not decide whether a batch
//! extends the chain (derivation does) or whether a transaction can be executed (the executor does).
//!
//! A block that one L1 transaction cannot carry is posted in parts: batches of that block alone that follow one
//! another, all but the last `unfinished`, each saying how many of its transactions came before (`skip`).
//!
//! Which raw transactions a batch can carry: the canonical encoding of a legacy (with or without EIP-155),
//! EIP-2930, EIP-1559 or EIP-7702 transaction that names no other chain than the L2's, with nonce and gas
//! limit below 2^64, fees below 2^128, value, `r` and `s` below 2^256, `y` parity 0 or 1, and at most
//! 131,072 bytes. The signature need not be valid. Anything else cannot be encoded.
//!
//! Invariants: decoding is total (a batch or an error) with bounded memory; for each batch there is exactly
//! one pair of columns and signatures, so that only the choice of compression leaves the poster freedom.

mod bits;
mod compression;
mod decode;
mod encode;
mod payload;
mod raw;
mod rlp;
mod varint;
mod zstd;

use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes};

use crate::inbox::Carrier;

pub use compression::{Compression, CompressionError};
pub use decode::decode_batch;
pub use payload::{BATCH_VERSION, pack};
pub use zstd::ZstdError;

/// Most bytes that columns may have, before compression.
pub const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most of them where brotli compresses them: it takes a machine four times as long for each.
pub const BROTLI_BYTES_MAX: usize = 1024 * 1024;
/// Most blocks of a batch.
pub const BATCH_BLOCKS_MAX: usize = 65_536;
/// Most transactions of a batch.
pub const BATCH_TRANSACTIONS_MAX: usize = 131_072;
/// Most deposit hints of a batch.
pub const BATCH_DEPOSITS_MAX: usize = 65_536;
/// Most transactions of a block that is posted in parts.
pub const BLOCK_TRANSACTIONS_MAX: u32 = 1024 * 1024;
/// Most bytes that the raw transactions of such a block have together.
pub const BLOCK_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most parts of a block.
pub const BLOCK_PARTS_MAX: usize = 512;
/// Bytes of a hash that a batch repeats as a check.
pub const CHECK_BYTES: usize = 20;

/// The inputs of consecutive L2 blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Number of the first L2 block.
    pub first_block: u64,
    /// How many transactions of the first block the parts before this one carry; 0: it begins here.
    pub skip: u32,
    /// The one block of this batch goes on in the next batch: this is a part of it, and not its last.
    pub unfinished: bool,
    /// First 20 bytes of the hash of the first block's parent.
    pub parent_check: [u8; CHECK_BYTES],
    /// First 20 bytes of the hash of the last block's L1 origin.
    pub origin_check: [u8; CHECK_BYTES],
    /// The blocks; at least one.
    pub blocks: Vec<BatchBlock>,
}

/// What a batch says about one block; everything else follows from the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchBlock {
    /// The L1 origin is the child of the parent's.
    pub origin_advances: bool,
    /// Log indexes of the epoch's deposits on L1, strictly rising; empty unless the origin advances.
    pub deposit_log_indexes: Vec<u32>,
    /// Raw signed transactions in order.
    pub transactions: Vec<Bytes>,
}

/// A batch as bytes, before compression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedColumns {
    /// To be compressed.
    pub columns: Vec<u8>,
    /// `r‖s` of every transaction, 64 bytes each; random, so left out of compression.
    pub signatures: Vec<u8>,
}

/// A posting as derivation reads it from L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedBatch {
    /// Place among all postings of the inbox.
    pub index: u64,
    /// First L2 block that the poster named.
    pub first_block: u64,
    /// Last L2 block that the poster named.
    pub last_block: u64,
    /// What carries it.
    pub carrier: Carrier,
    /// Payload; `None` where the blobs hold none, which counts as absent.
    pub data: Option<Bytes>,
}

/// Why bytes are not a batch, or a batch cannot be bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end inside a field.
    #[error("batch ends inside {0}")]
    Truncated(&'static str),
    /// Bytes are left over.
    #[error("{bytes} bytes follow {after}")]
    Trailing {
        /// What they follow.
        after: &'static str,
        /// How many they are.
        bytes: usize,
    },
    /// Unknown version byte.
    #[error("unknown batch version {0}")]
    Version(u8),
    /// Unknown compression byte.
    #[error("unknown compression {0}")]
    UnknownCompression(u8),
    /// The compressed columns cannot be read.
    #[error("columns do not decompress")]
    Compression(#[source] CompressionError),
    /// A field does not have its one encoding.
    #[error("{0} is not canonical")]
    NotCanonical(&'static str),
    /// A count or size above its bound.
    #[error("{what}: {actual} is more than {max}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// Its count.
        actual: u64,
        /// Its bound.
        max: u64,
    },
    /// A batch has at least one block.
    #[error("batch without blocks")]
    NoBlocks,
    /// Block numbers leave 64 bits.
    #[error("block numbers from {0} on overflow")]
    BlockNumberOverflow(u64),
    /// A block that keeps its origin has deposit hints.
    #[error("block {0} of the batch keeps its origin but has deposits")]
    DepositsWithoutOrigin(usize),
    /// Deposit hints do not rise.
    #[error("deposit log indexes of block {0} of the batch do not rise")]
    DepositOrder(usize),
    /// It cannot be a part of a block.
    #[error("not a part of a block: {0}")]
    Part(&'static str),
    /// A transaction that no batch can carry.
    #[error("transaction {index} of the batch cannot be carried")]
    Transaction {
        /// Its place in the batch.
        index: usize,
        /// Why.
        #[source]
        source: CarryError,
    },
}

/// Why a batch cannot carry a raw transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// Neither legacy nor type 1, 2 or 4.
    #[error("transaction type {0:#04x} is not supported")]
    Type(u8),
    /// Longer than a transaction may be.
    #[error("transaction of {0} bytes is too large")]
    TooLarge(usize),
    /// Not the canonical encoding of such a transaction.
    #[error("{0} is not canonically encoded")]
    Encoding(&'static str),
    /// Signed for another chain.
    #[error("chain id {0} is not that of the L2")]
    ChainId(u64),
}

/// First 20 bytes of a hash, as a batch repeats them.
pub fn check_of(hash: B256) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hash[..CHECK_BYTES]);
    check
}

impl Batch {
    /// Number of the last L2 block; `None` without blocks or beyond 64 bits.
    pub fn last_block(&self) -> Option<u64> {
        let count = u64::try_from(self.blocks.len()).ok()?;
        self.first_block.checked_add(count.checked_sub(1)?)
    }

    /// Number of transactions.
    pub fn transaction_count(&self) -> usize {
        self.blocks.iter().map(|block| block.transactions.len()).sum()
    }

    /// What every batch obeys that carries a part of a block. An unfinished one holds nothing else, so that it can be
    /// kept until the rest is there without deriving anything from it.
    fn check_part(&self) -> Result<(), BatchError> {
        let continued = self.blocks.first().filter(|_| self.skip > 0);
        if continued.is_some_and(|first| first.origin_advances) {
            return Err(BatchError::Part("its first part has said that the origin advances"));
        }
        if !self.unfinished {
            return Ok(());
        }
        match &self.blocks[..] {
            [block] if !block.transactions.is_empty() => Ok(()),
            [_] => Err(BatchError::Part("an unfinished block without transactions")),
            _ => Err(BatchError::Part("an unfinished block among others")),
        }
    }

    /// Columns and signatures. Refuses what the L2 with this chain id cannot carry.
    pub fn encode(&self, chain_id: u64) -> Result<EncodedColumns, BatchError> {
        encode::encode(self, chain_id)
    }
}

#[cfg(test)]
mod tests;
