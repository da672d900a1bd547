//! The way from a storage root to a slot through nodes that are fetched one by one, each by its hash.
//!
//! For who keeps encoded nodes and no trie. It is pulled: [`SlotWalk::needs`] names a node, [`SlotWalk::take`] is given
//! its bytes, until nothing is needed. Invariant: what comes out is what [`super::StateTrie::proof`] gives for the same
//! trie, and bytes that are not the node asked for are refused.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{
    Nibbles,
    nodes::{RlpNode, TrieNode},
};

use super::{EMPTY_ROOT, StorageProof};

/// A way that is being gone.
#[derive(Debug)]
pub struct SlotWalk {
    slot: U256,
    /// What is left of the hashed slot.
    path: Nibbles,
    needs: Option<B256>,
    nodes: Vec<Bytes>,
    value: U256,
}

/// Why a node is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// It has another hash than the one that was asked for, or none was.
    #[error("the node hashes to {got}, wanted was {wanted:?}")]
    AnotherNode {
        /// Its hash.
        got: B256,
        /// What was asked for.
        wanted: Option<B256>,
    },
    /// It is no node of a storage trie.
    #[error("node {hash} cannot be decoded")]
    Malformed {
        /// Its hash.
        hash: B256,
        /// Why.
        #[source]
        source: alloy_rlp::Error,
    },
}

impl SlotWalk {
    /// From a storage root to a slot.
    pub fn new(root: B256, slot: U256) -> Self {
        Self {
            slot,
            path: Nibbles::unpack(keccak256(slot.to_be_bytes::<32>())),
            needs: (root != EMPTY_ROOT).then_some(root),
            nodes: Vec::new(),
            value: U256::ZERO,
        }
    }

    /// The hash of the node that comes next; `None` at the end.
    pub const fn needs(&self) -> Option<B256> {
        self.needs
    }

    /// Goes on with that node.
    ///
    /// # Errors
    /// When it is another one, or none at all. The walk still needs it then.
    pub fn take(&mut self, node: Bytes) -> Result<(), WalkError> {
        let hash = keccak256(&node);
        if self.needs != Some(hash) {
            return Err(WalkError::AnotherNode { got: hash, wanted: self.needs });
        }
        let end =
            follow(&node, self.path).map_err(|source| WalkError::Malformed { hash, source })?;
        self.needs = None;
        match end {
            End::Node { hash, path } => (self.needs, self.path) = (Some(hash), path),
            End::Slot(value) => self.value = value,
        }
        self.nodes.push(node);
        Ok(())
    }

    /// The slot as it is known now: whole once nothing is needed.
    pub fn finish(self) -> StorageProof {
        StorageProof { slot: self.slot, value: self.value, proof: self.nodes }
    }
}

/// Where a node leads to.
enum End {
    /// To another, with what is left of the key.
    Node { hash: B256, path: Nibbles },
    /// To the slot; zero where it is not there.
    Slot(U256),
}

/// Goes through a node and those that lie inside of it. Each takes a nibble at least, but a leaf, which is the last.
fn follow(mut node: &[u8], path: Nibbles) -> alloy_rlp::Result<End> {
    let absent = Ok(End::Slot(U256::ZERO));
    let (key, child) = match TrieNode::decode(&mut node)? {
        TrieNode::Leaf(leaf) if leaf.key == path => {
            return U256::decode(&mut &leaf.value[..]).map(End::Slot);
        }
        TrieNode::Leaf(_) | TrieNode::EmptyRoot => return absent,
        TrieNode::Extension(extension) => (extension.key, extension.child),
        TrieNode::Branch(branch) => {
            let nibble =
                path.first().ok_or(alloy_rlp::Error::Custom("the key ends in a branch"))?;
            let children = branch.as_ref();
            let child = children.children().find(|(index, _)| *index == nibble);
            match child {
                Some((_, Some(child))) => (Nibbles::from_nibbles([nibble]), child.clone()),
                _ => return absent,
            }
        }
    };
    if key.is_empty() {
        return Err(alloy_rlp::Error::Custom("an extension by nothing"));
    }
    if !path.starts_with(&key) {
        return absent;
    }
    let path = path.slice(key.len()..);
    match RlpNode::as_hash(&child) {
        Some(hash) => Ok(End::Node { hash, path }),
        None => follow(child.as_slice(), path),
    }
}
