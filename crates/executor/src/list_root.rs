//! The root of a list as headers hold it: of a trie from RLP of the index to the value, followed while the list grows.
//!
//! Sixteen values in a row hang from one branch, as soon as there is another value beside them; so whole groups are hashed
//! apart from the trie and many leaves at a time (`lanes`), and the trie gets the hashes of their branches. The rest is left
//! to it. Equal to the root of the finished list.

use alloc::vec::Vec;

use alloy_primitives::B256;
use alloy_rlp::{Encodable, Header};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};

/// Values under one branch.
const GROUP: usize = 16;

/// Values that are hashed at a time. They wait for each other.
const WAITING_MAX: usize = 8 * GROUP;

/// The index whose key comes right after that of the first value: the key of index 0, `0x80`, stands between those of 127
/// (`0x7f`) and 128 (`0x8180`). So the first value waits for its turn.
const AFTER_FIRST: usize = 128;

/// What stands in a branch for a child with a hash: its length, and the hash.
const CHILD_BYTES: usize = 1 + B256::len_bytes();

/// A node of fewer bytes stands in its parent as it is.
const HASHED_BYTES_MIN: usize = B256::len_bytes();

/// The rest of the path of a leaf that hangs from a branch with nothing in between: an even number of nibbles, none.
const NO_PATH: u8 = 0x20;

/// Values of a list, in order.
#[derive(Debug, Default)]
pub(crate) struct ListRoot {
    builder: HashBuilder,
    first: Option<Vec<u8>>,
    /// How many values there are.
    len: usize,
    /// The last of them, which the trie does not have yet. They begin with a whole group.
    waiting: Values,
    hashing: Hashing,
}

/// Byte strings, one behind the other.
#[derive(Debug, Default)]
struct Values {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Memory of the hashing, which is used again.
#[derive(Debug, Default)]
struct Hashing {
    nodes: Values,
    leaves: Vec<B256>,
    branches: Vec<B256>,
    hasher: Hasher,
}

impl ListRoot {
    /// Adds the value that `write` appends.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.len == 0 {
            let mut first = Vec::new();
            write(&mut first);
            self.first = Some(first);
        } else {
            self.waiting.push_with(write);
        }
        self.len += 1;
        // The first group lacks its first value.
        if self.len == GROUP {
            self.add_waiting();
        } else if self.waiting.len() == WAITING_MAX {
            self.add_groups();
        }
    }

    /// The root of all of them.
    pub(crate) fn finish(mut self) -> B256 {
        if self.len == 0 {
            return EMPTY_ROOT_HASH;
        }
        if self.len > GROUP {
            self.add_groups();
        }
        self.add_waiting();
        self.add_first();
        self.builder.root()
    }

    /// Hands the whole groups that wait to the trie.
    fn add_groups(&mut self) {
        let groups = self.waiting.len() / GROUP;
        let start = self.len - self.waiting.len();
        let values = core::mem::take(&mut self.waiting);
        let mut hashing = core::mem::take(&mut self.hashing);
        let hashed = hashing.hash(&values, groups);
        for group in 0..groups {
            let index = start + group * GROUP;
            if hashed {
                self.before(index);
                let mut path = key(index);
                path.pop();
                self.builder.add_branch(path, hashing.branches[group], false);
            } else {
                (group * GROUP..(group + 1) * GROUP)
                    .for_each(|place| self.add_leaf(start + place, values.get(place)));
            }
        }
        for place in groups * GROUP..values.len() {
            self.waiting.push_with(|out| out.extend_from_slice(values.get(place)));
        }
        // The longer memory is kept.
        if self.waiting.len() == 0 {
            self.waiting = values.cleared();
        }
        self.hashing = hashing;
    }

    /// Hands what waits to the trie, value by value.
    fn add_waiting(&mut self) {
        let values = core::mem::take(&mut self.waiting);
        let start = self.len - values.len();
        (0..values.len()).for_each(|place| self.add_leaf(start + place, values.get(place)));
        self.waiting = values.cleared();
    }

    fn add_leaf(&mut self, index: usize, value: &[u8]) {
        self.before(index);
        self.builder.add_leaf(key(index), value);
    }

    fn before(&mut self, index: usize) {
        if index == AFTER_FIRST {
            self.add_first();
        }
    }

    fn add_first(&mut self) {
        if let Some(first) = self.first.take() {
            self.builder.add_leaf(key(0), &first);
        }
    }
}

