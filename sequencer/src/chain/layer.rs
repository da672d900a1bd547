//! A diff on top of a state, with a quick answer to whether an address is in it: a read goes through a diff for each block that
//! Postgres does not have, and nearly all of them say no.
//!
//! Invariant: an address that the diff has is never denied.

use std::{
    hash::BuildHasher,
    sync::{Arc, LazyLock},
};

use alloy::primitives::{Address, map::FbBuildHasher};
use state::StateDiff;

/// Bits of the filter for each address: one stranger in sixty is taken for known, and then looked for in vain.
const BITS_PER_ADDRESS: usize = 16;

/// One for all filters, since each has a seed of its own, which nobody outside knows.
static HASHER: LazyLock<FbBuildHasher<20>> = LazyLock::new(FbBuildHasher::default);

/// What a block or a sub-block changed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Layer {
    diff: Arc<StateDiff>,
    /// Two bits in one word for each address; as many words as a power of two.
    filter: Arc<[u64]>,
}

impl Layer {
    /// The same diff, looked at once.
    pub fn new(diff: Arc<StateDiff>) -> Self {
        let words = (diff.accounts.len() * BITS_PER_ADDRESS).div_ceil(64).next_power_of_two();
        let mut filter = vec![0_u64; words];
        for address in diff.accounts.keys() {
            let (word, bits) = place(address, words);
            filter[word] |= bits;
        }
        Self { diff, filter: filter.into() }
    }

    /// What changed, if this address can be in it.
    pub fn about(&self, address: &Address) -> Option<&StateDiff> {
        let (word, bits) = place(address, self.filter.len());
        (self.filter[word] & bits == bits).then_some(&*self.diff)
    }

    /// All that changed.
    pub const fn diff(&self) -> &Arc<StateDiff> {
        &self.diff
    }
}

/// The word of an address, and its bits there.
fn place(address: &Address, words: usize) -> (usize, u64) {
    let hash = HASHER.hash_one(address);
    let bits = (1 << (hash & 63)) | (1 << (hash >> 6 & 63));
    // A number of words fits an index, and the mask keeps it one of them.
    ((hash >> 12) as usize & (words - 1), bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use state::AccountDiff;

    use super::*;

    fn layer(addresses: &[Address]) -> Layer {
        let mut diff = StateDiff::default();
        for address in addresses {
            diff.accounts.insert(*address, AccountDiff::gone());
        }
        Layer::new(Arc::new(diff))
    }

    proptest! {
        #[test]
        fn what_is_there_is_found(bytes in proptest::collection::vec(any::<[u8; 20]>(), 0..300)) {
            let addresses: Vec<Address> = bytes.into_iter().map(Address::from).collect();
            let layer = layer(&addresses);
            for address in &addresses {
                prop_assert!(layer.about(address).is_some());
            }
        }
    }

    #[test]
    fn strangers_are_seldom_looked_for() {
        let address = |number: u64| Address::left_padding_from(&number.to_be_bytes());
        let known: Vec<Address> = (0..10_000).map(address).collect();
        let layer = layer(&known);
        let mistaken = (10_000..110_000).filter(|number| layer.about(&address(*number)).is_some());
        let mistaken = mistaken.count();
        assert!(mistaken < 100_000 / 20, "{mistaken}");
        assert!(super::Layer::new(Arc::default()).about(&Address::ZERO).is_none());
    }
}
