//! The chain's constants and its genesis: one JSON file, `rollup.json`, which every program of a chain
//! reads. Not the settings of a program (addresses to listen on, keys, limits of queues).
//!
//! Invariant: a configuration that passed [`RollupConfig::validate`] makes no rule of this crate divide
//! by zero, and its genesis block is the one all programs agree on.

use alloc::{collections::BTreeMap, vec::Vec};

use alloy_consensus::{
    Header,
    constants::{EMPTY_OMMER_ROOT_HASH, EMPTY_RECEIPTS, EMPTY_TRANSACTIONS},
};
use alloy_eips::{eip4844::fake_exponential, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::{l1_attributes::L1Attributes, message::ConfigUpdate, predeploys::SEQUENCER_FEE_VAULT};

/// Longest block time, in seconds: an L2 block may not be rarer than an L1 block.
pub const BLOCK_TIME_MAX_S: u64 = 12;
/// Most L2 blocks between two proposals; the dispute tree is built for this many.
pub const PROPOSAL_INTERVAL_MAX: u64 = 1024;
/// Least blob base fee on L1, in wei (EIP-4844).
const BLOB_BASE_FEE_MIN: u64 = 1;
/// Least sequencing window, in L1 blocks: a batch uses origins below the block it is posted in, so with less
/// than this no batch could ever count after blocks were forced.
pub const SEQUENCING_WINDOW_MIN: u64 = 2;
/// Least gas limit of an L2 block: the L1 attributes deposit and a few deposits fit in.
pub const GAS_LIMIT_MIN: u64 = 5_000_000;

/// Everything that all programs of one chain must agree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollupConfig {
    /// Chain id of the L1.
    pub l1_chain_id: u64,
    /// Chain id of the L2.
    pub l2_chain_id: u64,
    /// Seconds between two L2 blocks.
    pub block_time: u64,
    /// L1 blocks after its origin within which an L2 block may be posted.
    pub sequencing_window: u64,
    /// Seconds that a block with user transactions may lie after its L1 origin.
    pub sequencer_drift_max: u64,
    /// L2 blocks between two proposals.
    pub proposal_interval: u64,
    /// Seconds in which a proposal can be disputed.
    pub dispute_window: u64,
    /// How the base fee moves.
    pub fees: Eip1559Params,
    /// Blob fee parameters of the L1, oldest first.
    pub blob_schedule: Vec<BlobFee>,
    /// Contracts on L1 that derivation reads.
    pub contracts: L1Contracts,
    /// The first block.
    pub genesis: Genesis,
}

/// How the base fee moves from block to block (EIP-1559, with a floor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Eip1559Params {
    /// Gas limit over gas target.
    pub elasticity: u64,
    /// Largest change per block is one part in this many.
    pub denominator: u64,
    /// The base fee never falls below this many wei.
    pub base_fee_min: u64,
}

/// Blob fee parameter of the L1 from a point in time on (EIP-7840).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlobFee {
    /// First L1 timestamp it holds for.
    pub from_timestamp: u64,
    /// `BLOB_BASE_FEE_UPDATE_FRACTION`.
    pub update_fraction: u64,
}

/// Contracts on L1 that derivation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct L1Contracts {
    /// `SystemConfig`.
    pub system_config: Address,
    /// `BatchInbox`.
    pub batch_inbox: Address,
    /// `Portal`.
    pub portal: Address,
    /// `DisputeOracle`.
    pub output_oracle: Address,
}

/// The first L2 block and the state under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Genesis {
    /// L1 origin of the genesis block; derivation starts with the L1 block after it.
    pub l1: BlockId,
    /// Timestamp of the genesis block, in seconds.
    pub timestamp: u64,
    /// Gas limit of the genesis block.
    pub gas_limit: u64,
    /// Base fee of the genesis block, in wei.
    pub base_fee: u64,
    /// What L1's `SystemConfig` holds at the L1 origin.
    pub system_config: SystemConfig,
    /// Accounts.
    pub alloc: BTreeMap<Address, GenesisAccount>,
}

