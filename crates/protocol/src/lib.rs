//! What the bytes of Braid mean: the types and pure rules that sequencer, batcher, verifier,
//! fault-proof program and contracts share.
//!
//! | module | what it fixes | normative text |
//! |---|---|---|
//! | [`config`] | the chain's constants and genesis | `docs/spec/blocks.md` |
//! | [`block`], [`l1_attributes`] | what a block is opened with, base fee | `docs/spec/blocks.md` |
//! | [`transaction`], [`fees`] | user transactions, L1 data fee, operator fee | `docs/spec/blocks.md` |
//! | [`message`] | deposits and configuration updates made on L1 | `docs/spec/messages.md` |
//! | [`batch`], [`blob`], [`inbox`] | what is posted to L1 and how it is chained | `docs/spec/batch.md` |
//! | [`output`], [`segments`], [`withdrawal`] | what L1 contracts check | `docs/spec/blocks.md` |
//! | [`heads`] | how safe a block or transaction is | – |
//! | [`predeploys`] | fixed L2 addresses | – |
//!
//! It does not execute, derive or store anything, does no I/O and reads no clock. It compiles without
//! `std`, because it runs inside the fault-proof program.
//!
//! Invariant: whatever comes from L1 or the network decodes to a value or to an error, never to a panic,
//! and memory is bounded before it is spent.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod batch;
pub mod blob;
pub mod block;
mod bytes;
pub mod config;
#[cfg(test)]
mod contract_vectors;
pub mod fees;
#[cfg(test)]
mod golden;
pub mod heads;
pub mod inbox;
pub mod l1_attributes;
pub mod message;
pub mod output;
pub mod predeploys;
#[cfg(test)]
mod published;
pub mod receipt;
pub mod segments;
pub mod transaction;
pub mod withdrawal;

pub use alloy_consensus::Header;
pub use op_alloy_consensus::{OpReceipt as Receipt, OpTxEnvelope as Transaction, TxDeposit};

pub use batch::{
    BATCH_BLOCKS_MAX, BATCH_BYTES_MAX, BATCH_DEPOSITS_MAX, BATCH_TRANSACTIONS_MAX, Batch,
    BatchBlock, BatchError, Compression, EncodedColumns, PostedBatch, decode_batch, pack,
};
pub use blob::{BLOB_BYTES_USABLE, BLOBS_PER_BATCH_MAX, BlobError};
pub use block::{
    BlockInputs, BlockOpening, L1Origin, L2BlockRef, OpeningError, block_ref, next_base_fee,
};
pub use config::{
    BlobFee, BlockId, ConfigError, Eip1559Params, Genesis, GenesisAccount, L1Contracts,
    RollupConfig, SystemConfig,
};
pub use fees::{DataSize, L1FeeParams, data_size};
pub use heads::{Heads, HeadsError, LifeCycle, SafetyLevel};
pub use inbox::{
    CALLDATA_BATCH_BYTES_MAX, CARRIED_TRANSACTION_BYTES_MAX, Carrier, InboxEntry,
    inbox_accumulator_next,
};
pub use l1_attributes::{AttributesError, L1Attributes};
pub use message::{
    ConfigUpdate, DepositError, DepositMessage, L1_MESSAGE_BYTES_MAX, L1Message, MessageError,
    l1_attributes_source_hash, message_chain_next, user_deposit_source_hash,
};
pub use output::output_root;
pub use receipt::receipt_from_parts;
pub use segments::merkle_root;
pub use transaction::{
    TRANSACTION_BYTES_MAX, TRANSACTION_GAS_MAX, TransactionError, check_chain_id,
    decode_blob_transaction, decode_transaction, decode_user_transaction, is_blob_transaction,
    recover,
};
pub use withdrawal::Withdrawal;
