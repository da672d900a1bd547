//! Killed at any moment and started again, it reaches the same chain.

use std::time::Duration;

use db::testing::TestDatabase;
use proptest::{collection::vec, prelude::*};

use super::{
    run::{assert_holds, start},
    sync::eventful,
    world::{Content::Busy, World, deposit},
};

/// When a verifier is killed: after this many changes of its status, and then this many microseconds.
type Kill = (usize, u64);

fn kills() -> impl Strategy<Value = Vec<Kill>> {
    vec((0_usize..8, 0_u64..8_000), 1..6)
}

async fn killed_at(world: &World, kills: Vec<Kill>) {
    let test = TestDatabase::create().await;
    for (changes, micros) in kills {
        let mut verifier = start(world, &test).await;
        for _ in 0..changes {
            if verifier.status.borrow_and_update().synced {
                break;
            }
            verifier.status.changed().await.unwrap();
        }
        tokio::time::sleep(Duration::from_micros(micros)).await;
        drop(verifier);
    }
    let mut verifier = start(world, &test).await;
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block);
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn killed_at_any_moment_it_reaches_the_same_chain(kills in kills()) {
        let world = eventful();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(killed_at(&world, kills));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_in_order_it_goes_on_where_it_was() {
    let mut world = eventful();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    let before = world.l1_head();
    for _ in 0..3 {
        let batch = world.batch(&[Busy]);
        world.mine(vec![deposit(0x21)], vec![batch]);
    }
    let mut verifier = start(&world, &test).await;
    assert!(verifier.status.borrow().l1_processed.number >= before.number, "nothing is done twice");
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}
