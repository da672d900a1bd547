//! Merkle Patricia tries that share one arena: nodes are numbers, a trie is the number of its top node.
//!
//! Two kinds of nodes: leaves with their whole key, and branches with two children or more. An extension is not a node:
//! it is the gap between where a branch is looked for and its depth. What it spells is read from any leaf below.
//! Each branch keeps the references of its children, so that a change hashes the way up and nothing else.
//!
//! Invariants: a branch has at least two children; all keys below it share their first `depth` nibbles; the reference
//! of a child is right unless its bit in `dirty` is set, and a dirty branch is reached over dirty bits from the top.

#[cfg(test)]
mod check;
mod feed;
mod path;
mod settle;
mod slots;
mod update;

pub(super) use feed::{Touch, Touches};
pub(super) use update::Change;

use alloc::vec::Vec;
use alloy_primitives::B256;

use super::{nibbles::nibble, reference::Reference};
use slots::{Slot, Slots};

/// The top bit of a node's number tells leaves from branches.
const LEAF: u32 = 1 << 31;

/// The number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(u32);

/// A node's number, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    Leaf(u32),
    Branch(u32),
}

impl Node {
    /// The empty trie.
    pub(super) const NONE: Self = Self(u32::MAX);

    const fn leaf(id: u32) -> Self {
        Self(id | LEAF)
    }

    const fn branch(id: u32) -> Self {
        Self(id)
    }

    const fn kind(self) -> Kind {
        match self {
            Self::NONE => Kind::None,
            Self(id) if id & LEAF != 0 => Kind::Leaf(id & !LEAF),
            Self(id) => Kind::Branch(id),
        }
    }
}

fn to_id(index: usize) -> u32 {
    let id = u32::try_from(index).ok().filter(|id| *id < LEAF - 1);
    id.expect("two thousand million nodes do not fit into memory")
}

#[derive(Clone, Debug)]
struct Leaf<V> {
    key: B256,
    value: V,
}

/// The sets are of nibbles, one bit each.
#[derive(Clone, Copy, Debug)]
struct Branch {
    first: u32,
    children: u16,
    embedded: u16,
    dirty: u16,
    depth: u8,
    capacity: u8,
}

/// Tries with values of type `V`.
#[derive(Clone, Debug)]
pub(super) struct Forest<V> {
    leaves: Vec<Leaf<V>>,
    leaves_free: Vec<u32>,
    branches: Vec<Branch>,
    branches_free: Vec<u32>,
    slots: Slots,
}

impl<V> Default for Forest<V> {
    fn default() -> Self {
        Self {
            leaves: Vec::new(),
            leaves_free: Vec::new(),
            branches: Vec::new(),
            branches_free: Vec::new(),
            slots: Slots::default(),
        }
    }
}

impl<V: Clone + Default> Forest<V> {
    /// The value of a key in the trie under `node`.
    pub(super) fn get(&self, node: Node, key: &B256) -> Option<&V> {
        self.find(node, key).map(|id| &self.leaves[id as usize].value)
    }

    /// The value of a key, to change before the trie is settled again; it is not marked as changed.
    pub(super) fn get_mut(&mut self, node: Node, key: &B256) -> Option<&mut V> {
        self.find(node, key).map(|id| &mut self.leaves[id as usize].value)
    }

    fn find(&self, mut node: Node, key: &B256) -> Option<u32> {
        loop {
            match node.kind() {
                Kind::None => return None,
                Kind::Leaf(id) => return (self.leaves[id as usize].key == *key).then_some(id),
                Kind::Branch(id) => {
                    let branch = self.branches[id as usize];
                    node = self.child(&branch, nibble(key, usize::from(branch.depth)));
                }
            }
        }
    }

