//! A connection that broke is opened again: an endpoint that is killed and comes back has to have all that it acknowledged, and
//! only a run that goes on afterwards can tell.

use std::time::{Duration, Instant};

use super::{super::lane::Lane, LinkError};

/// Pause before a connection is opened again.
const REST: Duration = Duration::from_millis(250);

/// How long an endpoint has been away.
#[derive(Debug)]
pub(super) struct Outage {
    patience: Duration,
    since: Option<Instant>,
}

impl Outage {
    /// Gives up after `patience` without a single answer.
    pub(super) const fn new(patience: Duration) -> Self {
        Self { patience, since: None }
    }

    /// An answer came.
    pub(super) const fn is_over(&mut self) {
        self.since = None;
    }

    /// A connection broke: waits before the next attempt.
    ///
    /// # Errors
    /// With `error` when it has been away for too long.
    pub(super) async fn rest(
        &mut self,
        lane: &mut Lane,
        error: LinkError,
    ) -> Result<(), LinkError> {
        let now = Instant::now();
        let since = *self.since.get_or_insert_with(|| {
            lane.tally.outages += 1;
            now
        });
        if now.saturating_duration_since(since) >= self.patience {
            return Err(error);
        }
        tokio::time::sleep(REST).await;
        Ok(())
    }
}
