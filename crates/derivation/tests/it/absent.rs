//! One example for each rule that makes a batch absent, and what may follow it.

use alloy_primitives::Bytes;
use derivation::{AbsentReason, POSTINGS_WEIGHT_MAX};
use protocol::{Batch, Carrier, PostedBatch, batch::check_of};

use crate::{
    drive::{Driver, derive},
    l1::{L1, deposit},
    l2::{CHAIN_ID, DRIFT, Sequencer, WINDOW, config, genesis_hash, posted, transaction},
    reference,
};

/// Three L1 blocks, the second with two deposits, and an L2 chain of 12 blocks over them.
fn world() -> (L1, Sequencer) {
    let mut l1 = L1::new();
    l1.mine_empty(1);
    l1.mine(12, vec![deposit(1, 0), deposit(2, 9)], vec![]);
    l1.mine_empty(1);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 12);
    (l1, sequencer)
}

/// The whole L2 chain as one batch.
fn whole(sequencer: &Sequencer) -> Batch {
    let genesis = derivation::DerivedHead::genesis(&sequencer.config, genesis_hash());
    sequencer.batch(&genesis.block, usize::MAX).unwrap()
}

/// Posts `bad`, then the honest batch, in one L1 block: the first is absent, the second counts.
fn refused(mut l1: L1, sequencer: &Sequencer, bad: PostedBatch) -> AbsentReason {
    l1.mine(12, vec![], vec![bad, posted(&whole(sequencer))]);
    let mut driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.head(), &sequencer.head(), "the valid batch behind it counts");
    assert_eq!(driver.absent.len(), 1);
    driver.absent.remove(0).reason
}

/// Posts only `bad`, and returns why nothing was derived.
fn refused_alone(mut l1: L1, sequencer: &Sequencer, bad: PostedBatch) -> AbsentReason {
    l1.mine(12, vec![], vec![bad]);
    let mut driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.blocks, []);
    driver.absent.remove(0).reason
}

/// Posts `change` of the honest batch in front of it.
fn refused_when(change: impl FnOnce(&mut Batch)) -> AbsentReason {
    let (l1, sequencer) = world();
    let mut batch = whole(&sequencer);
    change(&mut batch);
    refused(l1, &sequencer, posted(&batch))
}

#[test]
fn no_data() {
    let (l1, sequencer) = world();
    let bad = PostedBatch { data: None, ..posted(&whole(&sequencer)) };
    assert_eq!(refused(l1, &sequencer, bad), AbsentReason::NoData);
}

#[test]
fn undecodable() {
    for data in [&[][..], &[0], &[0xff; 100]] {
        let (l1, sequencer) = world();
        let data = Some(Bytes::copy_from_slice(data));
        let bad = PostedBatch { data, ..posted(&whole(&sequencer)) };
        assert!(matches!(refused(l1, &sequencer, bad), AbsentReason::Undecodable(_)));
    }
}

#[test]
fn beginning_elsewhere() {
    let reason = refused_when(|batch| batch.first_block = 2);
    assert_eq!(reason, AbsentReason::NotNext { first_block: 2, safe_head: 0 });
    let reason = refused_when(|batch| batch.first_block = 0);
    assert_eq!(reason, AbsentReason::NotNext { first_block: 0, safe_head: 0 });
}

#[test]
fn declaring_other_blocks_than_it_holds() {
    let (l1, sequencer) = world();
    let bad = PostedBatch { last_block: 11, ..posted(&whole(&sequencer)) };
    assert!(matches!(refused(l1, &sequencer, bad), AbsentReason::DeclaredOtherwise { .. }));

    let (l1, sequencer) = world();
    let mut batch = whole(&sequencer);
    batch.first_block = 2;
    let bad = PostedBatch { first_block: 1, last_block: 12, ..posted(&batch) };
    assert!(matches!(refused(l1, &sequencer, bad), AbsentReason::DeclaredOtherwise { .. }));
}

#[test]
fn another_parent() {
    assert_eq!(refused_when(|batch| batch.parent_check[19] ^= 1), AbsentReason::OtherParent);
}

#[test]
fn another_origin_hash() {
    assert_eq!(refused_when(|batch| batch.origin_check[0] ^= 1), AbsentReason::OtherOrigin);
}

