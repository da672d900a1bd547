//! Why the verifier ended or could not start.

use db::Classify;
use l1::tx::SubmitError;

use crate::chain::ReadState;

/// An error of the service as a whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// A setting cannot be.
    #[error("invalid configuration")]
    Config(#[source] crate::config::ConfigError),
    /// The schema could not be brought up to date.
    #[error("cannot prepare the database")]
    Database(#[source] db::DatabaseError),
    /// The right to write could not be taken or kept.
    #[error("cannot hold the verifier's lease")]
    Lease(#[source] db::LeaseError),
    /// The derived chain could not be written or read, for good.
    #[error("cannot use the index")]
    Index(#[source] db::IndexError),
    /// What the verifier remembers of L1 and of proposals could not be written or read, for good.
    #[error("cannot use the verifier's tables")]
    Tables(#[source] db::VerifierError),
    /// Headers could not be read.
    #[error("cannot read headers")]
    ReadIndex(#[source] db::ReadError),
    /// A stored block does not say where derivation stood after it, or its slices are no claims.
    #[error("stored block {number} cannot be claimed")]
    Claims {
        /// Which.
        number: u64,
    },
    /// The state could not be read for the trie.
    #[error("cannot read the whole state")]
    Scan(#[source] db::ScanError),
    /// The index lacks a block that it must have.
    #[error("the index has no block {number}")]
    BlockMissing {
        /// Which.
        number: u64,
    },
    /// A stored block does not begin with its L1 attributes.
    #[error("stored block {number} has no L1 attributes")]
    Attributes {
        /// Which.
        number: u64,
    },
    /// The stored state does not have the root that the stored header names.
    #[error("the stored state after block {number} has root {computed}, its header says {stored}")]
    StateRoot {
        /// After which block.
        number: u64,
        /// Of the stored state.
        computed: alloy::primitives::B256,
        /// In the header.
        stored: alloy::primitives::B256,
    },
    /// The database belongs to another chain.
    #[error("the database has genesis {stored}, the configuration gives {computed}")]
    OtherChain {
        /// In the database.
        stored: alloy::primitives::B256,
        /// From `rollup.json`.
        computed: alloy::primitives::B256,
    },
    /// A derived block could not be executed, for good.
    #[error("cannot execute block {number}")]
    Execute {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: Box<executor::ExecuteError<ReadState>>,
    },
    /// The way back from a block is not known.
    #[error("cannot find the way back from block {number}")]
    Undo {
        /// Which.
        number: u64,
        /// Why.
        #[source]
        source: Box<state::UndoError<ReadState>>,
    },
    /// The sender of an executed transaction could not be recovered.
    #[error("cannot recover a sender of block {number}")]
    Sender {
        /// Of which block.
        number: u64,
        /// Why.
        #[source]
        source: protocol::TransactionError,
    },
    /// Derivation does not take the block that it asked for.
    #[error("derivation refuses its own block")]
    Derivation(#[source] derivation::UnexpectedBlock),
    /// What was stored is no point to resume from.
    #[error("cannot resume derivation")]
    Resume(#[source] derivation::StartError),
    /// L1 could not be read, for good.
    #[error("cannot read L1")]
    L1(#[source] l1::L1Error),
    /// The outbox could not be read.
    #[error("cannot use the outbox")]
    Outbox(#[source] db::OutboxError),
    /// The outbox did not take a proposal.
    #[error("cannot hand over to the L1 sender")]
    Submit(#[source] SubmitError),
    /// The sender of L1 transactions ended.
    #[error("an L1 sender ended")]
    L1Sender(#[source] Box<l1::tx::TxError<db::OutboxError>>),
    /// Disputes cannot be played.
    #[error("cannot play disputes")]
    Play(#[source] Box<crate::player::PlayerError>),
    /// What runs are made from could not be started.
    #[error("cannot make segments")]
    Segments(#[source] Box<crate::SegmentError>),
    /// Two senders with one account would take each other's nonces.
    #[error("the proposer and the challenger need accounts of their own, both have {account}")]
    OneAccount {
        /// The account.
        account: alloy::primitives::Address,
    },
    /// L1 does not have the block that the chain begins after.
    #[error("L1 does not have block {number} with the hash from the configuration")]
    GenesisGone {
        /// The L1 block of genesis.
        number: u64,
    },
    /// A thread could not be started.
    #[error("cannot start thread {name}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A part of the service ended although nobody had asked it to.
    #[error("{what} ended early")]
    Lost {
        /// Which part.
        what: &'static str,
    },
}

impl VerifierError {
    /// Whether the same may succeed later: Postgres or L1 was away.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Index(source) => source.is_unavailable(),
            Self::Tables(source) => source.is_unavailable(),
            Self::ReadIndex(source) => source.is_unavailable(),
            Self::Scan(source) => source.is_unavailable(),
            Self::Outbox(source) => source.is_unavailable(),
            // A conflict passes with the record that is in the way.
            Self::Submit(SubmitError::Away { .. } | SubmitError::Conflict { .. }) => true,
            Self::L1(source) => source.severity() == l1::Severity::Temporary,
            _ => false,
        }
    }
}
