//! The accumulator of `BatchInbox`: the hash chain through which a fault proof finds every batch and, with
//! it, trusted L1 block hashes. Not the batches themselves.

use alloy_primitives::{B256, Keccak256, keccak256};

/// Longest calldata batch: `BatchInbox` refuses more, because a fault proof must fit it in one L1 transaction.
pub const CALLDATA_BATCH_BYTES_MAX: usize = 120_000;

/// Longest raw transaction that every carrier takes, alone in its batch and however badly it compresses. A sequencer
/// admits no longer one, because it could not post the block.
pub const CARRIED_TRANSACTION_BYTES_MAX: usize = CALLDATA_BATCH_BYTES_MAX - 1_000;

/// Where the bytes of a batch are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Carrier {
    /// In calldata (and in the log that repeats it).
    Calldata = 0,
    /// In blobs.
    Blobs = 1,
}

/// One posting, as the accumulator hashes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxEntry {
    /// Where the bytes are.
    pub carrier: Carrier,
    /// keccak256 of the calldata payload, or of the blobs' versioned hashes, packed in order.
    pub data_hash: B256,
    /// First L2 block that the poster named.
    pub first_block: u64,
    /// Last L2 block that the poster named.
    pub last_block: u64,
    /// L1 block of the posting.
    pub l1_number: u64,
    /// Timestamp of that L1 block, in seconds.
    pub l1_timestamp: u64,
    /// Hash of that L1 block's parent.
    pub l1_parent_hash: B256,
}

impl InboxEntry {
    /// [`Self::data_hash`] of a posting in blobs.
    pub fn blobs_hash(versioned_hashes: &[B256]) -> B256 {
        let mut hasher = Keccak256::new();
        for hash in versioned_hashes {
            hasher.update(hash);
        }
        hasher.finalize()
    }

    /// The 97 bytes that follow the accumulator in its preimage.
    pub fn encode(&self) -> [u8; 97] {
        let mut out = [0u8; 97];
        out[0] = self.carrier as u8;
        out[1..33].copy_from_slice(self.data_hash.as_slice());
        out[33..41].copy_from_slice(&self.first_block.to_be_bytes());
        out[41..49].copy_from_slice(&self.last_block.to_be_bytes());
        out[49..57].copy_from_slice(&self.l1_number.to_be_bytes());
        out[57..65].copy_from_slice(&self.l1_timestamp.to_be_bytes());
        out[65..].copy_from_slice(self.l1_parent_hash.as_slice());
        out
    }
}

/// The accumulator after one more posting: keccak256 of `abi.encodePacked(bytes32 acc, uint8 carrier,
/// bytes32 dataHash, uint64 firstBlock, uint64 lastBlock, uint64 l1Number, uint64 timestamp,
/// bytes32 blockhash(l1Number − 1))`.
pub fn inbox_accumulator_next(acc: B256, entry: &InboxEntry) -> B256 {
    let mut preimage = [0u8; 129];
    preimage[..32].copy_from_slice(acc.as_slice());
    preimage[32..].copy_from_slice(&entry.encode());
    keccak256(preimage)
}

#[cfg(test)]
mod tests;
