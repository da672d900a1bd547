//! The nodes from the top of a trie to a key, or to where the key would be: what a proof is made of.

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

use super::super::nibbles::{nibble, shared};
use super::super::reference::HASHED_FROM_BYTES;
use super::{Branch, Forest, Kind, Node};

impl<V: Clone + Default> Forest<V> {
    /// Appends the nodes that are named by hash on the way from `node`, seen `from` nibbles deep, to a key. Shorter ones
    /// stand inside their parents; only the top, where `nodes` is empty, is listed whatever its length.
    pub(in crate::trie) fn path(
        &self,
        nodes: &mut Vec<Bytes>,
        node: Node,
        from: usize,
        key: &B256,
        put_value: impl Fn(&V, &mut Vec<u8>),
    ) {
        let list = |encoded: &[u8]| {
            if nodes.is_empty() || encoded.len() >= HASHED_FROM_BYTES {
                nodes.push(Bytes::copy_from_slice(encoded));
            }
        };
        self.descend(node, from, key, put_value, list, |_| ());
    }

    /// Appends the nodes that may have come about when a key was added to the trie below `top`, or changed: those of its
    /// path, and the leaves and extensions beside it. What was in the key's place is pushed aside, and so is another node.
    pub(in crate::trie) fn path_and_beside(
        &self,
        nodes: &mut Vec<Bytes>,
        top: Node,
        key: &B256,
        put_value: impl Fn(&V, &mut Vec<u8>),
    ) {
        let mut beside = Vec::new();
        self.path(nodes, top, 0, key, &put_value);
        let passed = |branch: &Branch| {
            let from = usize::from(branch.depth) + 1;
            let children = self.children(branch).iter().map(|slot| (slot.node, from));
            beside.extend(children.filter(|(child, from)| self.is_short(*child, *from)));
        };
        self.descend(top, 0, key, &put_value, |_| (), passed);
        let mut encoded = Vec::new();
        for (node, from) in beside {
            self.encode(&mut encoded, node, from, &put_value);
            if encoded.len() >= HASHED_FROM_BYTES {
                nodes.push(Bytes::copy_from_slice(&encoded));
            }
        }
    }

    /// Whether a node that is seen `from` nibbles deep is a leaf or an extension.
    fn is_short(&self, node: Node, from: usize) -> bool {
        match node.kind() {
            Kind::None => false,
            Kind::Leaf(_) => true,
            Kind::Branch(id) => usize::from(self.branches[id as usize].depth) > from,
        }
    }

    /// Lists the nodes towards a key, encoded, and tells of each branch that is passed.
    fn descend(
        &self,
        mut node: Node,
        mut from: usize,
        key: &B256,
        put_value: impl Fn(&V, &mut Vec<u8>),
        mut list: impl FnMut(&[u8]),
        mut passed: impl FnMut(&Branch),
    ) {
        let mut encoded = Vec::new();
        loop {
            let id = match node.kind() {
                Kind::None => return,
                Kind::Leaf(_) => {
                    self.encode(&mut encoded, node, from, &put_value);
                    return list(&encoded);
                }
                Kind::Branch(id) => id,
            };
            let branch = &self.branches[id as usize];
            let depth = usize::from(branch.depth);
            if depth > from {
                self.encode(&mut encoded, node, from, &put_value);
                list(&encoded);
                if shared(self.sample(node), key, depth) < depth {
                    return;
                }
            }
            self.encode_branch(&mut encoded, id);
            list(&encoded);
            passed(branch);
            node = self.child(branch, nibble(key, depth));
            from = depth + 1;
        }
    }
}
