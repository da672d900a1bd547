//! Claims: what a leaf of the tree over a proposal's interval says. Normative bytes: `docs/spec/claims.md`, section 1.
//!
//! Invariant: a claim's bytes and its fields are one, and claims of the two kinds differ in length.

use alloc::boxed::Box;
use alloy_primitives::{B256, Bloom, U256, b256, keccak256};
use derivation::Cursor;

/// The claim that there is none: keccak256 of `braid: no claim`.
pub const INVALID: B256 = b256!("07289984112c7ad862200a215504ad6a7cc6e445a76c570efb86f13d9918aa20");

/// Most slices of a block: the last of them takes what is left.
pub const PLACES_PER_BLOCK: u64 = 32;

/// Gas of a slice after which it ends, where a chain's parameters say nothing else.
pub const SEGMENT_GAS: u64 = 100_000_000;

/// Bytes of a block claim's preimage.
pub const BLOCK_CLAIM_BYTES: usize = 224;

/// Bytes of a slice claim's preimage.
pub const SLICE_CLAIM_BYTES: usize = 384;

/// What stands after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockClaim {
    /// Hash of the L2 block.
    pub block_hash: B256,
    /// Its state root.
    pub state_root: B256,
    /// The storage root of the message passer in that state.
    pub withdrawals_root: B256,
    /// Where derivation stands.
    pub cursor: Cursor,
    /// Hash of the block's L1 origin.
    pub origin_hash: B256,
    /// The block's place in its epoch.
    pub sequence_number: u64,
    /// Number of the L2 block. It follows from the hash too; it is here for contracts, as the roots are.
    pub number: u64,
}

/// What stands after a slice of a block that is not its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceClaim {
    /// The claim of the block before.
    pub parent: B256,
    /// The state root after the slice.
    pub state_root: B256,
    /// The chain of receipts so far ([`receipts_next`]).
    pub receipts: B256,
    /// How many slices of the block there are so far.
    pub slices: u64,
    /// How many of the block's inputs were taken, those that were skipped too.
    pub inputs: u64,
    /// Gas used so far.
    pub gas_used: u64,
    /// Bloom over the receipts so far.
    pub bloom: Bloom,
}

/// A claim of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// After a block.
    Block(BlockClaim),
    /// In the midst of one.
    Slice(Box<SliceClaim>),
}

impl Claim {
    /// The hash that stands in the tree.
    pub fn hash(&self) -> B256 {
        match self {
            Self::Block(claim) => claim.hash(),
            Self::Slice(claim) => claim.hash(),
        }
    }

    /// Reads a preimage. `None` if it is no claim's.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() == SLICE_CLAIM_BYTES {
            return SliceClaim::decode(bytes).map(|claim| Self::Slice(claim.into()));
        }
        BlockClaim::decode(bytes).map(Self::Block)
    }
}

impl BlockClaim {
    /// The preimage: seven words.
    pub fn encode(&self) -> [u8; BLOCK_CLAIM_BYTES] {
        let mut cursor = B256::ZERO;
        cursor[16..24].copy_from_slice(&self.cursor.l1_number.to_be_bytes());
        cursor[24..28].copy_from_slice(&self.cursor.entries.to_be_bytes());
        cursor[28..].copy_from_slice(&self.cursor.blocks.to_be_bytes());
        let words = [
            self.block_hash,
            self.state_root,
            self.withdrawals_root,
            cursor,
            self.origin_hash,
            U256::from(self.sequence_number).into(),
            U256::from(self.number).into(),
        ];
        let mut out = [0; BLOCK_CLAIM_BYTES];
        for (place, word) in out.chunks_exact_mut(32).zip(words) {
            place.copy_from_slice(word.as_slice());
        }
        out
    }

    /// Reads a preimage. `None` if it is not one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != BLOCK_CLAIM_BYTES {
            return None;
        }
        let word = |index: usize| bytes.get(32 * index..32 * index + 32).map(B256::from_slice);
        let cursor = word(3)?;
        if cursor[..16] != [0; 16] {
            return None;
        }
        Some(Self {
            block_hash: word(0)?,
            state_root: word(1)?,
            withdrawals_root: word(2)?,
            cursor: Cursor {
                l1_number: u64::from_be_bytes(cursor[16..24].try_into().ok()?),
                entries: u32::from_be_bytes(cursor[24..28].try_into().ok()?),
                blocks: u32::from_be_bytes(cursor[28..].try_into().ok()?),
            },
            origin_hash: word(4)?,
            sequence_number: u64::try_from(U256::from_be_bytes(word(5)?.0)).ok()?,
            number: u64::try_from(U256::from_be_bytes(word(6)?.0)).ok()?,
        })
    }

    /// The hash that stands in the tree.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The output root of the block, as users and the Portal know it.
    pub fn output_root(&self) -> B256 {
        protocol::output_root(self.state_root, self.withdrawals_root, self.block_hash)
    }
}

impl SliceClaim {
    /// The preimage: twelve words.
    pub fn encode(&self) -> [u8; SLICE_CLAIM_BYTES] {
        let mut out = [0; SLICE_CLAIM_BYTES];
        out[..32].copy_from_slice(self.parent.as_slice());
        out[32..64].copy_from_slice(self.state_root.as_slice());
        out[64..96].copy_from_slice(self.receipts.as_slice());
        // Eight zero bytes fill up the word.
        out[104..112].copy_from_slice(&self.slices.to_be_bytes());
        out[112..120].copy_from_slice(&self.inputs.to_be_bytes());
        out[120..128].copy_from_slice(&self.gas_used.to_be_bytes());
        out[128..].copy_from_slice(self.bloom.as_slice());
        out
    }

    /// Reads a preimage. `None` if it is not one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SLICE_CLAIM_BYTES] = bytes.try_into().ok()?;
        let word = |index: usize| bytes.get(32 * index..32 * index + 32).map(B256::from_slice);
        let number = |at: usize| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        if number(96)? != 0 {
            return None;
        }
        Some(Self {
            parent: word(0)?,
            state_root: word(1)?,
            receipts: word(2)?,
            slices: number(104)?,
            inputs: number(112)?,
            gas_used: number(120)?,
            bloom: Bloom::from_slice(&bytes[128..]),
        })
    }

    /// The hash that stands in the tree.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }
}

/// Bytes of a link of the chain of receipts.
pub(crate) const RECEIPT_LINK_BYTES: usize = 72;

/// The chain of receipts after one more: the receipt as the block's trie holds it, of the input with this number among the
/// block's inputs. It begins with zero.
pub fn receipts_next(chain: B256, input: u64, receipt: &[u8]) -> B256 {
    keccak256(receipt_link(chain, input, keccak256(receipt)))
}

/// The preimage of a link.
pub fn receipt_link(chain: B256, input: u64, receipt: B256) -> [u8; RECEIPT_LINK_BYTES] {
    let mut link = [0; RECEIPT_LINK_BYTES];
    link[..32].copy_from_slice(chain.as_slice());
    link[32..40].copy_from_slice(&input.to_be_bytes());
    link[40..].copy_from_slice(receipt.as_slice());
    link
}

#[cfg(test)]
mod tests;
