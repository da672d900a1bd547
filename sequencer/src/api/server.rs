//! One listener for everything: JSON-RPC over HTTP and WebSocket on `/`, gRPC by its own paths, health pages.
//!
//! Nothing is decided here: the doors lead to the same admission and the same view of the chain. Invariant: when
//! the doors have closed, nothing of them runs any more.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    http::{HeaderName, header},
    middleware::from_fn_with_state,
};
use jsonrpsee::{
    RpcModule,
    server::{ConnectionGuard, ServerHandle, StopHandle, stop_channel},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic_web::GrpcWebLayer;
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{And, DefaultPredicate, Predicate, SizeAbove},
    },
    cors::{Any, CorsLayer},
};

use super::{
    fast::Fast,
    grpc::admit as admit_grpc,
    http::{RpcDoor, rpc_service},
    limits::{CLOSE_WAIT_MAX, CONNECTIONS_MAX},
    listener::{DoorListener, Peer},
    methods::Meter,
};
use crate::quota::Quotas;

/// Answers shorter than this are not worth compressing, in bytes.
const COMPRESS_BYTES_MIN: u16 = 4_096;

/// What scripts of other origins may read of an answer: how long to wait, and how a gRPC-Web call ended.
const EXPOSED: [HeaderName; 5] = [
    header::RETRY_AFTER,
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("braid-reason"),
];

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

/// Open doors. Dropping them closes them at once.
#[derive(Debug)]
pub struct Doors {
    /// Where they are; tells the port when port 0 was asked for.
    pub address: SocketAddr,
    websockets: ServerHandle,
    closing: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

impl Doors {
    /// Closes them: no new requests, streams end, requests under way are answered if that does not take long.
    pub async fn close(mut self) {
        self.closing.cancel();
        // An error only says that they are closed already.
        let _ = self.websockets.stop();
        if tokio::time::timeout(CLOSE_WAIT_MAX, &mut self.serving).await.is_err() {
            tracing::info!("requests were still open when the doors closed");
            self.serving.abort();
        }
        // Every WebSocket connection holds the other end until it is closed.
        let _ = tokio::time::timeout(CLOSE_WAIT_MAX, self.websockets.clone().stopped()).await;
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.closing.cancel();
        self.serving.abort();
    }
}

/// What JSON-RPC is answered with.
#[derive(Debug)]
pub(super) struct Rpc {
    pub(super) methods: RpcModule<()>,
    pub(super) fast: Fast,
    pub(super) meter: Meter,
    pub(super) quotas: Arc<Quotas>,
}

/// Opens the doors on `address`.
pub(super) async fn open(
    address: SocketAddr,
    rpc: Rpc,
    grpc: Router,
    pages: Router,
    closing: CancellationToken,
) -> Result<Doors, ServeError> {
    let guard = ConnectionGuard::new(CONNECTIONS_MAX);
    let grpc = grpc
        .layer(from_fn_with_state((rpc.quotas.clone(), guard.clone()), admit_grpc))
        // Browsers speak gRPC-Web, over HTTP/1.1 as well.
        .layer(GrpcWebLayer::new());
    let quotas = rpc.quotas.clone();
    serve(address, quotas, closing, |stop| {
        router(RpcDoor::new(rpc.methods, rpc.fast, rpc.meter, guard, rpc.quotas, stop), grpc, pages)
    })
    .await
}

/// Serves what `app` makes of a handle that tells its WebSocket connections to stop.
pub(super) async fn serve(
    address: SocketAddr,
    quotas: Arc<Quotas>,
    closing: CancellationToken,
    app: impl FnOnce(StopHandle) -> Router,
) -> Result<Doors, ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let listener = DoorListener::new(listener, quotas);
    let (stop, websockets) = stop_channel();
    let app = app(stop).into_make_service_with_connect_info::<Peer>();
    let closed = closing.clone();
    let serving = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(closed.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the doors closed by themselves");
        }
    });
    Ok(Doors { address, websockets, closing, serving })
}

fn router(door: RpcDoor, grpc: Router, pages: Router) -> Router {
    // Browsers ask before they post JSON to another origin. The chain is public, so every origin may.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .expose_headers(EXPOSED);
    let large: And<DefaultPredicate, SizeAbove> =
        DefaultPredicate::new().and(SizeAbove::new(COMPRESS_BYTES_MIN));
    let rpc = Router::new()
        .route_service("/", rpc_service(door))
        .layer(CompressionLayer::new().compress_when(large));
    rpc.merge(pages).merge(grpc).layer(cors)
}
