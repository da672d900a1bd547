//! The sequencer's settings: parsed once, validated once. The chain's rules are not here (`rollup.json`), nor are
//! addresses of databases and L1 nodes, which the process that runs this hands over as clients.

use std::{num::NonZeroU64, time::Duration};

use executor::parallel::Choice;
use serde::{Deserialize, Serialize};

use crate::{
    mempool::{MempoolLimits, OrderingChoice},
    quota::QuotaConfig,
};

/// More are of use only where transactions are heavy and independent.
const EXECUTION_THREADS_DEFAULT_MAX: usize = 16;

const SUB_BLOCK_INTERVAL_MIN: Duration = Duration::from_millis(50);
const SUB_BLOCK_INTERVAL_MAX: Duration = Duration::from_millis(1_000);

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SequencerConfig {
    /// Whether it orders transactions and builds blocks of its own. Where it does not, its blocks are those that L1
    /// gives, and it takes no transactions.
    pub leads: bool,
    /// Names this process's place, so that it gets its own lease back after a restart without waiting.
    pub holder: String,
    /// How long leadership lasts without being renewed.
    #[serde(with = "humantime_serde")]
    pub lease_duration: Duration,
    /// How deep below the L1 head an L1 block must lie to become an origin, in blocks.
    pub l1_confirmations: u64,
    /// How blocks are built.
    pub builder: BuilderConfig,
    /// Bounds of the mempool.
    pub mempool: MempoolLimits,
    /// In which order transactions are taken.
    pub ordering: OrderingChoice,
    /// How transactions are let in.
    pub admission: AdmissionConfig,
    /// What one client, and one sender, may ask of the doors.
    pub quotas: QuotaConfig,
    /// How far the projection may be behind.
    pub projection: ProjectionConfig,
    /// What subscribers and readers get.
    pub readers: ReaderConfig,
    /// How often the mempool, and what was learned of contracts, is saved for a restart; both are saved at the end as well.
    #[serde(with = "humantime_serde")]
    pub mempool_save_interval: Duration,
    /// How long the orderly end may take before everything is dropped.
    #[serde(with = "humantime_serde")]
    pub shutdown_time_max: Duration,
}

/// How blocks are built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BuilderConfig {
    /// Time between two sub-blocks, 50 to 1,000 ms.
    #[serde(with = "humantime_serde")]
    pub sub_block_interval: Duration,
    /// Longest execution of one sub-block; what was taken and not executed waits for the next.
    #[serde(with = "humantime_serde")]
    pub sub_block_time_max: Duration,
    /// Gas that one sub-block may ask for.
    pub sub_block_gas_max: u64,
    /// Transactions of one sub-block.
    pub sub_block_transactions_max: usize,
    /// Executed rows and sealed blocks that may wait for the journal before the builder stops taking.
    pub journal_queue_max: usize,
    /// Sealed blocks that may wait for the index before the builder stops.
    pub index_lag_blocks_max: u64,
    /// Bytes of their transactions before it stops.
    pub index_lag_bytes_max: usize,
    /// Threads that execute a sub-block together.
    pub execution_threads: usize,
    /// When they do.
    pub execution: ExecutionChoice,
    /// Executes every sealed block again, serially, before it is indexed and can be posted.
    pub check: bool,
    /// Transactions a second that this check executes at most; the blocks beyond that are left to the verifiers. Absent: all
    /// blocks are checked, and the builder waits for it.
    pub check_rate_max: Option<NonZeroU64>,
    /// Has that check write each block's access list (EIP-7928), for those who execute the block again.
    pub access_lists: bool,
    /// Threads that hash a large diff.
    pub root_threads: usize,
    /// A block that the check is to find different, once.
    #[cfg(test)]
    #[serde(skip)]
    pub doubted_block: Option<u64>,
}

/// When several threads execute a sub-block together. The result is the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutionChoice {
    /// Where that is expected to be quicker.
    #[default]
    ByCost,
    /// Never.
    InTurn,
    /// Always.
    Ahead,
}

