//! Why a player could not go on, and whether waiting helps.

use l1::{DisputedProgram, L1Error};

use super::{MoveError, OddView};

/// Why a player could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PlayerError {
    /// L1 could not be read.
    #[error("cannot read disputes")]
    L1(#[source] L1Error),
    /// The oracle is not of this version.
    #[error("cannot understand the oracle")]
    Odd(#[source] OddView),
    /// The oracle's disputes are about another program: another image, or other parameters of the chain. Every tree of ours
    /// would lose.
    #[error("the oracle disputes with another program: {oracle:?}, this verifier has {ours:?}")]
    OtherProgram {
        /// That of the oracle.
        oracle: Box<DisputedProgram>,
        /// Ours.
        ours: Box<DisputedProgram>,
    },
    /// A move could not be handed over.
    #[error("cannot make a move")]
    Move(#[source] MoveError),
    /// A task is gone.
    #[error("{0} ended early")]
    Lost(&'static str),
}

impl PlayerError {
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::L1(source) | Self::Move(MoveError::Try(source)) => {
                source.severity() != l1::Severity::Critical
            }
            Self::Move(MoveError::Submit(source)) => {
                matches!(source, l1::tx::SubmitError::Away { .. })
            }
            Self::Odd(_) | Self::OtherProgram { .. } | Self::Lost(_) => false,
        }
    }
}
