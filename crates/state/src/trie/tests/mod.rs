//! The trie against two others: the yellow paper's definition, written out in `oracle`, and `alloy-trie`.

mod oracle;
mod proofs;
mod shapes;
mod states;
mod vectors;
mod walks;

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::B256;

use super::forest::{Forest, Node};

/// One trie of plain byte values, for keys that are not hashes.
#[derive(Clone, Debug)]
struct Plain {
    forest: Forest<Vec<u8>>,
    top: Node,
}

type Values = BTreeMap<B256, Vec<u8>>;

impl Plain {
    fn new() -> Self {
        Self { forest: Forest::default(), top: Node::NONE }
    }

    fn apply(&mut self, changes: &BTreeMap<B256, Option<Vec<u8>>>) -> B256 {
        let mut changes: Vec<_> =
            changes.iter().map(|(key, value)| (*key, value.clone())).collect();
        self.top = self.forest.update(self.top, &mut changes);
        self.forest.settle(core::iter::once(self.top), put);
        let mut root = B256::ZERO;
        self.forest.hash_tops(core::iter::once(((), self.top)), put, |(), hash| root = hash);
        root
    }

    fn proof(&self, key: &B256) -> Vec<alloy_primitives::Bytes> {
        let mut nodes = Vec::new();
        self.forest.path(&mut nodes, self.top, 0, key, put);
        nodes
    }
}

#[expect(clippy::ptr_arg, reason = "the forest hands out its values as they are")]
fn put(value: &Vec<u8>, out: &mut Vec<u8>) {
    out.extend_from_slice(value);
}

/// A sequence of numbers that a seed repeats.
struct Numbers(u64);

impl Numbers {
    /// Below `end`, by splitmix64.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
