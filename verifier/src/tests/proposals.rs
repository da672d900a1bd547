//! True proposals are agreed with, wrong ones are reported with the block where they part from the chain.

use alloy::primitives::B256;
use db::testing::TestDatabase;

use super::{
    run::start,
    world::{
        Claim,
        Content::{Busy, Empty},
        INTERVAL, World,
    },
};
use crate::Status;

/// L1 with `intervals` whole intervals of L2 blocks, an interval per L1 block.
fn world(intervals: u64) -> World {
    let mut world = World::new();
    for _ in 0..intervals {
        let batch = world.batch(&[Busy, Empty, Busy, Empty]);
        world.mine(Vec::new(), vec![batch]);
    }
    assert_eq!(world.oracle().number(), intervals * INTERVAL);
    world
}

fn genesis_claim(world: &World) -> Claim {
    // As the contract makes it: without a segments root.
    Claim { l2_block: 0, output: world.oracle().output(0), segments: B256::ZERO }
}

fn true_claims(world: &World, intervals: std::ops::RangeInclusive<u64>) -> Vec<Claim> {
    let oracle = world.oracle();
    intervals.map(|interval| Claim::true_of(oracle, interval * INTERVAL)).collect()
}

fn tampered(claim: Claim) -> Claim {
    Claim { output: B256::repeat_byte(0xee), ..claim }
}

/// Everything on L1 is judged.
fn judged(world: &World) -> impl FnMut(&Status) -> bool + use<> {
    let l1 = world.l1_head();
    move |status| status.l1_processed == l1 && status.synced && status.proposals_pending == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn true_proposals_are_agreed_with() {
    let mut world = world(3);
    let test = TestDatabase::create().await;
    let mut claims = vec![genesis_claim(&world)];
    claims.extend(true_claims(&world, 1..=3));
    world.mine_with(Vec::new(), Vec::new(), claims);
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| status.agreed_to == Some(3 * INTERVAL)).await;
    assert_eq!((status.first_bad_block, status.disagreements.len()), (None, 0));
    verifier.stop().await;
    // What was agreed with is remembered.
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| status.agreed_to == Some(3 * INTERVAL)).await;
    assert_eq!(status.proposals_pending, 0);
    verifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_proposal_is_reported_with_its_first_bad_block() {
    let mut world = world(5);
    let test = TestDatabase::create().await;
    let mut claims = true_claims(&world, 1..=5);
    // The third and fourth are wrong, the fourth in its segments only; the others are true.
    claims[2] = tampered(claims[2]);
    claims[3].segments = B256::repeat_byte(0xdd);
    claims.insert(0, genesis_claim(&world));
    world.mine_with(Vec::new(), Vec::new(), claims);
    for _ in 0..2 {
        // The second time it is a restart that judges them again.
        let mut verifier = start(&world, &test).await;
        let status = verifier.until(judged_with(&world, 2)).await;
        assert_eq!(status.agreed_to, Some(2 * INTERVAL));
        assert_eq!(status.first_bad_block, Some(3 * INTERVAL));
        let [third, fourth] = &status.disagreements[..] else { panic!("two are wrong") };
        assert_eq!((third.proposal, third.l2_block), (3, 3 * INTERVAL));
        assert_eq!((third.agreed_before, third.first_bad_block), (2 * INTERVAL, 3 * INTERVAL));
        assert_eq!(third.claimed_output_root, B256::repeat_byte(0xee));
        assert_eq!(third.derived_output_root, Some(world.oracle().output(3 * INTERVAL)));
        assert_eq!((fourth.proposal, fourth.l2_block), (4, 4 * INTERVAL));
        assert_eq!((fourth.agreed_before, fourth.first_bad_block), (2 * INTERVAL, 3 * INTERVAL));
        assert_eq!(Some(fourth.claimed_output_root), fourth.derived_output_root);
        assert_eq!(fourth.claimed_segments_root, B256::repeat_byte(0xdd));
        assert_eq!(fourth.derived_segments_root, world.oracle().segments(4 * INTERVAL));
        verifier.stop().await;
    }
}

fn judged_with(world: &World, disagreements: usize) -> impl FnMut(&Status) -> bool + use<> {
    let mut judged = judged(world);
    move |status| judged(status) && status.disagreements.len() == disagreements
}

