//! What every JSON-RPC call passes through: unknown methods in geth's words, and rate, errors and duration per method.
//!
//! Batches are taken apart here, because the library applies no middleware to the calls inside them.

use std::{future::Future, sync::Arc, time::Instant};

use alloy::primitives::map::HashMap;
use axum::http::StatusCode;
use jsonrpsee::{
    MethodResponse,
    core::{
        middleware::{Batch, BatchEntry, Notification, RpcServiceT},
        server::BatchResponseBuilder,
    },
    types::{ErrorObject, ErrorObjectOwned, Id, Request},
};
use metrics::{Counter, Histogram};
use parking_lot::RwLock;
use serde::Deserialize;
use tower::Layer;

use super::{errors, limits::RESPONSE_BYTES_MAX};
use crate::quota::Client;

/// `method not found` of the JSON-RPC specification.
const METHOD_NOT_FOUND: i32 = -32_601;
/// Label of all methods that do not exist, so that clients cannot make up time series.
const UNKNOWN: &str = "unknown";

/// Methods that only a connection can answer that stays open.
const SUBSCRIPTIONS: [&str; 2] = ["eth_subscribe", "eth_unsubscribe"];

/// Adds [`Methods`] to a stack.
#[derive(Debug, Clone)]
pub(super) struct MethodsLayer {
    /// Whether the client can be notified: over WebSocket, not over HTTP.
    pub(super) notifies: bool,
    /// Who calls.
    pub(super) client: Client,
    /// Where calls are counted.
    pub(super) meter: Meter,
}

impl<S> Layer<S> for MethodsLayer {
    type Service = Methods<S>;

    fn layer(&self, inner: S) -> Methods<S> {
        let Self { notifies, client, meter } = self.clone();
        Methods { inner, notifies, client, meter }
    }
}

/// Counts and words around an inner service.
#[derive(Debug, Clone)]
pub(super) struct Methods<S> {
    inner: S,
    notifies: bool,
    client: Client,
    meter: Meter,
}

/// Marks the answer to a single call that failed, for the HTTP status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    pub(super) code: i32,
    /// Seconds, for failures that pass.
    pub(super) retry_after: u64,
}

/// Counts the calls that were answered, and how long they took. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter(Arc<RwLock<HashMap<String, Measured>>>);

/// What is counted of a method, looked up once.
#[derive(Debug)]
struct Measured {
    answered: Counter,
    durations: Histogram,
}

impl Measured {
    fn of(method: &str) -> Self {
        let durations = metrics::histogram!("braid_rpc_request_duration_seconds", "method" => method.to_owned());
        Self { answered: counter(method, "ok".to_owned()), durations }
    }

    fn record(&self, method: &str, code: Option<i32>, began: Instant) {
        match code {
            None => self.answered.increment(1),
            Some(code) => counter(method, code.to_string()).increment(1),
        }
        self.durations.record(began.elapsed().as_secs_f64());
    }
}

fn counter(method: &str, code: String) -> Counter {
    metrics::counter!("braid_rpc_requests_total", "method" => method.to_owned(), "code" => code)
}

impl Meter {
    /// Counts a call that was answered. There are as many entries as methods, and one for those that do not exist.
    pub(super) fn record(&self, method: &str, code: Option<i32>, began: Instant) {
        let method = if code == Some(METHOD_NOT_FOUND) { UNKNOWN } else { method };
        if let Some(measured) = self.0.read().get(method) {
            return measured.record(method, code, began);
        }
        let mut known = self.0.write();
        known
            .entry(method.to_owned())
            .or_insert_with(|| Measured::of(method))
            .record(method, code, began);
    }
}

impl<S> Methods<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    async fn one(self, request: Request<'_>) -> MethodResponse {
        let (id, method, params) =
            (request.id.clone(), request.method.clone(), request.params.clone());
        let began = Instant::now();
        let mut response = if self.notifies || !SUBSCRIPTIONS.contains(&&*method) {
            self.client.scope(self.inner.call(request)).await
        } else {
            let unknown = ErrorObject::borrowed(METHOD_NOT_FOUND, "", None);
            MethodResponse::error(id.clone(), unknown)
        };
        let given = || params.map_or(0, |params| parameter_count(params.get()));
        let code = response.as_error_code();
        if code == Some(METHOD_NOT_FOUND) {
            let text = format!("the method {method} does not exist/is not available");
            response =
                MethodResponse::error(id, ErrorObject::owned(METHOD_NOT_FOUND, text, None::<()>));
        } else if code == Some(errors::INVALID_PARAMS)
            && let Some(error) = reworded(response.as_ref(), given)
        {
            response = MethodResponse::error(id, error);
        }
        self.meter.record(&method, code, began);
        response
    }
}

/// How long to wait after a failure, in seconds; only read where it passes.
fn retry_after(code: i32, response: &str) -> u64 {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        #[serde(borrow)]
        error: ErrorObject<'a>,
    }
    if errors::http_status(code) == StatusCode::OK {
        return 0;
    }
    serde_json::from_str::<Refusal<'_>>(response)
        .map_or(1, |refusal| errors::retry_after(&refusal.error))
}

/// How many parameters a list has.
fn parameter_count(params: &str) -> usize {
    serde_json::from_str::<Vec<serde::de::IgnoredAny>>(params).map_or(0, |params| params.len())
}

/// The library's errors about parameters in the words of the contract; `None` for errors of our own.
fn reworded(response: &str, given: impl FnOnce() -> usize) -> Option<ErrorObjectOwned> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        message: String,
        data: Option<String>,
    }
    let error = serde_json::from_str::<Refusal>(response).ok()?.error;
    if error.message != "Invalid params" {
        return None;
    }
    let why = error.data.unwrap_or_default();
    let given = given();
    Some(match why.as_str() {
        "No more params" => errors::params(format!("missing value for required argument {given}")),
        _ if why.starts_with("invalid argument") => errors::params(why),
        _ if given <= 1 => errors::argument(0, why),
        _ => errors::params(format!("invalid argument: {why}")),
    })
}

impl<S> RpcServiceT for Methods<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            NotificationResponse = MethodResponse,
            BatchResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            // Over HTTP the request was counted when it came in.
            if this.notifies
                && let Err(refused) = this.client.request(1)
            {
                return MethodResponse::error(request.id().into_owned(), errors::quota(&refused));
            }
            let mut response = this.one(request).await;
            if let Some(code) = response.as_error_code() {
                let retry_after = retry_after(code, response.as_ref());
                response.extensions_mut().insert(Failed { code, retry_after });
            }
            response
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            if !this.notifies {
                this.client.more_requests(batch.len().saturating_sub(1));
            } else if let Err(refused) = this.client.request(batch.len()) {
                return MethodResponse::error(Id::Null, errors::quota(&refused));
            }
            let mut responses = BatchResponseBuilder::new_with_limit(RESPONSE_BYTES_MAX as usize);
            let mut answered = false;
            for entry in batch {
                let response = match entry {
                    Ok(BatchEntry::Call(request)) => this.clone().one(request).await,
                    Ok(BatchEntry::Notification(_)) => {
                        answered = true;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_large) = responses.append(response) {
                    return too_large;
                }
            }
            // A batch of notifications alone has no answer.
            if responses.is_empty() && answered {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(responses.finish())
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let inner = self.inner.clone();
        async move { inner.notification(notification).await }
    }
}
