//! What one L2 block is made from: the opening (everything known before its first transaction) and the
//! inputs. Not how it is executed, and not the header that comes out.
//!
//! Invariant: the header of a block is a function of its parent's header and its inputs, nothing else.

use alloc::vec::Vec;

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256};
use op_alloy_consensus::TxDeposit;

use crate::{
    bytes::Reader,
    config::{BlockId, Eip1559Params, SystemConfig},
    l1_attributes::{AttributesError, L1Attributes},
};

/// Length of an encoded [`BlockOpening`].
pub const OPENING_BYTES: usize = 241;
/// First byte of an encoded [`BlockOpening`].
pub const OPENING_VERSION: u8 = 0;

/// What an L2 block takes from its L1 origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Origin {
    /// Number.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Timestamp, in seconds.
    pub timestamp: u64,
    /// Base fee, in wei.
    pub base_fee: u64,
    /// Blob base fee, in wei.
    pub blob_base_fee: u128,
    /// `prevRandao`.
    pub prev_randao: B256,
    /// Root of the parent beacon block.
    pub parent_beacon_block_root: B256,
}

impl L1Origin {
    /// Number and hash.
    pub const fn id(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}

/// Everything known about a block before its first transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockOpening {
    /// L2 block number.
    pub number: u64,
    /// Hash of the parent.
    pub parent_hash: B256,
    /// Timestamp, in seconds.
    pub timestamp: u64,
    /// L1 origin.
    pub origin: L1Origin,
    /// Place in the epoch, from 0.
    pub sequence_number: u64,
    /// System configuration in force, with all updates up to the L1 origin.
    pub system_config: SystemConfig,
}

/// The inputs of one block: all that is needed to build it, nothing that follows from running it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockInputs {
    /// What the block is opened with; the L1 attributes deposit follows from it.
    pub opening: BlockOpening,
    /// User deposits of the epoch in order; empty unless the block is the first of its epoch.
    pub deposits: Vec<TxDeposit>,
    /// Raw user transactions in order.
    pub transactions: Vec<Bytes>,
}

/// Names an L2 block and where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct L2BlockRef {
    /// L2 block number.
    pub number: u64,
    /// Block hash.
    pub hash: B256,
    /// Hash of the parent.
    pub parent_hash: B256,
    /// Timestamp, in seconds.
    pub timestamp: u64,
    /// L1 origin.
    pub origin: BlockId,
    /// Place in the epoch, from 0.
    pub sequence_number: u64,
}

/// Why bytes are not a [`BlockOpening`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// Wrong length.
    #[error("block opening has {0} bytes, not {OPENING_BYTES}")]
    Length(usize),
    /// Unknown version byte.
    #[error("block opening has unknown version {0}")]
    Version(u8),
}

impl BlockOpening {
    /// The facts of the L1 attributes deposit.
    pub fn l1_attributes(&self) -> L1Attributes {
        L1Attributes {
            base_fee_scalar: self.system_config.base_fee_scalar,
            blob_base_fee_scalar: self.system_config.blob_base_fee_scalar,
            sequence_number: self.sequence_number,
            timestamp: self.origin.timestamp,
            number: self.origin.number,
            base_fee: U256::from(self.origin.base_fee),
            blob_base_fee: U256::from(self.origin.blob_base_fee),
            hash: self.origin.hash,
            batcher_hash: self.system_config.batcher.into_word(),
            operator_fee_scalar: self.system_config.operator_fee_scalar,
            operator_fee_constant: self.system_config.operator_fee_constant,
        }
    }

    /// The L1 attributes deposit, first transaction of the block.
    pub fn attributes(&self) -> TxDeposit {
        self.l1_attributes().to_deposit()
    }

