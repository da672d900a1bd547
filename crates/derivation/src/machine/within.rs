//! Going on from an L2 block in the midst of an L1 block: what a claim about one L2 block needs.
//!
//! Not here: restarting where an L1 block was processed to its end (`Derivation::resume`). Invariant: from a cursor that
//! derivation gave, it gives the same blocks as if it had never stopped.
use super::{Arc, BlockId, Current, Derivation, DerivedHead, Planned, RollupConfig};
use crate::{Cursor, L1Refused, StartError, partial::PartialBlock, plan};

impl Derivation {
    /// Goes on after `head`, where `cursor` says that derivation stood then. `start` is the L1 block before the cursor's.
    ///
    /// The machine first asks for the L1 blocks from the head's origin on, and derives nothing from what stands before the
    /// cursor. It cannot go back from there.
    pub fn resume_within(
        config: Arc<RollupConfig>,
        head: DerivedHead,
        start: BlockId,
        cursor: Cursor,
    ) -> Result<Self, StartError> {
        if start.number.checked_add(1) != Some(cursor.l1_number) {
            return Err(StartError::Apart { start: start.number, cursor: cursor.l1_number });
        }
        let mut machine = Self::resume(config, head, start)?;
        machine.within = Some(cursor);
        Ok(machine)
    }

    /// Passes over what was used up of the L1 block in work when the head was derived.
    pub(super) fn go_on_within(
        &mut self,
        current: &mut Current,
        cursor: Cursor,
    ) -> Result<(), L1Refused> {
        let number = current.origin.origin.number;
        let other = L1Refused::OtherEntries { number };
        let is_all = cursor.entries == Cursor::ALL;
        let entries = usize::try_from(cursor.entries).ok().filter(|_| !is_all);
        let entries = entries.unwrap_or(current.batches.len());
        if entries > current.batches.len() {
            return Err(other);
        }
        let behind = current.batches.split_off(entries);
        let mut seen = core::mem::replace(&mut current.batches, behind);
        seen.iter().for_each(|posted| self.declared.push(number, posted));
        current.entries = cursor.entries;
        // After a forced block nothing but forced ones can come out of the same L1 block.
        current.catches_up = is_all;
        if cursor.blocks == 0 {
            let held = self.partial.take();
            let seen = seen.make_contiguous();
            self.partial = PartialBlock::recall(&self.config, &self.head, held, number, seen);
            return Ok(());
        }
        let taken = cursor.blocks;
        let posted = seen.pop_back().ok_or(other)?;
        let blocks = plan::rest(&self.config, &self.head, &self.origins, &posted, taken);
        let blocks = blocks.ok_or(other)?.into();
        self.partial = None;
        current.planned = Some(Planned { index: posted.index, taken, blocks });
        Ok(())
    }
}
