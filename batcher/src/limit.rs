//! How fast L1 lets the chain grow: what L1 carries a second, by what a transaction takes of it. Pure.
//!
//! All that L1 carries is counted, though others use it too: nothing is posted faster than this for long, whatever is built
//! meanwhile (`docs/adr/0005-posting-bounds-building.md`).

use l1::L1Capacity;
use protocol::blob::BLOB_BYTES_USABLE;

use crate::{
    BatcherConfig, Carrier, CarrierPolicy,
    carrier::{CALLDATA_BYTE_GAS_MAX, capacity},
};

/// Bytes of payload that L1 takes a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PostingLimit {
    /// In which carrier it takes the most.
    pub(crate) carrier: Carrier,
    /// For long, at prices that do not rise.
    pub(crate) sustained: f64,
    /// For a while, as prices rise from block to block.
    pub(crate) most: f64,
}

impl PostingLimit {
    /// Of an L1, for a batcher with these settings. `None` if none of its carriers carries anything.
    pub(crate) fn of(l1: &L1Capacity, config: &BatcherConfig) -> Option<Self> {
        let is_allowed = |carrier: &Carrier| match config.carrier {
            CarrierPolicy::Auto => true,
            CarrierPolicy::Calldata => *carrier == Carrier::Calldata,
            CarrierPolicy::Blobs => *carrier == Carrier::Blobs,
        };
        let seconds = l1.block_time.as_secs_f64();
        let limits =
            [Carrier::Calldata, Carrier::Blobs].into_iter().filter(is_allowed).map(|carrier| {
                // What the batcher has under way at a time bounds it too.
                let batch = capacity(carrier, config.blobs_max) as u64;
                let own = batch.saturating_mul(config.batches_open_max as u64);
                let each_second = |bytes: u64| to_f64(std::cmp::min(bytes, own)) / seconds;
                let (sustained, most) = each_block(carrier, l1);
                Self { carrier, sustained: each_second(sustained), most: each_second(most) }
            });
        limits.filter(|limit| limit.most > 0.0).max_by(|a, b| a.sustained.total_cmp(&b.sustained))
    }

    /// Whether this is the other one within a tenth.
    pub(crate) fn is_about(&self, other: &Self) -> bool {
        let about = |a: f64, b: f64| (a - b).abs() * 10.0 <= b;
        about(self.sustained, other.sustained) && about(self.most, other.most)
    }
}

/// Bytes of payload in an L1 block: with which prices stay, and at most.
fn each_block(carrier: Carrier, l1: &L1Capacity) -> (u64, u64) {
    match carrier {
        Carrier::Calldata => {
            let most = l1.gas_limit / CALLDATA_BYTE_GAS_MAX;
            // EIP-1559: the price stays where blocks are half full.
            (most / 2, most)
        }
        Carrier::Blobs => {
            let bytes = |blobs: u64| blobs.saturating_mul(BLOB_BYTES_USABLE as u64);
            l1.blobs.map_or((0, 0), |blobs| (bytes(blobs.target), bytes(blobs.max)))
        }
    }
}

/// What the transactions of the latest batches took, batches of long ago less and less.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PayloadMean {
    transactions: u64,
    bytes: u64,
}

impl PayloadMean {
    /// A batch was made.
    pub(crate) const fn note(&mut self, transactions: usize, payload_bytes: usize) {
        if transactions > 0 {
            self.transactions = self.transactions - self.transactions / 4 + transactions as u64;
            self.bytes = self.bytes - self.bytes / 4 + payload_bytes as u64;
        }
    }

    /// Bytes for a transaction; `None` before there was any.
    pub(crate) fn bytes(&self) -> Option<f64> {
        (self.transactions > 0).then(|| to_f64(self.bytes) / to_f64(self.transactions))
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn to_f64(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use l1::BlobSchedule;

    use super::*;

    const MAINNET: L1Capacity = L1Capacity {
        block_time: Duration::from_secs(12),
        gas_limit: 60_000_000,
        blobs: Some(BlobSchedule { target: 14, max: 21 }),
    };

    fn limit(l1: L1Capacity, config: BatcherConfig) -> (Carrier, u64, u64) {
        let limit = PostingLimit::of(&l1, &config).unwrap();
        let whole = |bytes: f64| format!("{bytes:.0}").parse().unwrap();
        (limit.carrier, whole(limit.sustained), whole(limit.most))
    }

    #[test]
    fn an_l1_carries_what_its_blobs_hold() {
        let config = BatcherConfig::default();
        let expected = (Carrier::Blobs, (14 * 126_976_u64).div_ceil(12), 21 * 126_976 / 12);
        assert_eq!(limit(MAINNET, config.clone()), expected);
        // Six batches of one blob each, whatever else L1 takes.
        let few = BatcherConfig { blobs_max: 1, batches_open_max: 6, ..config };
        let own = (6 * (126_976 - 4_u64)).div_ceil(12);
        assert_eq!(limit(MAINNET, few), (Carrier::Blobs, own, own));
    }

    #[test]
    fn a_missed_block_is_no_change() {
        let limit = |millis| {
            let l1 = L1Capacity { block_time: Duration::from_millis(millis), ..MAINNET };
            PostingLimit::of(&l1, &BatcherConfig::default()).unwrap()
        };
        assert!(limit(12_000).is_about(&limit(12_375)));
        assert!(!limit(12_000).is_about(&limit(2_000)) && !limit(2_000).is_about(&limit(12_000)));
    }

    #[test]
    fn without_blobs_it_is_what_gas_buys() {
        let calldata =
            BatcherConfig { carrier: CarrierPolicy::Calldata, ..BatcherConfig::default() };
        // Four batches of 120,000 bytes are under way, less than what half of the gas buys.
        assert_eq!(limit(MAINNET, calldata.clone()), (Carrier::Calldata, 40_000, 40_000));
        let many = BatcherConfig { batches_open_max: 100, ..calldata.clone() };
        assert_eq!(limit(MAINNET, many), (Carrier::Calldata, 750_000 / 12, 1_500_000 / 12));
        let silent = L1Capacity { blobs: None, ..MAINNET };
        assert_eq!(limit(silent, BatcherConfig::default()).0, Carrier::Calldata);
        let blobs = BatcherConfig { carrier: CarrierPolicy::Blobs, ..calldata };
        assert_eq!(PostingLimit::of(&silent, &blobs), None);
    }

    #[test]
    fn a_transaction_takes_what_it_took_lately() {
        let mut mean = PayloadMean::default();
        mean.note(0, 90);
        assert_eq!(mean.bytes(), None);
        mean.note(1_000, 66_000);
        assert_eq!(mean.bytes(), Some(66.0));
        for _ in 0..40 {
            mean.note(1_000, 132_000);
        }
        assert!((mean.bytes().unwrap() - 132.0).abs() < 0.1);
    }
}
