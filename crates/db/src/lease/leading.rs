//! Becoming the leader and staying it, through outages of the server. Drop the futures to give up.

use std::{convert::Infallible, time::Duration};

use super::{Acquisition, Fence, LeaseError, Leases, Role};
use crate::Classify;

/// A lease is renewed this many times in its duration, and whoever waits for one asks as often.
const RENEWALS: u32 = 3;

impl Leases {
    /// Takes the lease, waiting for whoever holds it and for a server that is away.
    pub async fn lead(
        &self,
        role: Role,
        holder: &str,
        duration: Duration,
    ) -> Result<Fence, LeaseError> {
        let role_name = role.name();
        loop {
            let pause = match self.acquire(role, holder, duration).await {
                Ok(Acquisition::Acquired(fence)) => return Ok(fence),
                Ok(Acquisition::Held(other)) => {
                    let holder = other.name.as_deref().unwrap_or("nobody any more");
                    tracing::info!(
                        role = role_name,
                        holder,
                        epoch = other.epoch,
                        "waiting to lead"
                    );
                    // Not before it has expired, should nobody renew it, and soon after it is given up.
                    std::cmp::min(other.remaining + Duration::from_millis(10), duration / RENEWALS)
                }
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(role = role_name, %error, "cannot ask for the lease, trying again");
                    duration / RENEWALS
                }
                Err(error) => return Err(error),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Renews the lease until it is lost. An outage is no reason to stop: the fence stands in every write.
    pub async fn keep(&self, fence: Fence, duration: Duration) -> Result<Infallible, LeaseError> {
        loop {
            tokio::time::sleep(duration / RENEWALS).await;
            match self.renew(fence, duration).await {
                Ok(()) => {}
                Err(error) if error.is_unavailable() => {
                    let role = fence.role.name();
                    tracing::warn!(role, %error, "cannot renew the lease, trying again");
                }
                Err(error) => return Err(error),
            }
        }
    }
}
