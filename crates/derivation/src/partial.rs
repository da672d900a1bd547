//! A block that is posted in parts, while its last part has not come yet.
//!
//! Not here: whether the block extends the head, which is asked when its last part comes (`plan`).
//! Invariant: what is held follows from the postings alone, whatever the head was when each of them came. So a restart
//! finds it again by reading the L1 blocks after the head's origin, and nobody has to store it.
use alloc::{sync::Arc, vec::Vec};

use alloy_primitives::Bytes;
use protocol::{
    Batch, BatchBlock, PostedBatch, RollupConfig,
    batch::{BLOCK_BYTES_MAX, BLOCK_PARTS_MAX, BLOCK_TRANSACTIONS_MAX, CHECK_BYTES},
};

use crate::{AbsentReason, DerivedHead, plan::open};

/// The parts of one block that the newest postings carry, from its first part on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialBlock {
    number: u64,
    parent_check: [u8; CHECK_BYTES],
    origin_check: [u8; CHECK_BYTES],
    origin_advances: bool,
    hints: Arc<[u32]>,
    parts: Vec<Part>,
    transactions: u32,
    bytes: usize,
}

/// One of them. Its transactions are shared with the history.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    l1_number: u64,
    bytes: usize,
    transactions: Arc<[Bytes]>,
}

/// A block whose parts are all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The block, as one batch would have carried it.
    pub(crate) block: BatchBlock,
    /// The L1 block that carries its first part: its origin lies below.
    pub(crate) first_l1: u64,
    /// What its parts say about the hash of its parent.
    pub(crate) parent_check: [u8; CHECK_BYTES],
    /// What its parts say about the hash of its origin.
    pub(crate) origin_check: [u8; CHECK_BYTES],
}

impl PartialBlock {
    /// The parts held after the posting of another one.
    pub(crate) fn join(
        held: Option<Self>,
        batch: Batch,
        l1_number: u64,
    ) -> Result<Self, AbsentReason> {
        let Batch { first_block: number, skip, parent_check, origin_check, blocks, .. } = batch;
        let mut joined = match held {
            _ if skip == 0 => Self {
                number,
                parent_check,
                origin_check,
                origin_advances: blocks.first().is_some_and(|block| block.origin_advances),
                hints: blocks.first().map_or(&[][..], |block| &block.deposit_log_indexes).into(),
                parts: Vec::new(),
                transactions: 0,
                bytes: 0,
            },
            Some(held) if held.goes_on(number, skip) && held.origin_check == origin_check => held,
            _ => return Err(AbsentReason::PartsMissing { block: number, skip }),
        };
        if joined.parent_check != parent_check {
            return Err(AbsentReason::OtherParent);
        }
        for block in blocks {
            joined.push(block.transactions, l1_number)?;
        }
        Ok(joined)
    }

    /// The parts held after an L1 block that was processed before a restart. `head` is the head that derivation goes on
    /// from: parts of older blocks will not be asked for.
    pub(crate) fn recall(
        config: &RollupConfig,
        head: &DerivedHead,
        held: Option<Self>,
        l1_number: u64,
        batches: &[PostedBatch],
    ) -> Option<Self> {
        if l1_number <= head.block.origin.number {
            return None;
        }
        batches.iter().fold(held, |held, posted| {
            let batch = open(config, head, posted).ok().filter(|batch| batch.unfinished)?;
            Self::join(held, batch, l1_number).ok()
        })
    }

    /// Adds the last part, the first block of a batch that skips `skip` transactions of it.
    pub(crate) fn finish(
        held: Option<Self>,
        number: u64,
        skip: u32,
        last: BatchBlock,
        l1_number: u64,
    ) -> Result<Whole, AbsentReason> {
        let held = held.filter(|held| held.goes_on(number, skip));
        let mut held = held.ok_or(AbsentReason::PartsMissing { block: number, skip })?;
        held.push(last.transactions, l1_number)?;
        let first_l1 = held.parts.first().map_or(l1_number, |part| part.l1_number);
        let transactions = held.parts.iter().flat_map(|part| part.transactions.iter().cloned());
        let block = BatchBlock {
            origin_advances: held.origin_advances,
            transactions: transactions.collect(),
            deposit_log_indexes: held.hints.to_vec(),
        };
        let Self { parent_check, origin_check, .. } = held;
        Ok(Whole { block, first_l1, parent_check, origin_check })
    }

    /// Whether the block can still be asked for: the head has not passed it, and its first part was posted after all
    /// origins that it cannot have any more.
    pub(crate) fn concerns(&self, head: &DerivedHead) -> bool {
        let first = self.parts.first().map_or(0, |part| part.l1_number);
        self.number > head.block.number && first > head.block.origin.number
    }

    /// Bytes of the transactions that this L1 block, or one before it if `and_before`, posted.
    pub(crate) fn bytes_posted_in(&self, l1_number: u64, and_before: bool) -> usize {
        let posted = |part: &&Part| {
            part.l1_number == l1_number || (and_before && part.l1_number < l1_number)
        };
        self.parts.iter().filter(posted).map(|part| part.bytes).sum()
    }

    const fn goes_on(&self, number: u64, skip: u32) -> bool {
        self.number == number && self.transactions == skip
    }

    /// Number of the block.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    fn push(&mut self, transactions: Vec<Bytes>, l1_number: u64) -> Result<(), AbsentReason> {
        let too_large = AbsentReason::BlockTooLarge { block: self.number };
        let bytes = transactions.iter().map(|raw| raw.len()).sum();
        let count = u32::try_from(transactions.len()).ok();
        let count = count.and_then(|count| self.transactions.checked_add(count));
        self.transactions = count
            .filter(|count| *count <= BLOCK_TRANSACTIONS_MAX)
            .ok_or_else(|| too_large.clone())?;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > BLOCK_BYTES_MAX || self.parts.len() >= BLOCK_PARTS_MAX {
            return Err(too_large);
        }
        self.parts.push(Part { l1_number, bytes, transactions: transactions.into() });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
