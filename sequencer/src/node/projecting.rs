//! When the projection is brought forward: at once while little happens. Under load it rests, since the processors are better
//! used for what somebody waits for, until half of what may be missing from it is missing; and where all of that is, the
//! builder waits.
//!
//! Not here: what the projection is (`db::Projection`). Invariant: what has come since the start of this process and is not
//! projected stays within the bounds, but for what was on its way.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::tasks::wait;
use crate::{SequencerError, chain::ChainStore, config::ProjectionConfig, metrics};

/// Blocks that the projection is brought forward in one step.
const STEP_BLOCKS: u32 = 64;
/// Pause when there is nothing to do, and while it rests.
const PAUSE: Duration = Duration::from_millis(200);
/// Pause after a failure.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What is not projected of what has come since the start.
#[derive(Debug, Default)]
struct Lag {
    /// Blocks in order: number, and bytes of user transactions.
    blocks: VecDeque<(u64, usize)>,
    bytes: usize,
    /// Transactions of the newest block.
    newest: usize,
}

impl Lag {
    fn came(&mut self, number: u64, bytes: usize, transactions: usize) {
        self.blocks.push_back((number, bytes));
        self.bytes += bytes;
        self.newest = transactions;
    }

    fn projected(&mut self, reached: Option<u64>) {
        let is_there = |(number, _): &mut (u64, usize)| Some(*number) <= reached;
        while let Some((_, bytes)) = self.blocks.pop_front_if(is_there) {
            self.bytes -= bytes;
        }
    }

    /// Blocks from this one on are gone.
    fn taken_back(&mut self, from: u64) {
        while let Some((_, bytes)) = self.blocks.pop_back_if(|(number, _)| *number >= from) {
            self.bytes -= bytes;
        }
        // Whatever it held, it is no sign of load any more.
        self.newest = 0;
    }

    /// Whether so many parts of a hundred of the bounds are used up.
    fn has_filled(&self, percent: u64, config: &ProjectionConfig) -> bool {
        let reaches = |now: usize, most: u64| now as u64 >= most.saturating_mul(percent) / 100;
        reaches(self.blocks.len(), config.lag_blocks_max)
            || reaches(self.bytes, config.lag_bytes_max)
    }

    fn rests(&self, config: &ProjectionConfig) -> bool {
        self.newest as u64 >= config.busy_transactions && !self.has_filled(50, config)
    }
}

/// Brings the projection forward whenever it is behind and does not rest.
pub(super) async fn project(
    projection: db::Projection,
    config: ProjectionConfig,
    store: Arc<ChainStore>,
    shutdown: CancellationToken,
) -> Result<(), SequencerError> {
    let (mut lag, mut reached) = (Lag::default(), None);
    let mut seen = store.latest().number();
    while !shutdown.is_cancelled() {
        look(&mut lag, &mut seen, &store);
        store.set_projection_full(lag.has_filled(100, &config));
        metrics::projection_lag(lag.blocks.len(), lag.bytes);
        if lag.rests(&config) {
            wait(PAUSE, &shutdown).await;
            continue;
        }
        match projection.advance(STEP_BLOCKS).await {
            Ok(now) => {
                lag.projected(now);
                if now == std::mem::replace(&mut reached, now) {
                    wait(PAUSE, &shutdown).await;
                }
            }
            Err(error) => {
                metrics::index_failed();
                tracing::warn!(error = %service::error_chain(&error), "projection is stuck");
                wait(RETRY_PAUSE, &shutdown).await;
            }
        }
    }
    Ok(())
}

/// Notes the blocks that have come since the last look.
fn look(lag: &mut Lag, seen: &mut u64, store: &ChainStore) {
    let latest = store.latest().number();
    if latest < *seen {
        lag.taken_back(latest + 1);
    }
    for number in *seen + 1..=latest {
        // One that has left memory meanwhile was indexed long ago.
        let Some(block) = store.block(number) else { continue };
        lag.came(number, block.raw.iter().map(|raw| raw.len()).sum(), block.transactions.len());
    }
    *seen = latest;
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: ProjectionConfig =
        ProjectionConfig { busy_transactions: 100, lag_blocks_max: 10, lag_bytes_max: 1_000 };

    #[test]
    fn it_rests_while_blocks_are_large_up_to_half_of_each_bound() {
        let mut lag = Lag::default();
        assert!(!lag.rests(&CONFIG));
        lag.came(1, 10, 99);
        assert!(!lag.rests(&CONFIG), "a small block");
        for number in 2..=4 {
            lag.came(number, 10, 100);
            assert!(lag.rests(&CONFIG));
        }
        lag.came(5, 10, 100);
        assert!(!lag.rests(&CONFIG), "half of the blocks");
        lag.projected(Some(4));
        assert!(lag.rests(&CONFIG));
        lag.came(6, 490, 100);
        assert!(!lag.rests(&CONFIG), "half of the bytes");
        assert!(!lag.has_filled(100, &CONFIG));
        lag.came(7, 500, 5);
        assert!(lag.has_filled(100, &CONFIG));
        lag.taken_back(7);
        assert!(!lag.has_filled(100, &CONFIG));
        lag.projected(Some(6));
        assert_eq!((lag.blocks.len(), lag.bytes), (0, 0));
    }

    #[test]
    fn a_load_that_ends_ends_the_rest() {
        let mut lag = Lag::default();
        lag.came(1, 10, 100);
        assert!(lag.rests(&CONFIG));
        lag.came(2, 10, 1);
        assert!(!lag.rests(&CONFIG));
        lag.projected(None);
        assert_eq!(lag.blocks.len(), 2);
    }
}
