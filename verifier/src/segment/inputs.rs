//! The inputs of the next block, derived as a run derives them: from the cursor of the claim before.

use std::sync::Arc;

use alloy::primitives::B256;
use derivation::{Cursor, Derivation, DerivedBlock, DerivedHead, Step};
use protocol::{BlockId, RollupConfig};

use super::SegmentError;
use crate::kept::KeptL1;

/// Derives the block after `head`, of which `cursor` says where derivation stood, from L1 up to block `l1_last`; `None` if
/// nothing follows from that.
pub(super) async fn next_block(
    rollup: &Arc<RollupConfig>,
    l1: &KeptL1,
    head: DerivedHead,
    cursor: Cursor,
    l1_last: u64,
) -> Result<Option<Box<DerivedBlock>>, SegmentError> {
    match resumed(rollup, l1, head, cursor).await? {
        Some(mut machine) => next_of(&mut machine, l1, l1_last).await,
        None => Ok(None),
    }
}

/// Derives the blocks after `head` again, which have these hashes.
pub(crate) async fn derive_again(
    rollup: &Arc<RollupConfig>,
    l1: &KeptL1,
    (head, cursor): (DerivedHead, Cursor),
    hashes: &[B256],
) -> Result<Vec<Box<DerivedBlock>>, SegmentError> {
    let number = head.block.number;
    let not_derived = || SegmentError::NotDerived { number };
    let mut machine = resumed(rollup, l1, head, cursor).await?.ok_or_else(not_derived)?;
    let mut blocks = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let block = next_of(&mut machine, l1, u64::MAX).await?.ok_or_else(not_derived)?;
        machine
            .executed(block.reference(*hash))
            .map_err(|_| SegmentError::OtherBlock { number })?;
        blocks.push(block);
    }
    Ok(blocks)
}

/// Derivation as it stood after `head`; `None` if L1 is not that far.
async fn resumed(
    rollup: &Arc<RollupConfig>,
    l1: &KeptL1,
    head: DerivedHead,
    cursor: Cursor,
) -> Result<Option<Derivation>, SegmentError> {
    let machine = if cursor.is_genesis(&head) {
        Derivation::resume(rollup.clone(), head, head.block.origin)
    } else {
        let number = cursor.l1_number.saturating_sub(1);
        let Some(hash) = l1.source.hash(number).await.map_err(SegmentError::L1)? else {
            return Ok(None);
        };
        let start = BlockId { number, hash };
        Derivation::resume_within(rollup.clone(), head, start, cursor)
    };
    machine.map(Some).map_err(SegmentError::Resume)
}

/// The next block, from L1 up to block `l1_last`; `None` if nothing follows from that.
async fn next_of(
    machine: &mut Derivation,
    l1: &KeptL1,
    l1_last: u64,
) -> Result<Option<Box<DerivedBlock>>, SegmentError> {
    loop {
        match machine.step() {
            Step::NeedL1 { number } if number > l1_last => return Ok(None),
            Step::NeedL1 { number } => {
                let block = l1.block(number).await?;
                let Some(block) = block else { return Ok(None) };
                machine.add_l1(block).map_err(SegmentError::Refused)?;
            }
            Step::Execute(block) => return Ok(Some(block)),
            Step::Absent(_) | Step::Processed(_) => {}
        }
    }
}
