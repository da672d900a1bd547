//! Outside words, made in one place: every refusal as the JSON-RPC error that clients know how to read.
//!
//! viem, ethers and alloy decide from code and text whether to retry, decode or give up. So a failure that the
//! same request would meet again never carries a code that they repeat (-32603, -32005, 429): the texts are
//! geth's, the codes are listed in `docs/rpc.md`.

use alloy::primitives::{B64, B256, Bytes, keccak256};
use axum::http::StatusCode;
use jsonrpsee::types::{ErrorObject, ErrorObjectOwned};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::limits::REQUEST_BYTES_MAX;
use crate::{
    chain::ReadError,
    mempool::Rejection,
    quota::{Denied, Reason, Refused},
    submitter::WaitError,
};

/// A transaction or call that cannot be done; also "header not found" and unknown filters.
pub(crate) const SERVER_ERROR: i32 = -32_000;
/// `execution reverted`, with the revert bytes.
pub(crate) const REVERT: i32 = 3;
/// A parameter is missing or malformed, or asks for more than is given.
pub(crate) const INVALID_PARAMS: i32 = -32_602;
/// A fault of ours.
pub(crate) const INTERNAL: i32 = -32_603;
/// Overload, HTTP status 429: the client may come again.
pub(crate) const LIMIT_EXCEEDED: i32 = -32_005;
/// Draining, not leading, or without the database, HTTP status 503: the client may come again, here or elsewhere.
pub(crate) const UNAVAILABLE: i32 = -32_002;
/// An API key that nobody has been given, HTTP status 401: a client that repeats it gets the same.
pub(crate) const UNKNOWN_KEY: i32 = -32_001;
/// The operators' door is closed to this request, HTTP status 403.
pub(crate) const KEPT_OUT: i32 = -32_003;
/// History that is not kept.
pub(crate) const PRUNED: i32 = 4_444;
/// Not JSON.
pub(crate) const PARSE_ERROR: i32 = -32_700;
/// Not a request.
pub(crate) const INVALID_REQUEST: i32 = -32_600;
/// `eth_sendRawTransactionSync` (EIP-7966): not executed in time.
pub(crate) const SYNC_TIMEOUT: i32 = 4;
/// The same: the transaction, or the sequencer, is not ready.
pub(crate) const SYNC_UNREADY: i32 = 5;
/// The same: a nonce before it is missing.
pub(crate) const SYNC_NONCE_GAP: i32 = 6;

/// How long a client is asked to wait where nobody knows how long, in seconds.
const RETRY_AFTER_DEFAULT_S: u64 = 1;

fn plain(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

fn with_data(code: i32, message: impl Into<String>, data: impl Serialize) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, Some(data))
}

/// A request that cannot be done, in geth's words.
pub(crate) fn server(message: impl Into<String>) -> ErrorObjectOwned {
    plain(SERVER_ERROR, message)
}

/// A parameter that cannot be used. `position` counts from 0.
pub(crate) fn argument(position: usize, why: impl std::fmt::Display) -> ErrorObjectOwned {
    plain(INVALID_PARAMS, format!("invalid argument {position}: {why}"))
}

/// A request that is malformed as a whole.
pub(crate) fn params(message: impl Into<String>) -> ErrorObjectOwned {
    plain(INVALID_PARAMS, message)
}

/// A call that claims to carry blobs.
pub(crate) fn no_blobs() -> ErrorObjectOwned {
    server("transaction type not supported: transaction type not valid: 0x03")
}

/// State of a block that is not known. The bare text `header not found` would be repeated by alloy.
pub(crate) fn unknown_block(id: impl std::fmt::Display) -> ErrorObjectOwned {
    server(format!("header not found: {id}"))
}

/// A block hash that is known and no longer part of the chain.
pub(crate) fn not_canonical() -> ErrorObjectOwned {
    server("hash is not currently canonical")
}

/// History that the node does not keep.
pub(crate) fn pruned() -> ErrorObjectOwned {
    plain(PRUNED, "pruned history unavailable")
}

/// A body that is longer than one may be.
pub(crate) fn request_too_large() -> ErrorObjectOwned {
    plain(INVALID_REQUEST, format!("request body exceeds {REQUEST_BYTES_MAX} bytes"))
}

/// Bytes that are not JSON.
pub(crate) fn malformed() -> ErrorObjectOwned {
    plain(PARSE_ERROR, "parse error")
}

