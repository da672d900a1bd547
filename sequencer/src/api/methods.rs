//! What every JSON-RPC call passes through: unknown methods in geth's words, and rate, errors and duration per method.
//!
//! Batches are taken apart here, because the library applies no middleware to the calls inside them.

use std::{future::Future, time::Instant};

use jsonrpsee::{
    MethodResponse,
    core::{
        middleware::{Batch, BatchEntry, Notification, RpcServiceT},
        server::BatchResponseBuilder,
    },
    types::{ErrorObject, Request},
};
use tower::Layer;

use super::limits::RESPONSE_BYTES_MAX;

/// `method not found` of the JSON-RPC specification.
const METHOD_NOT_FOUND: i32 = -32_601;
/// Label of all methods that do not exist, so that clients cannot make up time series.
const UNKNOWN: &str = "unknown";

/// Adds [`Methods`] to a stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct MethodsLayer;

impl<S> Layer<S> for MethodsLayer {
    type Service = Methods<S>;

    fn layer(&self, inner: S) -> Methods<S> {
        Methods { inner }
    }
}

/// Counts and words around an inner service.
#[derive(Debug, Clone)]
pub(super) struct Methods<S> {
    inner: S,
}

impl<S> Methods<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    async fn one(inner: S, request: Request<'_>) -> MethodResponse {
        let method = request.method_name().to_owned();
        let id = request.id().into_owned();
        let began = Instant::now();
        let mut response = inner.call(request).await;
        let known = response.as_error_code() != Some(METHOD_NOT_FOUND);
        if !known {
            let text = format!("the method {method} does not exist/is not available");
            response =
                MethodResponse::error(id, ErrorObject::owned(METHOD_NOT_FOUND, text, None::<()>));
        }
        let method = if known { method } else { UNKNOWN.to_owned() };
        let code = response.as_error_code().map_or_else(|| "ok".to_owned(), |code| code.to_string());
        metrics::counter!("braid_rpc_requests_total", "method" => method.clone(), "code" => code)
            .increment(1);
        metrics::histogram!("braid_rpc_request_duration_seconds", "method" => method)
            .record(began.elapsed().as_secs_f64());
        response
    }
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
        Self::one(self.inner.clone(), request)
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let inner = self.inner.clone();
        async move {
            let mut responses = BatchResponseBuilder::new_with_limit(RESPONSE_BYTES_MAX as usize);
            let mut answered = false;
            for entry in batch {
                let response = match entry {
                    Ok(BatchEntry::Call(request)) => Self::one(inner.clone(), request).await,
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
