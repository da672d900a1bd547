//! The transactions of a block, of an open one or of a sub-block: in order, and shared by all who look at them.
//!
//! They lie together in parts, and a part is what is shared. A reference counted for each transaction, by each thread that
//! passes it on, would be dearer than what the thread does with it. Invariant: no part is empty.

use std::{iter::FlatMap, ops::Deref, slice, sync::Arc};

use super::Included;

/// Transactions that lie together. Whoever keeps one of them keeps its part, so a part is small.
const PART_TRANSACTIONS_MAX: usize = 64;

type Part = Arc<[Included]>;

/// Transactions in order. Cheap to clone: it has a reference for each part.
#[derive(Debug, Clone, Default)]
pub struct Body {
    parts: Vec<Part>,
    /// How many transactions there are up to the end of each part.
    ends: Vec<usize>,
}

/// A list that grows by single transactions.
#[derive(Debug, Default)]
pub struct BodyBuilder {
    body: Body,
    open: Vec<Included>,
}

/// One of them, with the part that it lies in.
#[derive(Debug, Clone)]
pub struct IncludedRef {
    part: Part,
    place: usize,
}

impl Body {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The transaction at a place.
    pub fn get(&self, index: usize) -> Option<&Included> {
        let (part, place) = self.find(index)?;
        part.get(place)
    }

    /// The same, to keep.
    pub fn share(&self, index: usize) -> Option<IncludedRef> {
        let (part, place) = self.find(index)?;
        (place < part.len()).then(|| IncludedRef { part: part.clone(), place })
    }

    /// All in order.
    pub fn iter(&self) -> Iter<'_> {
        self.parts.iter().flat_map(part_iter)
    }

    /// All in order, to keep.
    pub fn iter_shared(&self) -> impl Iterator<Item = IncludedRef> {
        let places = |part: &Part| {
            let part = part.clone();
            (0..part.len()).map(move |place| IncludedRef { part: part.clone(), place })
        };
        self.parts.iter().flat_map(places)
    }

    /// Appends those of another list.
    pub fn append(&mut self, other: &Self) {
        let before = self.len();
        self.parts.extend(other.parts.iter().cloned());
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    fn find(&self, index: usize) -> Option<(&Part, usize)> {
        let number = self.ends.partition_point(|end| *end <= index);
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some((self.parts.get(number)?, index - start))
    }
}

impl BodyBuilder {
    /// Appends a transaction.
    pub fn push(&mut self, included: Included) {
        self.open.push(included);
        if self.open.len() == PART_TRANSACTIONS_MAX {
            self.close();
        }
    }

    /// All of them.
    pub fn finish(mut self) -> Body {
        self.close();
        self.body
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.body.ends.push(self.body.len() + self.open.len());
            self.body.parts.push(self.open.drain(..).collect());
        }
    }
}

impl FromIterator<Included> for Body {
    fn from_iter<T: IntoIterator<Item = Included>>(all: T) -> Self {
        let mut builder = BodyBuilder::default();
        all.into_iter().for_each(|included| builder.push(included));
        builder.finish()
    }
}

type Iter<'a> = FlatMap<
    slice::Iter<'a, Part>,
    slice::Iter<'a, Included>,
    fn(&'a Part) -> slice::Iter<'a, Included>,
>;

fn part_iter(part: &Part) -> slice::Iter<'_, Included> {
    part.iter()
}

impl<'a> IntoIterator for &'a Body {
    type Item = &'a Included;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::ops::Index<usize> for Body {
    type Output = Included;

    fn index(&self, index: usize) -> &Included {
        self.get(index).expect("the place is one of the list")
    }
}

impl Deref for IncludedRef {
    type Target = Included;

    fn deref(&self) -> &Included {
        &self.part[self.place]
    }
}

impl From<Included> for IncludedRef {
    fn from(included: Included) -> Self {
        Self { part: Arc::new([included]), place: 0 }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, Bytes, U256};
    use executor::TransactionOutcome;
    use proptest::prelude::*;
    use protocol::{Transaction, TxDeposit, receipt_from_parts};

    use super::*;

    fn included(index: u64) -> Included {
        let transaction: Transaction = TxDeposit::default().into();
        let kind = transaction.tx_type();
        let outcome = TransactionOutcome {
            receipt: receipt_from_parts(kind, true, 0, Vec::new(), (None, None)),
            gas_used: 0,
            created: None,
            output: Bytes::new(),
            l1_fee: U256::ZERO,
            operator_fee: U256::ZERO,
            effective_gas_price: 0,
            halt: None,
        };
        let (hash, sender) = (B256::ZERO, Address::ZERO);
        Included { transaction, hash, sender, index, log_index_first: 0, blob: None, outcome }
    }

    proptest! {
        #[test]
        fn parts_that_are_put_together_are_one_list(lengths in proptest::collection::vec(0_u64..200, 0..6)) {
            let (mut body, mut count) = (Body::default(), 0);
            for length in lengths {
                body.append(&(count..count + length).map(included).collect());
                count += length;
            }
            prop_assert_eq!(body.len() as u64, count);
            prop_assert_eq!(body.is_empty(), count == 0);
            prop_assert!(body.iter().map(|included| included.index).eq(0..count));
            prop_assert!(body.iter_shared().map(|included| included.index).eq(0..count));
            for (place, index) in (0..body.len()).zip(0..) {
                prop_assert_eq!(body.get(place).map(|included| included.index), Some(index));
                prop_assert_eq!(body.share(place).map(|included| included.index), Some(index));
            }
            prop_assert!(body.get(body.len()).is_none() && body.share(body.len()).is_none());
        }
    }
}
