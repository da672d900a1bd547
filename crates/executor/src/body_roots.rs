//! The roots of a block's transactions and receipts and its bloom, followed while the block grows: when it is closed, little
//! is left to hash. Equal to those of the finished lists.

use alloc::vec::Vec;

use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bloom};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};
use protocol::Transaction;

use crate::TransactionOutcome;

/// What a header says of the transactions and receipts so far.
#[derive(Debug, Default)]
pub struct BodyRoots {
    transactions: GrowingRoot,
    receipts: GrowingRoot,
    bloom: Bloom,
    /// Reused for every value.
    buffer: Vec<u8>,
}

/// The finished roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Roots {
    pub(crate) transactions: B256,
    pub(crate) receipts: B256,
    pub(crate) bloom: Bloom,
}

impl BodyRoots {
    /// Adds the next included transaction and its receipt.
    pub fn push(&mut self, transaction: &Transaction, outcome: &TransactionOutcome) {
        self.buffer.clear();
        transaction.encode_2718(&mut self.buffer);
        self.transactions.push(&self.buffer);
        self.buffer.clear();
        let bloom = outcome.encode_receipt(&mut self.buffer);
        self.receipts.push(&self.buffer);
        self.bloom |= bloom;
    }

    /// The same from the bytes of both, as the tries hold them. The bloom comes by [`Self::add_bloom`].
    pub fn push_encoded(&mut self, transaction: &[u8], receipt: &[u8]) {
        self.transactions.push(transaction);
        self.receipts.push(receipt);
    }

    /// Adds the bloom of receipts that were pushed as bytes.
    pub fn add_bloom(&mut self, bloom: &Bloom) {
        self.bloom |= *bloom;
    }

    pub(crate) fn finish(self) -> Roots {
        let Self { transactions, receipts, bloom, buffer: _ } = self;
        Roots { transactions: transactions.finish(), receipts: receipts.finish(), bloom }
    }
}

/// The root of a trie from RLP of the index to value, as in the header's lists, fed in the order of the index.
///
/// The trie takes keys in their own order, which differs in one place: the key of index 0, `0x80`, stands between those
/// of 127 (`0x7f`) and 128 (`0x8180`). So the first value waits for its turn.
#[derive(Debug, Default)]
struct GrowingRoot {
    builder: HashBuilder,
    first: Option<Vec<u8>>,
    len: usize,
}

/// The index whose key comes right after that of the first value.
const AFTER_FIRST: usize = 128;

impl GrowingRoot {
    fn push(&mut self, value: &[u8]) {
        if self.len == 0 {
            self.first = Some(value.to_vec());
        } else {
            if self.len == AFTER_FIRST {
                self.add_first();
            }
            self.builder.add_leaf(key(self.len), value);
        }
        self.len += 1;
    }

    fn finish(mut self) -> B256 {
        if self.len == 0 {
            return EMPTY_ROOT_HASH;
        }
        self.add_first();
        self.builder.root()
    }

    fn add_first(&mut self) {
        if let Some(first) = self.first.take() {
            self.builder.add_leaf(key(0), &first);
        }
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
        let mut root = GrowingRoot::default();
        values.iter().for_each(|value| root.push(value));
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

    proptest! {
        #[test]
        fn values_of_any_length(lengths in proptest::collection::vec(1_usize..400, 0..600)) {
            let values = values(lengths.into_iter());
            prop_assert_eq!(root_of(&values), ordered_trie_root_encoded(&values));
        }
    }
}