/// A filter that never was or has expired: viem makes a new one on exactly this.
pub(crate) fn unknown_filter() -> ErrorObjectOwned {
    server("filter not found")
}

/// A fault of ours. The cause goes to the log, not to the client; the id finds it there.
pub(crate) fn internal(request: &'static str, error: &dyn std::error::Error) -> ErrorObjectOwned {
    let id = B64::from(rand::random::<u64>().to_be_bytes());
    tracing::error!(request, %id, cause = service::error_chain(error), "request failed");
    with_data(INTERNAL, "internal error", json!({ "requestId": id }))
}

/// A call that reverted. `data` is always present, empty or not.
pub(crate) fn reverted(output: &Bytes) -> ErrorObjectOwned {
    let message = match alloy::sol_types::decode_revert_reason(output) {
        // Solidity's `Error(string)` comes decoded with its own prefix, which geth does not show.
        Some(reason) if is_solidity_error(output) => {
            let reason = reason.strip_prefix("revert: ").unwrap_or(&reason);
            format!("execution reverted: {reason}")
        }
        Some(reason) if is_solidity_panic(output) => format!("execution reverted: {reason}"),
        _ => "execution reverted".to_owned(),
    };
    with_data(REVERT, message, output)
}

/// No gas limit that may be used is enough.
pub(crate) fn gas_exceeds_allowance(allowance: u64) -> ErrorObjectOwned {
    server(format!("gas required exceeds allowance ({allowance})"))
}

fn is_solidity_error(output: &[u8]) -> bool {
    output.starts_with(&[0x08, 0xc3, 0x79, 0xa0])
}

fn is_solidity_panic(output: &[u8]) -> bool {
    output.starts_with(&[0x4e, 0x48, 0x7b, 0x71])
}

/// A log query over more blocks than one request may cover.
pub(crate) fn log_range_too_wide(from: u64, to: u64, range_max: u64) -> ErrorObjectOwned {
    with_data(
        INVALID_PARAMS,
        format!("query exceeds max block range {range_max}"),
        json!({ "from": hex(from), "to": hex(to), "limit": range_max }),
    )
}

/// A log query with more results than one answer may hold. The suggested range is strictly smaller than the
/// one asked for, or clients would ask for ever.
pub(crate) fn too_many_logs(from: u64, to: u64, results_max: usize) -> ErrorObjectOwned {
    let suggested = from + (to.saturating_sub(from)) / 2;
    let suggested =
        std::cmp::max(from, if suggested >= to { to.saturating_sub(1) } else { suggested });
    with_data(
        INVALID_PARAMS,
        format!(
            "query exceeds max results {results_max}. Try with this block range [{}, {}]",
            hex(from),
            hex(suggested)
        ),
        json!({ "from": hex(from), "to": hex(suggested), "limit": results_max }),
    )
}

/// `eth_sendRawTransactionSync` was not answered in time; the transaction may still be executed.
fn sync_timeout(hash: B256, waited: std::time::Duration) -> ErrorObjectOwned {
    let message =
        format!("The transaction was added to the mempool but wasn't processed in {waited:?}");
    with_data(SYNC_TIMEOUT, message, hash)
}

/// Why `eth_sendRawTransactionSync` has no receipt (EIP-7966).
pub(crate) fn sync(error: &WaitError, raw: &[u8]) -> ErrorObjectOwned {
    match error {
        // What the sender cannot change is told as for any other method, so that its client goes elsewhere.
        WaitError::Rejected(refused) => rejection(refused, raw),
        WaitError::TimedOut { hash, waited } => sync_timeout(*hash, *waited),
        WaitError::Gap { expected, .. } => {
            let message = format!(
                "The transaction was added to the mempool but wasn't processed due to a nonce gap: expected nonce {expected}"
            );
            with_data(SYNC_NONCE_GAP, message, hex(*expected))
        }
        WaitError::FeeTooLow { hash, fee_cap, base_fee } => {
            let message = format!(
                "The transaction was added to the mempool but isn't ready: maxFeePerGas: {fee_cap}, baseFee: {base_fee}"
            );
            with_data(SYNC_UNREADY, message, hash)
        }
        WaitError::TooMany(_) => overloaded(format!("rate limit exceeded: {error}")),
        WaitError::Read { source, .. } => read("eth_sendRawTransactionSync", source),
        WaitError::Shutdown => unavailable(),
    }
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}

