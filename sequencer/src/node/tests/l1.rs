//! What L1 does to the chain: deposits, batches that make it safe, reorgs, silence.

use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256, keccak256};
use derivation::{BatchBuilder, L1Block};
use protocol::{Carrier, DepositMessage, L1Message, PostedBatch};
use state::StateReader;

use super::support::{Running, World, l1_block, l1_hash, transfer};
use crate::{chain::At, publisher::Published};

const PATIENCE: Duration = Duration::from_secs(10);

/// A deposit of `mint` wei to `to`.
pub(super) fn deposit(to: Address, mint: u64) -> L1Message {
    let mut data = Vec::new();
    data.extend_from_slice(&U256::from(mint).to_be_bytes::<32>());
    data.extend_from_slice(&U256::from(mint).to_be_bytes::<32>());
    data.extend_from_slice(&100_000_u64.to_be_bytes());
    data.push(0);
    L1Message::Deposit(DepositMessage { from: to, to, opaque_data: data.into() })
}

pub(super) fn balance(node: &Running, address: Address) -> U256 {
    let latest = node.handle.view.latest().number();
    let state = node.block_on(node.handle.view.state(At::Number(latest))).unwrap();
    state.account(&address).unwrap().map_or(U256::ZERO, |account| account.balance)
}

/// L1's next block brings 55 wei for an account that has none.
fn pay(world: &World, node: &Running) -> Address {
    node.until_block(1);
    let lucky = Address::repeat_byte(0x77);
    let mut block = l1_block(101, world.rollup.genesis.timestamp + 1, 0);
    block.messages.push((3, deposit(lucky, 55)));
    world.l1.extend(vec![block]);
    node.until("the deposit", |node| (balance(node, lucky) == U256::from(55)).then_some(()));
    lucky
}

#[test]
fn deposits_are_executed_when_their_origin_comes() {
    let world = World::new(0);
    let node = world.start();
    let lucky = pay(&world, &node);
    assert_eq!(node.handle.view.latest().reference.origin.number, 101);
    node.stop();

    let node = world.start();
    assert_eq!(balance(&node, lucky), U256::from(55));
    node.stop();
}

/// Posts our own blocks up to `last` in an L1 block.
pub(super) fn post(world: &World, node: &Running, number: u64, first: u64, last: u64) -> L1Block {
    let mut builder = BatchBuilder::new();
    for number in first..=last {
        let block = node.block_on(node.handle.view.require(number)).unwrap();
        builder.push(&block.opening, Vec::new(), block.raw.clone()).unwrap();
    }
    let batch = builder.build().unwrap();
    let columns = batch.encode(world.rollup.l2_chain_id).unwrap();
    let data = protocol::pack(protocol::Compression::None, &columns.columns, &columns.signatures);
    let mut block = l1_block(number, world.rollup.genesis.timestamp + 2, 0);
    block.batches.push(PostedBatch {
        index: 0,
        carrier: Carrier::Calldata,
        first_block: first,
        last_block: last,
        data: Some(data),
    });
    block
}

#[test]
fn posted_blocks_become_safe_and_finalized() {
    let world = World::new(0);
    let node = world.start();
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 1), PATIENCE);
    node.block_on(submitted).unwrap();
    node.until_block(3);
    let batch = post(&world, &node, 101, 1, 3);
    world.l1.extend(vec![batch]);
    node.until("the safe head", |node| {
        (node.handle.view.heads().safe_head().number == 3).then_some(())
    });
    assert_eq!(node.handle.view.heads().finalized_head().number, 0);
    world.l1.finalize(101);
    world.l1.extend(vec![l1_block(102, world.rollup.genesis.timestamp + 3, 0)]);
    node.until("the finalized head", |node| {
        (node.handle.view.heads().finalized_head().number == 3).then_some(())
    });
    let own = node.block_on(node.handle.view.require(3)).unwrap();
    assert_eq!(node.handle.view.heads().safe_head(), own.reference);
    node.stop();
}

#[test]
fn a_reorg_below_a_used_origin_rebuilds_with_the_same_transactions() {
    let world = World::new(0);
    let node = world.start();
    node.until_block(1);
    world.l1.extend(vec![l1_block(101, world.rollup.genesis.timestamp + 1, 0)]);
    node.until("the origin", |node| {
        (node.handle.view.latest().reference.origin.number == 101).then_some(())
    });
    let mut events = node.handle.publisher.subscribe();
    let raws: Vec<Bytes> = (0..5).map(|nonce| transfer(0, nonce, 1)).collect();
    for raw in &raws {
        node.block_on(node.handle.submitter.submit_and_wait(raw.clone(), PATIENCE)).unwrap();
    }
    node.until_block(node.handle.view.latest().number() + 1);
    let mut other = l1_block(101, world.rollup.genesis.timestamp + 1, 1);
    other.parent_hash = l1_hash(100, 0);
    let mut next = l1_block(102, world.rollup.genesis.timestamp + 2, 1);
    next.parent_hash = other.origin.hash;
    world.l1.extend(vec![other, next]);
    node.until("the other branch", |node| {
        (node.handle.view.latest().reference.origin.hash == l1_hash(102, 1)).then_some(())
    });
    for (nonce, raw) in (0_u64..).zip(&raws) {
        let located = node.until("a returned transaction", |node| {
            node.block_on(node.handle.view.transaction(keccak256(raw))).unwrap()
        });
        let tx = &located.included.transaction;
        assert_eq!(alloy::consensus::Transaction::nonce(tx), nonce);
        assert_ne!(located.opening.origin.hash, l1_hash(101, 0));
    }
    let removed = node.block_on(async {
        loop {
            match events.next().await.unwrap() {
                Published::Removed(blocks) => return blocks,
                _ => continue,
            }
        }
    });
    assert!(removed.iter().all(|block| block.reference.origin.hash == l1_hash(101, 0)));
    assert!(removed.len() >= 2);
    node.stop();
    let node = world.start();
    assert_eq!(node.handle.view.latest().reference.origin.hash, l1_hash(102, 1));
    node.stop();
}

