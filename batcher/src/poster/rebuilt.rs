//! Blocks that were built anew after they had been posted: an L1 reorg below their origin, or a passed window, made the
//! sequencer cut its journal. Records that carry the old ones are taken back, and count for nothing. Pure.
//!
//! A restart forgets this; then what has landed in vain is noticed because it does not become safe.

use db::{Coverage, Generation, OutboxEntry};

use crate::part::PartKey;

/// What is known of cuts.
#[derive(Debug, Default)]
pub(super) struct Rebuilt {
    /// The newest cut that was seen; `None` before the first look.
    generation: Option<u64>,
    /// The lowest rebuilt block, and the newest record at that time.
    stale: Option<(u64, u64)>,
}

impl Rebuilt {
    /// Takes in the cuts of the journal and the records of the outbox as they are now.
    pub(super) fn look(&mut self, cuts: &[Generation], entries: &[OutboxEntry]) {
        let newest = cuts.last().map_or(0, |cut| cut.generation);
        if let Some(seen) = self.generation
            && newest > seen
        {
            let new = cuts.iter().filter(|cut| cut.generation > seen);
            let lowest = new.map(|cut| cut.from_block).fold(u64::MAX, std::cmp::min);
            let kept = self.stale.map_or(lowest, |(block, _)| std::cmp::min(block, lowest));
            let newest_id = entries.last().map_or(0, |entry| entry.id);
            self.stale = Some((kept, newest_id));
        }
        self.generation = Some(newest);
    }

    /// Whether a record carries a block that was built anew since.
    pub(super) fn is_stale(&self, entry: &OutboxEntry) -> bool {
        let Some((block, newest_id)) = self.stale else { return false };
        let last = match (PartKey::parse(&entry.key), entry.coverage) {
            (Some(part), _) => part.block,
            (None, Coverage::Batch { last, .. }) => last,
            (None, Coverage::Proposal { .. } | Coverage::Other) => return false,
        };
        entry.id <= newest_id && last >= block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::batch_key;

    fn cut(generation: u64, from_block: u64) -> Generation {
        Generation {
            generation,
            from_block,
            epoch: 1,
            cause: "L1 reorg".into(),
            removed_sub_blocks: 3,
        }
    }

    fn entry(id: u64, first: u64, last: u64) -> OutboxEntry {
        OutboxEntry {
            id,
            key: batch_key(first, last, 0),
            coverage: Coverage::Batch { first, last },
            nonce: None,
            inclusion: None,
            cancel_requested: false,
            outcome: None,
        }
    }

    #[test]
    fn records_of_rebuilt_blocks_are_stale_and_later_ones_are_not() {
        let mut rebuilt = Rebuilt::default();
        let old = [entry(1, 1, 9), entry(2, 10, 19), entry(3, 20, 29)];
        // Cuts before the first look have been dealt with, or are found out by what does not become safe.
        rebuilt.look(&[cut(0, 1), cut(1, 5)], &old);
        assert!(old.iter().all(|entry| !rebuilt.is_stale(entry)));
        rebuilt.look(&[cut(0, 1), cut(1, 5), cut(2, 15)], &old);
        assert_eq!(old.each_ref().map(|entry| rebuilt.is_stale(entry)), [false, true, true]);
        assert!(!rebuilt.is_stale(&entry(4, 15, 19)), "posted after the cut");
        rebuilt.look(&[cut(0, 1), cut(1, 5), cut(2, 15)], &old);
        assert!(rebuilt.is_stale(&old[2]), "looking again changes nothing");
    }
}
