//! A connection that broke is opened again: an endpoint that is killed and comes back has to have all that it acknowledged, and
//! only a run that goes on afterwards can tell.

use std::time::{Duration, Instant};

use super::{
    super::{
        lane::{Item, Lane},
        tally::Tally,
    },
    LinkError,
};

/// Pause before a connection is opened again.
const REST: Duration = Duration::from_millis(250);

/// A connection over which several requests are on their way.
pub(super) trait Connection: Sized {
    /// All that it takes to open one.
    type Way;

    async fn open(way: &Self::Way) -> Result<Self, LinkError>;

    /// Sends what the lane has until there is nothing more.
    async fn play(
        &mut self,
        way: &Self::Way,
        lane: &mut Lane,
        outage: &mut Outage,
    ) -> Result<(), LinkError>;

    /// What has no answer yet, oldest first.
    fn unanswered(self) -> impl Iterator<Item = Vec<Item>>;
}

/// Sends all of a lane over one connection after the other. The first has to open: an address may be wrong.
pub(super) async fn drive<C: Connection>(
    way: &C::Way,
    mut lane: Lane,
    patience: Duration,
) -> Result<Tally, LinkError> {
    let mut outage = Outage::new(patience);
    let mut opened = Ok(C::open(way).await?);
    loop {
        let error = match opened {
            Ok(mut connection) => match connection.play(way, &mut lane, &mut outage).await {
                Ok(()) => return Ok(lane.tally),
                Err(error) => {
                    let said = error.to_string();
                    connection.unanswered().for_each(|items| lane.lost(items, &said));
                    error
                }
            },
            Err(error) => error,
        };
        outage.rest(&mut lane, error).await?;
        opened = C::open(way).await;
    }
}

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
    /// With `error` when it cannot pass, or the endpoint has been away for too long.
    pub(super) async fn rest(
        &mut self,
        lane: &mut Lane,
        error: LinkError,
    ) -> Result<(), LinkError> {
        if !error.may_pass() {
            return Err(error);
        }
        let since = *self.since.get_or_insert_with(|| {
            lane.tally.outages += 1;
            Instant::now()
        });
        if since.elapsed() >= self.patience {
            return Err(error);
        }
        tokio::time::sleep(REST).await;
        Ok(())
    }
}
