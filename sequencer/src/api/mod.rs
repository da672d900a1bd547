//! The doors: JSON-RPC (HTTP, WebSocket) and gRPC on one port, one file per namespace and subject.
//!
//! Thin: every method reads the [`ChainView`] or goes through the [`Submitter`]. Not here: rules. Invariant: a
//! failure that the same request would meet again never tells a client to repeat it (`errors.rs`).

mod admin;
mod answer;
mod convert;
mod debug;
mod dispatch;
mod errors;
mod eth;
mod fast;
mod filters;
mod grpc;
mod held;
mod http;
mod limits;
mod listener;
mod methods;
mod net;
mod optimism;
mod ots;
mod proposals;
mod read;
mod replay;
mod rollup;
mod server;
#[cfg(test)]
mod tests;
mod trace;
mod txpool;
mod ws;

use std::{net::SocketAddr, sync::Arc};

use jsonrpsee::{RpcModule, core::RegisterMethodError};
use protocol::RollupConfig;
use service::Health;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use self::{
    admin::{AdminError, AdminSettings, open as open_admin},
    proposals::Proposals,
    server::{Doors, ServeError},
};
use self::{
    fast::Fast,
    filters::Filters,
    limits::{CALLS_RUNNING_MAX, TRACES_RUNNING_MAX},
    methods::Meter,
    net::{NetApi, NetServer, Web3Server},
    optimism::{OptimismMethods, OptimismServer},
    server::Rpc,
    txpool::{TxpoolMethods, TxpoolServer},
};
use crate::{
    chain::ChainView,
    publisher::{Closed, Subscription},
    submitter::Submitter,
};

/// What every method works with. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) submitter: Submitter,
    pub(crate) view: ChainView,
    pub(crate) config: Arc<RollupConfig>,
    pub(crate) filters: Filters,
    /// Calls that run on blocking threads at a time.
    pub(crate) calls: Arc<Semaphore>,
    /// Traces that run on blocking threads at a time.
    pub(crate) traces: Arc<Semaphore>,
    /// What stands on L1.
    pub(crate) proposals: Proposals,
    /// The doors close: streams end.
    pub(crate) closing: CancellationToken,
}

/// Opens the doors on `address`.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn open(
    address: SocketAddr,
    submitter: Submitter,
    view: ChainView,
    config: Arc<RollupConfig>,
    proposals: Proposals,
    health: Health,
) -> Result<Doors, ServeError> {
    let closing = CancellationToken::new();
    let api = Api {
        submitter: submitter.clone(),
        view,
        config,
        filters: Filters::default(),
        calls: Arc::new(Semaphore::new(CALLS_RUNNING_MAX)),
        traces: Arc::new(Semaphore::new(TRACES_RUNNING_MAX)),
        proposals,
        closing: closing.clone(),
    };
    let methods = methods(&api).map_err(|error| ServeError::Assemble(Box::new(error)))?;
    let (grpc, reporter) = grpc::routes(&api)?;
    let pages = service::health_router(health.clone());
    let meter = Meter::default();
    let fast = Fast::new(submitter.clone(), meter.clone());
    let rpc = Rpc { methods, fast, meter, quotas: submitter.quotas };
    let doors = Box::pin(server::open(address, rpc, grpc, pages, closing.clone())).await?;
    // Tasks of the doors themselves; they end with them.
    let feeding = feed_filters(api.filters.clone(), api.submitter.clone());
    tokio::spawn(closing.clone().run_until_cancelled_owned(feeding));
    tokio::spawn(closing.run_until_cancelled_owned(grpc::follow_health(reporter, health)));
    Ok(doors)
}

fn methods(api: &Api) -> Result<RpcModule<()>, RegisterMethodError> {
    let mut methods = RpcModule::new(());
    eth::register(api, &mut methods)?;
    debug::register(api, &mut methods)?;
    trace::register(api, &mut methods)?;
    ots::register(api, &mut methods)?;
    let chain_id = api.config.l2_chain_id;
    methods.merge(NetServer::into_rpc(NetApi { chain_id }))?;
    methods.merge(Web3Server::into_rpc(NetApi { chain_id }))?;
    rollup::register(api, &mut methods)?;
    methods.merge(TxpoolMethods(api.clone()).into_rpc())?;
    methods.merge(OptimismMethods(api.clone()).into_rpc())?;
    net::register_modules(&mut methods)?;
    Ok(methods)
}

/// Feeds the polled filters until the sequencer ends.
async fn feed_filters(filters: Filters, submitter: Submitter) {
    let mut events: Subscription = submitter.subscribe();
    loop {
        match events.next().await {
            Ok(event) => filters.feed(&event),
            Err(Closed::Slow { missed }) => {
                // No filter is complete any more; clients make new ones when theirs is not found.
                tracing::warn!(missed, "filters fell behind and were dropped");
                filters.clear();
                events = submitter.subscribe();
            }
            Err(Closed::Shutdown) => return,
        }
    }
}
