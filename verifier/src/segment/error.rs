//! Why the run of a segment could not be made.

use alloy::primitives::B256;
use transition::PreimageKey;

use crate::{VerifierError, chain::ReadState};

/// A segment could not be made, or not be run.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// L1 did not show what the run reads of it.
    #[error("cannot read L1 for a segment")]
    L1(#[source] l1::L1Error),
    /// The verifier's own database did not.
    #[error("cannot read the verifier's database for a segment")]
    Database(#[source] Box<VerifierError>),
    /// The state tables have not come to the block before the segment, or stand nowhere.
    #[error("the state tables stand at {stored:?}, before block {number}")]
    StateBehind {
        /// The block before the segment's.
        number: u64,
        /// Where the tables stand.
        stored: Option<u64>,
    },
    /// The derived chain has another block than the claim before the segment: a reorg, or somebody else's claim.
    #[error("the claim before is about another block {number} than the derived one")]
    OtherBlock {
        /// Its number.
        number: u64,
    },
    /// The state that was made is not that of the claim before.
    #[error("the state before the segment has root {computed}, the claim before says {claimed}")]
    OtherState {
        /// As it was made.
        computed: B256,
        /// In the claim.
        claimed: B256,
    },
    /// The logs of L1 do not lead to an accumulator that was pinned.
    #[error("the logs of L1 do not lead to the pinned {chain} accumulator {pinned}")]
    Chain {
        /// Of which of the two hash chains.
        chain: &'static str,
        /// As the proposal has it.
        pinned: B256,
    },
    /// L1 as it is read now gives no next block, though a run over the pinned L1 finds one.
    #[error("no block follows block {number} on L1 as it is read now")]
    NotDerived {
        /// The block before.
        number: u64,
    },
    /// The previous claim's derivation cannot be gone on with.
    #[error("derivation cannot go on from the claim before")]
    Resume(#[source] derivation::StartError),
    /// L1 is another one than that of the claim before.
    #[error("derivation refuses an L1 block")]
    Refused(#[source] derivation::L1Refused),
    /// The block that follows cannot be executed.
    #[error("cannot execute the block of a segment")]
    Execute(#[source] executor::ExecuteError<ReadState>),
    /// The block has no such slice.
    #[error("the block has no slice {place}")]
    NoSlice {
        /// Which.
        place: u64,
    },
    /// An interval has more blocks than its tree has places for.
    #[error("there is no tree for {length} blocks")]
    LongInterval {
        /// How many.
        length: u64,
    },
    /// Nobody knows what the run asks for: what it was given is wrong, or this program is.
    #[error("nobody knows {0:?}, which the run asks for")]
    Unknown(PreimageKey),
    /// The bytes that were taken for a blob are not those of its hash.
    #[error("element {number} of blob {blob} is none of it")]
    OtherBlob {
        /// Versioned hash of the blob.
        blob: B256,
        /// Of the element.
        number: u64,
    },
    /// A proof about a blob could not be made.
    #[error("cannot prove an element of a blob")]
    Kzg(#[source] l1::KzgError),
    /// The thread that reads codes could not be started.
    #[error("cannot start a thread for a segment")]
    Thread(#[source] std::io::Error),
    /// A part of the machine's run asks for what the native run did not.
    #[error("the machine asks for what the native run did not")]
    NotRecorded(#[source] fault_proof::vm::NotRecorded),
    /// The machine comes to another end than the native run.
    #[error("the machine gives {machine:?}, the native run {native}")]
    Differs {
        /// Exit code and output of the machine.
        machine: (Option<u8>, B256),
        /// The leaf of the native run.
        native: B256,
    },
    /// There is no such stride or step in a tree.
    #[error("there is no step {step} of stride {stride}")]
    Beyond {
        /// Of the run.
        stride: u64,
        /// Of the stride.
        step: u64,
    },
    /// The work was cut off, because the process is ending.
    #[error("the work for a segment was cut off")]
    CutOff,
}

impl SegmentError {
    /// Whether the same may work later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::L1(error) => error.severity() == l1::Severity::Temporary,
            Self::Database(error) => error.is_temporary(),
            Self::Execute(executor::ExecuteError::State(error)) => {
                db::Classify::severity(error) == db::Severity::Temporary
            }
            // A reorg may be on its way; then it is noticed by others, and this is asked for no more.
            Self::StateBehind { .. }
            | Self::OtherBlock { .. }
            | Self::OtherState { .. }
            | Self::Chain { .. }
            | Self::NotDerived { .. }
            | Self::Refused(_) => true,
            Self::Execute(_)
            | Self::Resume(_)
            | Self::NoSlice { .. }
            | Self::LongInterval { .. }
            | Self::Unknown(_)
            | Self::OtherBlob { .. }
            | Self::Kzg(_)
            | Self::Thread(_)
            | Self::NotRecorded(_)
            | Self::Differs { .. }
            | Self::Beyond { .. }
            | Self::CutOff => false,
        }
    }
}

impl From<VerifierError> for SegmentError {
    fn from(error: VerifierError) -> Self {
        Self::Database(Box::new(error))
    }
}
