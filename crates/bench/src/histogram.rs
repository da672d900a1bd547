//! Latencies in little memory: buckets that are narrow where values are small, so that every quantile is right within 1.6 %.
//!
//! A value is put into a bucket by its highest bit and the [`PRECISION_BITS`] below it.

use std::time::Duration;

/// Bits of a value that its bucket keeps: 64 buckets for each power of two.
const PRECISION_BITS: u32 = 6;
/// Buckets for one power of two.
const STEP: usize = 1 << PRECISION_BITS;
/// Buckets for all values of 64 bits.
const BUCKETS: usize = (64 - PRECISION_BITS as usize + 1) * STEP;

/// Counts of durations, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    smallest: u64,
    largest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, sum: 0, smallest: u64::MAX, largest: 0 }
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> usize {
    let bits = 64 - value.leading_zeros();
    let shift = bits.saturating_sub(PRECISION_BITS + 1);
    // At most 2 * STEP, so it fits.
    let kept = usize::try_from(value >> shift).unwrap_or(usize::MAX);
    shift as usize * STEP + kept
}

/// The smallest value of a bucket.
const fn floor(bucket: usize) -> u64 {
    if bucket < 2 * STEP {
        return bucket as u64;
    }
    let shift = bucket / STEP - 1;
    ((bucket - shift * STEP) as u64) << shift
}

impl Histogram {
    /// Adds one.
    pub fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(micros);
        self.smallest = std::cmp::min(self.smallest, micros);
        self.largest = std::cmp::max(self.largest, micros);
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.smallest = std::cmp::min(self.smallest, other.smallest);
        self.largest = std::cmp::max(self.largest, other.largest);
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean in microseconds; zero where there is nothing.
    #[must_use]
    pub fn mean(&self) -> u64 {
        self.sum.checked_div(self.count).unwrap_or_default()
    }

    /// The smallest in microseconds; zero where there is nothing.
    #[must_use]
    pub const fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.smallest }
    }

    /// The largest in microseconds.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.largest
    }

    /// What so many of ten thousand do not exceed, in microseconds, within the width of a bucket.
    #[must_use]
    pub fn quantile(&self, of_ten_thousand: u64) -> u64 {
        let wanted = (u128::from(self.count) * u128::from(of_ten_thousand)).div_ceil(10_000);
        let wanted = std::cmp::max(wanted, 1);
        let mut seen = 0_u128;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= wanted {
                let last = if index + 1 < BUCKETS { floor(index + 1) - 1 } else { u64::MAX };
                return std::cmp::min(last, self.largest);
            }
        }
        0
    }

    /// Buckets that are not empty, as their smallest value in microseconds and their count, joined so that there are
    /// `parts` of them in each power of two.
    #[must_use]
    pub fn coarse(&self, parts: usize) -> Vec<(u64, u64)> {
        let width = std::cmp::max(STEP / std::cmp::max(parts, 1), 1);
        let joined = self.counts.chunks(width).enumerate();
        joined
            .map(|(index, counts)| (floor(index * width), counts.iter().sum()))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_one_another() {
        for index in 0..BUCKETS {
            assert_eq!(bucket(floor(index)), index);
            if index > 0 {
                assert_eq!(bucket(floor(index) - 1), index - 1);
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn an_empty_one_is_zero() {
        let empty = Histogram::default();
        assert_eq!((empty.mean(), empty.min(), empty.max(), empty.quantile(5_000)), (0, 0, 0, 0));
        assert!(empty.coarse(4).is_empty());
    }

    proptest! {
        #[test]
        fn quantiles_are_right_within_a_bucket(mut values in prop::collection::vec(0..u64::MAX / 2, 1..200), of in 1..=10_000_u64) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.record(Duration::from_micros(*value));
            }
            values.sort_unstable();
            let rank = usize::try_from((values.len() as u64 * of).div_ceil(10_000)).unwrap();
            let exact = values[rank - 1];
            let said = histogram.quantile(of);
            prop_assert!(said >= exact && said - exact <= exact / 64, "{said} for {exact}");
            prop_assert_eq!(histogram.quantile(10_000), values[values.len() - 1]);
            prop_assert_eq!(histogram.min(), values[0]);
        }

        #[test]
        fn merging_is_recording_all(left in prop::collection::vec(any::<u32>(), 0..50), right in prop::collection::vec(any::<u32>(), 0..50)) {
            let of = |values: &[u32]| {
                let mut histogram = Histogram::default();
                for value in values {
                    histogram.record(Duration::from_micros(u64::from(*value)));
                }
                histogram
            };
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(&merged, &of(&[left, right].concat()));
            let coarse: u64 = merged.coarse(4).iter().map(|(_, count)| count).sum();
            prop_assert_eq!(coarse, merged.count());
        }
    }
}
