//! The fields of an L1 header that the rollup uses. Fields that a later fork appends are passed over, since the hash that
//! was asked for covers them.

use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable, Header, PayloadView};
use protocol::{L1Origin, RollupConfig};

use crate::{
    Invalid, Preimages,
    halt::{Halt, keccak},
};

/// Places in the header's list.
const PARENT_HASH: usize = 0;
const NUMBER: usize = 8;
const TIMESTAMP: usize = 11;
const MIX_HASH: usize = 13;
const BASE_FEE: usize = 15;
const EXCESS_BLOB_GAS: usize = 18;
const PARENT_BEACON_BLOCK_ROOT: usize = 19;

/// An L1 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct L1Header {
    pub(crate) hash: B256,
    pub(crate) parent_hash: B256,
    pub(crate) number: u64,
    timestamp: u64,
    mix_hash: B256,
    base_fee: u64,
    excess_blob_gas: u64,
    parent_beacon_block_root: B256,
}

impl L1Header {
    pub(crate) fn read(host: &impl Preimages, hash: B256) -> Result<Self, Halt> {
        let bytes = keccak(host, &hash)?;
        Self::decode(hash, &bytes).ok_or(Halt::Invalid(Invalid::L1))
    }

    fn decode(hash: B256, bytes: &Bytes) -> Option<Self> {
        let mut rest = &bytes[..];
        let PayloadView::List(fields) = Header::decode_raw(&mut rest).ok()? else { return None };
        Some(Self {
            hash,
            parent_hash: field(&fields, PARENT_HASH)?,
            number: field(&fields, NUMBER)?,
            timestamp: field(&fields, TIMESTAMP)?,
            mix_hash: field(&fields, MIX_HASH)?,
            base_fee: field(&fields, BASE_FEE)?,
            excess_blob_gas: field(&fields, EXCESS_BLOB_GAS)?,
            parent_beacon_block_root: field(&fields, PARENT_BEACON_BLOCK_ROOT)?,
        })
    }
}

fn field<T: Decodable>(fields: &[&[u8]], place: usize) -> Option<T> {
    let mut field = *fields.get(place)?;
    T::decode(&mut field).ok()
}

/// What L2 blocks take from an L1 block.
pub(crate) fn origin(config: &RollupConfig, header: &L1Header) -> L1Origin {
    L1Origin {
        number: header.number,
        hash: header.hash,
        timestamp: header.timestamp,
        base_fee: header.base_fee,
        blob_base_fee: config.blob_base_fee(header.timestamp, header.excess_blob_gas),
        prev_randao: header.mix_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
    }
}

#[cfg(test)]
mod tests;
