//! Refusals as gRPC status codes, with the reason as a stable word that programs can match.

use std::time::Duration;

use jsonrpsee::types::ErrorObjectOwned;
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{
    api::errors::{self, rejection_text},
    chain::ReadError,
    mempool::Rejection,
    publisher::Closed,
    quota::Denied,
    submitter::WaitError,
};

/// Metadata key of the stable reason.
const REASON: &str = "braid-reason";
/// Whose reasons they are.
const DOMAIN: &str = "braid";
/// How long a client is asked to wait where nobody knows how long.
const RETRY_DELAY: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_types, reason = "the library's details are made with it")]
type Metadata = std::collections::HashMap<String, String>;

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
        | Rejection::Following
        | Rejection::ReplacementUnderpriced { .. }
        | Rejection::Unexecutable { .. } => Code::FailedPrecondition,
        Rejection::AlreadyKnown { .. } => Code::AlreadyExists,
        Rejection::SenderFull { .. }
        | Rejection::PoolFull { .. }
        | Rejection::Busy { .. }
        | Rejection::Quota(_) => Code::ResourceExhausted,
        Rejection::Evicted | Rejection::Replaced { .. } | Rejection::Removed => Code::Aborted,
        Rejection::Stopped | Rejection::NotTaking | Rejection::State(_) => Code::Unavailable,
    };
    let mut details = info(&reason(rejection), metadata(rejection));
    match rejection {
        Rejection::Quota(refused) => details.set_retry_info(Some(refused.wait)),
        Rejection::PoolFull { .. } | Rejection::SenderFull { .. } => {
            details.set_retry_info(Some(RETRY_DELAY))
        }
        _ if rejection.is_temporary() => details.set_retry_info(Some(RETRY_DELAY)),
        _ if code == Code::InvalidArgument => {
            details.add_bad_request_violation("transaction", rejection_text(rejection))
        }
        _ => &mut details,
    };
    status(code, rejection_text(rejection), details)
}

/// What programs want to know beside the reason.
fn metadata(rejection: &Rejection) -> Metadata {
    let pair = |name: &str, value: String| Metadata::from_iter([(name.to_owned(), value)]);
    match rejection {
        Rejection::NonceTooLow { expected, .. } | Rejection::NonceTooHigh { expected, .. } => {
            pair("expectedNonce", expected.to_string())
        }
        Rejection::AlreadyKnown { hash } => pair("hash", hash.to_string()),
        Rejection::Replaced { by } => pair("by", by.to_string()),
        Rejection::Quota(refused) => pair("quota", refused.reason.word().to_owned()),
        _ => Metadata::default(),
    }
}

/// The stable reason of a refusal, in capitals.
pub(super) fn reason(rejection: &Rejection) -> String {
    rejection.reason().to_ascii_uppercase()
}

/// Why waiting ended without a result.
pub(super) fn wait_ended(error: &WaitError) -> Status {
    let text = error.to_string();
    match error {
        WaitError::Rejected(rejection) => rejected(rejection),
        WaitError::TimedOut { hash, .. } => {
            let hash = Metadata::from_iter([("hash".to_owned(), hash.to_string())]);
            status(Code::DeadlineExceeded, text, info("TIMED_OUT", hash))
        }
        WaitError::Gap { expected, .. } => {
            let expected = [("expectedNonce".to_owned(), expected.to_string())];
            status(Code::FailedPrecondition, text, info("NONCE_GAP", Metadata::from_iter(expected)))
        }
        WaitError::FeeTooLow { .. } => plain(Code::FailedPrecondition, text, "UNREADY"),
        WaitError::TooMany(_) => again(Code::ResourceExhausted, text, "TOO_MANY_WAITING"),
        WaitError::Read { source, .. } => read_failed(source),
        WaitError::Shutdown => again(Code::Unavailable, text, "SHUTTING_DOWN"),
    }
}