/// Why a transaction was refused, in geth's words: both viem and ethers classify by them.
pub(crate) fn rejection(rejection: &Rejection, raw: &[u8]) -> ErrorObjectOwned {
    let text = || rejection_text(rejection);
    match rejection {
        Rejection::Busy { .. } => {
            overloaded("rate limit exceeded: too many transactions wait for admission")
        }
        Rejection::Quota(refused) => quota(refused),
        Rejection::State(error) => read("admission", error),
        Rejection::Stopped => plain(UNAVAILABLE, text()),
        Rejection::NotTaking => unavailable(),
        Rejection::TooLarge { .. } | Rejection::Undecodable(_) => server(text()),
        Rejection::NonceTooLow { expected, .. } | Rejection::NonceTooHigh { expected, .. } => {
            let data = json!({ "hash": keccak256(raw), "expectedNonce": hex(*expected) });
            with_data(SERVER_ERROR, text(), data)
        }
        _ => with_data(SERVER_ERROR, text(), json!({ "hash": keccak256(raw) })),
    }
}

/// Draining, or not leading: the same request may be taken by whoever leads next.
pub(crate) fn unavailable() -> ErrorObjectOwned {
    plain(UNAVAILABLE, "the sequencer takes no transactions now")
}

/// The HTTP status of a single call that failed with this code. All others travel with 200, because clients
/// repeat what comes with most statuses that are not.
pub(crate) const fn http_status(code: i32) -> StatusCode {
    match code {
        LIMIT_EXCEEDED => StatusCode::TOO_MANY_REQUESTS,
        UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        UNKNOWN_KEY => StatusCode::UNAUTHORIZED,
        KEPT_OUT => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    }
}

/// The text alone; gRPC uses it too.
pub(crate) fn rejection_text(rejection: &Rejection) -> String {
    match rejection {
        Rejection::TooLarge { bytes, bytes_max } => {
            format!("oversized data: transaction size {bytes}, limit {bytes_max}")
        }
        Rejection::Undecodable(error) => undecodable_text(error),
        Rejection::BadSignature(_) => "invalid sender: signature is invalid".to_owned(),
        Rejection::WrongChain { given, expected } => {
            format!("invalid chain id for signer: have {given} want {expected}")
        }
        Rejection::GasAboveBlock { gas_limit, block_gas_limit } => format!(
            "exceeds block gas limit: gas limit reached: have {gas_limit}, block has {block_gas_limit}"
        ),
        Rejection::IntrinsicGas { gas_limit, intrinsic_gas } => {
            format!("intrinsic gas too low: gas {gas_limit}, minimum needed {intrinsic_gas}")
        }
        Rejection::FeeCapTooLow { fee_cap, base_fee_min } => format!(
            "max fee per gas less than block base fee: maxFeePerGas: {fee_cap}, baseFee: {base_fee_min}"
        ),
        Rejection::TipAboveFeeCap { tip, fee_cap } => format!(
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {fee_cap}"
        ),
        Rejection::InitCodeTooLarge { bytes, bytes_max } => {
            format!("max initcode size exceeded: code size {bytes} limit {bytes_max}")
        }
        Rejection::SetCodeShape => {
            "EIP-7702 transaction with empty auth list or without recipient".to_owned()
        }
        Rejection::NonceTooLow { nonce, expected } => {
            format!("nonce too low: next nonce {expected}, tx nonce {nonce}")
        }
        Rejection::NonceTooHigh { nonce, expected, gap_max } => {
            format!(
                "nonce too high: next nonce {expected}, tx nonce {nonce}, at most {gap_max} ahead"
            )
        }
        Rejection::NonceMax => "nonce has max value".to_owned(),
        Rejection::InsufficientFunds { have, want, gas, l1_fee, operator_fee, value, queued } => {
            format!(
                "insufficient funds for gas * price + value: have {have} want {want} (L2 gas {gas}, L1 data fee {l1_fee}, operator fee {operator_fee}, value {value}, queued transactions {queued})"
            )
        }
        Rejection::SenderHasCode { sender } => format!("sender not an eoa: address {sender}"),
        Rejection::AlreadyKnown { .. } => "already known".to_owned(),
        Rejection::ReplacementUnderpriced { fee_cap_min, tip_min } => format!(
            "replacement transaction underpriced: at least maxFeePerGas {fee_cap_min} and maxPriorityFeePerGas {tip_min} are needed"
        ),
        Rejection::SenderFull { transactions_max } => {
            format!("txpool is full: sender has {transactions_max} transactions waiting")
        }
        Rejection::PoolFull { .. } => "txpool is full".to_owned(),
        Rejection::Evicted => "transaction was evicted by one that pays more".to_owned(),
        Rejection::Replaced { by } => format!("transaction was replaced by {by}"),
        Rejection::Unexecutable(reason) => format!("transaction became unexecutable: {reason}"),
        Rejection::Removed => "transaction was removed by the operator".to_owned(),
        Rejection::Stopped => {
            "the sequencer takes no transactions now: stopped by its operator".to_owned()
        }
        Rejection::Following => "this node takes no transactions: it follows L1 alone".to_owned(),
        Rejection::Quota(refused) => quota_text(refused.reason).to_owned(),
        Rejection::Busy { .. } | Rejection::NotTaking | Rejection::State(_) => {
            rejection.to_string()
        }
    }
}

