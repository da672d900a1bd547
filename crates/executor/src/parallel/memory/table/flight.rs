//! What transactions in flight have to do with a place: their versions of it, who plans to write it, whose it is.

use super::{Stamp, Turn, claims::Claim};

/// Of one place.
#[derive(Debug)]
pub(super) struct Flight<V> {
    /// In the order of their transactions, one for each.
    pub(super) versions: Vec<Version<V>>,
    /// The last transaction that is expected to write here, for whoever plans.
    planned: Planned,
    pub(super) claim: Claim,
}

/// What one transaction left at a place.
#[derive(Debug)]
pub(crate) struct Version<V> {
    pub stamp: Stamp,
    pub value: V,
}

/// Who is expected to write a place next before somebody who plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Planned {
    /// Which plan this is of; that of an older one says nothing.
    plan: u32,
    writer: Turn,
}

impl<V> Default for Flight<V> {
    fn default() -> Self {
        Self { versions: Vec::new(), planned: Planned::default(), claim: Claim::default() }
    }
}

impl<V> Flight<V> {
    /// The last version before a turn.
    pub(super) fn before(&self, turn: Turn) -> Option<&Version<V>> {
        // Mostly the newest one; a long list is that of a place that everybody writes.
        match self.versions.last() {
            None => None,
            Some(last) if last.stamp.turn < turn => Some(last),
            Some(_) => {
                let end = self.versions.partition_point(|version| version.stamp.turn < turn);
                end.checked_sub(1).map(|index| &self.versions[index])
            }
        }
    }

    /// The last writer in this plan. A writer takes over.
    pub(super) fn plan(&mut self, plan: u32, turn: Turn, writes: bool) -> Turn {
        let last = if self.planned.plan == plan { self.planned.writer } else { 0 };
        if writes {
            self.planned = Planned { plan, writer: turn };
        }
        last
    }
}

impl<V: PartialEq> Flight<V> {
    pub(super) fn publish(&mut self, stamp: Stamp, value: V) {
        let at = self.versions.partition_point(|version| version.stamp.turn < stamp.turn);
        match self.versions.get_mut(at) {
            Some(version) if version.stamp.turn == stamp.turn => {
                if version.value != value {
                    *version = Version { stamp, value };
                }
            }
            _ => self.versions.insert(at, Version { stamp, value }),
        }
    }
}
