//! From the bytes of one message to its answer: calls, notifications, batches, and what is none of them.

use axum::http::Extensions;
use jsonrpsee::{
    MethodResponse,
    core::{
        middleware::{Batch, BatchEntry, BatchEntryErr, RpcServiceT},
        server::helpers::prepare_error,
    },
    types::{
        ErrorObjectOwned, Id, InvalidRequest, Notification, Request,
        error::{ErrorCode, reject_too_big_batch_request},
    },
};
use serde_json::value::RawValue;

use super::{errors, limits::BATCH_CALLS_MAX};
use crate::quota::Client;

/// Parameters of a notification, which nobody reads.
type Ignored<'a> = Option<std::borrow::Cow<'a, RawValue>>;

/// Whether requests inside a message have been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// One was, when the message came in: HTTP.
    Once,
    /// None yet: messages of a connection.
    No,
}

/// Answers a message; `None` if it asks for no answer, or had it already.
pub(super) async fn answer<S>(
    service: &S,
    client: &Client,
    counted: Counted,
    message: &[u8],
    extensions: &Extensions,
) -> Option<MethodResponse>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Sync,
{
    let refuse = |id, error| match (counted, client) {
        (Counted::No, client) if let Err(refused) = client.request(1) => {
            MethodResponse::error(id, errors::quota(&refused))
        }
        _ => MethodResponse::error(id, error),
    };
    let response = match message.trim_ascii_start().first() {
        Some(b'{') => match call(message, extensions) {
            Some(call) => service.call(call).await,
            None if is_notification(message) => {
                if counted == Counted::No {
                    client.more_requests(1);
                }
                return None;
            }
            None => {
                let (id, code) = prepare_error(message);
                refuse(id, code.into())
            }
        },
        Some(b'[') => match batch(message, extensions) {
            Ok(batch) => service.batch(batch).await,
            Err(error) => refuse(Id::Null, error),
        },
        _ => refuse(Id::Null, errors::malformed()),
    };
    // A subscription tells the client by itself.
    let answers = response.is_method_call() || response.is_batch();
    answers.then_some(response)
}

/// The refusal of a message that is not looked at any further than for its id.
pub(super) fn refusal(message: &[u8], error: ErrorObjectOwned) -> Box<RawValue> {
    let id =
        serde_json::from_slice::<InvalidRequest<'_>>(message).map_or(Id::Null, |asked| asked.id);
    MethodResponse::error(id, error).into_json()
}

fn call<'a>(json: &'a [u8], extensions: &Extensions) -> Option<Request<'a>> {
    let mut call: Request<'a> = serde_json::from_slice(json).ok()?;
    *call.extensions_mut() = extensions.clone();
    Some(call)
}

fn is_notification(json: &[u8]) -> bool {
    serde_json::from_slice::<Notification<'_, Ignored<'_>>>(json).is_ok()
}

fn batch<'a>(json: &'a [u8], extensions: &Extensions) -> Result<Batch<'a>, ErrorObjectOwned> {
    let parse = |_| ErrorObjectOwned::from(ErrorCode::ParseError);
    let entries: Vec<&'a RawValue> = serde_json::from_slice(json).map_err(parse)?;
    let calls_max = BATCH_CALLS_MAX as usize;
    if entries.len() > calls_max {
        return Err(reject_too_big_batch_request(calls_max));
    }
    let entry = |raw: &'a RawValue| {
        let json = raw.get().as_bytes();
        if let Some(call) = call(json, extensions) {
            return Ok(BatchEntry::Call(call));
        }
        if let Ok(notification) = serde_json::from_slice(json) {
            return Ok(BatchEntry::Notification(notification));
        }
        let (id, _) = prepare_error(json);
        Err(BatchEntryErr::new(id, ErrorCode::InvalidRequest.into()))
    };
    Ok(Batch::from(entries.into_iter().map(entry).collect::<Vec<_>>()))
}