impl From<ExecutionChoice> for Choice {
    fn from(choice: ExecutionChoice) -> Self {
        match choice {
            ExecutionChoice::ByCost => Self::ByCost,
            ExecutionChoice::InTurn => Self::Serial,
            ExecutionChoice::Ahead => Self::Parallel,
        }
    }
}

/// How transactions are let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionConfig {
    /// Threads that recover senders.
    pub threads: usize,
    /// Chunks of transactions that may wait for them.
    pub queue_max: usize,
}

/// How far the projection may be behind: the rows by sender, recipient, log and version, beside the packed blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectionConfig {
    /// Transactions of a block from which on it rests.
    pub busy_transactions: u64,
    /// Blocks that may be missing; it does not rest once half of them are, and the builder waits once all are.
    pub lag_blocks_max: u64,
    /// Bytes of their user transactions, likewise.
    pub lag_bytes_max: u64,
}

impl Default for ProjectionConfig {
    fn default() -> Self {
        Self {
            busy_transactions: 5_000,
            lag_blocks_max: db::HISTORY_LAG_BLOCKS_MAX,
            lag_bytes_max: 2 << 30,
        }
    }
}

/// What subscribers and readers get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderConfig {
    /// Events that are kept for a subscriber that reads slowly.
    pub subscriber_events_max: usize,
    /// Callers that may wait for their transactions at a time.
    pub waiting_callers_max: usize,
    /// Blocks that stay in memory. At least 256, which `BLOCKHASH` reaches.
    pub recent_blocks_max: usize,
    /// Transactions of indexed blocks that stay in memory; large blocks leave earlier.
    pub recent_transactions_max: usize,
    /// Accounts and slots of the indexed state that are cached, each.
    pub cache_entries_max: usize,
    /// Bytes, about, of older blocks and transactions that are kept once they were read from Postgres.
    pub block_cache_bytes_max: u64,
    /// The same of older accounts, slots and code.
    pub history_cache_bytes_max: u64,
}

impl Default for SequencerConfig {
    fn default() -> Self {
        Self {
            leads: true,
            holder: "braid".into(),
            lease_duration: Duration::from_secs(5),
            l1_confirmations: 4,
            builder: BuilderConfig::default(),
            mempool: MempoolLimits::default(),
            ordering: OrderingChoice::default(),
            admission: AdmissionConfig::default(),
            quotas: QuotaConfig::default(),
            projection: ProjectionConfig::default(),
            readers: ReaderConfig::default(),
            mempool_save_interval: Duration::from_secs(30),
            shutdown_time_max: Duration::from_secs(30),
        }
    }
}

impl Default for BuilderConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
        Self {
            sub_block_interval: Duration::from_millis(100),
            sub_block_time_max: Duration::from_millis(80),
            sub_block_gas_max: 300_000_000,
            sub_block_transactions_max: 20_000,
            journal_queue_max: 16,
            index_lag_blocks_max: 64,
            index_lag_bytes_max: 512 << 20,
            execution_threads: std::cmp::min(cores, EXECUTION_THREADS_DEFAULT_MAX),
            execution: ExecutionChoice::default(),
            check: true,
            check_rate_max: None,
            access_lists: true,
            root_threads: 2,
            #[cfg(test)]
            doubted_block: None,
        }
    }
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
        Self { threads: std::cmp::max(cores / 4, 1), queue_max: 4_096 }
    }
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            subscriber_events_max: 8_192,
            waiting_callers_max: 100_000,
            recent_blocks_max: 512,
            recent_transactions_max: 500_000,
            cache_entries_max: 1_000_000,
            block_cache_bytes_max: 128 << 20,
            history_cache_bytes_max: 128 << 20,
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

