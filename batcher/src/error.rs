//! What can go wrong, and what the loops do about it.

use service::Severity;

use crate::compress::CompressError;

/// Why a round did not finish.
#[derive(Debug, thiserror::Error)]
pub enum BatcherError {
    /// The heads could not be read.
    #[error("cannot read the heads")]
    ReadHeads(#[source] db::HeadsStoreError),
    /// How far the sequencer's derivation has come could not be read.
    #[error("cannot read how far derivation has come")]
    ReadDerived(#[source] db::VerifierError),
    /// The journal could not be read.
    #[error("cannot read the journal")]
    ReadJournal(#[source] db::JournalError),
    /// The outbox could not be read or written.
    #[error("cannot use the outbox")]
    Outbox(#[source] db::OutboxError),
    /// The work was interrupted because the process ends.
    #[error("interrupted")]
    Interrupted,
    /// No blocks.
    #[error("a batch without blocks")]
    Empty,
    /// The L1 sender ended.
    #[error("the L1 sender of the {role} ended")]
    Sender {
        /// Whose.
        role: &'static str,
        /// Why.
        #[source]
        source: Box<l1::tx::TxError<db::OutboxError>>,
    },
    /// Leadership could not be taken or kept.
    #[error("cannot lead as {role}")]
    Lease {
        /// As what.
        role: &'static str,
        /// Why.
        #[source]
        source: db::LeaseError,
    },
    /// L1 did not answer.
    #[error("cannot read {what} from L1")]
    L1 {
        /// What was read.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<l1::L1Error>,
    },
    /// A block of ours names an L1 origin that L1 no longer has; the sequencer will rebuild it.
    #[error("L1 block {number} is no longer the origin that L2 block {block} names")]
    OriginGone {
        /// The L1 block.
        number: u64,
        /// The L2 block.
        block: u64,
    },
    /// A journal row cannot be read.
    #[error("journal of block {block} cannot be read: {why}")]
    Journal {
        /// The block.
        block: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Blocks do not make a batch.
    #[error("blocks do not make a batch")]
    Build(#[source] derivation::BatchBuildError),
    /// The batch has no payload.
    #[error("batch from block {first} has no payload")]
    Compress {
        /// Its first block.
        first: u64,
        /// Why.
        #[source]
        source: CompressError,
    },
    /// A block cannot be posted, not even in parts.
    #[error(
        "block {block} with {transactions} transactions of {bytes} bytes cannot be posted: {why}"
    )]
    BlockTooLarge {
        /// The block.
        block: u64,
        /// Its transactions.
        transactions: usize,
        /// Bytes of its transactions.
        bytes: usize,
        /// What is too large.
        why: &'static str,
    },
    /// The outbox did not take it.
    #[error("cannot hand over to the L1 sender")]
    Submit(#[source] l1::tx::SubmitError),
}

impl BatcherError {
    /// What the loop does about it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ReadHeads(source) => of_database(source),
            Self::ReadDerived(source) => of_database(source),
            Self::ReadJournal(source) => of_database(source),
            Self::Outbox(source) => of_database(source),
            Self::Lease { source, .. } => of_database(source),
            Self::L1 { source, .. } => match source.severity() {
                l1::Severity::Temporary => Severity::Temporary,
                l1::Severity::Reset => Severity::Reset,
                l1::Severity::Critical => Severity::Critical,
            },
            Self::Submit(l1::tx::SubmitError::Away { .. }) => Severity::Temporary,
            // A record that is being taken back still covers the blocks.
            Self::Submit(l1::tx::SubmitError::Conflict { .. })
            | Self::OriginGone { .. }
            | Self::Build(_)
            | Self::Empty
            | Self::Interrupted => Severity::Reset,
            Self::Sender { .. }
            | Self::Submit(_)
            | Self::Journal { .. }
            | Self::Compress { .. }
            | Self::BlockTooLarge { .. } => Severity::Critical,
        }
    }
}

fn of_database(error: &impl db::Classify) -> Severity {
    match error.severity() {
        db::Severity::Temporary => Severity::Temporary,
        db::Severity::Reset => Severity::Reset,
        db::Severity::Critical => Severity::Critical,
    }
}
