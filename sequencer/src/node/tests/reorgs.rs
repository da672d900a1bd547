//! Deposits under reorgs of L1 of every depth that it is likely to have: those of the branch that stays are executed once,
//! in order, and those of branches that are gone leave nothing behind.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256, keccak256};
use derivation::L1Block;
use protocol::{L1Message, Transaction};

use super::{
    l1::{balance, deposit},
    support::{Running, World, l1_block},
};

/// L1 blocks before the first reorg.
const BLOCKS: u64 = 10;
/// Deposits in each of them, besides one that all branches have.
const DEPOSITS: u64 = 4;

/// Whom a deposit of an L1 block goes to: on every branch to another account, but for the last.
fn recipient(number: u64, index: u64, branch: u8) -> Address {
    let branch = if index == DEPOSITS { 0 } else { branch };
    let seed = [&number.to_be_bytes()[..], &index.to_be_bytes(), &[branch]].concat();
    Address::from_word(keccak256(seed))
}

fn amount(number: u64, index: u64) -> u64 {
    number * 100 + index
}

/// An L1 block with its deposits, on a parent that may be of another branch.
fn block(world: &World, number: u64, branch: u8, parent: B256) -> L1Block {
    let mut block = l1_block(number, world.rollup.genesis.timestamp + number - 100, branch);
    block.parent_hash = parent;
    let deposits = (0..=DEPOSITS)
        .map(|index| deposit(recipient(number, index, branch), amount(number, index)));
    block.messages = (0..).step_by(3).zip(deposits).collect();
    block
}

/// Every deposit of these blocks, in order: to whom, and how much.
fn deposits(chain: &[L1Block]) -> Vec<(Address, U256)> {
    let messages = chain.iter().flat_map(|block| &block.messages);
    let deposits = messages.filter_map(|(_, message)| match message {
        L1Message::Deposit(message) => {
            Some((message.to, U256::from_be_slice(&message.opaque_data[..32])))
        }
        _ => None,
    });
    deposits.collect()
}

/// Every deposit that our chain has executed, in order.
fn executed(node: &Running) -> Vec<(Address, U256)> {
    let newest = node.handle.view.latest().number();
    let mut found = Vec::new();
    for number in 1..=newest {
        let block = node.block_on(node.handle.view.require(number)).unwrap();
        // The first is the L1 attributes transaction.
        for included in block.transactions.iter().skip(1) {
            let Transaction::Deposit(deposit) = &included.transaction else { continue };
            let deposit = deposit.inner();
            found.push((included.sender, U256::from(deposit.mint)));
        }
    }
    found
}

#[test]
fn deposits_follow_l1_through_reorgs_of_one_to_seven_blocks() {
    let world = World::new(60);
    let node = world.start();
    let mut chain: Vec<L1Block> = Vec::new();
    let genesis = l1_block(100, world.rollup.genesis.timestamp, 0).origin.hash;
    let mut seen = BTreeMap::new();
    for (depth, branch) in (0_u64..=7).zip(0_u8..) {
        // A branch is one block longer than what it replaces.
        chain.truncate(chain.len() - usize::try_from(depth).unwrap());
        let longer = if depth == 0 { BLOCKS } else { depth + 1 };
        let fresh = chain.len();
        for _ in 0..longer {
            let parent = chain.last().map_or(genesis, |block| block.origin.hash);
            let number = 101 + chain.len() as u64;
            chain.push(block(&world, number, branch, parent));
        }
        world.l1.extend(chain[fresh..].to_vec());
        let tip = chain.last().unwrap().origin.hash;
        node.until("the new branch", |node| {
            (node.handle.view.latest().reference.origin.hash == tip).then_some(())
        });
        let expected = deposits(&chain);
        assert_eq!(executed(&node), expected, "after a reorg of {depth}");
        seen.extend(expected.iter().copied());
        let stays: BTreeMap<_, _> = expected.into_iter().collect();
        for address in seen.keys() {
            let owed = stays.get(address).copied().unwrap_or_default();
            assert_eq!(balance(&node, *address), owed, "{address} after a reorg of {depth}");
        }
    }
    let before = executed(&node);
    node.stop();
    let node = world.start();
    assert_eq!(executed(&node)[..before.len()], before);
    node.stop();
}
