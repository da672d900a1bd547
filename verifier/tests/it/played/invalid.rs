//! Where the chain ends in the view of a proposal, and where somebody says so of what goes on.

use alloy::primitives::{Address, B256, U256};
use bindings::DisputeOracle;
use dispute::{INVALID, Where};
use transition::PLACES_PER_BLOCK;
use verifier::claims::SEGMENTS_HEIGHT;

use super::{
    arena::{AT_ONCE, Arena, HONEST, liar},
    site::Site,
};
use crate::segments::block_on;

/// Where a claim is false from a segment on.
fn false_from(segment: u64, claims: Vec<B256>) -> Where {
    Where { claims, segment, stride: 3, step: 4_711, only_steps: false, salt: 0 }
}

/// Blocks that the sequencer has, and that will be true, are no truth before they are posted: nothing would bind it to
/// them. What was posted by then stands in the place of such a proposal, and the rest can be proposed again.
#[test]
fn what_was_not_posted_is_not_proposed() {
    block_on(async {
        let site = Site::new().await;
        let told = site.truth.told();
        let end = site.last_block() * PLACES_PER_BLOCK;
        let mut followed = Vec::new();
        for blocks in [1, 3, 5, 9] {
            let l1_number = site.l1_first() + blocks;
            let mut arena = Arena::proposed_in(&site, l1_number, liar(0), &told);
            let last = arena.followed().await;
            assert!(last < site.last_block(), "something was not posted");
            let first = last * PLACES_PER_BLOCK;
            let leaves = (first..end).map(|place| told.tree.leaf(usize::try_from(place).unwrap()));
            let place = false_from(first, leaves.map(Option::unwrap).collect());
            arena.told(liar(0), place, Some(told.last.encode()), AT_ONCE);
            arena.honest();
            arena.play().await;
            let count = arena.chain.view(DisputeOracle::proposalCountCall {});
            let stands = if last == 0 { 1 } else { 2 };
            assert_eq!(count, U256::from(stands), "what was posted stands, besides genesis");
            let latest = arena.chain.view(DisputeOracle::latestBlockNumberCall {});
            assert_eq!(latest, U256::from(last));
            arena.chain.assert_bonds_are_out();
            assert!(arena.chain.gain(HONEST) > 0);
            followed.push(last);
        }
        let grows = followed.is_sorted() && followed[3] > followed[1];
        assert!(followed[0] == 0 && grows, "{followed:?}");
    });
}

/// The lie that there is no claim from some place on. Whoever tells it has no last claim to show.
#[test]
fn what_was_posted_cannot_be_made_void() {
    let proposer = Address::repeat_byte(0x70);
    block_on(async {
        let site = Site::new().await;
        for segment in [0, 33, 97, (1 << SEGMENTS_HEIGHT) - 1] {
            let mut arena = Arena::proposed_by(&site, proposer, &site.truth.told());
            arena.told(liar(0), false_from(segment, vec![INVALID]), None, AT_ONCE);
            arena.honest();
            arena.play().await;
            arena.pay_out(proposer);
            arena.assert_truth_won();
        }
    });
}

/// The lie that the chain ends before a block that was posted, which would take the block and all behind it back.
#[test]
fn what_was_posted_cannot_be_passed_over() {
    let proposer = Address::repeat_byte(0x70);
    block_on(async {
        let site = Site::new().await;
        let interval = &site.truth.interval;
        for block in [0_usize, 2, interval.blocks.len() - 1] {
            let mut arena = Arena::proposed_by(&site, proposer, &site.truth.told());
            let before = block.checked_sub(1).map(|before| interval.blocks[before].claim);
            let last = before.unwrap_or(interval.parent);
            let segment = block as u64 * PLACES_PER_BLOCK;
            let place = false_from(segment, vec![last.hash()]);
            arena.told(liar(0), place, Some(last.encode()), AT_ONCE);
            arena.honest();
            arena.play().await;
            arena.pay_out(proposer);
            arena.assert_truth_won();
        }
    });
}
