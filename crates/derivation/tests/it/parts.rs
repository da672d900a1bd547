//! Blocks that are posted in parts, by example.

use derivation::{AbsentReason, Cause, DerivedHead};
use protocol::{Batch, Carrier, L2BlockRef, PostedBatch};

use crate::{
    drive::{Driver, derive},
    l1::{L1, deposit},
    l2::{Sequencer, WINDOW, config, genesis_hash, posted, transaction},
};

/// Block 1 with a deposit and six transactions, and two small blocks, as four batches: two transactions of block 1
/// in each of the first two, one in the third, the last and the other blocks in the fourth.
fn world() -> (L1, Sequencer, Vec<Batch>) {
    let mut l1 = L1::new();
    l1.mine(2, vec![deposit(1, 0)], vec![]);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build(&l1, 6);
    sequencer.build_many(&l1, 2);
    let mut batches = sequencer.split(&genesis(&sequencer), &[2]);
    let rest = batches[2].blocks[0].transactions.split_off(1);
    let mut last = batches[2].clone();
    last.skip = 5;
    last.blocks[0].transactions = rest;
    batches[2].unfinished = true;
    batches[2].blocks.truncate(1);
    batches.push(last);
    (l1, sequencer, batches)
}

fn genesis(sequencer: &Sequencer) -> L2BlockRef {
    DerivedHead::genesis(&sequencer.config, genesis_hash()).block
}

/// Posts all of these in one L1 block, and says why the last one is absent.
fn refused(l1: &L1, sequencer: &Sequencer, batches: &[Batch]) -> AbsentReason {
    let mut l1 = l1.clone();
    l1.mine(12, vec![], batches.iter().map(posted).collect());
    let mut driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.blocks, []);
    let last = driver.absent.pop().unwrap();
    assert_eq!(last.index, u64::try_from(batches.len()).unwrap() - 1);
    last.reason
}

