//! The rules for batches: a whole batch is checked before its first block is derived.
//!
//! Not here: forming the inputs (`machine`). Invariant: a plan exists only for a valid batch, and
//! nothing can fail after it was made.
use alloc::{sync::Arc, vec::Vec};

use alloy_primitives::Bytes;
use protocol::{
    Batch, BatchBlock, PostedBatch, RollupConfig,
    batch::{CHECK_BYTES, check_of},
    decode_batch,
};

use crate::{AbsentReason, DerivedHead, OriginBlock, Origins, partial::PartialBlock};

/// A block of a valid batch that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedBlock {
    pub(crate) origin: Arc<OriginBlock>,
    /// One hint per deposit message if the origin advances, else empty.
    pub(crate) hints: Vec<u32>,
    pub(crate) transactions: Vec<Bytes>,
}

/// What a posting that is not absent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// A valid batch.
    Batch(Vec<PlannedBlock>),
    /// A part of a block that is not finished: nothing follows from it yet.
    Part(PartialBlock),
}

/// Looks at a posting of L1 block `l1_number`. `held` is what the postings right before it carry of a block.
pub(crate) fn look(
    config: &RollupConfig,
    head: &DerivedHead,
    origins: &Origins,
    l1_number: u64,
    posted: &PostedBatch,
    held: Option<PartialBlock>,
) -> Result<Looked, AbsentReason> {
    let batch = open(config, head, posted)?;
    if batch.unfinished {
        return PartialBlock::join(held, batch, l1_number).map(Looked::Part);
    }
    plan(config, head, origins, l1_number, batch, held).map(Looked::Batch)
}

/// Checks a batch against the safe head.
///
/// `origins` holds no L1 block from `l1_number` on, so no batch can use one: the accumulator commits only
/// to the block before.
fn plan(
    config: &RollupConfig,
    head: &DerivedHead,
    origins: &Origins,
    l1_number: u64,
    mut batch: Batch,
    held: Option<PartialBlock>,
) -> Result<Vec<PlannedBlock>, AbsentReason> {
    if batch.parent_check != check_of(head.block.hash) {
        return Err(AbsentReason::OtherParent);
    }
    let in_parts = match batch.blocks.first_mut() {
        Some(first) if batch.skip > 0 => {
            let last = core::mem::take(first);
            let (number, skip) = (batch.first_block, batch.skip);
            let whole = PartialBlock::finish(held, number, skip, last, l1_number)?;
            *first = whole.block;
            if whole.parent_check != batch.parent_check {
                return Err(AbsentReason::OtherParent);
            }
            Some((whole.first_l1, whole.origin_check))
        }
        _ => None,
    };
    let mut walk = Walk::from(config, head, origins);
    let mut planned = Vec::with_capacity(batch.blocks.len());
    for block in batch.blocks {
        let origin = walk.advance(&block)?;
        if planned.is_empty() {
            check_first(config, l1_number, batch.first_block, &origin, in_parts)?;
        }
        planned.push(PlannedBlock {
            origin,
            hints: block.deposit_log_indexes,
            transactions: block.transactions,
        });
    }
    let last_origin = planned.last().map_or(head.block.origin.hash, |last| last.origin.origin.hash);
    if batch.origin_check != check_of(last_origin) {
        return Err(AbsentReason::OtherOrigin);
    }
    Ok(planned)
}

/// What only the first block of a batch has to be asked: its window, and what its parts said.
fn check_first(
    config: &RollupConfig,
    l1_number: u64,
    block: u64,
    origin: &OriginBlock,
    in_parts: Option<(u64, [u8; CHECK_BYTES])>,
) -> Result<(), AbsentReason> {
    let number = origin.origin.number;
    // Origins never go back, so the window of the first block is the tightest.
    if l1_number > number.saturating_add(config.sequencing_window) {
        return Err(AbsentReason::WindowPassed { origin: number });
    }
    match in_parts {
        Some((first_l1, _)) if first_l1 <= number => {
            Err(AbsentReason::OriginUnknown { block, origin: number })
        }
        Some((_, check)) if check != check_of(origin.origin.hash) => Err(AbsentReason::OtherOrigin),
        _ => Ok(()),
    }
}

