//! The inputs of the next block, derived as a run derives them: from the cursor of the claim before.

use std::sync::Arc;

use derivation::{Cursor, Derivation, DerivedBlock, DerivedHead, Step};
use l1::L1Source;
use protocol::{BlockId, RollupConfig};

use super::SegmentError;

/// Derives the block after `head`, of which `cursor` says where derivation stood, from L1 up to block `l1_last`; `None` if
/// nothing follows from that.
pub(super) async fn next_block(
    rollup: &Arc<RollupConfig>,
    l1: &L1Source,
    head: DerivedHead,
    cursor: Cursor,
    l1_last: u64,
) -> Result<Option<Box<DerivedBlock>>, SegmentError> {
    let mut machine = if cursor.is_genesis(&head) {
        Derivation::resume(rollup.clone(), head, head.block.origin)
    } else {
        let number = cursor.l1_number.saturating_sub(1);
        let Some(hash) = l1.hash(number).await.map_err(SegmentError::L1)? else { return Ok(None) };
        let start = BlockId { number, hash };
        Derivation::resume_within(rollup.clone(), head, start, cursor)
    }
    .map_err(SegmentError::Resume)?;
    loop {
        match machine.step() {
            Step::NeedL1 { number } if number > l1_last => return Ok(None),
            Step::NeedL1 { number } => {
                let block = l1.block(number).await.map_err(SegmentError::L1)?;
                let Some(block) = block else { return Ok(None) };
                machine.add_l1(block).map_err(SegmentError::Refused)?;
            }
            Step::Execute(block) => return Ok(Some(block)),
            Step::Absent(_) | Step::Processed(_) => {}
        }
    }
}
