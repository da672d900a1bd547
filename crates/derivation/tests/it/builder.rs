//! What the batcher and the sequencer keep: batches in the making, and the L1 blocks they may use.

use derivation::{BatchBuildError, BatchBuilder, OriginGap, Origins};
use protocol::{BlockOpening, L1Origin};

use crate::{
    l1::{L1, deposit},
    l2::{Sequencer, config, transaction},
};

fn opening(number: u64, origin: u64, sequence_number: u64) -> BlockOpening {
    let origin = L1Origin { number: origin, ..Default::default() };
    let timestamp = number * 2;
    BlockOpening { number, timestamp, origin, sequence_number, ..Default::default() }
}

#[test]
fn a_batch_says_of_each_block_what_does_not_follow_from_the_chain() {
    let mut l1 = L1::new();
    l1.mine(2, vec![deposit(1, 0)], vec![]);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build(&l1, 2);
    sequencer.build(&l1, 0);
    let parent = derivation::DerivedHead::genesis(&sequencer.config, crate::l2::genesis_hash());
    let batch = sequencer.batch(&parent.block, usize::MAX).unwrap();

    assert_eq!(batch.first_block, 1);
    assert_eq!(batch.parent_check, parent.block.hash[..20]);
    assert_eq!(batch.origin_check, l1.tip().origin.hash[..20]);
    let says = |index: usize| {
        let block = &batch.blocks[index];
        (block.origin_advances, block.deposit_log_indexes.clone(), block.transactions.len())
    };
    assert_eq!(says(0), (true, vec![3], 2));
    assert_eq!(says(1), (false, vec![], 0));
    assert_eq!(batch.blocks[0].transactions, [transaction(1), transaction(2)]);
}

#[test]
fn a_batch_has_at_least_one_block() {
    assert!(BatchBuilder::new().is_empty());
    assert_eq!(BatchBuilder::new().build(), None);
}

#[test]
fn only_the_next_block_fits() {
    let mut builder = BatchBuilder::new();
    builder.push(&opening(7, 100, 4), vec![], vec![]).unwrap();
    let wrong = [
        opening(7, 100, 5),
        opening(9, 100, 5),
        opening(8, 100, 6),
        opening(8, 101, 5),
        opening(8, 100, 0),
        opening(8, 102, 0),
        BlockOpening { timestamp: 14, ..opening(8, 100, 5) },
    ];
    for opening in wrong {
        let number = opening.number;
        let refused = builder.push(&opening, vec![], vec![]);
        assert_eq!(refused, Err(BatchBuildError::NotNext { number, last: 7 }));
    }
    builder.push(&opening(8, 101, 0), vec![4, 9], vec![]).unwrap();
    builder.push(&opening(9, 101, 1), vec![], vec![]).unwrap();
    assert_eq!(builder.len(), 3);
    assert_eq!(builder.build().unwrap().last_block(), Some(9));
}

#[test]
fn hints_rise_and_stand_at_the_start_of_an_epoch() {
    let mut builder = BatchBuilder::new();
    for (opening, hints) in [
        (opening(7, 100, 1), vec![1]),
        (opening(7, 100, 0), vec![1, 1]),
        (opening(7, 100, 0), vec![2, 1]),
    ] {
        let refused = builder.push(&opening, hints, vec![]);
        assert_eq!(refused, Err(BatchBuildError::Hints { number: 7 }));
    }
    assert!(builder.is_empty());
}

#[test]
fn origins_are_consecutive() {
    let mut l1 = L1::new();
    l1.mine_empty(9);
    let mut origins = Origins::new();
    for number in 103..=107 {
        origins.push(l1.origin(number).unwrap()).unwrap();
    }
    let hash = |number: u64| l1.get(number).unwrap().origin.hash;
    let gap = OriginGap { last: 107, number: 109, expected: hash(107), parent_hash: hash(108) };
    assert_eq!(origins.push(l1.origin(109).unwrap()), Err(gap));

    origins.prune_before(104);
    origins.truncate_after(106);
    let kept: Vec<_> = (100..110).filter(|&number| origins.get(number).is_some()).collect();
    assert_eq!(kept, [104, 105, 106]);
    assert_eq!(origins.last().unwrap().id(), l1.get(106).unwrap().id());
    assert_eq!(origins.get(105).unwrap().origin, l1.get(105).unwrap().origin);

    // Another block 107 fits only if it is a child of the kept 106.
    l1.reorg(105);
    l1.mine_empty(2);
    assert!(origins.push(l1.origin(107).unwrap()).is_err());
    origins.truncate_after(105);
    origins.push(l1.origin(106).unwrap()).unwrap();
    assert_eq!(origins.len(), 3);
}
