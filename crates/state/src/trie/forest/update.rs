//! Sorted changes into a trie, in one walk: shape and values now, hashes later in `settle`.

use alloy_primitives::B256;

use super::super::nibbles::{NIBBLES, nibble, shared};
use super::{Forest, Kind, Node};

/// A new value, or `None` to remove the key.
pub(in crate::trie) type Change<V> = (B256, Option<V>);

impl<V: Clone + Default> Forest<V> {
    /// Applies changes, strictly ascending by key, to the trie under `node`; gives its new top. Every value put counts
    /// as changed; whoever calls leaves out those that are not. The slice is used up.
    pub(in crate::trie) fn update(&mut self, node: Node, changes: &mut [Change<V>]) -> Node {
        debug_assert!(changes.is_sorted_by(|a, b| a.0 < b.0), "sorted and distinct");
        self.change(node, 0, changes).0
    }

    /// Gives the node that now stands where `node` stood, `from` nibbles deep, and whether anything changed.
    fn change(&mut self, node: Node, from: usize, changes: &mut [Change<V>]) -> (Node, bool) {
        let id = match node.kind() {
            Kind::None => {
                let planted = self.plant(None, puts(changes));
                return (planted, planted != Node::NONE);
            }
            Kind::Leaf(id) => return self.change_leaf(id, changes),
            Kind::Branch(id) => id,
        };
        let depth = usize::from(self.branches[id as usize].depth);
        if depth == from {
            return self.change_children(id, changes);
        }
        // An extension leads here. Keys that leave it on the way cannot be removed, only put.
        let way = *self.sample(node);
        let fits = |key: &B256| shared(&way, key, depth) == depth;
        let changes = keep(changes, |(key, value)| value.is_some() || fits(key));
        let (Some((first, _)), Some((last, _))) = (changes.first(), changes.last()) else {
            return (node, false);
        };
        let fork = core::cmp::min(shared(&way, first, depth), shared(&way, last, depth));
        if fork == depth {
            return self.change_children(id, changes);
        }
        let above = self.new_branch(fork);
        self.set_child(above, nibble(&way, fork), node);
        (self.change_children(above, changes).0, true)
    }

    fn change_leaf(&mut self, id: u32, changes: &mut [Change<V>]) -> (Node, bool) {
        let key = self.leaves[id as usize].key;
        let own = changes.binary_search_by(|(other, _)| other.cmp(&key)).ok();
        let old = match own.map(|index| changes[index].1.take()) {
            Some(None) => {
                self.free_leaf(id);
                None
            }
            Some(Some(value)) => {
                self.leaves[id as usize].value = value;
                Some(id)
            }
            None => Some(id),
        };
        let puts = puts(changes);
        let changed = own.is_some() || !puts.is_empty();
        (self.plant(old, puts), changed)
    }

    /// Grows a sub-trie from puts and at most one leaf that is there already.
    fn plant(&mut self, old: Option<u32>, puts: &mut [Change<V>]) -> Node {
        let old_key = old.map(|id| self.leaves[id as usize].key);
        let (first, last) = match (&*puts, old) {
            ([], None) => return Node::NONE,
            ([], Some(id)) => return Node::leaf(id),
            ([(key, _)], None) => {
                let key = *key;
                let value = puts[0].1.take().unwrap_or_default();
                return self.new_leaf(key, value);
            }
            ([first, ..], _) => (first.0, puts[puts.len() - 1].0),
        };
        let mut depth = shared(&first, &last, NIBBLES);
        if let Some(key) = old_key {
            depth = core::cmp::min(depth, shared(&first, &key, NIBBLES));
        }
        let branch = self.new_branch(depth);
        let mut old = old.zip(old_key);
        let mut rest = puts;
        while let Some((key, _)) = rest.first() {
            let at = nibble(key, depth);
            let (group, others) = split_group(rest, depth, at);
            rest = others;
            let within = old.take_if(|(_, key)| nibble(key, depth) == at);
            let child = self.plant(within.map(|(id, _)| id), group);
            self.set_child(branch, at, child);
        }
        if let Some((id, key)) = old {
            self.set_child(branch, nibble(&key, depth), Node::leaf(id));
        }
        Node::branch(branch)
    }

    fn change_children(&mut self, id: u32, changes: &mut [Change<V>]) -> (Node, bool) {
        let depth = usize::from(self.branches[id as usize].depth);
        let mut changed = false;
        let mut rest = changes;
        while let Some((key, _)) = rest.first() {
            let at = nibble(key, depth);
            let (group, others) = split_group(rest, depth, at);
            rest = others;
            let child = self.child(&self.branches[id as usize], at);
            let (child, child_changed) = self.change(child, depth + 1, group);
            if child_changed && child == Node::NONE {
                self.remove_child(id, at);
            } else if child_changed {
                self.set_child(id, at, child);
            }
            changed |= child_changed;
        }
        (self.collapse(id), changed)
    }

    /// A branch with one child left is not a branch: the child takes its place, and the gap grows.
    fn collapse(&mut self, id: u32) -> Node {
        let branch = self.branches[id as usize];
        let top = match self.children(&branch) {
            [] => Node::NONE,
            [only] => only.node,
            _ => return Node::branch(id),
        };
        self.free_branch(id);
        top
    }
}

/// Splits off the changes whose nibble at `depth` is `at`, which come first.
fn split_group<V>(
    changes: &mut [Change<V>],
    depth: usize,
    at: usize,
) -> (&mut [Change<V>], &mut [Change<V>]) {
    let end = changes.partition_point(|(key, _)| nibble(key, depth) == at);
    changes.split_at_mut(end)
}

fn puts<V>(changes: &mut [Change<V>]) -> &mut [Change<V>] {
    keep(changes, |(_, value)| value.is_some())
}

/// Moves what is wanted to the front, in order, and gives that part.
fn keep<T>(items: &mut [T], wanted: impl Fn(&T) -> bool) -> &mut [T] {
    let mut kept = 0;
    for index in 0..items.len() {
        if wanted(&items[index]) {
            items.swap(kept, index);
            kept += 1;
        }
    }
    &mut items[..kept]
}
