//! How a node is named inside its parent: by hash, or by itself where it is shorter than a hash (yellow paper, (194)).

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};
use alloy_rlp::{EMPTY_LIST_CODE, EMPTY_STRING_CODE};

/// A node of at least this many bytes is named by its hash.
pub(super) const HASHED_FROM_BYTES: usize = 32;

/// A hash, or an RLP list of fewer than 32 bytes with zeros behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) bytes: [u8; 32],
    pub(super) embedded: bool,
}

impl Reference {
    /// The name of a node.
    pub(super) fn of(node: &[u8]) -> Self {
        Self::embed(node).unwrap_or_else(|| Self::hash(keccak256(node)))
    }

    /// The name of a node that is short enough to stand for itself.
    pub(super) fn embed(node: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if node.len() >= HASHED_FROM_BYTES {
            return None;
        }
        bytes[..node.len()].copy_from_slice(node);
        Some(Self { bytes, embedded: true })
    }

    /// The name of a node by its hash.
    pub(super) const fn hash(hash: B256) -> Self {
        Self { bytes: hash.0, embedded: false }
    }

    /// The bytes it takes there.
    pub(super) fn length(&self) -> usize {
        // A list this short has a one-byte header, which tells its length.
        if self.embedded { usize::from(self.bytes[0] - EMPTY_LIST_CODE) + 1 } else { 33 }
    }

    /// Appends it to the payload of the parent.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        if self.embedded {
            out.extend_from_slice(&self.bytes[..self.length()]);
        } else {
            out.push(EMPTY_STRING_CODE + 32);
            out.extend_from_slice(&self.bytes);
        }
    }
}
