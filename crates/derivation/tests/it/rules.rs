//! What a valid batch gives: deposits, hints, configuration, several batches and messages in one L1 block.

use derivation::{Alarm, Cause, DerivedHead};
use protocol::{L2BlockRef, user_deposit_source_hash};

use crate::{
    drive::derive,
    l1::{L1, deposit, formless_deposit, gas_limit},
    l2::{Sequencer, config, genesis_hash, posted},
};

fn genesis(sequencer: &Sequencer) -> L2BlockRef {
    DerivedHead::genesis(&sequencer.config, genesis_hash()).block
}

/// L1 block 101 with these messages, and seven L2 blocks: block 6 is the first of its epoch.
fn epoch_of(messages: Vec<protocol::L1Message>) -> (L1, Sequencer) {
    let mut l1 = L1::new();
    l1.mine(12, messages, vec![]);
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 7);
    assert_eq!(sequencer.blocks[5].inputs.opening.sequence_number, 0);
    (l1, sequencer)
}

#[test]
fn deposits_come_first_in_their_epoch_in_log_order() {
    let (mut l1, sequencer) = epoch_of(vec![deposit(1, 0), deposit(2, 50), deposit(3, 0)]);
    let hash = l1.tip().origin.hash;
    l1.mine(12, vec![], vec![sequencer.post(&genesis(&sequencer))]);
    let driver = derive(&sequencer.config, &l1);

    let counts = driver.blocks.iter().map(|block| block.inputs.deposits.len());
    assert_eq!(counts.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 3, 0]);
    let deposits = &driver.blocks[5].inputs.deposits;
    let hashes: Vec<_> = deposits.iter().map(|deposit| deposit.source_hash).collect();
    assert_eq!(hashes, [3, 10, 17].map(|log_index| user_deposit_source_hash(hash, log_index)));
    assert_eq!(deposits[1].input.len(), 50);
    assert!(driver.blocks.iter().all(|block| block.alarms.is_empty()));
    assert!(driver.blocks.iter().all(|block| block.cause == Cause::Batch { index: 0 }));
    assert!(driver.blocks.iter().all(|block| block.derived_from == l1.tip().id()));
}

#[test]
fn wrong_hints_decide_and_raise_an_alarm() {
    let (mut l1, sequencer) = epoch_of(vec![deposit(1, 0), deposit(2, 0)]);
    let epoch = l1.tip().id();
    let mut batch = sequencer.batch(&genesis(&sequencer), usize::MAX).unwrap();
    batch.blocks[5].deposit_log_indexes = vec![3, 11];
    l1.mine(12, vec![], vec![posted(&batch)]);
    let driver = derive(&sequencer.config, &l1);

    let block = &driver.blocks[5];
    let hashes: Vec<_> = block.inputs.deposits.iter().map(|deposit| deposit.source_hash).collect();
    assert_eq!(hashes, [3, 11].map(|log_index| user_deposit_source_hash(epoch.hash, log_index)));
    let (hints, log_indexes) = (vec![3, 11], vec![3, 10]);
    assert_eq!(block.alarms, [Alarm::HintMismatch { origin: epoch, hints, log_indexes }]);
    assert_eq!(driver.blocks.len(), 7, "the batch stays valid");
}

#[test]
fn a_formless_deposit_is_skipped_but_has_a_hint() {
    let (mut l1, sequencer) = epoch_of(vec![deposit(1, 0), formless_deposit(), deposit(3, 0)]);
    let epoch = l1.tip().id();
    assert_eq!(sequencer.blocks[5].log_indexes, [3, 10, 17]);
    l1.mine(12, vec![], vec![sequencer.post(&genesis(&sequencer))]);
    let driver = derive(&sequencer.config, &l1);
    let block = &driver.blocks[5];
    assert_eq!(block.inputs.deposits.len(), 2);
    assert_eq!(block.inputs.deposits[1].source_hash, user_deposit_source_hash(epoch.hash, 17));
    assert_eq!(block.alarms, [Alarm::DepositSkipped { origin: epoch, count: 1 }]);
}

#[test]
fn configuration_holds_from_the_first_block_of_the_epoch() {
    let messages = vec![gas_limit(40_000_000), deposit(1, 0), gas_limit(50_000_000)];
    let (mut l1, sequencer) = epoch_of(messages);
    assert_eq!(sequencer.blocks[5].log_indexes, [10], "only deposits have hints");
    l1.mine(12, vec![], vec![sequencer.post(&genesis(&sequencer))]);
    let driver = derive(&sequencer.config, &l1);
    let limits =
        driver.blocks.iter().map(|block| block.inputs.opening.system_config.gas_limit / 1_000_000);
    assert_eq!(limits.collect::<Vec<_>>(), [30, 30, 30, 30, 30, 50, 50]);
    assert_eq!(driver.head().system_config.gas_limit, 50_000_000);
}

#[test]
fn messages_in_and_before_the_genesis_block_are_not_derived() {
    let mut l1 = L1::new();
    l1.blocks[0].messages = vec![(0, deposit(1, 0)), (1, gas_limit(50_000_000))];
    let mut sequencer = Sequencer::new(config(&l1));
    sequencer.build_many(&l1, 2);
    l1.mine(12, vec![], vec![sequencer.post(&genesis(&sequencer))]);
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.blocks.len(), 2);
    assert!(driver.blocks.iter().all(|block| block.inputs.deposits.is_empty()));
    assert_eq!(driver.head().system_config.gas_limit, 30_000_000);
}

#[test]
fn batches_of_one_l1_block_build_on_each_other() {
    let (mut l1, sequencer) = epoch_of(vec![deposit(1, 0)]);
    let first = sequencer.batch(&genesis(&sequencer), 4).unwrap();
    let second = sequencer.batch(&sequencer.blocks[3].head.block, usize::MAX).unwrap();
    l1.mine(12, vec![], vec![posted(&first), posted(&second)]);
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.head(), &sequencer.head());
    let causes = driver.blocks.iter().map(|block| block.cause);
    let expected = [0, 0, 0, 0, 1, 1, 1].map(|index| Cause::Batch { index });
    assert_eq!(causes.collect::<Vec<_>>(), expected);

    // In the other order the second one does not extend the safe head when it is looked at.
    l1.reorg(101);
    l1.mine(12, vec![], vec![posted(&second), posted(&first)]);
    let driver = derive(&sequencer.config, &l1);
    assert_eq!(driver.head(), &sequencer.blocks[3].head);
}

#[test]
fn an_opening_follows_from_head_and_origin() {
    let (mut l1, sequencer) = epoch_of(vec![]);
    l1.mine(12, vec![], vec![sequencer.post(&genesis(&sequencer))]);
    let driver = derive(&sequencer.config, &l1);
    let opening = driver.blocks[6].inputs.opening;
    assert_eq!((opening.number, opening.sequence_number), (7, 1));
    assert_eq!(opening.timestamp, sequencer.config.genesis.timestamp + 14);
    assert_eq!(opening.origin, l1.get(101).unwrap().origin);
    assert_eq!(opening.parent_hash, sequencer.blocks[5].head.block.hash);
}