/// One account of the genesis state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GenesisAccount {
    /// Nonce.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// Code, empty for none.
    pub code: Bytes,
    /// Storage; zero values are as good as absent.
    pub storage: BTreeMap<B256, B256>,
}

/// Names a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockId {
    /// Block number.
    pub number: u64,
    /// Block hash.
    pub hash: B256,
}

/// What L1's `SystemConfig` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SystemConfig {
    /// Whose batches `BatchInbox` takes.
    pub batcher: Address,
    /// Gas limit of L2 blocks.
    pub gas_limit: u64,
    /// Weight of the L1 base fee in the L1 data fee.
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee in the L1 data fee.
    pub blob_base_fee_scalar: u32,
    /// Operator fee per million gas, in wei.
    pub operator_fee_scalar: u32,
    /// Operator fee per transaction, in wei.
    pub operator_fee_constant: u64,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A field that must not be zero is.
    #[error("`{field}` must not be zero")]
    Zero {
        /// Name in `rollup.json`.
        field: &'static str,
    },
    /// A field lies above its bound.
    #[error("`{field}` is {value}, at most {max} is allowed")]
    TooLarge {
        /// Name in `rollup.json`.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Its bound.
        max: u64,
    },
    /// A field lies below its bound.
    #[error("`{field}` is {value}, at least {min} is needed")]
    TooSmall {
        /// Name in `rollup.json`.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Its bound.
        min: u64,
    },
    /// L1 and L2 have the same chain id.
    #[error("L1 and L2 both have chain id {0}")]
    SameChainId(u64),
    /// The gas limit carries over from header to header, so genesis must agree with itself.
    #[error("genesis gas limit is {header}, its system configuration says {system_config}")]
    GasLimitsDiffer {
        /// `genesis.gasLimit`.
        header: u64,
        /// `genesis.systemConfig.gasLimit`.
        system_config: u64,
    },
    /// Blob schedule without entries or not strictly rising.
    #[error("blob schedule is empty or its timestamps do not rise")]
    BlobSchedule,
}