impl SequencerConfig {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let builder = &self.builder;
        let interval = SUB_BLOCK_INTERVAL_MIN..=SUB_BLOCK_INTERVAL_MAX;
        let checks = [
            (
                interval.contains(&builder.sub_block_interval),
                "builder.sub_block_interval",
                "50ms to 1s",
            ),
            (!builder.sub_block_time_max.is_zero(), "builder.sub_block_time_max", "above zero"),
            (builder.sub_block_gas_max >= 21_000, "builder.sub_block_gas_max", "at least 21000"),
            (
                builder.sub_block_transactions_max > 0,
                "builder.sub_block_transactions_max",
                "above zero",
            ),
            (builder.journal_queue_max >= 4, "builder.journal_queue_max", "at least 4"),
            (builder.index_lag_blocks_max > 0, "builder.index_lag_blocks_max", "above zero"),
            (builder.index_lag_bytes_max > 0, "builder.index_lag_bytes_max", "above zero"),
            (
                !builder.access_lists || (builder.check && builder.check_rate_max.is_none()),
                "builder.access_lists",
                "false where not every block is checked",
            ),
            (self.admission.threads > 0, "admission.threads", "above zero"),
            (self.admission.queue_max > 0, "admission.queue_max", "above zero"),
            (self.mempool.transactions_max > 0, "mempool.transactions_max", "above zero"),
            (
                self.mempool.sender_transactions_max > 0,
                "mempool.sender_transactions_max",
                "above zero",
            ),
            (self.readers.recent_blocks_max >= 256, "readers.recent_blocks_max", "at least 256"),
            (self.readers.subscriber_events_max > 0, "readers.subscriber_events_max", "above zero"),
            (self.readers.cache_entries_max > 0, "readers.cache_entries_max", "above zero"),
            (self.readers.block_cache_bytes_max > 0, "readers.block_cache_bytes_max", "above zero"),
            (
                self.readers.history_cache_bytes_max > 0,
                "readers.history_cache_bytes_max",
                "above zero",
            ),
            (self.projection.lag_blocks_max >= 2, "projection.lag_blocks_max", "at least 2"),
            (self.projection.lag_bytes_max >= 2, "projection.lag_bytes_max", "at least 2"),
            (!self.holder.is_empty(), "holder", "a name"),
            (self.lease_duration >= Duration::from_secs(1), "lease_duration", "at least 1s"),
            (!self.mempool_save_interval.is_zero(), "mempool_save_interval", "above zero"),
            (!self.shutdown_time_max.is_zero(), "shutdown_time_max", "above zero"),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, name, range)) => Err(ConfigError::OutOfRange { name, range }),
            None => self.quotas.validate(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_unknown_keys_are_not() {
        SequencerConfig::default().validate().unwrap();
        let parsed: SequencerConfig =
            serde_json::from_str(r#"{"builder": {"sub_block_interval": "50ms"}}"#).unwrap();
        assert_eq!(parsed.builder.sub_block_interval, Duration::from_millis(50));
        assert_eq!(parsed.l1_confirmations, SequencerConfig::default().l1_confirmations);
        assert!(serde_json::from_str::<SequencerConfig>(r#"{"sub_blocks": 3}"#).is_err());
    }

    #[test]
    fn access_lists_come_from_the_check() {
        let mut config = SequencerConfig::default();
        config.builder.check = false;
        assert!(config.validate().is_err());
        config.builder.access_lists = false;
        config.validate().unwrap();
        config.builder.check = true;
        config.builder.check_rate_max = NonZeroU64::new(10_000);
        config.validate().unwrap();
        config.builder.access_lists = true;
        assert!(config.validate().is_err(), "not every block has one");
    }

    #[test]
    fn an_interval_outside_its_range_is_refused() {
        let mut config = SequencerConfig::default();
        for millis in [0, 49, 1_001] {
            config.builder.sub_block_interval = Duration::from_millis(millis);
            let error = config.validate().unwrap_err();
            assert_eq!(
                error,
                ConfigError::OutOfRange { name: "builder.sub_block_interval", range: "50ms to 1s" }
            );
        }
    }
}
