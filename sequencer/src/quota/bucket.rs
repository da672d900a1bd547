//! A bucket that refills at a steady rate, in one atomic word: the moment at which it will be full again.
//!
//! Times are nanoseconds since a fixed start. Work that costs more than the whole bucket is let in when the bucket is
//! full, and paid for afterwards: nothing that may be asked at all is refused for ever.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How much may be used over time, in a unit that the name of the setting says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In the long run.
    pub per_second: u64,
    /// At once, after a rest.
    pub burst: u64,
}

impl Rate {
    /// How long it takes to refill `amount`.
    fn nanos(self, amount: u64) -> u64 {
        let nanos = (u128::from(amount) * NANOS_PER_SECOND).div_ceil(u128::from(self.per_second));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// Neither part is zero.
    pub(super) const fn is_possible(self) -> bool {
        self.per_second > 0 && self.burst > 0
    }
}

/// What is left of a [`Rate`].
#[derive(Debug, Default)]
pub(super) struct Bucket {
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes `amount`.
    ///
    /// # Errors
    /// How long until it can be taken.
    pub(super) fn take(&self, rate: Rate, amount: u64, now: u64) -> Result<(), Duration> {
        let (whole, cost) = (rate.nanos(rate.burst), rate.nanos(amount));
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            (wait(whole, cost, full_at, now) == 0)
                .then(|| std::cmp::max(full_at, now).saturating_add(cost))
        });
        match taken {
            Ok(_) => Ok(()),
            Err(full_at) => Err(Duration::from_nanos(wait(whole, cost, full_at, now))),
        }
    }

    /// Takes `amount` for work that is done already, even where it is not there.
    pub(super) fn charge(&self, rate: Rate, amount: u64, now: u64) {
        let cost = rate.nanos(amount);
        // The closure never gives `None`.
        let _ = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            Some(std::cmp::max(full_at, now).saturating_add(cost))
        });
    }

    /// Whether nothing is missing: then the bucket is as good as a new one.
    pub(super) fn is_full(&self, now: u64) -> bool {
        self.full_at.load(Ordering::Relaxed) <= now
    }
}

/// Nanoseconds until `cost` is there.
fn wait(whole: u64, cost: u64, full_at: u64, now: u64) -> u64 {
    let missing = full_at.saturating_sub(now);
    missing.saturating_add(std::cmp::min(cost, whole)).saturating_sub(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const TEN: Rate = Rate { per_second: 10, burst: 20 };

    #[test]
    fn a_burst_and_then_the_rate() {
        let bucket = Bucket::default();
        let now = 5 * SECOND;
        for _ in 0..20 {
            bucket.take(TEN, 1, now).unwrap();
        }
        assert_eq!(bucket.take(TEN, 1, now), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(TEN, 5, now), Err(Duration::from_millis(500)));
        bucket.take(TEN, 1, now + SECOND / 10).unwrap();
        assert!(bucket.take(TEN, 1, now + SECOND / 10).is_err());
        assert!(!bucket.is_full(now + 2 * SECOND));
        assert!(bucket.is_full(now + 2 * SECOND + SECOND / 10));
    }

    #[test]
    fn more_than_the_bucket_holds_is_paid_for_afterwards() {
        let bucket = Bucket::default();
        bucket.take(TEN, 100, 0).unwrap();
        assert_eq!(bucket.take(TEN, 1, 0), Err(Duration::from_millis(8_100)));
        let charged = Bucket::default();
        charged.charge(TEN, 100, 0);
        assert_eq!(charged.take(TEN, 1, 0), Err(Duration::from_millis(8_100)));
        assert_eq!(charged.take(TEN, u64::MAX, 0), Err(Duration::from_secs(10)));
    }

    proptest! {
        /// Whoever waits as long as told is let in, and no longer time is ever told than needed.
        #[test]
        fn the_wait_is_true(per_second in 1_u64..1_000_000, burst in 1_u64..1_000_000, used in 0_u64..2_000_000, amount in 1_u64..2_000_000) {
            let (rate, now) = (Rate { per_second, burst }, SECOND);
            let bucket = Bucket::default();
            bucket.charge(rate, used, now);
            if let Err(wait) = bucket.take(rate, amount, now) {
                let wait = u64::try_from(wait.as_nanos()).unwrap();
                prop_assert!(bucket.take(rate, amount, now + wait - 1).is_err());
                prop_assert!(bucket.take(rate, amount, now + wait).is_ok());
            }
        }
    }
}
