//! How the machine answers its caller: what it asks for, refuses, repeats and undoes.

use std::sync::Arc;

use alloy_primitives::B256;
use derivation::{Derivation, L1_REORG_DEPTH_MAX, L1Refused, StartError, Step, UnwindTooDeep};

use crate::{
    drive::{Driver, derive},
    l1::{L1, L1_GENESIS},
    l2::{Sequencer, WINDOW, config, genesis_hash},
};

/// A machine at L1 block 102, in which a batch of five blocks is posted; it has just given the second.
fn in_the_middle() -> (L1, Sequencer, Driver) {
    let mut l1 = L1::new();
    l1.mine_empty(1);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 5);
    let genesis = derivation::DerivedHead::genesis(&sequencer.config, genesis_hash());
    l1.mine(12, vec![], vec![sequencer.post(&genesis.block)]);
    let mut driver = Driver::new(&sequencer.config);
    while driver.blocks.is_empty() {
        assert!(driver.step(&l1));
    }
    (l1, sequencer, driver)
}

#[test]
fn it_asks_first_for_the_origin_of_the_head() {
    let l1 = L1::new();
    let mut derivation = Derivation::genesis(Arc::new(config(&l1)), genesis_hash());
    assert_eq!(derivation.step(), Step::NeedL1 { number: L1_GENESIS });
    derivation.add_l1(l1.blocks[0].clone()).unwrap();
    assert_eq!(derivation.step(), Step::NeedL1 { number: L1_GENESIS + 1 });
}

#[test]
fn a_block_is_given_again_until_it_was_executed() {
    let (_, sequencer, mut driver) = in_the_middle();
    let Step::Execute(block) = driver.derivation.step() else { panic!("a block is pending") };
    assert_eq!(block.inputs, sequencer.blocks[1].inputs);
    assert_eq!(driver.derivation.step(), Step::Execute(block.clone()));
    let reference = block.reference(B256::repeat_byte(1));
    assert_eq!(driver.derivation.executed(reference), Ok(()));
    assert_eq!(driver.derivation.head().block, reference);
    let Step::Execute(next) = driver.derivation.step() else { panic!("three blocks are left") };
    assert_eq!(next.inputs.opening.parent_hash, B256::repeat_byte(1));
}

#[test]
fn another_block_than_the_pending_one_is_refused() {
    let (_, sequencer, mut driver) = in_the_middle();
    let Step::Execute(block) = driver.derivation.step() else { panic!("a block is pending") };
    let other = sequencer.blocks[2].head.block;
    assert!(driver.derivation.executed(other).is_err());
    assert_eq!(driver.derivation.step(), Step::Execute(block), "it still waits");

    let mut idle = derive(&sequencer.config, &L1::new());
    assert!(idle.derivation.executed(other).is_err());
}

#[test]
fn l1_blocks_are_taken_in_order_only() {
    let (mut l1, sequencer, driver) = in_the_middle();
    l1.mine_empty(2);
    let block = |number: u64| l1.get(number).unwrap().clone();
    let mut busy = driver.derivation;
    let refused = L1Refused::OutOfOrder { expected: 102, number: 103 };
    assert_eq!(busy.add_l1(block(103)), Err(refused), "102 is in work");

    let mut fresh = Derivation::genesis(Arc::new(sequencer.config), genesis_hash());
    let refused = L1Refused::OutOfOrder { expected: 100, number: 101 };
    assert_eq!(fresh.add_l1(block(101)), Err(refused));
    fresh.add_l1(block(100)).unwrap();
    let refused = L1Refused::OutOfOrder { expected: 101, number: 100 };
    assert_eq!(fresh.add_l1(block(100)), Err(refused));
}

#[test]
fn a_reorg_is_noticed_and_unwound() {
    let mut l1 = L1::new();
    l1.mine_empty(20);
    let mut driver = derive(&config(&l1), &l1);
    let old = driver.clone();
    l1.reorg(110);
    l1.mine_empty(15);

    let expected = old.derivation.processed().l1.hash;
    let found = l1.get(120).unwrap().origin.hash;
    let refused = driver.derivation.add_l1(l1.get(121).unwrap().clone());
    assert_eq!(refused, Err(L1Refused::Reorg { number: 121, expected, found }));
    assert_eq!(driver.derivation, old.derivation, "a refused block changes nothing");

    driver.unwind(110);
    driver.run(&l1);
    assert_eq!(driver.derivation, derive(&config(&l1), &l1).derivation);
}

