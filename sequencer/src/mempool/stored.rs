//! The mempool across a restart: saved as raw transactions in order of arrival, let in again as if they came anew.
//!
//! Losing the last seconds of it is no fault: what is only received was promised nothing.

use db::{PendingError, PendingTransactions};
use service::error_chain;

use super::{AdmissionQueue, Mempool};
use crate::quota::Client;

/// Transactions that are let in again at a time.
const RELOAD_CHUNK: usize = 1_024;

/// Saves what waits now, and says how many those are.
///
/// # Errors
/// When Postgres does not take it; what was saved before is still there.
pub async fn save_now(
    stored: &PendingTransactions,
    mempool: &Mempool,
) -> Result<usize, PendingError> {
    let waiting = mempool.in_arrival_order();
    let raws: Vec<_> = waiting.iter().map(|tx| tx.raw.clone()).collect();
    stored.replace(&raws).await?;
    tracing::debug!(transactions = raws.len(), "mempool saved");
    Ok(raws.len())
}

/// The same where a failure is only told: the next saving may succeed.
pub async fn save(stored: &PendingTransactions, mempool: &Mempool) {
    if let Err(error) = save_now(stored, mempool).await {
        tracing::warn!(error = %error_chain(&error), "cannot save the mempool");
    }
}

/// Lets in what was saved. What is refused now has become invalid meanwhile.
pub async fn reload(stored: &PendingTransactions, queue: &AdmissionQueue) {
    let raws = match stored.load().await {
        Ok(raws) => raws,
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), "cannot read the saved mempool");
            return;
        }
    };
    let (mut taken, mut refused) = (0_usize, 0_usize);
    for chunk in raws.chunks(RELOAD_CHUNK) {
        for result in queue.admit(chunk.to_vec(), Client::exempt()).await {
            match result {
                Ok(_) => taken += 1,
                Err(_) => refused += 1,
            }
        }
    }
    if taken + refused > 0 {
        tracing::info!(taken, refused, "mempool reloaded");
    }
}
