//! A reorg of L1 in the midst of a dispute: moves are gone, and whoever made them makes them again.

use std::sync::Arc;

use alloy::primitives::keccak256;
use dispute::Lie;
use verifier::player::{Disguise, honestly};

use crate::{
    place,
    program::{claim, false_claim},
    site::{Seat, Site},
    truth,
};

/// Blocks that go at a time: fewer than there are behind the proposal.
const DEPTH: u64 = 2;
/// Rounds of play between two reorgs.
const PACE: u32 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_goes_on_over_reorgs_of_l1() {
    let site = Site::new().await;
    let (honest, liar) = (Seat::new(1), Seat::new(2));
    site.propose(&liar, place()).await;
    site.mine(DEPTH).await;
    let lying: Disguise =
        Arc::new(|_, built| Box::new(Lie::new(built, place(), Some(false_claim(truth::INTERVAL)))));
    let lies = site.play(&liar, Some(lying));
    let truth = site.play(&honest, Some(honestly()));
    let (mut rounds, mut reorgs) = (0, 0);
    while !site.is_decided().await {
        site.let_time_pass().await;
        rounds += 1;
        assert!(rounds < 1_000, "the dispute never ends");
        // Later on nothing but the end of clocks is left to be reorganized.
        if rounds % PACE == 0 && reorgs < 6 {
            site.reorg(DEPTH).await;
            reorgs += 1;
        }
        assert!(!truth.is_finished() && !lies.is_finished(), "a player ended");
    }
    assert!(reorgs > 1, "{reorgs} reorgs in {rounds} rounds");
    assert_eq!(site.standing().await, keccak256(claim(truth::INTERVAL)));
}
