//! Placement on hand-made branches, and a walk over random block trees.

use alloy::primitives::{B256, keccak256};
use proptest::prelude::*;

use super::*;

/// The block with this number on a branch; branches with equal names below `fork` share their blocks.
fn head(number: u64, branch: u8, fork: u64) -> L1Head {
    let hash = |number: u64| {
        let branch = if number >= fork { branch } else { 0 };
        keccak256([&number.to_be_bytes()[..], &[branch]].concat())
    };
    L1Head {
        id: BlockId { number, hash: hash(number) },
        parent_hash: if number == 0 { B256::ZERO } else { hash(number - 1) },
        timestamp: number,
    }
}

fn chain(numbers: std::ops::RangeInclusive<u64>, blocks_max: usize) -> RecentChain {
    let mut chain = RecentChain::new(blocks_max);
    let branch: Vec<L1Head> = numbers.rev().map(|number| head(number, 0, 0)).collect();
    chain.restart(&branch);
    chain
}

#[test]
fn first_block_of_all() {
    assert_eq!(RecentChain::new(4).place(&[head(7, 0, 0)]), Placement::First);
}

#[test]
fn next_block_attaches_to_the_tip() {
    let chain = chain(0..=5, 10);
    assert_eq!(chain.place(&[head(6, 0, 0)]), Placement::Attaches(head(5, 0, 0).id));
}

#[test]
fn known_and_ancient_heads_are_stale() {
    let chain = chain(10..=15, 6);
    assert_eq!(chain.place(&[head(12, 0, 0)]), Placement::Stale);
    assert_eq!(chain.place(&[head(9, 0, 0)]), Placement::Stale);
}

#[test]
fn a_branch_is_walked_down_to_the_common_ancestor() {
    let mut chain = chain(0..=5, 10);
    let mut branch = vec![head(6, 1, 4)];
    assert_eq!(chain.place(&branch), Placement::NeedsParent);
    branch.push(head(5, 1, 4));
    assert_eq!(chain.place(&branch), Placement::NeedsParent);
    branch.push(head(4, 1, 4));
    let ancestor = head(3, 0, 0).id;
    assert_eq!(chain.place(&branch), Placement::Attaches(ancestor));
    chain.attach(ancestor, &branch);
    assert_eq!(chain.tip(), Some(head(6, 1, 4).id));
    assert_eq!(chain.newest_first().count(), 7);
    assert!(!chain.contains(head(4, 0, 0).id));
}

#[test]
fn below_the_window_there_is_nothing_to_attach_to() {
    let chain = chain(10..=15, 6);
    assert_eq!(chain.place(&[head(11, 1, 5)]), Placement::BelowWindow);
}

#[test]
fn a_long_absence_is_not_walked() {
    let chain = chain(0..=5, 6);
    assert_eq!(chain.place(&[head(11, 0, 0)]), Placement::NeedsParent);
    assert_eq!(chain.place(&[head(12, 0, 0)]), Placement::FarAhead);
}

proptest! {
    /// Whatever branch wins, walking parents finds the true common ancestor, or says that it is out of reach.
    #[test]
    fn finds_the_common_ancestor(old in 5u64..40, fork in 1u64..40, new in 1u64..60) {
        let fork = std::cmp::min(fork, old);
        let new = std::cmp::max(new, fork);
        let mut chain = chain(0..=old, 64);
        let mut branch = vec![head(new, 1, fork)];
        loop {
            match chain.place(&branch) {
                Placement::NeedsParent => {
                    let below = branch[branch.len() - 1].id.number - 1;
                    branch.push(head(below, 1, fork));
                }
                Placement::Attaches(ancestor) => {
                    prop_assert_eq!(ancestor, head(fork - 1, 0, 0).id);
                    chain.attach(ancestor, &branch);
                    break;
                }
                Placement::BelowWindow => {
                    prop_assert_eq!(fork, 1, "only block 0 could be shared");
                    return Ok(());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        let blocks: Vec<BlockId> = chain.newest_first().collect();
        prop_assert_eq!(blocks.len() as u64, new + 1);
        for (block, number) in blocks.iter().zip((0..=new).rev()) {
            prop_assert_eq!(*block, head(number, 1, fork).id);
        }
    }
}
