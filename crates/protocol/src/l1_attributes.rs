//! The L1 attributes deposit: the first transaction of every block, which tells L2 about its L1 origin.
//! Calldata of `setL1BlockValuesIsthmus`, byte for byte as in the OP Stack (`specs/protocol/isthmus`).
//! Not the contract that stores it.
//!
//! ```text
//! offset  0        4           8            12         20          28        36         68          100    132         164        168
//!         selector │ base fee  │ blob base  │ sequence │ timestamp │ number  │ base fee │ blob base │ hash │ batcher   │ operator │ operator
//!         4        │ scalar 4  │ scalar 4   │ number 8 │ 8         │ 8       │ 32       │ fee 32    │ 32   │ hash 32   │ scalar 4 │ constant 8
//! ```

use alloy_primitives::{B256, Bytes, TxKind, U256};
use op_alloy_consensus::TxDeposit;

use crate::{
    bytes::Reader,
    config::BlockId,
    message::l1_attributes_source_hash,
    predeploys::{DEPOSITOR, L1_BLOCK},
};

/// Length of the calldata.
pub const L1_ATTRIBUTES_BYTES: usize = 176;
/// Selector of `setL1BlockValuesIsthmus()`.
pub const L1_ATTRIBUTES_SELECTOR: [u8; 4] = [0x09, 0x89, 0x99, 0xbe];
/// Gas limit of the deposit.
pub const L1_ATTRIBUTES_GAS: u64 = 1_000_000;

/// What an L2 block is told about its L1 origin and the fee configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Attributes {
    /// Weight of the L1 base fee in the L1 data fee.
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee in the L1 data fee.
    pub blob_base_fee_scalar: u32,
    /// Place of the L2 block in its epoch, from 0.
    pub sequence_number: u64,
    /// Timestamp of the L1 origin, in seconds.
    pub timestamp: u64,
    /// Number of the L1 origin.
    pub number: u64,
    /// Base fee of the L1 origin, in wei.
    pub base_fee: U256,
    /// Blob base fee of the L1 origin, in wei.
    pub blob_base_fee: U256,
    /// Hash of the L1 origin.
    pub hash: B256,
    /// Batcher's address, left-padded.
    pub batcher_hash: B256,
    /// Operator fee per million gas, in wei.
    pub operator_fee_scalar: u32,
    /// Operator fee per transaction, in wei.
    pub operator_fee_constant: u64,
}

/// Why calldata is not that of an L1 attributes deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// Wrong length.
    #[error("L1 attributes have {0} bytes, not {L1_ATTRIBUTES_BYTES}")]
    Length(usize),
    /// Wrong function.
    #[error("L1 attributes call selector {0:02x?}")]
    Selector([u8; 4]),
}

impl L1Attributes {
    /// The L1 origin.
    pub const fn origin(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }

    /// Calldata.
    pub fn encode(&self) -> Bytes {
        let mut out = alloc::vec::Vec::with_capacity(L1_ATTRIBUTES_BYTES);
        out.extend_from_slice(&L1_ATTRIBUTES_SELECTOR);
        out.extend_from_slice(&self.base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&self.blob_base_fee_scalar.to_be_bytes());
        out.extend_from_slice(&self.sequence_number.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.base_fee.to_be_bytes::<32>());
        out.extend_from_slice(&self.blob_base_fee.to_be_bytes::<32>());
        out.extend_from_slice(self.hash.as_slice());
        out.extend_from_slice(self.batcher_hash.as_slice());
        out.extend_from_slice(&self.operator_fee_scalar.to_be_bytes());
        out.extend_from_slice(&self.operator_fee_constant.to_be_bytes());
        out.into()
    }

    /// Reads calldata.
    pub fn decode(calldata: &[u8]) -> Result<Self, AttributesError> {
        if calldata.len() != L1_ATTRIBUTES_BYTES {
            return Err(AttributesError::Length(calldata.len()));
        }
        let mut reader = Reader::new(calldata);
        let short = || AttributesError::Length(calldata.len());
        let selector = reader.array().ok_or_else(short)?;
        if selector != L1_ATTRIBUTES_SELECTOR {
            return Err(AttributesError::Selector(selector));
        }
        Self::read_fields(&mut reader).ok_or_else(short)
    }

    fn read_fields(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            base_fee_scalar: reader.u32()?,
            blob_base_fee_scalar: reader.u32()?,
            sequence_number: reader.u64()?,
            timestamp: reader.u64()?,
            number: reader.u64()?,
            base_fee: reader.array().map(U256::from_be_bytes::<32>)?,
            blob_base_fee: reader.array().map(U256::from_be_bytes::<32>)?,
            hash: reader.b256()?,
            batcher_hash: reader.b256()?,
            operator_fee_scalar: reader.u32()?,
            operator_fee_constant: reader.u64()?,
        })
    }

    /// The deposit that carries it.
    pub fn to_deposit(&self) -> TxDeposit {
        TxDeposit {
            source_hash: l1_attributes_source_hash(self.hash, self.sequence_number),
            from: DEPOSITOR,
            to: TxKind::Call(L1_BLOCK),
            mint: 0,
            value: U256::ZERO,
            gas_limit: L1_ATTRIBUTES_GAS,
            is_system_transaction: false,
            input: self.encode(),
        }
    }
}

#[cfg(test)]
mod tests;