#[test]
fn hints_of_another_number() {
    let reason = refused_when(|batch| batch.blocks[11].deposit_log_indexes = vec![1]);
    assert_eq!(reason, AbsentReason::HintsMalformed { block: 12 });
    let reason = refused_when(|batch| batch.blocks[11].deposit_log_indexes = vec![1, 2, 3]);
    assert_eq!(reason, AbsentReason::HintsMalformed { block: 12 });
}

#[test]
fn an_origin_newer_than_the_block() {
    let reason = refused_when(|batch| batch.blocks[2].origin_advances = true);
    assert_eq!(reason, AbsentReason::OriginTooNew { block: 3, origin: 101 });
}

#[test]
fn the_l1_block_of_the_batch_as_origin() {
    let (mut l1, mut sequencer) = world();
    // The sequencer builds on an L1 block before it is mined: the batch will be in that block.
    let mut foreseen = l1.clone();
    foreseen.mine(2, vec![], vec![]);
    sequencer.build_many(&foreseen, 8);
    assert_eq!(sequencer.head().block.origin.number, 104);
    let batch = posted(&whole(&sequencer));
    l1.mine(2, vec![], vec![batch.clone()]);
    let driver = derive(&sequencer.config, &l1);
    let reason = AbsentReason::OriginUnknown { block: 19, origin: 104 };
    assert_eq!(driver.absent[0].reason, reason);
    assert_eq!(l1.tip().origin.hash, foreseen.tip().origin.hash, "batches are no part of the hash");

    // One L1 block later the same batch is valid.
    l1.mine(2, vec![], vec![batch]);
    assert_eq!(derive(&sequencer.config, &l1).head(), &sequencer.head());
}

#[test]
fn after_the_window() {
    let (l1, sequencer) = world();
    let batch = posted(&whole(&sequencer));
    // The first block keeps the genesis origin, 100.
    let post_in = |number: u64| {
        let mut l1 = l1.clone();
        while l1.number() + 1 < number {
            l1.mine_empty(1);
        }
        l1.mine(12, vec![], vec![batch.clone()]);
        derive(&sequencer.config, &l1)
    };
    assert_eq!(post_in(100 + WINDOW).head(), &sequencer.head());
    let late = post_in(101 + WINDOW);
    assert_eq!(late.absent[0].reason, AbsentReason::WindowPassed { origin: 100 });
    assert!(late.blocks.iter().all(|block| block.inputs.transactions.is_empty()));
}

#[test]
fn user_transactions_beyond_the_drift() {
    let l1 = L1::new();
    let mut sequencer = Sequencer::new(config(&l1));
    let within = usize::try_from(DRIFT / 2).unwrap();
    sequencer.build_many(&l1, within + 3);
    let counts = sequencer.blocks.iter().map(|block| block.inputs.transactions.len());
    let expected = [vec![1; within], vec![0; 3]].concat();
    assert_eq!(counts.collect::<Vec<_>>(), expected, "the sequencer stops at the drift");

    let mut batch = whole(&sequencer);
    batch.blocks[within].transactions.push(transaction(9));
    let block = u64::try_from(within).unwrap() + 1;
    let reason = refused(l1, &sequencer, posted(&batch));
    assert_eq!(reason, AbsentReason::DriftExceeded { block });
}

#[test]
fn an_advancing_block_may_hold_transactions_beyond_the_drift() {
    let mut l1 = L1::new();
    l1.mine(1, vec![], vec![]);
    let mut sequencer = Sequencer::new(config(&l1));
    for _ in 0..40 {
        sequencer.build_with(&l1, false, 0);
    }
    sequencer.build_with(&l1, true, 5);
    assert!(sequencer.head().block.timestamp > l1.tip().origin.timestamp + DRIFT);
    l1.mine(1, vec![], vec![posted(&whole(&sequencer))]);
    assert_eq!(derive(&sequencer.config, &l1).head(), &sequencer.head());
}

#[test]
fn a_fault_in_the_last_block_takes_the_whole_batch() {
    let (mut l1, mut sequencer) = world();
    sequencer.build_with(&l1, false, 1);
    let mut batch = whole(&sequencer);
    batch.blocks[12].origin_advances = true;
    let reason = refused_alone(l1.clone(), &sequencer, posted(&batch));
    assert_eq!(reason, AbsentReason::OriginTooNew { block: 13, origin: 103 });
    l1.mine_empty(2);
    assert_eq!(derive(&sequencer.config, &l1).blocks, []);
}