/// Opens the payload, the cheap checks first: only a posting that claims to extend the head, or to carry a part of a
/// later block, is decoded.
pub(crate) fn open(
    config: &RollupConfig,
    head: &DerivedHead,
    posted: &PostedBatch,
) -> Result<Batch, AbsentReason> {
    let PostedBatch { first_block, last_block, .. } = *posted;
    let not_next = AbsentReason::NotNext { first_block, safe_head: head.block.number };
    let is_next = head.block.number.checked_add(1) == Some(first_block);
    let may_be_part = first_block > head.block.number && first_block == last_block;
    if !is_next && !may_be_part {
        return Err(not_next);
    }
    let data = posted.data.as_ref().ok_or(AbsentReason::NoData)?;
    let batch = decode_batch(data, config.l2_chain_id).map_err(AbsentReason::Undecodable)?;
    if batch.first_block != first_block || batch.last_block() != Some(last_block) {
        return Err(AbsentReason::DeclaredOtherwise {
            declared_first: first_block,
            declared_last: last_block,
            first: batch.first_block,
            blocks: batch.blocks.len(),
        });
    }
    if is_next || batch.unfinished { Ok(batch) } else { Err(not_next) }
}

/// What is left of a valid batch after its first `taken` blocks, the last of which is the head. `None` if the batch
/// does not go on like that, so that it cannot have been valid.
pub(crate) fn rest(
    config: &RollupConfig,
    head: &DerivedHead,
    origins: &Origins,
    posted: &PostedBatch,
    taken: u32,
) -> Option<Vec<PlannedBlock>> {
    let batch = decode_batch(posted.data.as_ref()?, config.l2_chain_id).ok()?;
    let next = batch.first_block.checked_add(taken.into())?;
    let taken = usize::try_from(taken).ok()?;
    if next != head.block.number.checked_add(1)? || batch.blocks.len() <= taken {
        return None;
    }
    let mut number = head.block.origin.number;
    let left = batch.blocks.into_iter().skip(taken).map(|block| {
        number = number.checked_add(u64::from(block.origin_advances))?;
        Some(PlannedBlock {
            origin: Arc::clone(origins.get(number)?),
            hints: block.deposit_log_indexes,
            transactions: block.transactions,
        })
    });
    left.collect()
}

/// Goes from block to block of a batch; knows what does not depend on their hashes.
struct Walk<'a> {
    config: &'a RollupConfig,
    origins: &'a Origins,
    number: u64,
    timestamp: u64,
    origin: u64,
}

impl<'a> Walk<'a> {
    const fn from(config: &'a RollupConfig, head: &DerivedHead, origins: &'a Origins) -> Self {
        Self {
            config,
            origins,
            number: head.block.number,
            timestamp: head.block.timestamp,
            origin: head.block.origin.number,
        }
    }

    /// Checks the next block by itself, and returns its origin.
    fn advance(&mut self, next: &BatchBlock) -> Result<Arc<OriginBlock>, AbsentReason> {
        self.number = self.number.saturating_add(1);
        self.timestamp = self.timestamp.saturating_add(self.config.block_time);
        self.origin = self.origin.saturating_add(u64::from(next.origin_advances));
        let (block, number) = (self.number, self.origin);

        let unknown = AbsentReason::OriginUnknown { block, origin: number };
        let origin = self.origins.get(number).ok_or(unknown)?;
        if origin.origin.timestamp > self.timestamp {
            return Err(AbsentReason::OriginTooNew { block, origin: number });
        }
        let drift_end = origin.origin.timestamp.saturating_add(self.config.sequencer_drift_max);
        let drifted = self.timestamp > drift_end && !next.origin_advances;
        if drifted && !next.transactions.is_empty() {
            return Err(AbsentReason::DriftExceeded { block });
        }
        if !hints_fit(next, origin) {
            return Err(AbsentReason::HintsMalformed { block });
        }
        Ok(Arc::clone(origin))
    }
}

/// One strictly rising hint per deposit when the origin advances, none otherwise.
fn hints_fit(block: &BatchBlock, origin: &OriginBlock) -> bool {
    let hints = &block.deposit_log_indexes;
    let expected = if block.origin_advances { origin.deposit_count() } else { 0 };
    hints.len() == expected && hints.is_sorted_by(|earlier, later| earlier < later)
}
