//! When L1 says more, or something else, than our own chain: an empty database, a window that passed.

use std::{sync::Arc, time::Duration};

use alloy::primitives::keccak256;

use super::{
    l1::post,
    support::{World, l1_block, transfer},
};
use crate::publisher::Published;

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn an_empty_database_is_filled_from_l1_before_anything_new_is_built() {
    let world = World::new(0);
    let node = world.start();
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 1), PATIENCE);
    let located = node.block_on(submitted).unwrap();
    let last = located.block_number + 1;
    node.until_block(last);
    let batch = post(&world, &node, 101, 1, last);
    let hash = node.block_on(node.handle.view.require(last)).unwrap().hash;
    node.stop();
    world.l1.extend(vec![batch]);

    let World { rollup, l1, .. } = world;
    let other = World::on(rollup, l1);
    let node = other.start();
    node.until_block(last + 1);
    assert_eq!(node.block_on(node.handle.view.require(last)).unwrap().hash, hash);
    let found = node.block_on(node.handle.view.transaction(keccak256(transfer(0, 0, 1))));
    assert_eq!(found.unwrap().unwrap().block_number, located.block_number);
    assert_eq!(node.handle.view.heads().safe_head().number, last);
    node.stop();
}

#[test]
fn a_passed_window_replaces_our_blocks_and_their_transactions_come_again() {
    let mut world = World::new(0);
    Arc::make_mut(&mut world.rollup).sequencing_window = 8;
    let node = world.start();
    let mut events = node.handle.publisher.subscribe();
    let raws = [transfer(0, 0, 1), transfer(0, 1, 1)];
    let mut last = 3;
    for raw in &raws {
        let submitted = node.handle.submitter.submit_and_wait(raw.clone(), PATIENCE);
        last = std::cmp::max(last, node.block_on(submitted).unwrap().block_number);
    }
    // An open block is given up without a word: what is removed has been sealed.
    node.until_block(last);
    let start = world.rollup.genesis.timestamp;
    // Nothing was posted: L1 block 109 ends the window of origin 100.
    let silent = (101..=110).map(|number| l1_block(number, start + number - 98, 0)).collect();
    world.l1.extend(silent);
    let removed = node.block_on(async {
        loop {
            if let Published::Removed(blocks) = events.next().await.unwrap() {
                return blocks;
            }
        }
    });
    assert!(removed.iter().any(|block| !block.raw.is_empty()));
    node.until("the safe head", |node| {
        (node.handle.view.heads().safe_head().number >= 1).then_some(())
    });
    for (nonce, raw) in (0_u64..).zip(&raws) {
        let located = node.until("a returned transaction", |node| {
            let found = node.block_on(node.handle.view.transaction(keccak256(raw))).unwrap();
            found.filter(|found| found.block_number > node.handle.view.heads().safe_head().number)
        });
        let tx = &located.included.transaction;
        assert_eq!(alloy::consensus::Transaction::nonce(tx), nonce);
    }
    let newest = node.handle.view.latest().number();
    node.until_block(newest + 2);
    node.stop();

    // What L1 has made safe is found again, not derived anew from the beginning.
    let node = world.start();
    node.until_block(newest + 3);
    assert!(node.handle.view.heads().safe_head().number >= 1);
    node.stop();
}
