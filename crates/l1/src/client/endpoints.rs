//! The HTTP transport under the provider: several endpoints, one at a time, with fail-over, timeout and retry.
//!
//! An endpoint is used only after it has named the expected chain id, and has to do so again after each failure.
//! No response is read beyond `response_bytes_max`. Requests are repeated as they are, so only requests that may
//! be repeated belong here; sending a signed transaction twice is one of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    primitives::U64,
    rpc::json_rpc::{RequestPacket, Response, ResponsePacket, ResponsePayload},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use tower::Service;
use tracing::debug;

use crate::{
    config::{HttpEndpoint, L1Config},
    error::L1Error,
};

/// A failure of one endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// No connection, or it broke, or the request took too long.
    #[error("request to {host} failed")]
    Http {
        /// Host and port.
        host: String,
        /// Why, without the address.
        #[source]
        source: reqwest::Error,
    },
    /// The answer has an error status and is not JSON-RPC.
    #[error("{host} answered with HTTP status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// HTTP status code.
        status: u16,
    },
    /// The answer is larger than the limit.
    #[error("{host} answered with more than {limit} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
        /// Limit in bytes.
        limit: usize,
    },
    /// The answer is not the expected JSON.
    #[error("{host} did not answer in the expected JSON")]
    Malformed {
        /// Host and port.
        host: String,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The endpoint serves another chain.
    #[error("{host} serves chain {found}, not {expected}")]
    WrongChain {
        /// Host and port.
        host: String,
        /// Configured chain id.
        expected: u64,
        /// Chain id that it named.
        found: u64,
    },
    /// The endpoint asks to slow down.
    #[error("{host} limits the request rate")]
    RateLimited {
        /// Host and port.
        host: String,
    },
}

#[derive(Debug)]
struct Endpoint {
    http: HttpEndpoint,
    /// Whether it has named the expected chain id since it last failed.
    verified: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    endpoints: Vec<Endpoint>,
    /// The endpoint in use. Sticky, so that consecutive reads see one view of L1.
    current: AtomicUsize,
    chain_id: u64,
    attempts_max: u32,
    delay_min: Duration,
    delay_max: Duration,
    response_bytes_max: usize,
}

/// Several endpoints behind one transport. Cheap to clone; clones share the choice of endpoint.
#[derive(Clone, Debug)]
pub struct Endpoints {
    inner: Arc<Inner>,
}