#[test]
fn replayed_and_overlapping() {
    let (mut l1, sequencer) = world();
    let batch = posted(&whole(&sequencer));
    let genesis = derivation::DerivedHead::genesis(&sequencer.config, genesis_hash());
    let half = posted(&sequencer.batch(&genesis.block, 6).unwrap());
    l1.mine(12, vec![], vec![half.clone(), half.clone(), batch.clone()]);
    let middle = sequencer.blocks[5].head.block;
    l1.mine(12, vec![], vec![half, sequencer.post(&middle), batch]);

    let mut driver = Driver::new(&sequencer.config);
    driver.run(&l1);
    assert_eq!(driver.head(), &sequencer.head());
    let indexes: Vec<_> = driver.absent.iter().map(|absent| absent.index).collect();
    assert_eq!(indexes, [1, 2, 3, 5]);
    for absent in driver.absent {
        assert!(matches!(absent.reason, AbsentReason::NotNext { first_block: 1, .. }));
    }
}

#[test]
fn another_chain_id_cannot_be_meant() {
    // The chain id is not written: the same bytes give other transactions on another chain.
    let (_, sequencer) = world();
    let data = posted(&whole(&sequencer)).data.unwrap();
    let here = protocol::decode_batch(&data, CHAIN_ID).unwrap();
    let there = protocol::decode_batch(&data, CHAIN_ID + 1).unwrap();
    assert_ne!(here.blocks[0].transactions, there.blocks[0].transactions);
    assert_eq!(here.parent_check, check_of(genesis_hash()));
}

/// Worthless postings of this weight stand before the honest one, in two L1 blocks; it is posted twice.
fn after_worthless(weight: u64) -> (Driver, L1, Sequencer) {
    let (mut l1, sequencer) = world();
    let honest = posted(&whole(&sequencer));
    let data = Some(Bytes::from_static(&[9]));
    let bad = PostedBatch { data, ..posted(&whole(&sequencer)) };
    let other = PostedBatch { first_block: 2, ..bad.clone() };
    let in_blobs = PostedBatch { carrier: Carrier::Blobs, data: None, ..bad };
    let mut first = vec![other.clone(), bad.clone(), other];
    first.resize(402, bad.clone());
    // 400 and 30 times 6.
    first.resize(432, in_blobs);
    let mut second = vec![bad; usize::try_from(weight - 580).unwrap()];
    second.extend([honest.clone(), honest]);
    l1.mine(12, vec![], first);
    l1.mine(12, vec![], second);
    (derive(&sequencer.config, &l1), l1, sequencer)
}

#[test]
fn only_so_many_postings_are_looked_at_for_a_block() {
    let (driver, _, sequencer) = after_worthless(POSTINGS_WEIGHT_MAX - 1);
    assert_eq!(driver.head(), &sequencer.head(), "one more is looked at");

    let (driver, mut l1, sequencer) = after_worthless(POSTINGS_WEIGHT_MAX);
    assert_eq!(driver.blocks, []);
    let unseen = AbsentReason::TooManyPostings { first_block: 1 };
    let refused: Vec<_> = driver.absent.iter().rev().map(|absent| &absent.reason).collect();
    assert_eq!((refused[0], refused[1]), (&unseen, &unseen));
    assert_ne!(refused[2], &unseen);
    assert_eq!(reference::derive(&sequencer.config, &l1), []);

    // A restart between the two L1 blocks counts the same.
    let stop = driver.processed[driver.processed.len() - 2];
    let mut resumed = Driver::resume(&sequencer.config, stop.head, stop.l1);
    resumed.run(&l1);
    let count = resumed.absent.len();
    assert_eq!(resumed.absent[..], driver.absent[driver.absent.len() - count..]);

    // Once the head has moved, nothing that stood before counts against the next block.
    l1.mine_empty(usize::try_from(WINDOW).unwrap());
    let mut driver = driver;
    driver.run(&l1);
    let mut own = Sequencer::new(sequencer.config);
    own.adopt(driver.head(), &driver.inputs());
    own.build_many(&l1, 3);
    l1.mine(12, vec![], vec![own.post(&driver.head().block)]);
    driver.run(&l1);
    assert_eq!(driver.head(), &own.head());
    assert_eq!(driver.inputs(), reference::derive(&own.config, &l1));
}
