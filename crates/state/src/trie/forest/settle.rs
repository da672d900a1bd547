//! Brings the references in branches up to date, and encodes nodes.
//!
//! Dirty branches are listed from the tops down, level by level; leaves are hashed first, then branches from the
//! lowest level up. Within a level no node needs another, so they are hashed many at a time.

use alloc::vec::Vec;
use alloy_primitives::B256;

use super::super::{encode, reference::Reference};
use super::{Forest, Kind, Node, nibbles_of};
use crate::keccak::Batch;

/// A branch to hash, and where its reference goes.
struct Dirty {
    branch: u32,
    above: Place,
}

/// A child of a branch, by its nibble. Tops are above all branches.
#[derive(Clone, Copy)]
pub(in crate::trie) struct Place {
    branch: u32,
    nibble: usize,
}

const ABOVE_ALL: Place = Place { branch: u32::MAX, nibble: 0 };

impl<V: Clone + Default> Forest<V> {
    /// Makes every reference below the tops right. `put_value` appends the RLP of a value.
    pub(in crate::trie) fn settle(
        &mut self,
        tops: impl Iterator<Item = Node>,
        put_value: impl Fn(&V, &mut Vec<u8>),
    ) {
        let mut order: Vec<Dirty> = tops
            .filter_map(|top| match top.kind() {
                Kind::Branch(branch) => Some(Dirty { branch, above: ABOVE_ALL }),
                Kind::None | Kind::Leaf(_) => None,
            })
            .collect();
        let mut hashes = Batch::new();
        let mut node = Vec::new();
        // Where each level begins in `order`; the tops are the first.
        let mut levels = alloc::vec![0];
        let mut done = 0;
        while done < order.len() {
            let end = order.len();
            for index in done..end {
                let id = order[index].branch;
                let dirty = core::mem::take(&mut self.branches[id as usize].dirty);
                for nibble in nibbles_of(dirty) {
                    let above = Place { branch: id, nibble };
                    let branch = self.branches[id as usize];
                    let child = self.child(&branch, nibble);
                    match child.kind() {
                        Kind::Branch(branch) => order.push(Dirty { branch, above }),
                        Kind::None | Kind::Leaf(_) => {
                            self.encode(
                                &mut node,
                                child,
                                usize::from(branch.depth) + 1,
                                &put_value,
                            );
                            self.name(above, &node, &mut hashes);
                        }
                    }
                }
            }
            done = end;
            levels.push(end);
        }
        self.take_hashes(&mut hashes);
        let mut end = order.len();
        for begin in levels.into_iter().rev() {
            for Dirty { branch, above } in order[begin..end].iter().filter(|d| d.above.is_inside())
            {
                let from = usize::from(self.branches[above.branch as usize].depth) + 1;
                self.encode(&mut node, Node::branch(*branch), from, &put_value);
                self.name(*above, &node, &mut hashes);
            }
            self.take_hashes(&mut hashes);
            end = begin;
        }
    }

    /// The roots of whole tries, each with its tag. The references in them must be right.
    pub(in crate::trie) fn hash_tops<T>(
        &self,
        tops: impl Iterator<Item = (T, Node)>,
        put_value: impl Fn(&V, &mut Vec<u8>),
        mut done: impl FnMut(T, B256),
    ) {
        let mut hashes = Batch::new();
        let mut node = Vec::new();
        for (tag, top) in tops {
            self.encode(&mut node, top, 0, &put_value);
            hashes.push(&node, tag, &mut done);
        }
        hashes.flush(done);
    }

    /// Writes the node over `out` as it is seen `from` nibbles deep: behind an extension where it lies deeper. The empty
    /// node is an empty string. The references in it must be right.
    pub(in crate::trie) fn encode(
        &self,
        out: &mut Vec<u8>,
        node: Node,
        from: usize,
        put_value: impl Fn(&V, &mut Vec<u8>),
    ) {
        match node.kind() {
            Kind::None => {
                out.clear();
                out.push(alloy_rlp::EMPTY_STRING_CODE);
            }
            Kind::Leaf(id) => {
                let leaf = &self.leaves[id as usize];
                let mut value = Vec::with_capacity(128);
                put_value(&leaf.value, &mut value);
                encode::leaf(out, &leaf.key, from, &value);
            }
            Kind::Branch(id) => {
                self.encode_branch(out, id);
                let depth = usize::from(self.branches[id as usize].depth);
                if depth > from {
                    let reference = Reference::of(out);
                    encode::extension(out, self.sample(node), from, depth, &reference);
                }
            }
        }
    }

    pub(super) fn encode_branch(&self, out: &mut Vec<u8>, id: u32) {
        let branch = &self.branches[id as usize];
        let references = nibbles_of(branch.children).zip(self.children(branch));
        encode::branch(
            out,
            references.map(|(nibble, slot)| {
                let embedded = branch.embedded & super::bit(nibble) != 0;
                (nibble, Reference { bytes: slot.reference, embedded })
            }),
        );
    }

    fn name(&mut self, place: Place, node: &[u8], hashes: &mut Batch<Place>) {
        if let Some(reference) = Reference::embed(node) {
            self.set_reference(place.branch, place.nibble, reference);
        } else {
            hashes.push(node, place, |place, hash| {
                self.set_reference(place.branch, place.nibble, Reference::hash(hash));
            });
        }
    }

    fn take_hashes(&mut self, hashes: &mut Batch<Place>) {
        hashes.flush(|place, hash| {
            self.set_reference(place.branch, place.nibble, Reference::hash(hash));
        });
    }
}

impl Place {
    const fn is_inside(&self) -> bool {
        self.branch != ABOVE_ALL.branch
    }
}
