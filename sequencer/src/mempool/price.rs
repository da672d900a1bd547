//! Waiting transactions by what they pay, for the question which of them leaves when there is no room.
//!
//! Classes instead of an exact order: 16 to each doubling of the tip, so that coming and going costs no search. Inside a class
//! the order is that of coming. Invariant: a transaction stands in the list of the class that its slot names.

use super::pool::{Slot, SlotId, Slots};

/// A class of price: those parked behind a gap come before all others, then lower tips before higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PriceClass(u16);

/// Bits of the tip, after its first, that decide.
const FINE_BITS: u32 = 4;

/// Classes of tips: each tip below 2^4 is one, then 2^4 to a doubling.
const TIPS: u16 = (128 - 3) << FINE_BITS;

const CLASSES: usize = 2 * TIPS as usize;

impl PriceClass {
    /// The class of a tip, in wei per gas, of a transaction that could be executed or that stands behind a gap.
    #[expect(clippy::cast_possible_truncation, reason = "at most 16 × 125 classes of tips")]
    pub(super) const fn of(executable: bool, tip: u128) -> Self {
        let doublings = (tip | 1 << FINE_BITS).ilog2() - FINE_BITS;
        // The leading bit stands at 2^4 from the second doubling on, and so counts as one more of them.
        let tip = ((doublings as u128) << FINE_BITS) + (tip >> doublings);
        Self(if executable { TIPS + tip as u16 } else { tip as u16 })
    }

    /// Whether this is a class of transactions that stand behind a gap.
    pub(super) const fn is_gapped(self) -> bool {
        self.0 < TIPS
    }
}

/// The lists, one for each class.
#[derive(Debug)]
pub(super) struct Prices {
    lists: Box<[List]>,
    /// Which lists have anything in them, a bit each.
    used: [u64; CLASSES.div_ceil(64)],
}

#[derive(Debug, Clone, Copy, Default)]
struct List {
    first: Option<SlotId>,
    last: Option<SlotId>,
}

impl Prices {
    pub(super) fn new() -> Self {
        Self { lists: vec![List::default(); CLASSES].into(), used: [0; CLASSES.div_ceil(64)] }
    }

    /// All transactions, the latest in the cheapest class first.
    pub(super) fn ascending<'a>(&'a self, slots: &'a Slots) -> impl Iterator<Item = &'a Slot> {
        let used = self.used.iter().enumerate().filter(|(_, bits)| **bits != 0);
        let classes = used.flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        });
        classes.flat_map(move |class| {
            let last = self.lists[class].last.and_then(|id| slots.get(id));
            std::iter::successors(last, move |slot| slot.before.and_then(|id| slots.get(id)))
        })
    }

    /// Puts a transaction at the end of the list that its slot names.
    pub(super) fn link(&mut self, slots: &mut Slots, id: SlotId) {
        let Some(slot) = slots.get_mut(id) else { return };
        let class = usize::from(slot.class.0);
        let list = &mut self.lists[class];
        (slot.before, slot.after) = (list.last, None);
        match list.last.replace(id).and_then(|last| slots.get_mut(last)) {
            Some(last) => last.after = Some(id),
            None => list.first = Some(id),
        }
        self.used[class / 64] |= 1 << (class % 64);
    }

    /// Takes a transaction out of its list.
    pub(super) fn unlink(&mut self, slots: &mut Slots, id: SlotId) {
        let Some(slot) = slots.get_mut(id) else { return };
        let class = usize::from(slot.class.0);
        let (before, after) = (slot.before.take(), slot.after.take());
        let list = &mut self.lists[class];
        match before.and_then(|before| slots.get_mut(before)) {
            Some(before) => before.after = after,
            None => list.first = after,
        }
        match after.and_then(|after| slots.get_mut(after)) {
            Some(after) => after.before = before,
            None => list.last = before,
        }
        if list.first.is_none() {
            self.used[class / 64] &= !(1 << (class % 64));
        }
    }
}

#[cfg(test)]
impl Prices {
    /// Panics where the lists are not what the slots say.
    pub(super) fn check(&self, slots: &Slots) {
        let mut count = 0;
        for (class, list) in self.lists.iter().enumerate() {
            assert_eq!(self.used[class / 64] >> (class % 64) & 1 == 1, list.first.is_some());
            let (mut before, mut next) = (None, list.first);
            while let Some(id) = next {
                let slot = slots.get(id).expect("what is listed is here");
                assert_eq!((usize::from(slot.class.0), slot.before), (class, before));
                (before, next) = (Some(id), slot.after);
                count += 1;
            }
            assert_eq!(list.last, before);
        }
        assert_eq!(count, slots.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn classes_follow_one_another_without_a_hole() {
        let mut last = PriceClass::of(false, 0);
        for tip in 1..100_000 {
            let class = PriceClass::of(false, tip);
            assert!(class.0 == last.0 || class.0 == last.0 + 1, "{tip}");
            last = class;
        }
        assert_eq!(PriceClass::of(false, 15).0, 15);
        assert!(PriceClass::of(false, u128::MAX) < PriceClass::of(true, 0));
        assert!(usize::from(PriceClass::of(true, u128::MAX).0) < CLASSES);
    }

    proptest! {
        /// A sixteenth more is always another class; a higher tip is never in a lower one.
        #[test]
        fn a_class_is_as_wide_as_it_says(bits in 0..120_u32, low in any::<u128>(), more in any::<u64>()) {
            let tip = (1 << bits) | (low & ((1 << bits) - 1));
            let class = PriceClass::of(true, tip);
            prop_assert!(PriceClass::of(true, tip + tip.div_ceil(16)) > class);
            prop_assert!(PriceClass::of(true, tip + u128::from(more)) >= class);
            prop_assert!(!class.is_gapped() && PriceClass::of(false, tip).is_gapped());
        }
    }
}
