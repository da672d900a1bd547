//! Hands a trie to a hash builder as it would be after changes: what does not change goes as a hash, what does as leaves.
//!
//! Only the way to the changed keys is opened, so the cost goes with the changes and the depth, not with the trie.

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_trie::{HashBuilder, Nibbles};

use super::super::nibbles::{nibble, shared};
use super::super::reference::Reference;
use super::{Forest, Kind, Node};

/// What is pretended about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::trie) enum Touch {
    /// It has this value, as RLP.
    Set(Vec<u8>),
    /// It is not there.
    Remove,
    /// Nothing; the way to it is opened all the same, so that it can be proven.
    Look,
}

/// Keys in ascending order, each once, with what is pretended about them.
pub(in crate::trie) type Touches = [(B256, Touch)];

impl<V: Clone + Default> Forest<V> {
    /// Feeds the trie under `node`. The references in it must be right, and nothing above its keys be fed before.
    pub(in crate::trie) fn feed(
        &self,
        builder: &mut HashBuilder,
        node: Node,
        touches: &Touches,
        put_value: &impl Fn(&V, &mut Vec<u8>),
    ) {
        match node.kind() {
            Kind::None => touches.iter().for_each(|touch| add(builder, touch)),
            Kind::Leaf(id) => {
                let leaf = &self.leaves[id as usize];
                let place = touches.partition_point(|(key, _)| *key < leaf.key);
                let (before, after) = touches.split_at(place);
                before.iter().for_each(|touch| add(builder, touch));
                let own = after.first().filter(|(key, _)| *key == leaf.key);
                if own.is_none_or(|(_, touch)| *touch == Touch::Look) {
                    let mut value = Vec::with_capacity(128);
                    put_value(&leaf.value, &mut value);
                    builder.add_leaf(Nibbles::unpack(leaf.key), &value);
                }
                after.iter().for_each(|touch| add(builder, touch));
            }
            Kind::Branch(id) => self.feed_branch(builder, id, touches, put_value),
        }
    }

    fn feed_branch(
        &self,
        builder: &mut HashBuilder,
        id: u32,
        touches: &Touches,
        put_value: &impl Fn(&V, &mut Vec<u8>),
    ) {
        let branch = &self.branches[id as usize];
        let depth = usize::from(branch.depth);
        let sample = self.sample(Node::branch(id));
        let is_below = |key: &B256| shared(sample, key, depth) == depth;
        let first = touches.partition_point(|(key, _)| key < sample && !is_below(key));
        let (before, rest) = touches.split_at(first);
        let (inside, after) = rest.split_at(rest.partition_point(|(key, _)| is_below(key)));
        before.iter().for_each(|touch| add(builder, touch));
        if inside.is_empty() && self.feed_hash(builder, id, depth, sample) {
            return after.iter().for_each(|touch| add(builder, touch));
        }
        let mut rest = inside;
        for value in 0..16 {
            let (own, others) =
                rest.split_at(rest.partition_point(|(key, _)| nibble(key, depth) <= value));
            self.feed(builder, self.child(branch, value), own, put_value);
            rest = others;
        }
        after.iter().for_each(|touch| add(builder, touch));
    }

    /// Feeds a branch by its hash; `false` where it is so short that it has none.
    fn feed_hash(&self, builder: &mut HashBuilder, id: u32, depth: usize, sample: &B256) -> bool {
        let mut encoded = Vec::new();
        self.encode_branch(&mut encoded, id);
        let reference = Reference::of(&encoded);
        if !reference.embedded {
            let path = Nibbles::unpack(sample).slice(..depth);
            builder.add_branch(path, B256::from(reference.bytes), false);
        }
        !reference.embedded
    }
}

fn add(builder: &mut HashBuilder, (key, touch): &(B256, Touch)) {
    if let Touch::Set(value) = touch {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
}