#[test]
fn the_batches_say_which_part_they_carry() {
    let (_, _, batches) = world();
    let said = batches.iter().map(|batch| {
        let first = &batch.blocks[0];
        let hints = first.deposit_log_indexes.len();
        (batch.skip, batch.unfinished, first.origin_advances, hints, batch.blocks.len())
    });
    let expected = [
        (0, true, true, 1, 1),
        (2, true, false, 0, 1),
        (4, true, false, 0, 1),
        (5, false, false, 0, 3),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

#[test]
fn a_block_comes_with_its_last_part() {
    let (mut l1, sequencer, batches) = world();
    let mut driver = Driver::new(&sequencer.config);
    for batch in &batches[..3] {
        l1.mine(12, vec![], vec![posted(batch)]);
        driver.run(&l1);
        assert_eq!(
            (driver.head().block.number, driver.derivation.unfinished_block()),
            (0, Some(1))
        );
    }
    l1.mine_empty(1);
    l1.mine(12, vec![], vec![posted(&batches[3])]);
    driver.run(&l1);
    assert_eq!(driver.derivation.unfinished_block(), None);
    assert_eq!(driver.absent, []);
    let sequenced = sequencer.blocks.iter().map(|block| &block.inputs);
    assert!(driver.blocks.iter().map(|block| &block.inputs).eq(sequenced));
    for block in &driver.blocks {
        assert_eq!(block.derived_from, l1.tip().id());
        assert_eq!(block.cause, Cause::Batch { index: 3 });
        assert!(block.alarms.is_empty());
    }
}

#[test]
fn not_even_the_blocks_before_come_between_parts() {
    let (mut l1, mut sequencer, _) = world();
    sequencer.build(&l1, 6);
    let before = sequencer.batch(&genesis(&sequencer), 3).unwrap();
    let parts = sequencer.split(&sequencer.blocks[2].head.block, &[3]);
    assert_eq!(parts.len(), 2);
    let mut late = l1.clone();
    late.mine(12, vec![], vec![posted(&parts[0]), posted(&before), posted(&parts[1])]);
    let driver = derive(&sequencer.config, &late);
    assert_eq!(driver.head().block.number, 3);
    assert_eq!(driver.absent[0].reason, AbsentReason::PartsMissing { block: 4, skip: 3 });

    l1.mine(12, vec![], [&before, &parts[0], &parts[1]].map(posted).to_vec());
    assert_eq!(derive(&sequencer.config, &l1).head(), &sequencer.head());
}

#[test]
fn any_posting_in_between_breaks_the_row() {
    let (l1, sequencer, batches) = world();
    let reason = AbsentReason::PartsMissing { block: 1, skip: 5 };
    let garbage = PostedBatch {
        index: 0,
        first_block: 1,
        last_block: 1,
        carrier: Carrier::Calldata,
        data: Some(vec![7; 9].into()),
    };
    let elsewhere = PostedBatch { first_block: 9, last_block: 12, ..garbage.clone() };
    let nothing = PostedBatch { carrier: Carrier::Blobs, data: None, ..garbage };
    for between in [garbage, elsewhere, nothing] {
        let mut l1 = l1.clone();
        let mut all: Vec<_> = batches.iter().map(posted).collect();
        all.insert(3, between);
        l1.mine(12, vec![], all);
        let driver = derive(&sequencer.config, &l1);
        assert_eq!(driver.blocks, []);
        assert_eq!(driver.absent[1].reason, reason);
        // Nothing is spoilt: posted again from the start, it is derived.
        l1.mine(12, vec![], batches.iter().map(posted).collect());
        assert_eq!(derive(&sequencer.config, &l1).head(), &sequencer.head());
    }
}

#[test]
fn a_first_part_or_a_whole_block_takes_the_place_of_parts() {
    let (l1, sequencer, batches) = world();
    let again = [&batches[..2], &batches[..]].concat();
    let whole = sequencer.batch(&genesis(&sequencer), usize::MAX).unwrap();
    let replaced = [&batches[..3], &[whole]].concat();
    for batches in [again, replaced] {
        let mut l1 = l1.clone();
        l1.mine(12, vec![], batches.iter().map(posted).collect());
        let driver = derive(&sequencer.config, &l1);
        assert_eq!(driver.head(), &sequencer.head());
        assert_eq!(driver.absent, []);
    }
}

#[test]
fn each_part_skips_what_came_before() {
    let (l1, sequencer, batches) = world();
    let missing = |skip| AbsentReason::PartsMissing { block: 1, skip };
    assert_eq!(refused(&l1, &sequencer, &batches[1..2]), missing(2));
    assert_eq!(refused(&l1, &sequencer, &batches[3..]), missing(5));
    let gap = [&batches[..1], &batches[2..3]].concat();
    assert_eq!(refused(&l1, &sequencer, &gap), missing(4));
    // A part that skips too much does not count, even if the last part leaves it out of account.
    let mut odd = batches.clone();
    odd[1].skip = 3;
    odd[3].skip = 4;
    odd.remove(2);
    assert_eq!(refused(&l1, &sequencer, &odd), missing(4));
    let mut twice = batches[..2].to_vec();
    twice.push(batches[1].clone());
    assert_eq!(refused(&l1, &sequencer, &twice), missing(2));
}

#[test]
fn all_parts_name_one_parent_and_one_origin() {
    let (l1, sequencer, mut batches) = world();
    for part in [1, 2] {
        let mut other = batches[..=part].to_vec();
        other[part].parent_check[3] ^= 1;
        assert_eq!(refused(&l1, &sequencer, &other), AbsentReason::OtherParent);
        let mut other = batches[..=part].to_vec();
        other[part].origin_check[3] ^= 1;
        let missing = AbsentReason::PartsMissing { block: 1, skip: batches[part].skip };
        assert_eq!(refused(&l1, &sequencer, &other), missing);
    }
    let with = |change: fn(&mut Batch), of: &[Batch]| {
        let mut of = of.to_vec();
        of[..3].iter_mut().for_each(change);
        of
    };
    let parent = with(|batch| batch.parent_check[3] ^= 1, &batches);
    assert_eq!(refused(&l1, &sequencer, &parent), AbsentReason::OtherParent);
    let origin = with(|batch| batch.origin_check[3] ^= 1, &batches);
    assert_eq!(refused(&l1, &sequencer, &origin), AbsentReason::OtherOrigin);
    batches[3].origin_check[3] ^= 1;
    assert_eq!(refused(&l1, &sequencer, &batches), AbsentReason::OtherOrigin);
}

#[test]
fn every_part_is_posted_after_the_origin() {
    let (mut l1, sequencer, batches) = world();
    // The origin of block 1 is L1 block 101. Its hash does not depend on the batches in it.
    let origin = l1.tip().clone();
    l1.reorg(100);
    l1.blocks.push(derivation::L1Block { batches: vec![posted(&batches[0])], ..origin });
    l1.mine(12, vec![], batches[1..].iter().map(posted).collect());
    let mut driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.blocks, []);
    let reason = AbsentReason::OriginUnknown { block: 1, origin: 101 };
    assert_eq!(driver.absent.pop().unwrap().reason, reason);
}

#[test]
fn the_window_is_that_of_the_last_part() {
    let (l1, sequencer, batches) = world();
    let post_in = |number: u64| {
        let mut l1 = l1.clone();
        l1.mine(12, vec![], batches[..3].iter().map(posted).collect());
        while l1.number() + 1 < number {
            l1.mine_empty(1);
        }
        l1.mine(12, vec![], vec![posted(&batches[3])]);
        derive(&sequencer.config, &l1)
    };
    assert_eq!(post_in(101 + WINDOW).head(), &sequencer.head());
    let late = post_in(102 + WINDOW);
    assert_eq!(late.absent[0].reason, AbsentReason::WindowPassed { origin: 101 });
    assert!(late.blocks.iter().all(|block| block.cause == Cause::WindowPassed));
    assert!(!late.blocks.is_empty());
}

#[test]
fn a_forced_block_ends_its_parts() {
    let (mut l1, sequencer, batches) = world();
    l1.mine(12, vec![], batches[..3].iter().map(posted).collect());
    l1.mine_empty(usize::try_from(WINDOW).unwrap());
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.derivation.unfinished_block(), None);
    assert!(driver.blocks.iter().all(|block| block.cause == Cause::WindowPassed));
    assert!(!driver.blocks.is_empty());
}

