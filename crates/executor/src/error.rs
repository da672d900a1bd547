//! Why a transaction was not executed.

use revm::context_interface::result::EVMError;

use crate::{InvalidTransaction, database::ReadError};

/// Execution of a transaction did not take place; the state is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError<E: core::error::Error + 'static> {
    /// The transaction cannot be included here. It left no trace and is skipped.
    #[error("invalid transaction")]
    Invalid(#[source] InvalidTransaction),
    /// The state could not be read. Nothing is known about the transaction; it may be tried again.
    #[error("read state")]
    State(#[source] E),
}

impl<E: core::error::Error + 'static> ExecuteError<E> {
    /// The reason why the transaction is invalid, if that is what happened.
    pub const fn invalid(&self) -> Option<&InvalidTransaction> {
        match self {
            Self::Invalid(reason) => Some(reason),
            Self::State(_) => None,
        }
    }
}

impl<E: core::error::Error + 'static> From<EVMError<ReadError<E>, InvalidTransaction>>
    for ExecuteError<E>
{
    fn from(error: EVMError<ReadError<E>, InvalidTransaction>) -> Self {
        match error {
            EVMError::Transaction(reason) => Self::Invalid(reason),
            EVMError::Database(ReadError(error)) => Self::State(error),
            // Our handler reads no header, and no precompile of ours fails other than by a halt.
            error @ (EVMError::Header(_) | EVMError::Custom(_) | EVMError::CustomAny(_)) => {
                unreachable!("nothing here makes {error:?}")
            }
        }
    }
}
