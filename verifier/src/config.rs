//! The verifier's settings: parsed once, validated once. The chain's rules are not here (`rollup.json`), nor are
//! addresses of databases and L1 nodes, which the process that runs this hands over as clients.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// More are of use only where transactions are heavy.
const EXECUTION_THREADS_DEFAULT_MAX: usize = 16;

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifierConfig {
    /// Names this process's place, so that it gets its own lease back after a restart without waiting.
    pub holder: String,
    /// How long the right to write the database lasts without being renewed.
    #[serde(with = "humantime_serde")]
    pub lease_duration: Duration,
    /// L1 blocks that are read ahead of derivation. Each may hold a few megabytes of batches.
    pub l1_prefetch_blocks_max: usize,
    /// Executed blocks that may wait to be written before execution waits for Postgres.
    pub write_queue_blocks_max: usize,
    /// Blocks by which the state tables are brought forward at once while syncing.
    pub state_chunk_blocks: u32,
    /// Accounts and slots of the stored state that are cached, each.
    pub cache_entries_max: usize,
    /// Threads that build the trie at start and hash a large diff.
    pub trie_threads: usize,
    /// Threads that execute a block whose access list is there.
    pub execution_threads: usize,
    /// Gas of a slice of a large block, as the chain's parameters on L1 have it. Another number than theirs makes every
    /// proposal look wrong, so only a test chain has another than the default.
    pub segment_gas: u64,
    /// How often progress is logged while syncing.
    #[serde(with = "humantime_serde")]
    pub progress_interval: Duration,
    /// L1 blocks after which a proposal whose block is still not derivable raises an alarm.
    pub proposal_alarm_l1_blocks: u64,
    /// Bytes of blobs that are kept for disputes, 131,072 for each; what comes when they are used up is not kept.
    pub kept_blob_bytes_max: u64,
    /// L1 blocks for which blobs are kept behind what is final. More than any L1 reorg is deep.
    pub kept_blobs_margin_l1_blocks: u64,
    /// Refunds and credits below this stay in the oracle, in gwei: collecting them would cost more.
    pub collect_gwei_min: u64,
}

impl Default for VerifierConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            holder: "braid".into(),
            lease_duration: Duration::from_secs(5),
            l1_prefetch_blocks_max: 8,
            write_queue_blocks_max: 128,
            state_chunk_blocks: 64,
            cache_entries_max: 1_000_000,
            trie_threads: 2,
            execution_threads: std::cmp::min(cores, EXECUTION_THREADS_DEFAULT_MAX),
            segment_gas: transition::SEGMENT_GAS,
            progress_interval: Duration::from_secs(5),
            proposal_alarm_l1_blocks: 64,
            kept_blob_bytes_max: 64 << 30,
            kept_blobs_margin_l1_blocks: 7_200,
            collect_gwei_min: 100_000,
        }
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Outside its range.
    #[error("{name} must be {range}")]
    OutOfRange {
        /// Which setting.
        name: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

impl VerifierConfig {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        const POSITIVE: &str = "above zero";
        let lease = self.lease_duration >= Duration::from_secs(1);
        let checks = [
            (!self.holder.is_empty(), "holder", "a name"),
            (lease, "lease_duration", "at least 1s"),
            (self.l1_prefetch_blocks_max > 0, "l1_prefetch_blocks_max", POSITIVE),
            (self.write_queue_blocks_max > 0, "write_queue_blocks_max", POSITIVE),
            (self.state_chunk_blocks > 0, "state_chunk_blocks", POSITIVE),
            (self.cache_entries_max > 0, "cache_entries_max", POSITIVE),
            (self.trie_threads > 0, "trie_threads", POSITIVE),
            (self.execution_threads > 0, "execution_threads", POSITIVE),
            (self.segment_gas > 0, "segment_gas", POSITIVE),
            (self.kept_blob_bytes_max > 0, "kept_blob_bytes_max", POSITIVE),
            (!self.progress_interval.is_zero(), "progress_interval", POSITIVE),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, name, range)) => Err(ConfigError::OutOfRange { name, range }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_unknown_keys_are_not() {
        VerifierConfig::default().validate().unwrap();
        let parsed: VerifierConfig =
            serde_json::from_str(r#"{"lease_duration": "9s", "trie_threads": 3}"#).unwrap();
        assert_eq!((parsed.lease_duration, parsed.trie_threads), (Duration::from_secs(9), 3));
        assert_eq!(parsed.state_chunk_blocks, VerifierConfig::default().state_chunk_blocks);
        assert!(serde_json::from_str::<VerifierConfig>(r#"{"threads": 3}"#).is_err());
    }

    #[test]
    fn a_setting_outside_its_range_is_named() {
        let config = VerifierConfig { state_chunk_blocks: 0, ..VerifierConfig::default() };
        let name = "state_chunk_blocks";
        let expected = ConfigError::OutOfRange { name, range: "above zero" };
        assert_eq!(config.validate(), Err(expected));
    }
}
