//! When a posted batch counts as lost: L1 has it, derivation has gone far beyond it, and its blocks are not safe. A reorg that
//! is deeper than a confirmation does that, or a batch that derivation took for absent.
//!
//! It is measured in L1 blocks that derivation has processed, not in those that L1 has: who is behind has lost nothing.

/// Watches the first block that is not safe.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    /// The safe head, and how far derivation was when what carries the next block was first seen settled.
    since: Option<(u64, u64)>,
}

impl Stuck {
    /// Whether what carries the block after `safe` is lost. `settled`: it is on L1 for good, as far as its sender knows;
    /// `processed`: the L1 block that derivation has come to; `patience` in L1 blocks. It stays lost until something else
    /// carries the block.
    pub(super) fn look(&mut self, safe: u64, settled: bool, processed: u64, patience: u64) -> bool {
        if !settled {
            self.since = None;
            return false;
        }
        let since = match self.since {
            Some((seen, since)) if seen == safe && since <= processed => since,
            _ => processed,
        };
        self.since = Some((safe, since));
        processed - since >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_lost_once_derivation_has_gone_beyond_it() {
        let mut stuck = Stuck::default();
        assert!(!stuck.look(7, true, 100, 8));
        assert!(!stuck.look(7, true, 107, 8));
        assert!(stuck.look(7, true, 108, 8));
        assert!(stuck.look(7, true, 108, 8));
        // It is posted again, and gets the same time.
        assert!(!stuck.look(7, false, 109, 8));
        assert!(!stuck.look(7, true, 112, 8));
        assert!(!stuck.look(7, true, 119, 8));
        assert!(stuck.look(7, true, 120, 8));
    }

    #[test]
    fn a_safe_head_that_moves_and_a_derivation_that_stands_still_lose_nothing() {
        let mut stuck = Stuck::default();
        for processed in 100..200 {
            assert!(!stuck.look(processed / 5, true, processed, 8));
        }
        for _ in 0..100 {
            assert!(!stuck.look(40, true, 200, 8));
        }
        // Nor does a reorg that takes derivation back.
        assert!(!stuck.look(40, true, 207, 8));
        assert!(!stuck.look(40, true, 190, 8));
        assert!(!stuck.look(40, true, 197, 8));
        assert!(stuck.look(40, true, 198, 8));
    }
}
