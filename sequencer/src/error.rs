//! Why the sequencer ended or could not start.

use crate::{builder::Replayed, chain::ReadError};

/// An error of the service as a whole.
#[derive(Debug, thiserror::Error)]
pub enum SequencerError {
    /// A setting cannot be.
    #[error("invalid configuration")]
    Config(#[source] crate::config::ConfigError),
    /// Leadership could not be taken or kept.
    #[error("cannot lead")]
    Lease(#[source] db::LeaseError),
    /// What the operator said last could not be read.
    #[error("cannot tell whether to sequence")]
    Sequencing(#[source] db::SequencingError),
    /// The journal refused, for good.
    #[error("cannot write the journal")]
    Journal(#[source] db::JournalError),
    /// The journal could not be read at start or after an L1 reorg.
    #[error("cannot read the journal")]
    ReadJournal(#[source] db::JournalError),
    /// The index could not be written, for good.
    #[error("cannot write the index")]
    Index(#[source] db::IndexError),
    /// The heads could not be read, or not written for good.
    #[error("cannot keep the heads")]
    Heads(#[source] db::HeadsStoreError),
    /// What was derived from L1 could not be read, or not written for good.
    #[error("cannot keep what was derived from L1")]
    Derived(#[source] db::VerifierError),
    /// Derivation cannot go on from where it was.
    #[error("cannot resume derivation")]
    Resume(#[source] derivation::StartError),
    /// The state could not be read at start.
    #[error("cannot read the state")]
    Scan(#[source] db::ScanError),
    /// The chain in memory could not be read.
    #[error("cannot read the chain")]
    Chain(#[source] ReadError),
    /// A journal row's opening is not one.
    #[error("cannot decode the opening of block {number}")]
    Opening {
        /// Which block.
        number: u64,
        /// Why.
        #[source]
        source: protocol::OpeningError,
    },
    /// A block of the journal cannot be opened again.
    #[error("cannot open block {number} of the journal again")]
    Reopen {
        /// Which block.
        number: u64,
        /// Why.
        #[source]
        source: executor::ExecuteError<ReadError>,
    },
    /// A sub-block of the journal cannot be executed again.
    #[error("cannot execute block {number} of the journal again")]
    Replay {
        /// Which block.
        number: u64,
        /// Why.
        #[source]
        source: Replayed,
    },
    /// What was computed contradicts what was stored.
    #[error("{what} of block {number} is {computed}, stored was {stored}")]
    Contradiction {
        /// Which part.
        what: &'static str,
        /// Of which block.
        number: u64,
        /// As computed now.
        computed: alloy::primitives::B256,
        /// As stored before.
        stored: alloy::primitives::B256,
    },
    /// The L1 block with the deposits of a journaled block is no longer part of L1.
    #[error("block {number} has L1 block {origin} as its origin, which L1 no longer has")]
    OriginGone {
        /// The L2 block.
        number: u64,
        /// Its origin.
        origin: u64,
    },
    /// L1 could not be read.
    #[error("cannot read L1")]
    L1(#[source] l1::L1Error),
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
    /// The orderly end took too long, as when Postgres is away. What was durable stays durable.
    #[error("the orderly end took longer than {limit:?}")]
    ShutdownTooLong {
        /// How long it may take.
        limit: std::time::Duration,
    },
    /// The finalized chain is contradicted by L1.
    #[error("L1 contradicts block {number}, which is final")]
    BelowFinalized {
        /// The block that would have to go.
        number: u64,
    },
}
