//! What a verifier keeps for claims: slices of large blocks, and nothing of versions that kept none.

use std::{sync::Arc, time::Duration};

use db::{DerivedRow, Leases, Role, VerifierStore, testing::TestDatabase};

use super::{
    run::{assert_holds, config, start, start_as},
    sync::eventful,
    world::{
        Content::{Clean, Empty},
        INTERVAL, World,
    },
};
use crate::{
    AccessListSource, RecordedLists, VerifierConfig,
    claims::{ClaimReader, Interval},
};

/// Gas that a few of the transactions here use together.
const SEGMENT_GAS: u64 = 100_000;

/// The first interval as a verifier with small slices keeps it.
async fn first_interval(world: &World, lists: Option<Arc<RecordedLists>>) -> Interval {
    let test = TestDatabase::create().await;
    let lists = lists.map(AccessListSource::Recorded);
    let config = VerifierConfig { segment_gas: SEGMENT_GAS, ..config() };
    let mut verifier = start_as(world, &test.database, lists, config).await.unwrap();
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block, "slices change nothing in a block");
    verifier.stop().await;
    let claims = ClaimReader::new(world.rollup.clone(), &test.database);
    assert_eq!(claims.interval(INTERVAL, 2 * INTERVAL).await.unwrap(), None, "it is not derived");
    claims.interval(0, INTERVAL).await.unwrap().expect("it is derived")
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_kept_with_their_slices_by_lists_or_without() {
    let mut world = World::new();
    let batch = world.batch(&[Clean, Empty, Clean, Clean]);
    world.mine(Vec::new(), vec![batch]);
    let lists = Arc::new(RecordedLists::default());
    for (number, list) in (1..).zip(&world.oracle().lists) {
        lists.insert(number, list.clone().unwrap());
    }
    let interval = first_interval(&world, None).await;
    assert_eq!(first_interval(&world, Some(lists.clone())).await, interval);
    assert_eq!(lists.of_use(), 3, "a list that is right is of use, even where it is not enough");
    let slices = interval.blocks.iter().map(|block| block.slices.len());
    assert_eq!(slices.collect::<Vec<_>>(), [1, 0, 1, 1]);
    let before = [interval.parent, interval.blocks[0].claim, interval.blocks[1].claim];
    for (block, parent) in interval.blocks.iter().zip(before) {
        assert!(block.slices.iter().all(|slice| slice.parent == parent.hash()));
        assert_eq!(block.slices.first().map(|slice| slice.gas_used >= SEGMENT_GAS), {
            (!block.slices.is_empty()).then_some(true)
        });
    }
    assert_eq!(interval.last, *world.oracle().claims.last().unwrap());
    assert_ne!(interval.root(), world.oracle().segments(INTERVAL), "without slices");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_an_earlier_version_is_derived_anew() {
    let world = eventful();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    forget_claims(&test).await;
    let tables = VerifierStore::new(test.database.clone());
    assert!(!tables.has_claims().await.unwrap());
    let mut verifier = start(&world, &test).await;
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    assert!(tables.has_claims().await.unwrap());
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

/// Leaves the tables as an earlier version would have.
async fn forget_claims(test: &TestDatabase) {
    let leases = Leases::new(test.database.clone());
    let fence = leases.lead(Role::Verifier, "braid", Duration::from_secs(5)).await.unwrap();
    let tables = VerifierStore::new(test.database.clone());
    let l1_blocks = tables.l1_blocks(u64::MAX, 1_000).await.unwrap();
    let rows = tables.derived_blocks(1, u64::MAX).await.unwrap();
    tables.unwind(fence, 0).await.unwrap();
    for l1 in l1_blocks.into_iter().rev() {
        let of_it = rows.iter().filter(|row| row.derived_from == l1.number);
        let of_it = of_it.map(|row| DerivedRow { claims: None, ..row.clone() });
        tables.processed(fence, l1, &of_it.collect::<Vec<_>>()).await.unwrap();
    }
    leases.release(fence).await.unwrap();
}