/// Without a reorg: the false one and what builds on it are gone, the true one has its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_takes_proposals_and_verdicts_with_it() {
    let mut world = world(3);
    let test = TestDatabase::create().await;
    let mut claims = true_claims(&world, 1..=3);
    let truth = claims[1];
    claims[1] = tampered(truth);
    claims.insert(0, genesis_claim(&world));
    world.mine_with(Vec::new(), Vec::new(), claims);
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(judged_with(&world, 1)).await;
    assert_eq!(status.agreed_to, Some(INTERVAL));
    world.dispute(2, truth);
    let status = verifier.until(judged_with(&world, 0)).await;
    assert_eq!((status.agreed_to, status.first_bad_block), (Some(2 * INTERVAL), None));
    verifier.stop().await;

    // Away when a false one takes the place of a true one, which no honest player lets happen.
    world.dispute(1, tampered(truth));
    for _ in 0..2 {
        let mut verifier = start(&world, &test).await;
        let status = verifier.until(judged_with(&world, 1)).await;
        assert_eq!((status.agreed_to, status.disagreements[0].proposal), (Some(0), 1));
        verifier.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_takes_proposals_and_verdicts_with_it() {
    let mut world = world(2);
    let test = TestDatabase::create().await;
    let claims = true_claims(&world, 1..=2);
    // The claims are made before the last batch is replaced, so one of them becomes wrong without having moved.
    let early = claims.clone();
    world.mine_with(Vec::new(), Vec::new(), vec![genesis_claim(&world), tampered(claims[0])]);
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| !status.disagreements.is_empty()).await;
    assert_eq!(status.first_bad_block, Some(INTERVAL));

    world.reorg(1);
    world.mine_with(Vec::new(), Vec::new(), vec![genesis_claim(&world), early[0], early[1]]);
    world.mine_empty(1);
    let status = verifier.until(|status| status.agreed_to == Some(2 * INTERVAL)).await;
    assert_eq!(status.disagreements, []);

    // The second batch is replaced: what was claimed about its blocks is made again, and wrong now.
    world.reorg(3);
    let batch = world.batch(&[Empty, Empty, Empty, Busy]);
    world.mine(Vec::new(), vec![batch]);
    world.mine_with(Vec::new(), Vec::new(), vec![genesis_claim(&world), early[0], early[1]]);
    world.mine_empty(2);
    let status = verifier.until(|status| !status.disagreements.is_empty()).await;
    assert_eq!(status.agreed_to, Some(INTERVAL));
    let output = world.oracle().output(2 * INTERVAL);
    assert_eq!(status.disagreements[0].derived_output_root, Some(output));
    assert_ne!(early[1].output, output);
    verifier.stop().await;
}

/// Nobody can tell what is true of an interval that begins after a block which is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_nobody_can_judge_raises_an_alarm_and_is_judged_later() {
    let mut world = world(1);
    let test = TestDatabase::create().await;
    let mut claims = vec![genesis_claim(&world)];
    claims.extend(true_claims(&world, 1..=1));
    let nothing = |l2_block| Claim { l2_block, output: B256::ZERO, segments: B256::ZERO };
    claims.extend([nothing(2 * INTERVAL), nothing(3 * INTERVAL)]);
    world.mine_with(Vec::new(), Vec::new(), claims);
    let mut verifier = start(&world, &test).await;
    let status = verifier.until(|status| status.agreed_to == Some(INTERVAL)).await;
    assert_eq!((status.proposals_pending, status.proposals_underivable), (1, vec![]));
    world.mine_empty(4);
    let status = verifier.until(|status| !status.proposals_underivable.is_empty()).await;
    assert_eq!((status.proposals_pending, status.proposals_underivable), (1, vec![3]));
    let batch = world.batch(&[Busy, Busy, Busy, Busy]);
    world.mine(Vec::new(), vec![batch]);
    let status = verifier.until(|status| status.disagreements.len() == 2).await;
    assert_eq!((status.proposals_pending, status.proposals_underivable), (0, vec![]));
    assert_eq!(status.first_bad_block, Some(2 * INTERVAL));
    verifier.stop().await;
}
