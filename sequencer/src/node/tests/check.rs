//! Sealed means checked: what the check finds, and what becomes of a block that differs.

use std::{sync::Arc, time::Duration};

use alloy::primitives::{Address, U256, keccak256};
use executor::ChainSpec;
use state::AccountDiff;

use super::support::{World, transfer};
use crate::{
    ExecutionChoice,
    chain::{ChainBlock, Included},
    check::{Difference, check},
    publisher::Published,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A copy that may be changed.
fn copy(block: &ChainBlock) -> ChainBlock {
    ChainBlock {
        header: block.header.clone(),
        hash: block.hash,
        reference: block.reference,
        opening: block.opening,
        transactions: block.transactions.clone(),
        diff: block.diff.clone(),
        sub_block_lengths: block.sub_block_lengths.clone(),
        raw: block.raw.clone(),
        execution: block.execution.clone(),
        ethereum: None,
        access_list: block.access_list.clone(),
        kept: block.kept.clone(),
    }
}

#[test]
fn every_part_of_a_block_is_compared() {
    let world = World::new(0);
    let node = world.start();
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 7), PATIENCE);
    let number = node.block_on(submitted).unwrap().block_number;
    node.until_block(number);
    let store = node.handle.view.store().clone();
    let block = store.block(number).unwrap();
    let spec = ChainSpec::from(world.rollup.as_ref());
    let find = |block: &ChainBlock| check(&spec, &store, block, false).unwrap().difference;
    assert_eq!(find(&block), None);

    let last = &block.transactions[block.transactions.len() - 1];
    let outcome = |change: fn(&mut Included)| {
        let mut changed = copy(&block);
        let mut all: Vec<Included> = block.transactions.iter().cloned().collect();
        change(all.last_mut().unwrap());
        changed.transactions = all.into_iter().collect();
        find(&changed)
    };
    let differs = Some(Difference::Outcome { index: last.index, hash: last.hash });
    assert_eq!(outcome(|included| included.outcome.l1_fee += U256::from(1)), differs);
    let more_gas = |included: &mut Included| {
        included.outcome.receipt.as_receipt_mut().cumulative_gas_used += 1;
    };
    assert_eq!(outcome(more_gas), differs);
    assert_eq!(outcome(|included| included.sender = Address::ZERO), differs);

    let mut changed = copy(&block);
    changed.header.gas_used += 1;
    let serial = block.header.gas_used;
    assert_eq!(find(&changed), Some(Difference::GasUsed { serial, sealed: serial + 1 }));
    let mut changed = copy(&block);
    let stranger = Address::repeat_byte(0x57);
    Arc::make_mut(&mut changed.diff).accounts.insert(stranger, AccountDiff::gone());
    assert_eq!(find(&changed), Some(Difference::State { address: Some(stranger) }));
    node.stop();
}

#[test]
fn blocks_that_are_built_in_parallel_pass_the_check_and_come_back_after_a_restart() {
    let mut world = World::new(0);
    world.config.builder.execution = ExecutionChoice::Ahead;
    world.config.builder.execution_threads = 3;
    let node = world.start();
    let spec = ChainSpec::from(world.rollup.as_ref());
    // Chains of one sender each, which all pay the same account.
    let raws: Vec<_> =
        (0..40).flat_map(|nonce| (0..5).map(move |from| transfer(from, nonce, 1))).collect();
    let submitted: Vec<_> =
        raws.iter().map(|raw| node.handle.submitter.submit(raw.clone())).collect();
    for result in node.block_on(futures::future::join_all(submitted)) {
        result.unwrap();
    }
    let last = node.until("the last transfer of each", |node| {
        let find = |raw| node.block_on(node.handle.view.transaction(keccak256(raw))).unwrap();
        raws.iter().map(find).collect::<Option<Vec<_>>>()
    });
    let last = last.iter().map(|located| located.block_number).max().unwrap();
    node.until_block(last);
    let store = node.handle.view.store().clone();
    let blocks: Vec<_> = (1..=last).map(|number| store.block(number).unwrap()).collect();
    let ahead: u64 = blocks.iter().map(|block| block.execution.ahead).sum();
    assert!(ahead > 100, "{ahead} of 200 ran ahead of their turn");
    for block in &blocks {
        assert_eq!(check(&spec, &store, block, false).unwrap().difference, None);
    }
    let hashes: Vec<_> = blocks.iter().map(|block| block.hash).collect();
    drop((store, blocks));
    node.stop();

    let node = world.start();
    for (number, hash) in (1..).zip(hashes) {
        assert_eq!(node.block_on(node.handle.view.require(number)).unwrap().hash, hash);
    }
    node.stop();
}

#[test]
fn a_block_that_differs_is_never_indexed_and_its_transactions_are_executed_again() {
    let mut world = World::new(0);
    // Later than the first block, so that something stands below it.
    let doubted = 3;
    world.config.builder.doubted_block = Some(doubted);
    let node = world.start();
    let mut events = node.handle.publisher.subscribe();
    let raws: Vec<_> = (0..4).map(|nonce| transfer(0, nonce, 1)).collect();
    for raw in &raws {
        let submitted = node.handle.submitter.submit_and_wait(raw.clone(), PATIENCE);
        node.block_on(submitted).unwrap();
        node.until_block(node.handle.view.latest().number() + 1);
    }
    let removed = node.block_on(async {
        loop {
            if let Published::Removed(blocks) = events.next().await.unwrap() {
                return blocks;
            }
        }
    });
    let numbers: Vec<_> = removed.iter().map(|block| block.number()).collect();
    assert!(numbers.contains(&doubted) && numbers.iter().all(|number| *number >= doubted));
    for (nonce, raw) in (0_u64..).zip(&raws) {
        let located = node.until("a transaction of a removed block", |node| {
            node.block_on(node.handle.view.transaction(keccak256(raw))).unwrap()
        });
        let tx = &located.included.transaction;
        assert_eq!(alloy::consensus::Transaction::nonce(tx), nonce);
    }
    let newest = node.handle.view.latest().number();
    node.until_block(newest + 2);
    let hash = node.block_on(node.handle.view.require(doubted)).unwrap().hash;
    node.stop();

    let node = world.start();
    assert_eq!(node.block_on(node.handle.view.require(doubted)).unwrap().hash, hash);
    node.stop();
}
