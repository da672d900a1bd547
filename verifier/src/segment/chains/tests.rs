//! Folding from every place that an earlier proposal can have pinned.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

/// Something that was posted in an L1 block.
#[derive(Debug, Clone, Copy)]
struct Item(u64, u8);

impl Link for Item {
    fn l1_number(&self) -> u64 {
        self.0
    }

    fn tail(&self) -> Vec<u8> {
        vec![self.1; 7]
    }
}

/// The accumulator after each number of items, from none on.
fn accumulators(items: &[Item]) -> Vec<B256> {
    let mut all = vec![B256::ZERO];
    for item in items {
        let before = all.last().copied().unwrap_or_default();
        all.push(keccak256([before.as_slice(), &item.tail()].concat()));
    }
    all
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    vec((0_u64..3, any::<u8>()), 0..20).prop_map(|gaps| {
        let mut number = 10;
        let item = |(gap, byte)| {
            number += gap;
            Item(number, byte)
        };
        gaps.into_iter().map(item).collect()
    })
}

proptest! {
    /// From wherever it begins, it gives all links down to one at or below the origin, or says that it cannot.
    #[test]
    fn links_reach_from_the_pin_to_the_origin(
        items in items(),
        pinned in any::<prop::sample::Index>(),
        begun in any::<prop::sample::Index>(),
        after in 8_u64..40,
        later in 0_u64..3,
    ) {
        let all = accumulators(&items);
        let pinned = pinned.index(all.len());
        let begun = begun.index(pinned + 1);
        // A proposal stands in the L1 block of the last item before it, or in a later one before the next item.
        let own = begun.checked_sub(1).map_or(9, |last| items[last].0);
        let next = items.get(begun).map_or(u64::MAX, |item| item.0);
        let l1_number = std::cmp::min(own + later, next);
        let start = Start { accumulator: all[begun], l1_number, is_beginning: false };
        let read: Vec<Item> =
            items.iter().copied().filter(|item| item.0 >= l1_number).collect();
        let links = fold(start, &read, all[pinned], after);
        let reaches = begun < pinned && items[begun].0 <= after;
        prop_assert_eq!(links.is_some(), reaches);
        if let Some(links) = links {
            let hashes: Vec<B256> = links.iter().map(keccak256).collect();
            prop_assert_eq!(&hashes, &all[begun + 1..=pinned]);
        }
        // The beginning always reaches.
        let start = Start { accumulator: B256::ZERO, l1_number: 0, is_beginning: true };
        let links = fold(start, &items, all[pinned], after).unwrap();
        prop_assert_eq!(links.len(), pinned);
    }
}

#[test]
fn what_does_not_lead_to_the_pin_is_refused() {
    let items = [Item(10, 1), Item(11, 2)];
    let start = Start { accumulator: B256::ZERO, l1_number: 0, is_beginning: true };
    assert_eq!(fold(start, &items, B256::repeat_byte(1), 10), None);
    assert_eq!(fold(start, &items[1..], accumulators(&items)[2], 10), None);
    let other = Start { accumulator: B256::repeat_byte(7), l1_number: 10, is_beginning: false };
    assert_eq!(fold(other, &items, accumulators(&items)[2], 10), None);
}

#[test]
fn it_begins_ever_further_back() {
    let pins = |number: u64| Pins {
        batch_accumulator: B256::with_last_byte(u8::try_from(number).unwrap()),
        message_accumulator: B256::ZERO,
        l1_number: number,
        l1_parent_hash: B256::ZERO,
    };
    let earlier: Vec<Pins> = [5, 3, 9, 1, 7, 8, 2, 20].map(pins).to_vec();
    let starts: Vec<Start> = starts(&earlier, 10, 4_000, |pins| pins.batch_accumulator).collect();
    let known = |start: &Start| (start.l1_number, start.is_beginning);
    // 20 is above; then the nearest, and those twice as far back each.
    let expected = BTreeMap::from([(9, false), (8, false), (5, false), (3_000, true)]);
    assert_eq!(starts.iter().map(known).collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(starts.iter().map(|start| start.l1_number).collect::<Vec<_>>(), [9, 8, 5, 3_000]);
}
