//! The tasks beside the building of blocks: leadership, saving the mempool, the orderly end.

use std::{sync::Arc, time::Duration};

use db::{Database, Fence, Leases, PendingTransactions, Predictions, Role};
use executor::parallel::Predictor;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    SequencerConfig, SequencerError,
    follower::BuilderControl,
    mempool::{AdmissionQueue, Mempool, save},
    metrics, predictions,
};

/// Takes the lease, waiting for whoever holds it.
pub(super) async fn lead(
    config: &SequencerConfig,
    database: &Database,
    shutdown: &CancellationToken,
) -> Result<Fence, SequencerError> {
    let leases = Leases::new(database.clone());
    tokio::select! {
        fence = leases.lead(Role::Sequencer, &config.holder, config.lease_duration) => {
            fence.map_err(SequencerError::Lease)
        }
        () = shutdown.cancelled() => Err(SequencerError::Lost { what: "wait for the lease" }),
    }
}

/// Prolongs the lease until it is lost or the end is asked for.
pub(super) async fn renew(
    leases: Leases,
    fence: Fence,
    duration: Duration,
    shutdown: CancellationToken,
) -> Result<(), SequencerError> {
    tokio::select! {
        kept = leases.keep(fence, duration) => match kept {
            Ok(never) => match never {},
            Err(error) => Err(SequencerError::Lease(error)),
        },
        () = shutdown.cancelled() => Ok(()),
    }
}

/// Saves the mempool, and what the executor has learned, from time to time.
pub(super) async fn save_often(
    pending: PendingTransactions,
    mempool: Arc<Mempool>,
    (learned, predictor): (Predictions, Arc<Predictor>),
    interval: Duration,
    shutdown: CancellationToken,
) -> Result<(), SequencerError> {
    while wait(interval, &shutdown).await {
        metrics::mempool(mempool.size());
        save(&pending, &mempool).await;
        predictions::save(&learned, &predictor).await;
    }
    Ok(())
}

/// The first two steps of the end; the others follow from queues that close.
pub(super) async fn stop_in_order(
    shutdown: CancellationToken,
    queue: AdmissionQueue,
    control: BuilderControl,
) -> Result<(), SequencerError> {
    shutdown.cancelled().await;
    queue.set_taking(false);
    control.stop().await
}

/// False when the end came first.
pub(super) async fn wait(pause: Duration, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        () = shutdown.cancelled() => false,
    }
}

/// Waits until a task fails; those that end well are forgotten.
pub(super) async fn first_failure(
    tasks: &mut JoinSet<Result<(), SequencerError>>,
) -> SequencerError {
    loop {
        match tasks.join_next().await {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => return error,
            Some(Err(_)) => return SequencerError::Lost { what: "a task, which panicked" },
            None => std::future::pending().await,
        }
    }
}
