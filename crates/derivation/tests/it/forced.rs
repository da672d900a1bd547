//! Blocks that no batch came for in time: the forced way of deposits, and the chain without a sequencer.

use std::collections::BTreeSet;

use derivation::{AbsentReason, Cause};
use protocol::user_deposit_source_hash;

use crate::{
    drive::derive,
    l1::{L1, L1_GENESIS_TIME, deposit, gas_limit},
    l2::{Sequencer, WINDOW, config},
};

#[test]
fn nothing_is_forced_while_the_window_is_open() {
    let mut l1 = L1::new();
    l1.mine_empty(usize::try_from(WINDOW).unwrap());
    assert_eq!(derive(&config(&l1), &l1).blocks, []);
}

#[test]
fn a_deposit_is_derived_without_any_batch() {
    let mut l1 = L1::new();
    let messages = vec![gas_limit(40_000_000), deposit(1, 0), deposit(2, 0)];
    l1.mine(12, messages, vec![]);
    l1.mine_empty(usize::try_from(WINDOW).unwrap() + 5);
    let driver = derive(&config(&l1), &l1);

    let block = driver.blocks.iter().find(|block| !block.inputs.deposits.is_empty()).unwrap();
    assert_eq!(block.inputs.opening.origin.number, 101);
    assert_eq!(block.inputs.opening.sequence_number, 0);
    assert_eq!(block.inputs.opening.system_config.gas_limit, 40_000_000);
    assert_eq!(block.cause, Cause::WindowPassed);
    // The window of block 1, with origin 100, is over first; block 6 comes with it.
    assert_eq!(block.derived_from.number, 100 + WINDOW + 1);
    // The number of the message stands in for the log index, and the update counts.
    let hash = l1.get(101).unwrap().origin.hash;
    let hashes: Vec<_> = block.inputs.deposits.iter().map(|deposit| deposit.source_hash).collect();
    assert_eq!(hashes, [1, 2].map(|number| user_deposit_source_hash(hash, number)));
    assert!(block.alarms.is_empty());
}

#[test]
fn forced_blocks_follow_l1_one_epoch_after_the_other() {
    let mut l1 = L1::new();
    l1.mine_empty(30);
    let driver = derive(&config(&l1), &l1);
    // L1 block 111 forces everything up to where 110 begins, 121 everything up to where 120 begins.
    let last = driver.head().block;
    assert_eq!(last.origin.number, 119);
    let forcing = driver.blocks.iter().map(|block| block.derived_from.number);
    assert_eq!(forcing.collect::<BTreeSet<_>>(), BTreeSet::from([111, 121]));
    assert_eq!(last.timestamp, l1.get(last.origin.number + 1).unwrap().origin.timestamp - 2);
    for block in &driver.blocks {
        let opening = &block.inputs.opening;
        assert!(block.inputs.transactions.is_empty());
        assert!(opening.origin.timestamp <= opening.timestamp);
        assert_eq!(opening.sequence_number, (opening.number + 6) % 6);
    }
}

#[test]
fn a_block_keeps_its_origin_while_the_next_is_too_new() {
    let mut l1 = L1::new();
    l1.mine(1_000, vec![], vec![]);
    l1.mine_empty(usize::try_from(WINDOW).unwrap() + 1);
    let driver = derive(&config(&l1), &l1);
    let kept = driver.blocks.iter().filter(|block| block.inputs.opening.origin.number == 100);
    assert!(kept.clone().all(|block| block.derived_from.number == 101 + WINDOW));
    assert_eq!(kept.count(), 499);
}

#[test]
fn a_late_batch_is_absent_and_the_next_builds_on_the_forced_block() {
    let mut l1 = L1::new();
    l1.mine_empty(1);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 3);
    let late = sequencer.post(&sequencer_genesis(&sequencer));
    l1.mine_empty(usize::try_from(WINDOW).unwrap() - 1);
    l1.mine(12, vec![], vec![late.clone()]);
    let forced = derive(&sequencer.config, &l1);
    assert_eq!(forced.absent[0].reason, AbsentReason::WindowPassed { origin: 100 });
    assert!(forced.head().block.number > 0);

    // Block 1 is taken now: for ever.
    l1.mine(12, vec![], vec![late]);
    let after = derive(&sequencer.config, &l1);
    assert_eq!(after.absent.len(), 2);
    assert!(matches!(after.absent[1].reason, AbsentReason::NotNext { first_block: 1, .. }));
}