#[test]
fn beyond_the_drift_no_part_may_hold_transactions() {
    let l1 = L1::new();
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 12);
    sequencer.build_with(&l1, false, 4);
    let batches = sequencer.split(&genesis(&sequencer), &[2]);
    assert_eq!(batches.len(), 3);
    let mut l1 = l1;
    l1.mine(12, vec![], batches.iter().map(posted).collect());
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.absent[0].reason, AbsentReason::DriftExceeded { block: 13 });
    assert_eq!(driver.head().block.number, 12);
}

#[test]
fn after_a_restart_it_goes_back_to_where_it_began() {
    let (mut l1, sequencer, batches) = world();
    l1.mine(12, vec![], batches[..2].iter().map(posted).collect());
    let stop = *derive(&sequencer.config, &l1).derivation.processed();
    let start = l1.number();
    let mut driver = Driver::resume(&sequencer.config, stop.head, stop.l1);
    l1.mine(12, vec![], vec![posted(&batches[2])]);
    driver.run(&l1);
    assert_eq!(driver.derivation.unfinished_block(), Some(1));

    l1.reorg(start);
    driver.unwind(start);
    l1.mine_empty(1);
    l1.mine(12, vec![], batches[2..].iter().map(posted).collect());
    driver.run(&l1);
    assert_eq!(driver.head(), &sequencer.head());
}

#[test]
fn a_builder_takes_a_part_only_where_it_can_stand() {
    use derivation::{BatchBuildError, BatchBuilder, BlockPart};
    let opening = |number: u64| protocol::BlockOpening {
        number,
        timestamp: number * 2,
        sequence_number: number,
        ..Default::default()
    };
    let part = |skip, count: u64, is_last| BlockPart {
        skip,
        transactions: (0..count).map(transaction).collect(),
        is_last,
    };
    let alone = |number| Err(BatchBuildError::Alone { number });
    let mut builder = BatchBuilder::new();
    assert_eq!(builder.push_part(&opening(7), vec![], part(0, 0, false)), alone(7));
    assert_eq!(builder.push_part(&opening(7), vec![], part(3, 0, true)), Ok(()));
    assert_eq!(builder.push_part(&opening(8), vec![], part(1, 1, true)), alone(8));
    assert_eq!(builder.push_part(&opening(8), vec![], part(0, 1, false)), alone(8));
    assert_eq!(builder.push_part(&opening(8), vec![], part(0, 1, true)), Ok(()));
    let batch = builder.build().unwrap();
    assert_eq!((batch.skip, batch.unfinished, batch.blocks.len()), (3, false, 2));

    let mut builder = BatchBuilder::new();
    assert_eq!(builder.push_part(&opening(7), vec![], part(3, 1, false)), Ok(()));
    assert_eq!(builder.push(&opening(8), vec![], vec![]), alone(8));
    let batch = builder.build().unwrap();
    assert_eq!((batch.skip, batch.unfinished, batch.blocks.len()), (3, true, 1));
}
