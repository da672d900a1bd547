//! Which proposals are looked at: all that are not final, and those in dispute until nothing is owed any more.
//!
//! Invariant: the names are those of the chain that `read_to` is on; after a reorg of L1 everything is read anew.

use std::collections::{BTreeMap, BTreeSet};

use l1::{DisputeNames, DisputeRules, Disputes, L1Error};
use protocol::BlockId;

use super::{BoxedSource, Built, Pinned, round::Disguise};
use crate::Pins;

/// Proposals whose pins are kept, the newest.
const PINS_MAX: usize = 1_024;

/// What is known of L1.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rules: DisputeRules,
    pub(super) names: DisputeNames,
    pub(super) seats: BTreeMap<u64, Seat>,
    read_to: BlockId,
    /// Proposals of which nothing more is to come.
    done: BTreeSet<u64>,
    /// What the newest proposals have pinned, those too of which nothing more is to come.
    pins: BTreeMap<u64, Pins>,
}

/// One proposal.
pub(super) struct Seat {
    pub(super) about: Pinned,
    /// After this nobody can dispute it, in seconds.
    pub(super) open_until: u64,
    /// Its bond is that of this player.
    pub(super) is_ours: bool,
    pub(super) built: Built,
    pub(super) source: BoxedSource,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Table {
    /// Everything as of a block, from the oldest proposal on that may still matter.
    pub(super) async fn read(disputes: &Disputes, head: BlockId) -> Result<Self, L1Error> {
        let rules = disputes.rules(head.hash).await?;
        let first = disputes.first_block_of_interest(rules.window, head.hash).await?;
        let mut names = DisputeNames::default();
        disputes.read_names(&mut names, first, head).await?;
        Ok(Self {
            rules,
            names,
            seats: BTreeMap::new(),
            read_to: head,
            done: BTreeSet::new(),
            pins: BTreeMap::new(),
        })
    }

    /// Reads on to a new head; false if that is not on the chain that was read.
    pub(super) async fn follow(
        &mut self,
        disputes: &Disputes,
        head: BlockId,
    ) -> Result<bool, L1Error> {
        if head == self.read_to {
            return Ok(true);
        }
        if head.number <= self.read_to.number || !disputes.is_canonical(self.read_to).await? {
            return Ok(false);
        }
        let mut names = self.names.clone();
        disputes.read_names(&mut names, self.read_to.number + 1, head).await?;
        (self.names, self.read_to) = (names, head);
        Ok(true)
    }

    /// Proposals that have no seat yet.
    pub(super) fn newcomers(&self) -> Vec<u64> {
        let known = |id: &u64| self.seats.contains_key(id) || self.done.contains(id);
        self.names.ids().filter(|id| !known(id)).collect()
    }

    /// Makes a seat for a proposal.
    pub(super) fn sit(
        &mut self,
        about: Pinned,
        timestamp: u64,
        is_ours: bool,
        disguise: &Disguise,
    ) {
        self.pins.insert(about.id, Pins::from(&about));
        if self.pins.len() > PINS_MAX {
            self.pins.pop_first();
        }
        let built = Built::default();
        let source = disguise(&about, built.clone());
        let open_until = timestamp.saturating_add(self.rules.window);
        self.seats.insert(about.id, Seat { about, open_until, is_ours, built, source });
    }

    /// What proposals before this one have pinned. They are of the chain that was read, and whoever goes by them checks that
    /// they lead to what the proposal itself has pinned.
    pub(super) fn earlier(&self, id: u64) -> Vec<Pins> {
        self.pins.range(..id).map(|(_, pins)| *pins).collect()
    }

    /// Nothing more is to come of a proposal.
    pub(super) fn leave(&mut self, id: u64) {
        self.seats.remove(&id);
        self.done.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, U256};

    use super::*;
    use crate::player::honestly;

    fn about(id: u64) -> Pinned {
        Pinned {
            id,
            parent_block: 16 * (id - 1),
            l2_block: 16 * id,
            segments_root: B256::ZERO,
            batch_accumulator: B256::with_last_byte(1),
            message_accumulator: B256::with_last_byte(2),
            l1_number: 100 + id,
            l1_parent_hash: B256::with_last_byte(3),
        }
    }

    #[test]
    fn what_earlier_proposals_have_pinned_is_kept_when_they_are_done() {
        let rules =
            DisputeRules { heights: [30, 18, 18], bonds: [U256::ONE; 3], window: 60, effort: 20 };
        let mut table = Table {
            rules,
            names: DisputeNames::default(),
            seats: BTreeMap::new(),
            read_to: BlockId::default(),
            done: BTreeSet::new(),
            pins: BTreeMap::new(),
        };
        let many = PINS_MAX as u64 + 10;
        for id in 1..=many {
            table.sit(about(id), 0, false, &honestly());
        }
        table.leave(many - 2);
        let earlier = table.earlier(many - 1);
        assert_eq!(earlier.last(), Some(&Pins::from(&about(many - 2))));
        assert_eq!(table.earlier(1), []);
        assert_eq!(table.pins.len(), PINS_MAX);
    }
}