    /// Fixed-width big-endian fields in declaration order behind a version byte.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(OPENING_BYTES);
        out.push(OPENING_VERSION);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(self.parent_hash.as_slice());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.origin.number.to_be_bytes());
        out.extend_from_slice(self.origin.hash.as_slice());
        out.extend_from_slice(&self.origin.timestamp.to_be_bytes());
        out.extend_from_slice(&self.origin.base_fee.to_be_bytes());
        out.extend_from_slice(&self.origin.blob_base_fee.to_be_bytes());
        out.extend_from_slice(self.origin.prev_randao.as_slice());
        out.extend_from_slice(self.origin.parent_beacon_block_root.as_slice());
        out.extend_from_slice(&self.sequence_number.to_be_bytes());
        let system_config = &self.system_config;
        out.extend_from_slice(system_config.batcher.as_slice());
        out.extend_from_slice(&system_config.gas_limit.to_be_bytes());
        out.extend_from_slice(&system_config.base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&system_config.blob_base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&system_config.operator_fee_scalar.to_be_bytes());
        out.extend_from_slice(&system_config.operator_fee_constant.to_be_bytes());
        out
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpeningError> {
        if bytes.len() != OPENING_BYTES {
            return Err(OpeningError::Length(bytes.len()));
        }
        let mut reader = Reader::new(bytes);
        let short = || OpeningError::Length(bytes.len());
        match reader.u8().ok_or_else(short)? {
            OPENING_VERSION => Self::read_fields(&mut reader).ok_or_else(short),
            version => Err(OpeningError::Version(version)),
        }
    }

    fn read_fields(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            number: reader.u64()?,
            parent_hash: reader.b256()?,
            timestamp: reader.u64()?,
            origin: L1Origin {
                number: reader.u64()?,
                hash: reader.b256()?,
                timestamp: reader.u64()?,
                base_fee: reader.u64()?,
                blob_base_fee: reader.u128()?,
                prev_randao: reader.b256()?,
                parent_beacon_block_root: reader.b256()?,
            },
            sequence_number: reader.u64()?,
            system_config: SystemConfig {
                batcher: reader.address()?,
                gas_limit: reader.u64()?,
                base_fee_scalar: reader.u32()?,
                blob_base_fee_scalar: reader.u32()?,
                operator_fee_scalar: reader.u32()?,
                operator_fee_constant: reader.u64()?,
            },
        })
    }
}

impl L2BlockRef {
    /// Number and hash.
    pub const fn id(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}

/// Reference to a block, from its header and its first transaction.
pub fn block_ref(
    header: &Header,
    hash: B256,
    attributes: &TxDeposit,
) -> Result<L2BlockRef, AttributesError> {
    let attributes = L1Attributes::decode(&attributes.input)?;
    Ok(L2BlockRef {
        number: header.number,
        hash,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        origin: attributes.origin(),
        sequence_number: attributes.sequence_number,
    })
}

/// Base fee of the block after `parent`: EIP-1559, then raised to the floor. A gas target of zero leaves
/// the fee where it is, and no sum leaves 64 bits.
pub fn next_base_fee(parent: &Header, params: &Eip1559Params) -> u64 {
    let base_fee = parent.base_fee_per_gas.unwrap_or(params.base_fee_min);
    let target = parent.gas_limit.checked_div(params.elasticity).unwrap_or(0);
    let moved = match (parent.gas_used.abs_diff(target), params.denominator) {
        (0, _) | (_, 0) => base_fee,
        _ if target == 0 => base_fee,
        (distance, denominator) => {
            // Two factors of 64 bits each, then two divisions: floor(floor(a / b) / c) = floor(a / (b·c)).
            let change = u128::from(base_fee) * u128::from(distance)
                / u128::from(target)
                / u128::from(denominator);
            let change = u64::try_from(change).unwrap_or(u64::MAX);
            if parent.gas_used > target {
                base_fee.saturating_add(core::cmp::max(change, 1))
            } else {
                base_fee.saturating_sub(change)
            }
        }
    };
    core::cmp::max(moved, params.base_fee_min)
}

#[cfg(test)]
mod tests;
