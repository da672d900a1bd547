//! The gRPC door: the same admission and the same chain as JSON-RPC, in streams.

mod accounts;
mod chain;
mod convert;
mod status;
mod transactions;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use jsonrpsee::server::ConnectionGuard;
use proto::v1::{
    account_service_server::AccountServiceServer, chain_service_server::ChainServiceServer,
    transaction_service_server::TransactionServiceServer,
};

use tonic::codec::CompressionEncoding;

use super::{Api, held::held, limits::GRPC_MESSAGE_BYTES_MAX, listener::peer, server::ServeError};
use crate::quota::Quotas;
use accounts::AccountApi;
use chain::ChainApi;
use transactions::TransactionApi;

/// How often the health service looks at the health of the process.
const HEALTH_INTERVAL: Duration = Duration::from_millis(500);

/// What can be asked for in the health service; the empty name is the whole process.
const SERVICES: [&str; 4] = [
    "",
    "braid.sequencer.v1.TransactionService",
    "braid.sequencer.v1.ChainService",
    "braid.sequencer.v1.AccountService",
];

/// All gRPC services as routes: ours, health, and reflection in both versions that clients ask for.
pub(super) fn routes(
    api: &Api,
) -> Result<(axum::Router, tonic_health::server::HealthReporter), ServeError> {
    let transactions = TransactionServiceServer::new(TransactionApi { api: api.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(GRPC_MESSAGE_BYTES_MAX);
    // Answers are compressed for those who say that they can read them.
    let chain = ChainServiceServer::new(ChainApi { api: api.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let accounts = AccountServiceServer::new(AccountApi { api: api.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = reflection().build_v1().map_err(|error| ServeError::Assemble(Box::new(error)))?;
    let v1alpha =
        reflection().build_v1alpha().map_err(|error| ServeError::Assemble(Box::new(error)))?;
    let routes = tonic::service::Routes::new(transactions)
        .add_service(chain)
        .add_service(accounts)
        .add_service(health)
        .add_service(v1)
        .add_service(v1alpha);
    // Without a fallback of its own, an unknown path is answered by the routes it is merged into.
    Ok((routes.into_axum_router().reset_fallback(), reporter))
}

/// Lets a gRPC call in, or refuses it, before anything of it is read.
pub(super) async fn admit(
    State((quotas, guard)): State<(Arc<Quotas>, ConnectionGuard)>,
    mut request: Request,
    next: Next,
) -> Response {
    let (client, running) =
        match quotas.admit(peer(request.extensions()), request.headers(), request.uri()) {
            Ok(admitted) => admitted,
            Err(denied) => return status::denied(&denied).into_http(),
        };
    let Some(permit) = guard.try_acquire() else { return status::crowded().into_http() };
    request.extensions_mut().insert(client.clone());
    let response = client.scope(next.run(request)).await;
    held(response, (running, permit))
}

/// Shows in gRPC's health service what `/readyz` shows.
pub(super) async fn follow_health(
    reporter: tonic_health::server::HealthReporter,
    health: service::Health,
) {
    let mut ticks = tokio::time::interval(HEALTH_INTERVAL);
    loop {
        ticks.tick().await;
        let status = if health.is_ready() {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        for service in SERVICES {
            reporter.set_service_status(service, status).await;
        }
    }
}