impl RollupConfig {
    /// Checks the bounds that the rules rely on.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_non_zero()?;
        if self.l1_chain_id == self.l2_chain_id {
            return Err(ConfigError::SameChainId(self.l1_chain_id));
        }
        at_most("blockTime", self.block_time, BLOCK_TIME_MAX_S)?;
        at_most("proposalInterval", self.proposal_interval, PROPOSAL_INTERVAL_MAX)?;
        // EIP-1559 arithmetic of a whole chain stays far inside 64 bits with these.
        at_most("fees.elasticity", self.fees.elasticity, u64::from(u32::MAX))?;
        at_most("fees.denominator", self.fees.denominator, u64::from(u32::MAX))?;
        at_least("genesis.baseFee", self.genesis.base_fee, self.fees.base_fee_min)?;
        at_least("genesis.gasLimit", self.genesis.gas_limit, GAS_LIMIT_MIN)?;
        at_least("sequencingWindow", self.sequencing_window, SEQUENCING_WINDOW_MIN)?;
        let system_config = self.genesis.system_config.gas_limit;
        if self.genesis.gas_limit != system_config {
            let header = self.genesis.gas_limit;
            return Err(ConfigError::GasLimitsDiffer { header, system_config });
        }
        let rising = self.blob_schedule.is_sorted_by(|a, b| a.from_timestamp < b.from_timestamp);
        if self.blob_schedule.is_empty() || !rising {
            return Err(ConfigError::BlobSchedule);
        }
        Ok(())
    }

    fn validate_non_zero(&self) -> Result<(), ConfigError> {
        let contracts = &self.contracts;
        let fields = [
            ("l1ChainId", self.l1_chain_id == 0),
            ("l2ChainId", self.l2_chain_id == 0),
            ("blockTime", self.block_time == 0),
            ("proposalInterval", self.proposal_interval == 0),
            ("disputeWindow", self.dispute_window == 0),
            ("fees.elasticity", self.fees.elasticity == 0),
            ("fees.denominator", self.fees.denominator == 0),
            ("blobSchedule", self.blob_schedule.iter().any(|fee| fee.update_fraction == 0)),
            ("contracts.systemConfig", contracts.system_config.is_zero()),
            ("contracts.batchInbox", contracts.batch_inbox.is_zero()),
            ("contracts.portal", contracts.portal.is_zero()),
            ("contracts.outputOracle", contracts.output_oracle.is_zero()),
        ];
        match fields.into_iter().find(|(_, zero)| *zero) {
            Some((field, _)) => Err(ConfigError::Zero { field }),
            None => Ok(()),
        }
    }

    /// Header of block 0; the roots come from the state that [`Genesis::alloc`] makes.
    pub fn genesis_header(&self, state_root: B256, withdrawals_root: B256) -> Header {
        Header {
            parent_hash: B256::ZERO,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: SEQUENCER_FEE_VAULT,
            state_root,
            transactions_root: EMPTY_TRANSACTIONS,
            receipts_root: EMPTY_RECEIPTS,
            logs_bloom: Bloom::ZERO,
            difficulty: U256::ZERO,
            number: 0,
            gas_limit: self.genesis.gas_limit,
            gas_used: 0,
            timestamp: self.genesis.timestamp,
            extra_data: Bytes::new(),
            mix_hash: B256::ZERO,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(self.genesis.base_fee),
            withdrawals_root: Some(withdrawals_root),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }

    /// Timestamp of an L2 block, in seconds. It saturates, which no real chain reaches.
    pub const fn timestamp_of(&self, number: u64) -> u64 {
        self.genesis.timestamp.saturating_add(number.saturating_mul(self.block_time))
    }

    /// Blob base fee of an L1 block, in wei: EIP-4844 with the fraction in force at its timestamp. Before
    /// the first entry of the schedule the first one holds.
    pub fn blob_base_fee(&self, l1_timestamp: u64, excess_blob_gas: u64) -> u128 {
        let schedule = &self.blob_schedule;
        let in_force = schedule.iter().rev().find(|fee| fee.from_timestamp <= l1_timestamp);
        match in_force.or(schedule.first()) {
            Some(fee) if fee.update_fraction != 0 => fake_exponential(
                u128::from(BLOB_BASE_FEE_MIN),
                u128::from(excess_blob_gas),
                u128::from(fee.update_fraction),
            ),
            _ => u128::from(BLOB_BASE_FEE_MIN),
        }
    }
}

impl SystemConfig {
    /// Applies an update made on L1.
    pub const fn apply(&mut self, update: &ConfigUpdate) {
        match *update {
            ConfigUpdate::Batcher(batcher) => self.batcher = batcher,
            ConfigUpdate::FeeScalars { base, blob } => {
                self.base_fee_scalar = base;
                self.blob_base_fee_scalar = blob;
            }
            ConfigUpdate::GasLimit(gas_limit) => self.gas_limit = gas_limit,
            ConfigUpdate::OperatorFee { scalar, constant } => {
                self.operator_fee_scalar = scalar;
                self.operator_fee_constant = constant;
            }
        }
    }

    /// What the chain itself carries of it: the L1 attributes of a block, and that block's gas limit.
    pub fn from_attributes(attributes: &L1Attributes, gas_limit: u64) -> Self {
        Self {
            batcher: Address::from_word(attributes.batcher_hash),
            gas_limit,
            base_fee_scalar: attributes.base_fee_scalar,
            blob_base_fee_scalar: attributes.blob_base_fee_scalar,
            operator_fee_scalar: attributes.operator_fee_scalar,
            operator_fee_constant: attributes.operator_fee_constant,
        }
    }
}

const fn at_most(field: &'static str, value: u64, max: u64) -> Result<(), ConfigError> {
    if value > max { Err(ConfigError::TooLarge { field, value, max }) } else { Ok(()) }
}

const fn at_least(field: &'static str, value: u64, min: u64) -> Result<(), ConfigError> {
    if value < min { Err(ConfigError::TooSmall { field, value, min }) } else { Ok(()) }
}

#[cfg(test)]
pub(crate) mod tests;
