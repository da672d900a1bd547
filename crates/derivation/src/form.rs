//! The inputs of the next block, from a valid batch or without one.
//!
//! Not here: whether it is its turn (`machine`). Invariant: forming cannot fail.
use alloc::vec::Vec;

use protocol::{BlockId, BlockInputs, RollupConfig};

use crate::{Alarm, Cause, Cursor, DerivedBlock, DerivedHead, OriginBlock, plan::PlannedBlock};

/// The next block of a valid batch.
pub(crate) fn from_batch(
    config: &RollupConfig,
    head: &DerivedHead,
    derived_from: BlockId,
    (index, cursor): (u64, Cursor),
    block: PlannedBlock,
) -> DerivedBlock {
    let PlannedBlock { origin, hints, transactions } = block;
    let opening = head.open_next(config, &origin);
    let (mut deposits, mut alarms) = (Vec::new(), Vec::new());
    if opening.sequence_number == 0 {
        deposits = origin.deposits(&hints);
        let log_indexes = origin.deposit_log_indexes();
        alarms.extend(skipped(&origin, deposits.len()));
        if hints != log_indexes {
            alarms.push(Alarm::HintMismatch { origin: origin.id(), hints, log_indexes });
        }
    }
    let inputs = BlockInputs { opening, deposits, transactions };
    DerivedBlock { inputs, derived_from, cursor, cause: Cause::Batch { index }, alarms }
}

/// The next block, when no batch came in time for it.
pub(crate) fn forced(
    config: &RollupConfig,
    head: &DerivedHead,
    derived_from: BlockId,
    origin: &OriginBlock,
) -> DerivedBlock {
    let opening = head.open_next(config, origin);
    let (mut deposits, mut alarms) = (Vec::new(), Vec::new());
    if opening.sequence_number == 0 {
        deposits = origin.forced_deposits();
        alarms.extend(skipped(origin, deposits.len()));
    }
    let inputs = BlockInputs { opening, deposits, transactions: Vec::new() };
    let cursor = Cursor::all_of(derived_from.number);
    DerivedBlock { inputs, derived_from, cursor, cause: Cause::WindowPassed, alarms }
}

fn skipped(origin: &OriginBlock, formed: usize) -> Option<Alarm> {
    let count = origin.deposit_count() - formed;
    (count > 0).then(|| Alarm::DepositSkipped { origin: origin.id(), count })
}
