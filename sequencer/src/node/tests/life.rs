//! A transaction's way, and what is left of it after a restart.

use std::time::Duration;

use alloy::consensus::TxReceipt as _;
use alloy::primitives::{U256, keccak256};
use db::Sequencing;
use executor::{
    RecoveredTransaction,
    parallel::{Key, Predictor},
};
use service::{Clock, SystemClock};
use state::StateReader;

use super::support::{COUNTER, NOBODY, World, count, key, transfer};
use crate::{chain::At, mempool::Rejection};

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_transfer_becomes_durable_is_sealed_and_survives_a_restart() {
    let world = World::new(0);
    let node = world.start();
    let located =
        node.block_on(node.handle.submitter.submit_and_wait(transfer(0, 0, 7), PATIENCE)).unwrap();
    assert!(located.included.outcome.receipt.status());
    assert_eq!(located.included.sender, key(0).address());
    node.until_block(located.block_number);
    let view = node.handle.view.clone();
    let block = node.block_on(view.block(located.block_number)).unwrap().unwrap();
    let state = node.block_on(view.state(At::Number(block.number()))).unwrap();
    assert_eq!(state.account(&NOBODY).unwrap().unwrap().balance, U256::from(7));
    assert_eq!(state.account(&key(0).address()).unwrap().unwrap().nonce, 1);
    let again = node.block_on(node.handle.submitter.submit(transfer(0, 0, 7)));
    assert!(matches!(again, Err(Rejection::NonceTooLow { nonce: 0, expected: 1 })), "{again:?}");
    let waiting = node.block_on(node.handle.submitter.submit(transfer(1, 5, 1))).unwrap();
    node.until_block(block.number() + 2);
    let hash = block.hash;
    drop((view, state));
    node.stop();

    let node = world.start();
    let found = node.block_on(node.handle.view.block(located.block_number)).unwrap().unwrap();
    assert_eq!(found.hash, hash);
    let found = node.block_on(node.handle.view.transaction(keccak256(transfer(0, 0, 7))));
    assert_eq!(found.unwrap().unwrap().block_hash, Some(hash));
    node.until("the saved mempool", |node| {
        node.handle.submitter.mempool().contains(&waiting).then_some(())
    });
    node.stop();
}

#[test]
fn what_was_learned_of_a_contract_is_known_after_a_restart() {
    let world = World::new(0);
    let is_known = || {
        let Some(learned) = world.learned() else { return false };
        let predictor = Predictor::default();
        predictor.restore(&learned).unwrap();
        let next = predictor.prepare(RecoveredTransaction::decode(&count(1, 0)).unwrap());
        let counter = Key::Slot { address: COUNTER, slot: U256::ZERO, writes: true };
        next.prediction.keys.contains(&counter)
    };
    let node = world.start();
    assert!(!is_known());
    node.block_on(node.handle.submitter.submit_and_wait(count(0, 0), PATIENCE)).unwrap();
    node.stop();
    assert!(is_known());
    // Nobody calls the contract this time: what is saved in the end was loaded at the start.
    world.start().stop();
    assert!(is_known());
}

#[test]
fn a_late_chain_catches_up_and_serves_users_meanwhile() {
    let mut world = World::new(90);
    world.config.readers.recent_transactions_max = 0;
    let node = world.start();
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 7), PATIENCE);
    let located = node.block_on(submitted).unwrap();
    let now = SystemClock.now().seconds();
    node.until("the present", |node| {
        (node.handle.view.latest().header.timestamp + 2 >= now).then_some(())
    });
    node.until("old blocks to leave", |node| {
        let recent = node.handle.view.store().recent();
        (recent.end() - recent.start() < 20).then_some(())
    });
    let view = &node.handle.view;
    assert!(located.block_number <= view.latest().number());
    for number in 1..=view.latest().number() {
        let block = node.block_on(view.require(number)).unwrap();
        assert_eq!(block.header.timestamp, world.rollup.timestamp_of(number));
    }
    node.stop();
}

#[test]
fn what_the_operator_stopped_stays_stopped_after_a_restart() {
    let world = World::new(0);
    let node = world.start();
    node.block_on(node.handle.operator.set_sequencing(Sequencing::Stopped)).unwrap();
    node.stop();

    let node = world.start();
    assert_eq!(node.handle.operator.sequencing(), Sequencing::Stopped);
    let refused = node.block_on(node.handle.submitter.submit(transfer(0, 0, 7)));
    assert!(matches!(refused, Err(Rejection::Stopped)), "{refused:?}");
    let before = node.handle.view.latest().number();
    node.until_block(before + 2);
    node.block_on(node.handle.operator.set_sequencing(Sequencing::Active)).unwrap();
    node.block_on(node.handle.submitter.submit_and_wait(transfer(0, 0, 7), PATIENCE)).unwrap();
    node.stop();
}