#[test]
fn blocks_go_on_without_l1_and_without_users_after_the_drift() {
    let mut world = World::new(0);
    std::sync::Arc::make_mut(&mut world.rollup).sequencer_drift_max = 3;
    let node = world.start();
    node.until_block(4);
    let raw = transfer(0, 0, 1);
    let hash = node.block_on(node.handle.submitter.submit(raw)).unwrap();
    node.until_block(6);
    assert!(node.handle.submitter.mempool().contains(&hash), "it waits");
    let latest = node.handle.view.latest();
    assert_eq!(latest.reference.origin.number, 100);
    assert_eq!(latest.transactions.len(), 1);
    world.l1.extend(vec![l1_block(101, world.rollup.genesis.timestamp + 5, 0)]);
    let wait = node.handle.submitter.wait_for(hash, PATIENCE);
    let located = node.block_on(wait).unwrap();
    assert_eq!(located.opening.origin.number, 101);
    node.stop();
}

#[test]
fn a_reorg_while_nobody_watched_is_found_at_the_start() {
    let world = World::new(0);
    let node = world.start();
    node.until_block(1);
    let mut block = l1_block(101, world.rollup.genesis.timestamp + 1, 0);
    block.messages.push((3, deposit(Address::repeat_byte(0x77), 55)));
    world.l1.extend(vec![block]);
    node.until("the origin", |node| {
        (node.handle.view.latest().reference.origin.number == 101).then_some(())
    });
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 1), PATIENCE);
    node.block_on(submitted).unwrap();
    node.kill();
    let mut other = l1_block(101, world.rollup.genesis.timestamp + 1, 1);
    other.parent_hash = l1_hash(100, 0);
    world.l1.extend(vec![other]);

    let node = world.start();
    node.until("the other branch", |node| {
        (node.handle.view.latest().reference.origin.hash == l1_hash(101, 1)).then_some(())
    });
    assert_eq!(balance(&node, Address::repeat_byte(0x77)), U256::ZERO);
    node.until("the returned transaction", |node| {
        let hash = keccak256(transfer(0, 0, 1));
        node.block_on(node.handle.view.transaction(hash)).unwrap()
    });
    node.stop();
}

#[test]
fn what_was_read_of_blocks_that_are_taken_back_is_not_shown_again() {
    let world = World::new(0);
    let node = world.start();
    let lucky = pay(&world, &node);
    let number = node.handle.view.latest().number();
    node.until("the index", |node| (node.handle.view.store().indexed() > number + 1).then_some(()));
    node.stop();

    // Memory has the newest block now, and Postgres the others.
    let node = world.start();
    let view = node.handle.view.clone();
    let balance_at = |number: u64| {
        let state = node.block_on(view.state(At::Number(number))).unwrap();
        state.account(&lucky).unwrap().map_or(U256::ZERO, |account| account.balance)
    };
    let old = node.block_on(view.require(number)).unwrap();
    let again = node.block_on(view.require(number)).unwrap();
    assert!(std::sync::Arc::ptr_eq(&old, &again), "it is kept");
    let paid = old.transactions[1].hash;
    assert!(node.block_on(view.transaction(paid)).unwrap().is_some());
    assert!(node.block_on(view.block_by_hash(old.hash)).unwrap().is_some());
    assert_eq!([number - 1, number].map(balance_at), [U256::ZERO, U256::from(55)]);

    // Whoever follows L1 has seen the branch that goes away.
    world.l1.extend(vec![l1_block(102, world.rollup.genesis.timestamp + 2, 0)]);
    node.until("the next origin", |_| (view.latest().reference.origin.number == 102).then_some(()));
    let mut other = l1_block(101, world.rollup.genesis.timestamp + 1, 1);
    other.parent_hash = l1_hash(100, 0);
    let next =
        [102, 103].map(|number| l1_block(number, world.rollup.genesis.timestamp + number - 100, 1));
    world.l1.extend([vec![other], next.to_vec()].concat());
    node.until("the other branch in the index", |node| {
        let origin = view.latest().reference.origin;
        let is_other = origin.number > 100 && origin.hash == l1_hash(origin.number, 1);
        (is_other && node.handle.view.store().indexed() > number).then_some(())
    });
    assert_ne!(node.block_on(view.require(number)).unwrap().hash, old.hash);
    assert!(node.block_on(view.transaction(paid)).unwrap().is_none());
    assert!(node.block_on(view.block_by_hash(old.hash)).unwrap().is_none());
    assert_eq!([number - 1, number].map(balance_at), [U256::ZERO; 2]);
    node.stop();
}
