//! JSON-RPC requests as they come in: HTTP with its statuses, and the upgrade to WebSocket.
//!
//! Bodies are read here, once, within a limit; then the fast path looks at them, then all methods. Invariant:
//! a failure that the same request would meet again travels with status 200, because clients repeat others.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, Response, StatusCode, header},
    response::IntoResponse,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use jsonrpsee::{
    RpcModule,
    server::{ConnectionGuard, MethodResponse, Methods, StopHandle, http, ws},
    types::{ErrorObjectOwned, Id},
};
use tower::{Layer, Service};

use super::{
    answer::{Counted, answer},
    dispatch::Dispatch,
    errors,
    fast::Fast,
    held::held,
    limits,
    listener::peer,
    methods::{Failed, Meter, MethodsLayer},
    ws::Connection,
};
use crate::quota::{Client, Quotas};

/// Media type of every answer.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The way in for JSON-RPC. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RpcDoor {
    methods: Methods,
    fast: Fast,
    meter: Meter,
    guard: ConnectionGuard,
    quotas: Arc<Quotas>,
    stop: StopHandle,
}

impl RpcDoor {
    pub(super) fn new(
        methods: RpcModule<()>,
        fast: Fast,
        meter: Meter,
        guard: ConnectionGuard,
        quotas: Arc<Quotas>,
        stop: StopHandle,
    ) -> Self {
        Self { methods: methods.into(), fast, meter, guard, quotas, stop }
    }

    async fn answer(self, request: Request) -> Response<Body> {
        // Whoever may not ask is told so before anything of the request is read.
        let (client, running) =
            match self.quotas.admit(peer(request.extensions()), request.headers(), request.uri()) {
                Ok(admitted) => admitted,
                Err(denied) => return failed(errors::denied(&denied)),
            };
        let Some(permit) = self.guard.try_acquire() else {
            return failed(errors::overloaded("rate limit exceeded: too many connections"));
        };
        if ws::is_upgrade_request(&request) {
            let Self { methods, meter, stop, .. } = self;
            let connection = Connection { methods, meter, client, running, permit, stop };
            return connection.upgrade(request).await;
        }
        let response = if *request.method() != Method::POST {
            refused(StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC is sent by POST\n")
        } else if !http::content_type_is_json(&request) {
            refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "JSON-RPC is application/json\n")
        } else {
            client.scope(self.post(request, &client)).await
        };
        // A connection counts until there is an answer, what is under way until that has been read.
        drop(permit);
        held(response, running)
    }

    async fn post(self, request: Request, client: &Client) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let reading = tokio::time::timeout(limits::REQUEST_READ_WAIT_MAX, read(body));
        let body = match reading.await {
            Ok(Ok(body)) => body,
            Ok(Err(Unreadable::TooLarge)) => return failed(errors::request_too_large()),
            // Nobody is there to read an answer.
            Ok(Err(Unreadable::Broken)) | Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        };
        if let Some((json, failed)) = self.fast.answer(&body).await {
            return json_response(failed, json);
        }
        let layer = MethodsLayer { notifies: false, client: client.clone(), meter: self.meter };
        let methods = layer.layer(Dispatch::without_subscriptions(self.methods));
        // Large, and not needed for what is sent most: that has been answered by now.
        let answering = Box::pin(answer(&methods, client, Counted::Once, &body, &parts.extensions));
        let Some(mut response) = answering.await else {
            return json_response(None, String::new());
        };
        let failed = response.extensions_mut().remove::<Failed>();
        json_response(failed, String::from(Box::<str>::from(response.into_json())))
    }
}

/// The door as axum wants it: a service that cannot fail.
pub(super) fn rpc_service(
    door: RpcDoor,
) -> impl Service<Request, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    let door = Arc::new(door);
    tower::service_fn(move |request: Request| {
        let door = door.clone();
        async move { Ok(RpcDoor::clone(&door).answer(request).await) }
    })
}

/// What is no JSON-RPC at all.
fn refused(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = (status, text).into_response();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

enum Unreadable {
    TooLarge,
    Broken,
}

/// Reads a body within the limit. One that is longer is read to its end, so that its sender reads the answer,
/// unless it is very long.
async fn read(body: Body) -> Result<Bytes, Unreadable> {
    let limit = limits::REQUEST_BYTES_MAX as usize;
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unreadable::Broken)?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            whole.extend_from_slice(&chunk);
        } else if length > limits::REQUEST_DRAIN_BYTES_MAX {
            break;
        }
    }
    if length > limit { Err(Unreadable::TooLarge) } else { Ok(whole.freeze()) }
}

/// An error about the request as a whole.
pub(super) fn failed(error: ErrorObjectOwned) -> Response<Body> {
    let failed = Failed { code: error.code(), retry_after: errors::retry_after(&error) };
    let json = MethodResponse::error(Id::Null, error).into_json();
    json_response(Some(failed), String::from(Box::<str>::from(json)))
}

fn json_response(failed: Option<Failed>, json: String) -> Response<Body> {
    let mut response = Response::new(Body::from(json));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    if let Some(failed) = failed {
        mark(&mut response, failed);
    }
    response
}

/// The status of a failure; those that pass with time say when.
fn mark(response: &mut Response<Body>, failed: Failed) {
    let status = errors::http_status(failed.code);
    *response.status_mut() = status;
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(header::RETRY_AFTER, failed.retry_after.into());
    }
}