/// A sequencer that was away for long adopts the forced chain, builds up to L1's present, and gets it posted
/// `delay` L1 blocks later. Returns how many attempts it takes.
fn come_back(away: u64, delay: u64) -> usize {
    let mut l1 = L1::new();
    l1.mine_empty(usize::try_from(away).unwrap());
    let mut sequencer = Sequencer::new(config(&l1));
    let mut driver = derive(&sequencer.config, &l1);
    for attempt in 1.. {
        let safe = *driver.head();
        sequencer.adopt(&safe, &driver.inputs());
        while sequencer.head().block.timestamp < l1.tip().origin.timestamp {
            sequencer.build(&l1, 1);
        }
        l1.mine_empty(usize::try_from(delay).unwrap() - 1);
        l1.mine(12, vec![], vec![sequencer.post(&safe.block)]);
        driver.run(&l1);
        if driver.head() == &sequencer.head() {
            return attempt;
        }
    }
    unreachable!("the range of attempts is endless")
}

#[test]
fn a_sequencer_can_come_back() {
    for away in 2 * WINDOW..4 * WINDOW {
        for delay in 1..=WINDOW / 2 {
            // The first attempt may meet the end of a window, the second never does.
            assert!(
                come_back(away, delay) <= 2,
                "away for {away} L1 blocks, posting takes {delay}"
            );
        }
    }
}

#[test]
fn batches_of_an_l1_block_come_before_its_forced_blocks() {
    let mut l1 = L1::new();
    l1.mine_empty(usize::try_from(WINDOW).unwrap() - 1);
    let mut sequencer = Sequencer::new(config(&l1));
    // Block 1 to 5 keep origin 100, whose window ends with the next L1 block.
    sequencer.build_many(&l1, 5);
    let batch = sequencer.post(&sequencer_genesis(&sequencer));
    l1.mine(12, vec![], vec![batch]);
    assert_eq!(l1.number(), 100 + WINDOW);
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.head(), &sequencer.head());

    // Block 6 may have origin 101, so nothing is forced yet in the next L1 block, but in the one after.
    l1.mine_empty(1);
    assert_eq!(derive(&sequencer.config, &l1).blocks.len(), 5);
    l1.mine_empty(1);
    // L1 block 111 is at second 132, so block 66 is the first that could have it as its origin.
    assert_eq!(derive(&sequencer.config, &l1).blocks.len(), 65);
}

fn sequencer_genesis(sequencer: &Sequencer) -> protocol::L2BlockRef {
    let genesis = crate::l2::genesis_hash();
    derivation::DerivedHead::genesis(&sequencer.config, genesis).block
}

#[test]
fn the_example_of_the_specification() {
    let mut l1 = L1::new();
    l1.mine(12, vec![deposit(1, 0)], vec![]);
    l1.mine_empty(10);
    let mut sequencer = Sequencer::new(config(&l1));
    let forced = derive(&sequencer.config, &l1);
    let last = forced.head().block;
    assert_eq!((last.number, last.timestamp, last.origin.number), (59, L1_GENESIS_TIME + 118, 109));
    assert!(forced.blocks.iter().all(|block| block.derived_from.number == 111));

    sequencer.adopt(forced.head(), &forced.inputs());
    assert_eq!(sequencer.build(&l1, 1).inputs.opening.origin.number, 110);
    let batch = sequencer.post(&last);
    for number in 112..=121 {
        let mut l1 = l1.clone();
        l1.mine_empty(number - 112);
        l1.mine(12, vec![], vec![batch.clone()]);
        let in_time = number <= 120;
        assert_eq!(derive(&sequencer.config, &l1).absent.is_empty(), in_time, "posted in {number}");
    }
}
