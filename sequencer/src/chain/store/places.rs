//! Where the durable transactions in memory are, by hash.
//!
//! A place is kept under the first eight bytes of its hash, a third of what the hash and a reference to the transaction take:
//! this is the largest table of a busy node. Whoever asks compares the whole hash with the transaction at the place. Eight bytes
//! can be made to meet with some effort, so whoever comes second is kept under its whole hash.

use alloy::primitives::{B256, map::HashMap};

/// A place in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: u64,
    pub(super) index: u32,
}

#[derive(Debug, Default)]
pub(super) struct Places {
    first: HashMap<u64, Place>,
    /// Those whose first bytes were taken.
    others: HashMap<B256, Place>,
}

fn first_bytes(hash: &B256) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.others.len()
    }

    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.others.clear();
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.first.reserve(more);
    }

    /// Keeps a place. What was kept under the same hash is another transaction, or the same one in another block; the whole
    /// hash says the newer place.
    pub(super) fn insert(&mut self, hash: &B256, place: Place) {
        if *self.first.entry(first_bytes(hash)).or_insert(place) != place {
            self.others.insert(*hash, place);
        }
    }

    /// Forgets the place, if it is the one that is kept.
    pub(super) fn remove(&mut self, hash: &B256, place: Place) {
        let first = first_bytes(hash);
        if self.first.get(&first) == Some(&place) {
            self.first.remove(&first);
        } else if self.others.get(hash) == Some(&place) {
            self.others.remove(hash);
        }
    }

    /// Where a transaction with this hash may be, the likeliest place first.
    pub(super) fn of(&self, hash: &B256) -> impl Iterator<Item = Place> {
        // Nearly always there are no others.
        let other = (!self.others.is_empty()).then(|| self.others.get(hash)).flatten();
        other.into_iter().chain(self.first.get(&first_bytes(hash))).copied()
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::map::B256Map;
    use proptest::prelude::*;

    use super::*;

    /// Hashes of which many begin alike.
    fn hash() -> impl Strategy<Value = B256> {
        (0_u8..4, 0_u8..4).prop_map(|(first, last)| {
            let mut hash = B256::repeat_byte(first);
            hash.0[31] = last;
            hash
        })
    }

    proptest! {
        #[test]
        fn every_place_is_found_as_in_a_map_of_whole_hashes(
            steps in proptest::collection::vec((any::<bool>(), hash(), 0_u64..3), 0..60),
        ) {
            let (mut places, mut plain) = (Places::default(), B256Map::<Place>::default());
            for (index, (is_new, hash, block)) in (0_u32..).zip(steps) {
                // A hash is in one place at a time.
                match plain.get(&hash).copied() {
                    None if is_new => {
                        let place = Place { block, index };
                        places.insert(&hash, place);
                        plain.insert(hash, place);
                    }
                    Some(place) if !is_new => {
                        places.remove(&hash, place);
                        plain.remove(&hash);
                    }
                    _ => {}
                }
                prop_assert_eq!(places.len(), plain.len());
                for (hash, place) in &plain {
                    prop_assert!(places.of(hash).any(|found| found == *place));
                }
            }
        }
    }
}