fn undecodable_text(error: &protocol::TransactionError) -> String {
    match error {
        protocol::TransactionError::Type(byte) => {
            format!("transaction type not supported: transaction type not valid: {byte:#04x}")
        }
        other => format!("rlp: cannot decode transaction: {other}"),
    }
}

/// More work is under way than is taken on: the client may come again.
pub(crate) fn overloaded(why: impl Into<String>) -> ErrorObjectOwned {
    plain(LIMIT_EXCEEDED, why)
}

/// A request that may not come in at the operators' door.
pub(crate) fn kept_out(why: &'static str) -> ErrorObjectOwned {
    plain(KEPT_OUT, why)
}

/// A request that is not let in.
pub(crate) fn denied(denied: &Denied) -> ErrorObjectOwned {
    match denied {
        Denied::UnknownKey => plain(UNKNOWN_KEY, "unknown API key"),
        Denied::Refused(refused) => quota(refused),
    }
}

/// One connection has asked for more than it reads, or than is answered at a time.
pub(crate) fn unanswered() -> ErrorObjectOwned {
    overloaded("rate limit exceeded: too many unanswered calls on this connection")
}

/// A quota is used up: the client may come again after a while, which is told in milliseconds.
pub(crate) fn quota(refused: &Refused) -> ErrorObjectOwned {
    let millis = refused.wait.as_nanos().div_ceil(1_000_000);
    let wait = RetryAfter { retry_after_ms: u64::try_from(millis).unwrap_or(u64::MAX) };
    with_data(LIMIT_EXCEEDED, quota_text(refused.reason), wait)
}

/// The text alone; gRPC uses it too.
pub(crate) const fn quota_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Requests => "rate limit exceeded: too many requests",
        Reason::Gas => "rate limit exceeded: too much gas",
        Reason::Cpu => "rate limit exceeded: too much computation",
        Reason::Running => "rate limit exceeded: too many requests at a time",
        Reason::Sockets => "rate limit exceeded: too many connections",
        Reason::SenderRequests => "rate limit exceeded: too many transactions of this sender",
        Reason::SenderGas => "rate limit exceeded: too much gas of this sender",
    }
}

/// Data of an error that passes with time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryAfter {
    retry_after_ms: u64,
}

/// Whole seconds after which an error that passes with time has passed: what is told with a status that says to come
/// again.
pub(crate) fn retry_after(error: &ErrorObject<'_>) -> u64 {
    let told = error.data().and_then(|data| serde_json::from_str::<RetryAfter>(data.get()).ok());
    told.map_or(RETRY_AFTER_DEFAULT_S, |told| std::cmp::max(told.retry_after_ms.div_ceil(1_000), 1))
}

/// The chain or its state could not be read.
pub(crate) fn read(request: &'static str, error: &ReadError) -> ErrorObjectOwned {
    match error {
        ReadError::BlockUnknown { number } => unknown_block(number),
        other if other.is_temporary() => {
            tracing::warn!(
                request,
                cause = service::error_chain(other),
                "cannot read the chain now"
            );
            unreadable_now()
        }
        other => internal(request, other),
    }
}

/// The database does not answer, or lags.
pub(crate) fn unreadable_now() -> ErrorObjectOwned {
    plain(UNAVAILABLE, "the chain cannot be read now")
}
