//! Where nothing follows from L1, and where somebody says so of what does.

use alloy::primitives::{Address, U256};
use bindings::DisputeOracle;
use dispute::{INVALID, Where};

use super::{
    arena::{Arena, HONEST, liar},
    site::Site,
};
use crate::segments::block_on;

/// Where a claim is false from a segment on.
fn false_from(segment: usize, claims: Vec<alloy::primitives::B256>) -> Where {
    Where { claims, segment: segment as u64, stride: 3, step: 4_711, only_steps: false, salt: 0 }
}

/// Blocks that the sequencer has, and that will be true, are no truth before they are posted: nothing would bind it to
/// them. The proposal goes, and the interval can be proposed again.
#[test]
fn what_was_not_posted_is_not_proposed() {
    block_on(async {
        let site = Site::new().await;
        let told = site.truth.told();
        let leaves = || (0..1 << 15).map_while(|place| told.tree.leaf(place));
        let mut places = Vec::new();
        for blocks in [1, 3, 5, 9] {
            let l1_number = site.l1_first() + blocks;
            let mut arena = Arena::proposed_in(&site, l1_number, liar(0), &told);
            let first = arena.first_unposted().await.expect("something was not posted");
            let place = false_from(first, leaves().skip(first).collect());
            arena.told(liar(0), place, Some(told.last.encode()), 0);
            arena.honest();
            arena.play().await;
            let count = arena.chain.view(DisputeOracle::proposalCountCall {});
            assert_eq!(count, U256::from(1), "nothing stands but genesis");
            arena.chain.assert_bonds_are_out();
            assert!(arena.chain.gain(HONEST) > 0);
            places.push(first);
        }
        assert!(places[0] == 0 && places.is_sorted() && places[3] > places[1], "{places:?}");
    });
}

/// The lie that a true chain ends in the midst of the interval. Whoever tells it has no last claim to show.
#[test]
fn what_was_posted_cannot_be_made_void() {
    let proposer = Address::repeat_byte(0x70);
    block_on(async {
        let site = Site::new().await;
        for segment in [0, 33, 97, (1 << 15) - 1] {
            let mut arena = Arena::proposed_by(&site, proposer, &site.truth.told());
            arena.told(liar(0), false_from(segment, vec![INVALID]), None, 0);
            arena.honest();
            arena.play().await;
            arena.pay_out(proposer);
            arena.assert_truth_won();
        }
    });
}
