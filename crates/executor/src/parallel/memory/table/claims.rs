//! Claims: for one run, a place belongs to the group of transactions that wrote it, or to all that only look at it.
//!
//! Whoever comes to a place that is somebody else's is told so; then the run is over, and what was written goes back.

use super::{Key, Place, Table};

/// A group of transactions of a run. The number of the run is not that of an earlier one over the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claimant {
    pub run: u32,
    pub group: u32,
}

/// Several groups look at a place, and none may write it.
const MANY: u32 = u32::MAX;

/// Whose a place is. A claim of an older run says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claim {
    run: u32,
    group: u32,
    is_written: bool,
}

/// What a group finds at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed<V> {
    pub place: Place,
    /// `None`: nobody has looked into the store yet.
    pub value: Option<V>,
}

/// What stood at a place before a run wrote there.
#[derive(Debug)]
pub(crate) struct Before<V> {
    place: Place,
    standing: Option<V>,
    was_written: bool,
}

impl Claim {
    /// Whether a group may look.
    pub(super) fn look(&mut self, by: Claimant) -> bool {
        if self.run != by.run {
            *self = Self { run: by.run, group: by.group, is_written: false };
        } else if self.group != by.group {
            if self.is_written {
                return false;
            }
            self.group = MANY;
        }
        true
    }

    /// Whether a group may write, and whether it does for the first time.
    fn write(&mut self, by: Claimant) -> (bool, bool) {
        let is_free = self.run != by.run || (self.group == by.group && !self.is_written);
        let may = is_free || self.group == by.group;
        if is_free {
            *self = Self { run: by.run, group: by.group, is_written: true };
        }
        (may, is_free)
    }
}

impl<K: Key, V: Clone + PartialEq> Table<K, V> {
    /// What stands at the place of a key. `None`: it is another group's.
    pub(crate) fn find_claimed(&self, key: &K, by: Claimant) -> Option<Claimed<V>> {
        let (place, mut shard) = self.place_of(key);
        let claim = &mut shard.flight(place).claim;
        let may = claim.look(by);
        may.then(|| Claimed { place, value: shard.cell(place).standing.clone() })
    }

    /// Writes in place, and notes what was there before. `false`: it is not this group's alone, and nothing happens.
    pub(crate) fn write_claimed(
        &self,
        place: Place,
        by: Claimant,
        undo: &mut Vec<Before<V>>,
        change: impl FnOnce(Option<V>) -> V,
    ) -> bool {
        let mut shard = self.shard(place);
        let (may, is_first) = shard.flight(place).claim.write(by);
        if !may {
            return false;
        }
        debug_assert!(!shard.has_versions(place), "nobody runs ahead");
        shard.touch(place);
        let cell = shard.cell(place);
        let before = cell.standing.take();
        if is_first {
            let was_written = cell.is_written;
            undo.push(Before { place, standing: before.clone(), was_written });
        }
        cell.standing = Some(change(before));
        cell.is_written = true;
        true
    }

    /// Takes a run's writes back.
    pub(crate) fn restore(&self, before: Before<V>) {
        let Before { place, standing, was_written } = before;
        self.with(place, |cell| {
            cell.standing = standing;
            cell.is_written = was_written;
        });
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    const fn group(run: u32, group: u32) -> Claimant {
        Claimant { run, group }
    }

    #[test]
    fn a_place_is_the_group_s_that_wrote_it() {
        let table = Table::<Address, u64>::new();
        let key = Address::with_last_byte(1);
        let Claimed { place, value } = table.find_claimed(&key, group(1, 0)).unwrap();
        assert_eq!(value, None);
        let mut undo = Vec::new();
        assert!(table.write_claimed(place, group(1, 0), &mut undo, |_| 5));
        assert!(table.write_claimed(place, group(1, 0), &mut undo, |before| before.unwrap() + 1));
        assert_eq!(undo.len(), 1);
        // Another one may neither look nor write.
        assert_eq!(table.find_claimed(&key, group(1, 1)), None);
        assert!(!table.write_claimed(place, group(1, 1), &mut undo, |_| 7));
        let found = Claimed { place, value: Some(6) };
        assert_eq!(table.find_claimed(&key, group(1, 0)), Some(found.clone()));
        // The next run begins anew.
        assert_eq!(table.find_claimed(&key, group(2, 1)), Some(found));
    }

    #[test]
    fn what_many_look_at_nobody_writes() {
        let table = Table::<Address, u64>::new();
        let key = Address::with_last_byte(1);
        let place = table.find_claimed(&key, group(1, 0)).unwrap().place;
        assert!(table.find_claimed(&key, group(1, 1)).is_some());
        assert!(table.find_claimed(&key, group(1, 0)).is_some());
        let mut undo = Vec::new();
        assert!(!table.write_claimed(place, group(1, 0), &mut undo, |_| 5));
        assert!(!table.write_claimed(place, group(1, 1), &mut undo, |_| 5));
        assert!(undo.is_empty());
    }

    #[test]
    fn what_a_run_wrote_goes_back() {
        let table = Table::<Address, u64>::new();
        let (new, old) = (Address::with_last_byte(1), Address::with_last_byte(2));
        let written = table.place(&old);
        table.write(written, |_| 3);
        let mut undo = Vec::new();
        for key in [&new, &old] {
            let place = table.place(key);
            assert!(table.write_claimed(place, group(1, 0), &mut undo, |_| 9));
        }
        undo.into_iter().for_each(|before| table.restore(before));
        let mut drained = Vec::new();
        table.drain(|key, value| drained.push((key, *value)));
        assert_eq!(drained, [(old, 3)]);
        assert_eq!(table.find_claimed(&new, group(2, 0)).unwrap().value, None);
    }
}
