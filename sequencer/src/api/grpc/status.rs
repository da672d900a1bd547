//! Refusals as gRPC status codes, with the reason as a stable word that programs can match.

use tonic::{Code, Status};

use crate::{
    api::errors::rejection_text, chain::ReadError, mempool::Rejection, publisher::Closed,
    submitter::WaitError,
};

/// Metadata key of the stable reason.
const REASON: &str = "braid-reason";

/// Why a transaction was refused.
pub(super) fn rejected(rejection: &Rejection) -> Status {
    let code = match rejection {
        Rejection::TooLarge { .. }
        | Rejection::Undecodable(_)
        | Rejection::BadSignature(_)
        | Rejection::WrongChain { .. }
        | Rejection::GasAboveBlock { .. }
        | Rejection::IntrinsicGas { .. }
        | Rejection::TipAboveFeeCap { .. }
        | Rejection::InitCodeTooLarge { .. }
        | Rejection::SetCodeShape
        | Rejection::NonceMax => Code::InvalidArgument,
        Rejection::FeeCapTooLow { .. }
        | Rejection::NonceTooLow { .. }
        | Rejection::NonceTooHigh { .. }
        | Rejection::InsufficientFunds { .. }
        | Rejection::SenderHasCode { .. }
        | Rejection::ReplacementUnderpriced { .. }
        | Rejection::Unexecutable { .. } => Code::FailedPrecondition,
        Rejection::AlreadyKnown { .. } => Code::AlreadyExists,
        Rejection::SenderFull { .. } | Rejection::PoolFull { .. } | Rejection::Busy { .. } => {
            Code::ResourceExhausted
        }
        Rejection::Evicted | Rejection::Replaced { .. } => Code::Aborted,
        Rejection::NotTaking | Rejection::State(_) => Code::Unavailable,
    };
    with_reason(Status::new(code, rejection_text(rejection)), &reason(rejection))
}

/// The stable reason of a refusal, in capitals.
pub(super) fn reason(rejection: &Rejection) -> String {
    rejection.reason().to_ascii_uppercase()
}

/// Why waiting ended without a result.
pub(super) fn wait_ended(error: &WaitError) -> Status {
    match error {
        WaitError::Rejected(rejection) => rejected(rejection),
        // The text has the hash.
        WaitError::TimedOut { .. } => {
            with_reason(Status::deadline_exceeded(error.to_string()), "TIMED_OUT")
        }
        WaitError::TooMany(_) => {
            with_reason(Status::resource_exhausted(error.to_string()), "TOO_MANY_WAITING")
        }
        WaitError::Read { source, .. } => read_failed(source),
        WaitError::Shutdown => with_reason(Status::unavailable(error.to_string()), "SHUTTING_DOWN"),
    }
}

/// The chain could not be read.
pub(super) fn read_failed(error: &ReadError) -> Status {
    tracing::error!(error = service::error_chain(error), "gRPC read failed");
    with_reason(Status::unavailable("the chain cannot be read now"), "READ_FAILED")
}

/// A stream ended before its client did.
pub(super) fn closed(closed: Closed) -> Status {
    match closed {
        Closed::Slow { .. } => with_reason(Status::aborted(closed.to_string()), "SLOW_READER"),
        Closed::Shutdown => with_reason(Status::unavailable(closed.to_string()), "SHUTTING_DOWN"),
    }
}

/// No access list was written for a block, and none will be.
pub(super) fn no_access_list(number: u64) -> Status {
    let status = Status::failed_precondition(format!("block {number} has no access list"));
    with_reason(status, "NO_ACCESS_LIST")
}

/// A block that the chain does not have any more.
pub(super) fn not_kept(number: u64) -> Status {
    with_reason(Status::out_of_range(format!("block {number} is not kept")), "NOT_KEPT")
}

/// A cursor that the chain has not reached: it is from before a reorg, or from another chain.
pub(super) fn ahead(head: u64) -> Status {
    let text = format!("the cursor is ahead of the chain, whose newest block is {head}");
    with_reason(Status::out_of_range(text), "CURSOR_AHEAD")
}

fn with_reason(mut status: Status, reason: &str) -> Status {
    if let Ok(value) = reason.parse() {
        status.metadata_mut().insert(REASON, value);
    }
    status
}