#[test]
fn unwinding_to_the_tip_or_above_has_no_effect() {
    let (_, _, mut driver) = in_the_middle();
    let before = driver.derivation.clone();
    for to in [102, 103, u64::MAX] {
        assert_eq!(driver.derivation.unwind(to), Ok(before.head().block));
        assert_eq!(driver.derivation, before);
    }
}

#[test]
fn unwinding_drops_the_l1_block_in_work() {
    let (l1, sequencer, mut driver) = in_the_middle();
    assert!(matches!(driver.derivation.step(), Step::Execute(_)));
    driver.unwind(101);
    assert_eq!(driver.head().block.number, 0);
    assert_eq!(driver.derivation.step(), Step::NeedL1 { number: 102 });
    driver.run(&l1);
    assert_eq!(driver.head(), &sequencer.head());
}

#[test]
fn it_goes_back_as_far_as_promised_and_no_further() {
    let mut l1 = L1::new();
    l1.mine_empty(200);
    let driver = derive(&config(&l1), &l1);
    let oldest = 300 - L1_REORG_DEPTH_MAX;
    let mut deep = driver.clone();
    deep.unwind(oldest);
    deep.run(&l1);
    assert_eq!(deep.derivation.head(), driver.derivation.head());

    let mut too_deep = driver.derivation.clone();
    let refused = UnwindTooDeep { to: oldest - 1, oldest };
    assert_eq!(too_deep.unwind(oldest - 1), Err(refused));
    assert_eq!(too_deep, driver.derivation, "a refused unwind changes nothing");
}

#[test]
fn the_finalized_head_is_the_safe_head_of_the_finalized_l1_block() {
    let mut l1 = L1::new();
    l1.mine_empty(40);
    let driver = derive(&config(&l1), &l1);
    for processed in &driver.processed {
        let number = processed.l1.number;
        assert_eq!(driver.derivation.safe_head_at(number), Some(processed.head.block));
        let derived_by_then =
            driver.blocks.iter().filter(|block| block.derived_from.number <= number).count();
        assert_eq!(processed.head.block.number, u64::try_from(derived_by_then).unwrap());
    }
    assert_eq!(driver.derivation.safe_head_at(141), None);
    assert_eq!(driver.derivation.safe_head_at(99), None);
}

#[test]
fn a_restart_checks_that_l1_is_still_the_same() {
    let mut l1 = L1::new();
    l1.mine_empty(30);
    let config = config(&l1);
    let stop = *derive(&config, &l1).derivation.processed();
    assert_eq!(stop.l1.number, 130);
    let origin = stop.head.block.origin.number;
    assert_eq!(origin, 130 - WINDOW - 1);

    let err = Derivation::resume(
        Arc::new(config.clone()),
        stop.head,
        protocol::BlockId { number: origin - 1, hash: B256::ZERO },
    );
    assert_eq!(err, Err(StartError::BeforeOrigin { start: origin - 1, origin }));

    // L1 goes another way below the start, but above the origin of the head.
    let mut forked = l1.clone();
    forked.reorg(125);
    forked.mine_empty(10);
    let resume = || Derivation::resume(Arc::new(config.clone()), stop.head, stop.l1).unwrap();
    let feed = |derivation: &mut Derivation, l1: &L1| loop {
        let Step::NeedL1 { number } = derivation.step() else { return Ok(()) };
        let Some(block) = l1.get(number) else { return Ok(()) };
        derivation.add_l1(block.clone())?;
    };
    assert_eq!(feed(&mut resume(), &l1), Ok(()));
    let refused = feed(&mut resume(), &forked);
    assert!(matches!(refused, Err(L1Refused::Reorg { number: 130, .. })));

    // Below the origin of the head.
    forked.reorg(origin - 1);
    forked.mine_empty(30);
    let refused = feed(&mut resume(), &forked);
    assert!(matches!(refused, Err(L1Refused::Reorg { number, .. }) if number == origin));
}

#[test]
fn numbers_at_the_end_of_64_bits_have_a_result() {
    let mut l1 = L1::new();
    l1.mine_empty(40);
    for (timestamp, window, drift) in
        [(u64::MAX - 3, WINDOW, 0), (u64::MAX, WINDOW, u64::MAX), (0, u64::MAX, 0)]
    {
        let mut config = config(&l1);
        config.genesis.timestamp = timestamp;
        config.sequencing_window = window;
        config.sequencer_drift_max = drift;
        let forced = derive(&config, &l1);
        assert_eq!(forced.derivation.processed().l1, l1.tip().id());
        assert_eq!(forced.blocks.is_empty(), window == u64::MAX);
    }
}
