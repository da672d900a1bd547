//! What the transition asks its host for: bytes by their hash, a few words that the dispute fixes, and elements of blobs.
//!
//! Invariant: the host decides nothing. Bytes that do not have the asked hash are the host's fault, and whoever implements
//! this answers for them; what the host does not have ends the run without a result.

use alloy_primitives::{B256, Bytes};
use state::PrecompileResult;

/// A host.
pub trait Preimages {
    /// The bytes whose keccak256 is this.
    fn keccak(&self, hash: &B256) -> Option<Bytes>;

    /// The first 32 of these bytes, filled up with zeros: enough to see what a message is.
    fn keccak_head(&self, hash: &B256) -> Option<B256> {
        let bytes = self.keccak(hash)?;
        let len = core::cmp::min(bytes.len(), 32);
        Some(B256::right_padding_from(&bytes[..len]))
    }

    /// A word that the dispute fixes.
    fn local(&self, input: LocalInput) -> Option<B256>;

    /// The 32 bytes of one of the 4,096 elements of the blob with this versioned hash, in the order of the blob's bytes.
    fn blob_element(&self, versioned_hash: &B256, index: u32) -> Option<B256>;

    /// What a precompiled contract of L1 gives when it is called with this gas; `None` where the run is to compute it. What L1
    /// gives and what is computed is the same.
    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult>;
}

impl<P: Preimages + ?Sized> Preimages for &P {
    fn keccak(&self, hash: &B256) -> Option<Bytes> {
        (**self).keccak(hash)
    }

    fn keccak_head(&self, hash: &B256) -> Option<B256> {
        (**self).keccak_head(hash)
    }

    fn local(&self, input: LocalInput) -> Option<B256> {
        (**self).local(input)
    }

    fn blob_element(&self, versioned_hash: &B256, index: u32) -> Option<B256> {
        (**self).blob_element(versioned_hash, index)
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        (**self).precompile(address, gas, input)
    }
}

/// The words that the dispute fixes, by their numbers (`docs/spec/claims.md`, section 4). Numbers in words are big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LocalInput {
    /// The claim that both sides agree on, right before the disputed one.
    PreviousClaim = 0,
    /// `BatchInbox`'s accumulator when the proposal was made.
    BatchAccumulator = 1,
    /// The Portal's accumulator of messages when the proposal was made.
    MessageAccumulator = 2,
    /// Number of the L1 block in which the proposal was made.
    L1Number = 3,
    /// Hash of the L1 block before that.
    L1ParentHash = 4,
    /// keccak256 of the chain's parameters ([`crate::ChainParameters`]).
    Parameters = 5,
    /// The place of the disputed claim among those of its block, from 0; [`crate::PLACES_PER_BLOCK`] or more for a leaf
    /// that only fills up the tree.
    Place = 6,
}

impl LocalInput {
    /// All of them, by number.
    pub const ALL: [Self; 7] = [
        Self::PreviousClaim,
        Self::BatchAccumulator,
        Self::MessageAccumulator,
        Self::L1Number,
        Self::L1ParentHash,
        Self::Parameters,
        Self::Place,
    ];
}

/// Names what a host is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PreimageKey {
    /// The bytes with this keccak256.
    Keccak(B256),
    /// A word that the dispute fixes.
    Local(LocalInput),
    /// An element of a blob.
    BlobElement {
        /// Of the blob.
        versioned_hash: B256,
        /// Of the element, in the order of the blob's bytes.
        index: u32,
    },
}

/// The host does not have what it was asked for, so there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host lacks {0:?}")]
pub struct Missing(pub PreimageKey);