    /// The values of keys in the trie under `node`. All ways down are gone a step at a time, so that the waits for memory
    /// overlap.
    pub(super) fn get_all<'a>(
        &'a self,
        node: Node,
        keys: impl Iterator<Item = &'a B256> + Clone,
    ) -> impl Iterator<Item = Option<&'a V>> {
        let mut nodes: Vec<Node> = keys.clone().map(|_| node).collect();
        let mut is_on_the_way = true;
        while core::mem::take(&mut is_on_the_way) {
            for (node, key) in nodes.iter_mut().zip(keys.clone()) {
                if let Kind::Branch(id) = node.kind() {
                    let branch = self.branches[id as usize];
                    *node = self.child(&branch, nibble(key, usize::from(branch.depth)));
                    is_on_the_way = true;
                }
            }
        }
        // From here it is one step.
        nodes.into_iter().zip(keys).map(|(node, key)| self.get(node, key))
    }

    /// Gives back all nodes under `node`.
    pub(super) fn remove_all(&mut self, node: Node) {
        let mut rest = alloc::vec![node];
        while let Some(node) = rest.pop() {
            match node.kind() {
                Kind::None => {}
                Kind::Leaf(id) => self.free_leaf(id),
                Kind::Branch(id) => {
                    let branch = self.branches[id as usize];
                    rest.extend(self.children(&branch).iter().map(|slot| slot.node));
                    self.free_branch(id);
                }
            }
        }
    }

    /// Leaves that are in use.
    pub(super) const fn len(&self) -> usize {
        self.leaves.len() - self.leaves_free.len()
    }

    /// Bytes of memory held.
    pub(super) const fn memory_bytes(&self) -> usize {
        self.leaves.capacity() * size_of::<Leaf<V>>()
            + self.branches.capacity() * size_of::<Branch>()
            + (self.leaves_free.capacity() + self.branches_free.capacity()) * size_of::<u32>()
            + self.slots.memory_bytes()
    }

    /// Gives unused memory back; for after a build.
    pub(super) fn shrink(&mut self) {
        self.leaves.shrink_to_fit();
        self.leaves_free.shrink_to_fit();
        self.branches.shrink_to_fit();
        self.branches_free.shrink_to_fit();
        self.slots.shrink();
    }

    /// The key of some leaf under a node that is not empty: what all keys below it begin with.
    fn sample(&self, mut node: Node) -> &B256 {
        loop {
            match node.kind() {
                Kind::None => unreachable!("a branch has children"),
                Kind::Leaf(id) => return &self.leaves[id as usize].key,
                Kind::Branch(id) => node = self.children(&self.branches[id as usize])[0].node,
            }
        }
    }

    fn children(&self, branch: &Branch) -> &[Slot] {
        self.slots.run(branch.first, branch.count())
    }

    fn child(&self, branch: &Branch, nibble: usize) -> Node {
        branch.place(nibble).map_or(Node::NONE, |place| self.children(branch)[place].node)
    }

    /// Puts a child where there may or may not be one, and marks it dirty.
    fn set_child(&mut self, id: u32, nibble: usize, node: Node) {
        let mut branch = self.branches[id as usize];
        let place = branch.rank(nibble);
        if branch.children & bit(nibble) == 0 {
            let count = branch.count();
            self.resize(&mut branch, count + 1);
            let run = self.slots.run_mut(branch.first, count + 1);
            run.copy_within(place..count, place + 1);
            branch.children |= bit(nibble);
        }
        self.slots.run_mut(branch.first, branch.count())[place].node = node;
        branch.dirty |= bit(nibble);
        self.branches[id as usize] = branch;
    }

    fn remove_child(&mut self, id: u32, nibble: usize) {
        let mut branch = self.branches[id as usize];
        let Some(place) = branch.place(nibble) else { return };
        let count = branch.count();
        self.slots.run_mut(branch.first, count).copy_within(place + 1.., place);
        branch.children &= !bit(nibble);
        branch.dirty &= !bit(nibble);
        branch.embedded &= !bit(nibble);
        self.resize(&mut branch, count - 1);
        self.branches[id as usize] = branch;
    }

    /// Moves the children where there is room for `count`: at once to grow, to shrink only when it is worth it.
    fn resize(&mut self, branch: &mut Branch, count: usize) {
        let capacity = usize::from(branch.capacity);
        if count <= capacity && count + 4 > capacity {
            return;
        }
        let (first, capacity) = self.slots.take(count);
        self.slots.copy(branch.first, first, core::cmp::min(branch.count(), count));
        self.slots.give_back(branch.first, branch.capacity);
        (branch.first, branch.capacity) = (first, capacity);
    }

    fn set_reference(&mut self, id: u32, nibble: usize, reference: Reference) {
        let branch = &mut self.branches[id as usize];
        let embedded = if reference.embedded { bit(nibble) } else { 0 };
        branch.embedded = branch.embedded & !bit(nibble) | embedded;
        let (first, count, place) = (branch.first, branch.count(), branch.rank(nibble));
        self.slots.run_mut(first, count)[place].reference = reference.bytes;
    }

    fn new_leaf(&mut self, key: B256, value: V) -> Node {
        let leaf = Leaf { key, value };
        if let Some(id) = self.leaves_free.pop() {
            self.leaves[id as usize] = leaf;
            return Node::leaf(id);
        }
        self.leaves.push(leaf);
        Node::leaf(to_id(self.leaves.len() - 1))
    }

    fn free_leaf(&mut self, id: u32) {
        self.leaves[id as usize].value = V::default();
        self.leaves_free.push(id);
    }

    #[expect(clippy::cast_possible_truncation, reason = "a depth is below 64")]
    fn new_branch(&mut self, depth: usize) -> u32 {
        let (first, capacity) = self.slots.take(2);
        let depth = depth as u8;
        let branch = Branch { first, children: 0, embedded: 0, dirty: 0, depth, capacity };
        if let Some(id) = self.branches_free.pop() {
            self.branches[id as usize] = branch;
            return id;
        }
        self.branches.push(branch);
        to_id(self.branches.len() - 1)
    }

    fn free_branch(&mut self, id: u32) {
        let branch = self.branches[id as usize];
        self.slots.give_back(branch.first, branch.capacity);
        self.branches_free.push(id);
    }
}

impl Branch {
    const fn count(&self) -> usize {
        self.children.count_ones() as usize
    }

    /// How many children stand before a nibble.
    const fn rank(&self, nibble: usize) -> usize {
        (self.children & (bit(nibble) - 1)).count_ones() as usize
    }

    const fn place(&self, nibble: usize) -> Option<usize> {
        if self.children & bit(nibble) == 0 { None } else { Some(self.rank(nibble)) }
    }
}

const fn bit(nibble: usize) -> u16 {
    1 << nibble
}

/// The nibbles of a set, ascending.
fn nibbles_of(mut set: u16) -> impl Iterator<Item = usize> + Clone {
    core::iter::from_fn(move || {
        let nibble = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (nibble < 16).then_some(nibble)
    })
}
