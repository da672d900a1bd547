//! Blobs are kept as they are derived from, go back with L1, and are forgotten behind what is final.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes};
use db::{VerifierStore, testing::TestDatabase};
use l1::Blobs;
use protocol::blob::BLOB_BYTES;

use super::{
    run::{Running, config, start_as},
    world::{Claim, Content::Busy, World},
};
use crate::VerifierConfig;

const NO_MARGIN: VerifierConfigChange = |config| config.kept_blobs_margin_l1_blocks = 0;

type VerifierConfigChange = fn(&mut VerifierConfig);

async fn start(world: &World, test: &TestDatabase, change: VerifierConfigChange) -> Running {
    let mut config = config();
    change(&mut config);
    start_as(world, &test.database, None, config).await.unwrap()
}

/// As many blobs, all of them different.
fn blobs(l1_number: u64, count: u8) -> Blobs {
    let blob = |at: u8| {
        let hash = B256::left_padding_from(&[&l1_number.to_be_bytes()[..], &[at]].concat());
        (hash, Bytes::from(vec![at; BLOB_BYTES]))
    };
    (0..count).map(blob).collect()
}

/// Mines a block with an interval of L2 blocks, which brings these blobs besides.
fn mine(world: &mut World, count: u8) -> u64 {
    let number = world.l1_head().number + 1;
    world.l1.add_blobs(BTreeMap::from([(number, blobs(number, count))]));
    let batch = world.batch(&[Busy; 4]);
    world.mine(Vec::new(), vec![batch]);
    number
}

async fn kept(test: &TestDatabase, l1_number: u64) -> Blobs {
    VerifierStore::new(test.database.clone()).kept_blobs(l1_number).await.unwrap()
}

async fn count(test: &TestDatabase) -> u64 {
    VerifierStore::new(test.database.clone()).count_blobs().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_derived_from_is_kept_and_goes_back_with_l1() {
    let (mut world, test) = (World::new(), TestDatabase::create().await);
    let first = mine(&mut world, 2);
    let second = mine(&mut world, 1);
    let mut verifier = start(&world, &test, NO_MARGIN).await;
    verifier.processed(world.l1_head()).await;
    assert_eq!(kept(&test, first).await, blobs(first, 2));
    assert_eq!(kept(&test, second).await, blobs(second, 1));
    // The block that comes instead of the second has none.
    world.l1.add_blobs(BTreeMap::from([(second, Blobs::new())]));
    world.reorg(1);
    world.mine_empty(2);
    verifier.processed(world.l1_head()).await;
    assert_eq!((kept(&test, first).await.len(), count(&test).await), (2, 2));
    verifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_behind_what_is_final_is_forgotten() {
    let (mut world, test) = (World::new(), TestDatabase::create().await);
    let mined: Vec<u64> = (0..4).map(|_| mine(&mut world, 1)).collect();
    let oracle = world.oracle();
    let genesis = Claim { l2_block: 0, output: oracle.output(0), segments: B256::ZERO };
    let intervals = [4, 8, 12].map(|last| Claim::true_of(oracle, last));
    let claims = [&[genesis], &intervals[..]].concat();
    world.mine_with(Vec::new(), Vec::new(), claims.clone());
    let mut verifier = start(&world, &test, NO_MARGIN).await;
    verifier.until(|status| status.agreed_to == Some(12)).await;
    verifier.stop().await;
    assert_eq!(count(&test).await, 4, "nothing is final");

    // All are final, so their intervals can be disputed no more. The next one begins after the last block of the last, and
    // reads L1 from the origin of that on.
    for (index, claim) in (0..).zip(claims) {
        world.dispute(index, claim);
    }
    let tables = VerifierStore::new(test.database.clone());
    let origin = tables.derived(12).await.unwrap().unwrap().block.origin.number;
    let expected = mined.iter().filter(|number| **number >= origin).count() as u64;
    assert!((1..4).contains(&expected), "something lies behind it, and not all");
    let far: VerifierConfigChange = |config| config.kept_blobs_margin_l1_blocks = 1_000;
    for (change, left) in [(far, 4), (NO_MARGIN, expected)] {
        let mut verifier = start(&world, &test, change).await;
        verifier.until(|status| status.synced && status.agreed_to == Some(12)).await;
        verifier.stop().await;
        assert_eq!(count(&test).await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_bound_on_what_is_kept() {
    let (mut world, test) = (World::new(), TestDatabase::create().await);
    let mined = [mine(&mut world, 2), mine(&mut world, 2), mine(&mut world, 1)];
    let narrow: VerifierConfigChange = |config| config.kept_blob_bytes_max = 3 * 131_072;
    let mut verifier = start(&world, &test, narrow).await;
    verifier.processed(world.l1_head()).await;
    let mut left = Vec::new();
    for number in mined {
        left.push(kept(&test, number).await.len());
    }
    // Those of an L1 block are kept all or none.
    assert_eq!(left, [2, 0, 1]);
    verifier.stop().await;
}
