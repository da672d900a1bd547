//! L1 changes its mind.

use db::testing::TestDatabase;

use super::{
    run::{assert_holds, start},
    sync::eventful,
    world::{
        Content::{Busy, Empty},
        World, deposit,
    },
};

/// Another end for L1 after the last `depth` blocks, one block longer.
fn replace_end(world: &mut World, depth: usize) {
    world.reorg(depth);
    for round in 0..=depth {
        let batch = world.batch(&[Busy, Empty]);
        world.mine(vec![deposit(0x30 + u8::try_from(round).unwrap())], vec![batch]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_three_deep_is_followed() {
    let mut world = eventful();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    let before = verifier.processed(world.l1_head()).await;
    replace_end(&mut world, 3);
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block);
    assert_ne!(status.head.hash, before.head.hash);
    // And forward from there.
    let batch = world.batch(&[Busy]);
    world.mine(Vec::new(), vec![batch]);
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_while_it_was_away_is_followed() {
    for depth in [1, 3, 9] {
        let mut world = eventful();
        let test = TestDatabase::create().await;
        let mut verifier = start(&world, &test).await;
        verifier.processed(world.l1_head()).await;
        verifier.stop().await;
        replace_end(&mut world, depth);
        let mut verifier = start(&world, &test).await;
        let status = verifier.processed(world.l1_head()).await;
        assert_eq!(status.head, world.oracle().head().block);
        verifier.stop().await;
        assert_holds(&test, world.oracle(), world.l1_head()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_below_where_it_began_this_time_is_followed() {
    let mut world = eventful();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    let mut verifier = start(&world, &test).await;
    world.mine_empty(1);
    verifier.processed(world.l1_head()).await;
    // All of L1 but genesis: deeper than this process has seen it happen.
    let depth = world.blocks.len() - 1;
    replace_end(&mut world, depth);
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block);
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_going_back_it_reaches_the_new_chain() {
    let mut world = eventful();
    let test = TestDatabase::create().await;
    for micros in [0, 500, 2_000, 5_000, 9_000] {
        let mut verifier = start(&world, &test).await;
        verifier.processed(world.l1_head()).await;
        replace_end(&mut world, 3);
        tokio::time::sleep(std::time::Duration::from_micros(micros)).await;
        drop(verifier);
    }
    let mut verifier = start(&world, &test).await;
    verifier.processed(world.l1_head()).await;
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}