/// The chain could not be read.
pub(super) fn read_failed(error: &ReadError) -> Status {
    tracing::error!(error = service::error_chain(error), "gRPC read failed");
    again(Code::Unavailable, "the chain cannot be read now".to_owned(), "READ_FAILED")
}

/// A stream ended before its client did.
pub(super) fn closed(closed: Closed) -> Status {
    match closed {
        Closed::Slow { .. } => plain(Code::Aborted, closed.to_string(), "SLOW_READER"),
        Closed::Shutdown => again(Code::Unavailable, closed.to_string(), "SHUTTING_DOWN"),
    }
}

/// No access list was written for a block, and none will be.
pub(super) fn no_access_list(number: u64) -> Status {
    let text = format!("block {number} has no access list");
    plain(Code::FailedPrecondition, text, "NO_ACCESS_LIST")
}

/// A block that the chain does not have any more.
pub(super) fn not_kept(number: u64) -> Status {
    plain(Code::OutOfRange, format!("block {number} is not kept"), "NOT_KEPT")
}

/// A cursor that the chain has not reached: it is from before a reorg, or from another chain.
pub(super) fn ahead(head: u64) -> Status {
    let text = format!("the cursor is ahead of the chain, whose newest block is {head}");
    plain(Code::OutOfRange, text, "CURSOR_AHEAD")
}

/// A field of a request that cannot be used.
pub(super) fn invalid(field: &str, why: impl Into<String>) -> Status {
    let why = why.into();
    let mut details = info("INVALID_FIELD", Metadata::default());
    details.add_bad_request_violation(field, why.clone());
    status(Code::InvalidArgument, format!("{field}: {why}"), details)
}

/// What JSON-RPC would have been answered, for work that both doors share.
pub(super) fn answered(error: &ErrorObjectOwned) -> Status {
    let text = error.message().to_owned();
    match error.code() {
        errors::LIMIT_EXCEEDED => {
            let mut details = info("QUOTA", Metadata::default());
            details.set_retry_info(Some(Duration::from_secs(errors::retry_after(error))));
            status(Code::ResourceExhausted, text, details)
        }
        errors::UNAVAILABLE => again(Code::Unavailable, text, "READ_FAILED"),
        errors::SERVER_ERROR => plain(Code::NotFound, text, "NO_SUCH_BLOCK"),
        errors::PRUNED => plain(Code::OutOfRange, text, "NOT_KEPT"),
        _ => plain(Code::Internal, text, "INTERNAL"),
    }
}

/// A call that is not let in.
pub(super) fn denied(denied: &Denied) -> Status {
    match denied {
        Denied::UnknownKey => {
            plain(Code::Unauthenticated, "unknown API key".to_owned(), "UNKNOWN_KEY")
        }
        Denied::Refused(refused) => rejected(&Rejection::Quota(*refused)),
    }
}

/// More calls are under way than are taken on.
pub(super) fn crowded() -> Status {
    let text = "rate limit exceeded: too many connections".to_owned();
    again(Code::ResourceExhausted, text, "TOO_MANY_CONNECTIONS")
}

/// A failure that the same request would meet again.
fn plain(code: Code, text: String, reason: &str) -> Status {
    status(code, text, info(reason, Metadata::default()))
}

/// A failure that passes.
fn again(code: Code, text: String, reason: &str) -> Status {
    let mut details = info(reason, Metadata::default());
    details.set_retry_info(Some(RETRY_DELAY));
    status(code, text, details)
}

fn info(reason: &str, metadata: Metadata) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

/// The reason travels twice: in `google.rpc.ErrorInfo`, and as plain metadata for clients without those types.
fn status(code: Code, text: String, details: ErrorDetails) -> Status {
    let mut metadata = MetadataMap::new();
    let reason = details.error_info().map(|info| info.reason.parse());
    if let Some(Ok(reason)) = reason {
        metadata.insert(REASON, reason);
    }
    Status::with_error_details_and_metadata(code, text, details, metadata)
}
