//! One listener for everything: JSON-RPC over HTTP and WebSocket on `/`, gRPC by its own paths, health pages.
//!
//! Nothing is decided here: the doors lead to the same admission and the same view of the chain.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, Response, StatusCode, header},
};
use jsonrpsee::{
    RpcModule,
    core::middleware::RpcServiceBuilder,
    server::{
        BatchRequestConfig, IdProvider, PingConfig, ServerConfig, ServerHandle, StopHandle,
        stop_channel,
    },
    types::SubscriptionId,
};
use tokio::net::TcpListener;
use tower::Service;
use tower_http::cors::{Any, CorsLayer};

use super::{limits, methods::MethodsLayer};

/// Why the doors cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Two methods have one name, or a service is malformed.
    #[error("cannot put the interface together")]
    Assemble(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Open doors.
#[derive(Debug)]
pub struct Doors {
    /// Where they are; tells the port when port 0 was asked for.
    pub address: SocketAddr,
    handle: ServerHandle,
    serving: tokio::task::JoinHandle<()>,
}

impl Doors {
    /// Closes them: open requests are answered, WebSocket clients are told to come again.
    pub async fn close(self) {
        // An error only says that they are closed already.
        let _ = self.handle.stop();
        let _ = self.serving.await;
    }
}

/// Subscription ids in hexadecimal, as clients expect.
#[derive(Debug)]
struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#034x}", rand_id()).into()
    }
}

fn rand_id() -> u128 {
    u128::from_be_bytes(alloy::primitives::FixedBytes::<16>::random().0)
}

/// Opens the doors on `address`.
///
/// # Errors
/// When the address cannot be listened on.
pub(super) async fn open(
    address: SocketAddr,
    methods: RpcModule<()>,
    grpc: Router,
    pages: Router,
) -> Result<Doors, ServeError> {
    let (stop, handle) = stop_channel();
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let address =
        listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
    let app = router(methods, grpc, pages, stop.clone());
    let serving = tokio::spawn(async move {
        let served =
            axum::serve(listener, app).with_graceful_shutdown(async move { stop.shutdown().await });
        if let Err(error) = served.await {
            tracing::error!(%error, "the doors closed by themselves");
        }
    });
    Ok(Doors { address, handle, serving })
}

fn router(methods: RpcModule<()>, grpc: Router, pages: Router, stop: StopHandle) -> Router {
    let config = ServerConfig::builder()
        .max_request_body_size(limits::REQUEST_BYTES_MAX)
        .max_response_body_size(limits::RESPONSE_BYTES_MAX)
        .max_connections(limits::CONNECTIONS_MAX)
        .max_subscriptions_per_connection(limits::SUBSCRIPTIONS_MAX)
        .set_message_buffer_capacity(limits::SUBSCRIPTION_MESSAGES_MAX)
        .set_batch_request_config(BatchRequestConfig::Limit(limits::BATCH_CALLS_MAX))
        .set_id_provider(HexIds)
        .enable_ws_ping(PingConfig::new().ping_interval(limits::PING_INTERVAL))
        .build();
    let service = jsonrpsee::server::Server::builder()
        .set_config(config)
        .set_rpc_middleware(RpcServiceBuilder::new().layer(MethodsLayer))
        .to_service_builder()
        .build(methods, stop);
    let rpc = tower::service_fn(move |request: Request| {
        let mut service = service.clone();
        async move {
            // axum wants a service that cannot fail, so a failure becomes a response.
            Ok::<_, Infallible>(match service.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(error) => {
                    tracing::debug!(%error, "request could not be read");
                    let mut response = Response::new(Body::from("malformed request\n"));
                    *response.status_mut() = StatusCode::BAD_REQUEST;
                    response
                }
            })
        }
    });
    // Browsers ask before they post JSON to another origin. The chain is public, so every origin may.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    Router::new().route_service("/", rpc).merge(pages).merge(grpc).layer(cors)
}
