//! The chain's constants as a run of the transition needs them, and their bytes (`docs/spec/claims.md`, section 3).
//!
//! Not all of `rollup.json`: no contract and no account of the genesis state is in them. Invariant: a chain has one hash of
//! its parameters, which the dispute contracts hold.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, keccak256};
use protocol::{BlobFee, BlockId, Eip1559Params, Genesis, L1Contracts, RollupConfig, SystemConfig};

use crate::SEGMENT_GAS;

/// First byte of the encoding.
const VERSION: u8 = 0;
/// Bytes before the blob schedule.
const HEAD_BYTES: usize = 113;
/// Bytes of an entry of the blob schedule.
const BLOB_FEE_BYTES: usize = 16;

/// What a run must know about its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainParameters {
    /// Chain id of the L2.
    pub l2_chain_id: u64,
    /// Seconds between two L2 blocks.
    pub block_time: u64,
    /// L1 blocks after its origin within which an L2 block may be posted.
    pub sequencing_window: u64,
    /// Seconds that a block with user transactions may lie after its L1 origin.
    pub sequencer_drift_max: u64,
    /// How the base fee moves.
    pub fees: Eip1559Params,
    /// Gas of a slice after which it ends.
    pub segment_gas: u64,
    /// What L1's `SystemConfig` held at the origin of block 0. Later blocks carry their own.
    pub genesis_system_config: SystemConfig,
    /// Blob fee parameters of the L1, oldest first.
    pub blob_schedule: Vec<BlobFee>,
}

impl ChainParameters {
    /// Those of a chain, with slices of [`SEGMENT_GAS`].
    pub fn new(config: &RollupConfig) -> Self {
        Self {
            l2_chain_id: config.l2_chain_id,
            block_time: config.block_time,
            sequencing_window: config.sequencing_window,
            sequencer_drift_max: config.sequencer_drift_max,
            fees: config.fees,
            segment_gas: SEGMENT_GAS,
            genesis_system_config: config.genesis.system_config,
            blob_schedule: config.blob_schedule.clone(),
        }
    }

    /// The preimage of the hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + BLOB_FEE_BYTES * self.blob_schedule.len());
        out.push(VERSION);
        let system_config = &self.genesis_system_config;
        let numbers = [
            self.l2_chain_id,
            self.block_time,
            self.sequencing_window,
            self.sequencer_drift_max,
            self.fees.elasticity,
            self.fees.denominator,
            self.fees.base_fee_min,
            self.segment_gas,
            system_config.gas_limit,
            system_config.operator_fee_constant,
        ];
        out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        out.extend_from_slice(&system_config.base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&system_config.blob_base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&system_config.operator_fee_scalar.to_be_bytes());
        out.extend_from_slice(system_config.batcher.as_slice());
        for fee in &self.blob_schedule {
            out.extend_from_slice(&fee.from_timestamp.to_be_bytes());
            out.extend_from_slice(&fee.update_fraction.to_be_bytes());
        }
        out
    }

    /// Reads a preimage. `None` if it is not one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, schedule) = bytes.split_at_checked(HEAD_BYTES)?;
        let (schedule, rest) = schedule.as_chunks::<BLOB_FEE_BYTES>();
        if head.first() != Some(&VERSION) || !rest.is_empty() {
            return None;
        }
        let long = |at: usize| Some(u64::from_be_bytes(head.get(at..at + 8)?.try_into().ok()?));
        let number = |index: usize| long(1 + 8 * index);
        let short = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
        Some(Self {
            l2_chain_id: number(0)?,
            block_time: number(1)?,
            sequencing_window: number(2)?,
            sequencer_drift_max: number(3)?,
            fees: Eip1559Params {
                elasticity: number(4)?,
                denominator: number(5)?,
                base_fee_min: number(6)?,
            },
            segment_gas: number(7)?,
            genesis_system_config: SystemConfig {
                gas_limit: number(8)?,
                operator_fee_constant: number(9)?,
                base_fee_scalar: short(81)?,
                blob_base_fee_scalar: short(85)?,
                operator_fee_scalar: short(89)?,
                batcher: Address::from_slice(head.get(93..)?),
            },
            blob_schedule: schedule.iter().map(blob_fee).collect(),
        })
    }

    /// The hash that the dispute contracts hold.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// As derivation and execution take them. Zero is what neither of them reads.
    pub(crate) fn rollup_config(&self) -> RollupConfig {
        let nobody = Address::ZERO;
        RollupConfig {
            l1_chain_id: 0,
            l2_chain_id: self.l2_chain_id,
            block_time: self.block_time,
            sequencing_window: self.sequencing_window,
            sequencer_drift_max: self.sequencer_drift_max,
            proposal_interval: 0,
            dispute_window: 0,
            fees: self.fees,
            blob_schedule: self.blob_schedule.clone(),
            contracts: L1Contracts {
                system_config: nobody,
                batch_inbox: nobody,
                portal: nobody,
                output_oracle: nobody,
            },
            genesis: Genesis {
                l1: BlockId::default(),
                timestamp: 0,
                gas_limit: self.genesis_system_config.gas_limit,
                base_fee: 0,
                system_config: self.genesis_system_config,
                alloc: Default::default(),
            },
        }
    }
}

fn blob_fee(bytes: &[u8; BLOB_FEE_BYTES]) -> BlobFee {
    let number = |half: u128| u64::try_from(half & u128::from(u64::MAX)).unwrap_or_default();
    let both = u128::from_be_bytes(*bytes);
    BlobFee { from_timestamp: number(both >> 64), update_fraction: number(both) }
}

#[cfg(test)]
mod tests;
