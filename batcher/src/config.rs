//! The batcher's settings. Addresses and keys are not here: the process that runs it hands over clients.

use std::time::Duration;

use serde::Deserialize;

use crate::{carrier::CarrierPolicy, compress::CompressionPolicy};

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatcherConfig {
    /// Names this process's place, so that it gets its own leases back after a restart without waiting.
    pub holder: String,
    /// Pause between two looks at the journal.
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
    /// A block waits for company in its batch no longer than this.
    #[serde(with = "humantime_serde")]
    pub batch_age_max: Duration,
    /// A batch is closed when its blocks have this many bytes of transactions, before compression.
    pub batch_raw_bytes_target: usize,
    /// Blocks of one batch.
    pub batch_blocks_max: u64,
    /// Batches, and parts of blocks, that are in the outbox and not mined.
    pub batches_open_max: usize,
    /// Transactions from which on the newest block is a sign of load, while which posting rests, up to a quarter of the
    /// sequencing window; `None`: it never rests. For machines that do everything.
    pub busy_transactions: Option<u64>,
    /// L1 blocks that derivation goes beyond a settled batch which has not become safe, before it is posted again.
    pub repost_after_l1_blocks: u64,
    /// Calldata or blobs.
    pub carrier: CarrierPolicy,
    /// Blobs of one transaction.
    pub blobs_max: usize,
    /// How batches are compressed.
    pub compression: CompressionPolicy,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        Self {
            holder: "braid".into(),
            poll_interval: Duration::from_millis(500),
            batch_age_max: Duration::from_secs(60),
            batch_raw_bytes_target: 560_000,
            batch_blocks_max: 1_800,
            batches_open_max: 4,
            busy_transactions: None,
            repost_after_l1_blocks: 32,
            carrier: CarrierPolicy::Auto,
            blobs_max: protocol::BLOBS_PER_BATCH_MAX,
            compression: CompressionPolicy::Smallest,
        }
    }
}

impl BatcherConfig {
    /// Settings for a devnet: post within a second or two, so that there is something to see; not under load,
    /// because everything is on one machine.
    pub fn for_devnet() -> Self {
        Self {
            poll_interval: Duration::from_millis(200),
            batch_age_max: Duration::from_secs(2),
            busy_transactions: Some(5_000),
            repost_after_l1_blocks: 8,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default_and_typos_are_errors() {
        let config: BatcherConfig = service::Layers::new().read().unwrap();
        assert_eq!(config.batch_age_max, BatcherConfig::default().batch_age_max);
        assert!(service::Layers::new().flag("blobs", Some(3)).read::<BatcherConfig>().is_err());
    }
}