impl Endpoints {
    pub(crate) fn new(config: &L1Config, chain_id: u64) -> Result<Self, L1Error> {
        let endpoints = HttpEndpoint::all(&config.endpoints)?;
        let unverified = |http| Endpoint { http, verified: AtomicBool::new(false) };
        let inner = Inner {
            http: http_client(config)?,
            endpoints: endpoints.into_iter().map(unverified).collect(),
            current: AtomicUsize::new(0),
            chain_id,
            attempts_max: std::cmp::max(config.request_attempts_max, 1),
            delay_min: config.retry_delay_min,
            delay_max: config.retry_delay_max,
            response_bytes_max: config.response_bytes_max,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Host and port of the endpoint in use.
    #[must_use]
    pub fn current_host(&self) -> &str {
        &self.inner.endpoints[self.inner.current.load(Ordering::Relaxed)].http.host
    }

    /// Turns to the next endpoint, because the current one contradicts itself.
    pub fn distrust_current(&self) {
        let current = self.inner.current.load(Ordering::Relaxed);
        self.inner.leave(current);
    }
}

impl Inner {
    /// Moves on from `failed` unless somebody else already did.
    fn leave(&self, failed: usize) {
        self.endpoints[failed].verified.store(false, Ordering::Relaxed);
        let next = (failed + 1) % self.endpoints.len();
        let moved =
            self.current.compare_exchange(failed, next, Ordering::Relaxed, Ordering::Relaxed);
        if moved.is_ok() && next != failed {
            debug!(from = %self.endpoints[failed].http.host, to = %self.endpoints[next].http.host, "changed L1 endpoint");
        }
    }

    async fn request(&self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let body = serde_json::to_vec(&packet).map_err(TransportError::SerError)?;
        let mut attempt = 0;
        loop {
            let index = self.current.load(Ordering::Relaxed);
            let error = match self.ask(&self.endpoints[index], &body).await {
                Ok(packet) => return Ok(packet),
                Err(error) => error,
            };
            debug!(%error, attempt, "L1 endpoint failed");
            self.leave(index);
            attempt += 1;
            if attempt >= self.attempts_max {
                return Err(TransportErrorKind::custom(error));
            }
            self.pause_after_round(attempt).await;
        }
    }

    /// Waits once all endpoints have failed, longer each time, with jitter so that processes do not march in step.
    async fn pause_after_round(&self, attempt: u32) {
        let endpoints = u32::try_from(self.endpoints.len()).unwrap_or(u32::MAX);
        if !attempt.is_multiple_of(endpoints) {
            return;
        }
        let doublings = std::cmp::min(attempt / endpoints - 1, 16);
        let delay = std::cmp::min(self.delay_min * 2u32.pow(doublings), self.delay_max);
        tokio::time::sleep(delay.mul_f64(rand::random_range(0.75..1.25))).await;
    }

    async fn ask(&self, endpoint: &Endpoint, body: &[u8]) -> Result<ResponsePacket, EndpointError> {
        if !endpoint.verified.load(Ordering::Relaxed) {
            self.verify(endpoint).await?;
        }
        let packet = self.post(endpoint, body.to_vec()).await?;
        if packet.iter_errors().any(|error| error.is_retry_err()) {
            return Err(EndpointError::RateLimited { host: endpoint.http.host.clone() });
        }
        Ok(packet)
    }

    async fn verify(&self, endpoint: &Endpoint) -> Result<(), EndpointError> {
        const QUESTION: &[u8] = br#"{"jsonrpc":"2.0","id":0,"method":"eth_chainId","params":[]}"#;
        let host = || endpoint.http.host.clone();
        let packet = self.post(endpoint, QUESTION.to_vec()).await?;
        let ResponsePacket::Single(Response { payload: ResponsePayload::Success(value), .. }) =
            packet
        else {
            // The question is always allowed, so an error here means an overloaded or broken endpoint.
            return Err(EndpointError::RateLimited { host: host() });
        };
        let found: U64 = serde_json::from_str(value.get())
            .map_err(|source| EndpointError::Malformed { host: host(), source })?;
        let (expected, found) = (self.chain_id, found.to::<u64>());
        if found != expected {
            return Err(EndpointError::WrongChain { host: host(), expected, found });
        }
        endpoint.verified.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
    ) -> Result<ResponsePacket, EndpointError> {
        let host = || endpoint.http.host.clone();
        let response = self
            .http
            .post(endpoint.http.url.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|source| EndpointError::Http { host: host(), source: source.without_url() })?;
        let status = response.status();
        let bytes = read_body(response, &endpoint.http.host, self.response_bytes_max).await?;
        match serde_json::from_slice(&bytes) {
            Ok(packet) => Ok(packet),
            Err(_) if !status.is_success() => {
                Err(EndpointError::Status { host: host(), status: status.as_u16() })
            }
            Err(source) => Err(EndpointError::Malformed { host: host(), source }),
        }
    }
}

impl Service<RequestPacket> for Endpoints {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let inner = self.inner.clone();
        Box::pin(async move { inner.request(packet).await })
    }
}

/// The HTTP client for execution and beacon endpoints.
pub(crate) fn http_client(config: &L1Config) -> Result<reqwest::Client, L1Error> {
    reqwest::Client::builder()
        .timeout(config.request_timeout)
        .connect_timeout(config.request_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(L1Error::BuildClient)
}

/// Reads a body up to `limit` bytes and refuses the rest.
pub(crate) async fn read_body(
    mut response: reqwest::Response,
    host: &str,
    limit: usize,
) -> Result<Vec<u8>, EndpointError> {
    let too_large = || EndpointError::TooLarge { host: host.to_owned(), limit };
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(announced);
    loop {
        let chunk = response.chunk().await.map_err(|source| EndpointError::Http {
            host: host.to_owned(),
            source: source.without_url(),
        })?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
}
