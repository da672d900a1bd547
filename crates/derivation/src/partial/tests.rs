//! The bounds of a block in parts, and of what is kept to go back to.

use alloc::{vec, vec::Vec};

use protocol::{BlockId, L2BlockRef, SystemConfig, TRANSACTION_BYTES_MAX};

use super::*;
use crate::{
    L1Processed, PARTS_KEPT_BYTES_MAX,
    history::{History, Snapshot},
};

fn part(skip: u32, transactions: Vec<Bytes>) -> Batch {
    let block = BatchBlock { transactions, ..BatchBlock::default() };
    Batch { first_block: 1, skip, unfinished: true, blocks: vec![block], ..Batch::default() }
}

/// Joins parts of `count` transactions each until one is refused; how many were not.
fn parts_until_refused(count: usize, transaction: &Bytes) -> usize {
    let mut held = None;
    for parts in 0.. {
        let skip = u32::try_from(parts * count).unwrap();
        match PartialBlock::join(held, part(skip, vec![transaction.clone(); count]), 1) {
            Ok(joined) => held = Some(joined),
            Err(reason) => {
                assert_eq!(reason, AbsentReason::BlockTooLarge { block: 1 });
                return parts;
            }
        }
    }
    unreachable!("the range of parts is endless")
}

#[test]
fn a_block_in_parts_is_bounded() {
    let small = Bytes::from_static(&[1]);
    assert_eq!(parts_until_refused(1, &small), BLOCK_PARTS_MAX);
    assert_eq!(parts_until_refused(131_072, &small), 8);
    let large = Bytes::from(vec![1; TRANSACTION_BYTES_MAX]);
    assert_eq!(parts_until_refused(8, &large), BLOCK_BYTES_MAX / TRANSACTION_BYTES_MAX / 8);
}

#[test]
fn what_is_kept_to_go_back_to_is_bounded() {
    let at = |number| {
        let l1 = BlockId { number, ..BlockId::default() };
        let head =
            DerivedHead { block: L2BlockRef::default(), system_config: SystemConfig::default() };
        L1Processed { l1, head }
    };
    let mut history = History::starting_at(at(0));
    let large = Bytes::from(vec![1; TRANSACTION_BYTES_MAX]);
    // Each L1 block replaces the parts before it by new ones of half the size that a block may have.
    let count = BLOCK_BYTES_MAX / TRANSACTION_BYTES_MAX / 2;
    for number in 1..=20 {
        let partial =
            PartialBlock::join(None, part(0, vec![large.clone(); count]), number).unwrap();
        history.push(Snapshot { processed: at(number), partial: Some(partial) });
    }
    let kept = u64::try_from(PARTS_KEPT_BYTES_MAX / (BLOCK_BYTES_MAX / 2)).unwrap();
    assert_eq!(history.oldest().l1.number, 21 - kept);
    // The same parts, held on, are counted once.
    let held = history.unwind(20).unwrap().partial;
    for number in 21..=60 {
        history.push(Snapshot { processed: at(number), partial: held.clone() });
    }
    assert_eq!(history.oldest().l1.number, 21 - kept);
    assert_eq!(history.unwind(21 - kept).unwrap().processed, at(21 - kept));
}