impl Values {
    const fn len(&self) -> usize {
        self.ends.len()
    }

    fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn cleared(mut self) -> Self {
        self.clear();
        self
    }
}

impl Hashing {
    /// Hashes the branches of the first `groups` groups. False, and nothing done, where a leaf is too short to have a hash.
    fn hash(&mut self, values: &Values, groups: usize) -> bool {
        self.nodes.clear();
        for value in values.iter().take(groups * GROUP) {
            let payload_length = 1 + value.length();
            let header = Header { list: true, payload_length };
            if header.length_with_payload() < HASHED_BYTES_MIN {
                return false;
            }
            self.nodes.push_with(|out| {
                header.encode(out);
                out.push(NO_PATH);
                value.encode(out);
            });
        }
        self.hasher.hash(&self.nodes, &mut self.leaves);
        self.nodes.clear();
        for leaves in self.leaves.chunks_exact(GROUP) {
            self.nodes.push_with(|out| {
                // The last item is a value, of which a branch over leaves has none.
                Header { list: true, payload_length: GROUP * CHILD_BYTES + 1 }.encode(out);
                leaves.iter().for_each(|leaf| leaf.encode(out));
                out.push(alloy_rlp::EMPTY_STRING_CODE);
            });
        }
        self.hasher.hash(&self.nodes, &mut self.branches);
        true
    }
}

#[cfg(feature = "std")]
#[derive(Debug, Default)]
struct Hasher(lanes::Hasher);

#[cfg(feature = "std")]
impl Hasher {
    fn hash(&mut self, nodes: &Values, hashes: &mut Vec<B256>) {
        let nodes: Vec<&[u8]> = nodes.iter().collect();
        self.0.hash(&nodes, hashes);
    }
}

#[cfg(not(feature = "std"))]
#[derive(Debug, Default)]
struct Hasher;

#[cfg(not(feature = "std"))]
impl Hasher {
    fn hash(&mut self, nodes: &Values, hashes: &mut Vec<B256>) {
        hashes.clear();
        hashes.extend(nodes.iter().map(alloy_primitives::keccak256));
    }
}

fn key(index: usize) -> Nibbles {
    Nibbles::unpack(alloy_rlp::encode_fixed_size(&index))
}

#[cfg(test)]
mod tests {
    use alloy_consensus::proofs::ordered_trie_root_encoded;
    use alloy_primitives::keccak256;
    use proptest::prelude::*;

    use super::*;

    fn root_of(values: &[Vec<u8>]) -> B256 {
        let mut root = ListRoot::default();
        values.iter().for_each(|value| root.push_with(|out| out.extend_from_slice(value)));
        root.finish()
    }

    fn values(lengths: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
        let value = |(index, length): (usize, usize)| {
            let hash = keccak256(index.to_be_bytes());
            hash.iter().copied().cycle().take(length).collect()
        };
        lengths.enumerate().map(value).collect()
    }

    #[test]
    fn every_length_around_the_places_where_keys_change() {
        for count in (0..=300).chain([65_535, 65_536, 65_537]) {
            let values = values((0..count).map(|index| 1 + index % 200));
            assert_eq!(root_of(&values), ordered_trie_root_encoded(&values), "{count}");
        }
    }

    /// Nothing short among them, so whole groups are hashed at each of those places.
    #[test]
    fn groups_around_the_places_where_keys_change() {
        for count in (120..=300).chain([65_520, 65_536, 65_551, 65_552, 65_568, 65_680]) {
            let values = values((0..count).map(|_| 100));
            assert_eq!(root_of(&values), ordered_trie_root_encoded(&values), "{count}");
        }
    }

    proptest! {
        #[test]
        fn values_that_have_hashes(lengths in proptest::collection::vec(29_usize..400, 0..600)) {
            let values = values(lengths.into_iter());
            prop_assert_eq!(root_of(&values), ordered_trie_root_encoded(&values));
        }

        #[test]
        fn a_short_value_among_them(count in 0_usize..600, short in 0_usize..600, length in 0_usize..32) {
            let lengths = (0..count).map(|index| if index == short { length } else { 100 });
            let values = values(lengths);
            prop_assert_eq!(root_of(&values), ordered_trie_root_encoded(&values));
        }

        #[test]
        fn values_of_any_length(lengths in proptest::collection::vec(1_usize..400, 0..600)) {
            let values = values(lengths.into_iter());
            prop_assert_eq!(root_of(&values), ordered_trie_root_encoded(&values));
        }
    }
}
