//! The nodes from the top of a trie to a key, or to where the key would be: what a proof is made of.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

use super::super::nibbles::{nibble, shared};
use super::super::reference::HASHED_FROM_BYTES;
use super::{Forest, Kind, Node};

impl<V: Clone + Default> Forest<V> {
    /// Appends the nodes that are named by hash on the way from `node`, seen `from` nibbles deep, to a key. Shorter ones
    /// stand inside their parents; only the top, where `nodes` is empty, is listed whatever its length.
    pub(in crate::trie) fn path(
        &self,
        nodes: &mut Vec<Bytes>,
        mut node: Node,
        mut from: usize,
        key: &B256,
        put_value: impl Fn(&V, &mut Vec<u8>),
    ) {
        let mut encoded = Vec::new();
        let mut list = |encoded: &[u8]| {
            if nodes.is_empty() || encoded.len() >= HASHED_FROM_BYTES {
                nodes.push(Bytes::copy_from_slice(encoded));
            }
        };
        loop {
            let id = match node.kind() {
                Kind::None => return,
                Kind::Leaf(_) => {
                    self.encode(&mut encoded, node, from, &put_value);
                    return list(&encoded);
                }
                Kind::Branch(id) => id,
            };
            let depth = usize::from(self.branches[id as usize].depth);
            if depth > from {
                self.encode(&mut encoded, node, from, &put_value);
                list(&encoded);
                if shared(self.sample(node), key, depth) < depth {
                    return;
                }
            }
            self.encode_branch(&mut encoded, id);
            list(&encoded);
            node = self.child(&self.branches[id as usize], nibble(key, depth));
            from = depth + 1;
        }
    }
}
