//! Checks the invariants of a forest that holds one trie; for tests.

use alloc::collections::BTreeSet;

use super::super::nibbles::{nibble, shared};
use super::{Forest, Kind, Node, nibbles_of};

impl<V: Clone + Default> Forest<V> {
    /// Panics unless the trie under `top` is sound, settled, and all there is.
    pub(in crate::trie) fn check(&self, top: Node) {
        let (mut branches, mut leaves, mut slots) = (0, 0, BTreeSet::new());
        let mut rest = alloc::vec![(top, None)];
        while let Some((node, above)) = rest.pop() {
            let id = match node.kind() {
                Kind::None => continue,
                Kind::Leaf(_) => {
                    leaves += 1;
                    continue;
                }
                Kind::Branch(id) => id,
            };
            branches += 1;
            let branch = self.branches[id as usize];
            let depth = usize::from(branch.depth);
            assert!(above.is_none_or(|above| above < depth), "depth rises");
            assert!(branch.count() >= 2, "a branch has two children");
            assert_eq!(branch.dirty, 0, "all references are right");
            assert_eq!(branch.embedded & !branch.children, 0, "no child, no name");
            assert!(branch.count() <= usize::from(branch.capacity), "children fit");
            let run = branch.first..branch.first + u32::from(branch.capacity);
            assert!(run.into_iter().all(|slot| slots.insert(slot)), "runs do not overlap");
            let way = self.sample(node);
            for (at, slot) in nibbles_of(branch.children).zip(self.children(&branch)) {
                let key = self.sample(slot.node);
                assert_eq!(shared(way, key, depth), depth, "keys share the way to their branch");
                assert_eq!(nibble(key, depth), at, "a child stands at its nibble");
                rest.push((slot.node, Some(depth)));
            }
        }
        assert_eq!(leaves, self.len(), "no leaf is lost");
        assert_eq!(branches, self.branches.len() - self.branches_free.len(), "no branch is lost");
        assert_eq!(slots.len() + self.slots.free_count(), self.slots.count(), "no slot is lost");
    }
}
