//! From nothing to the head of L1.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use db::testing::TestDatabase;
use tower::ServiceExt;

use super::{
    run::{assert_holds, start, try_start},
    world::{
        Content::{Busy, Empty},
        WINDOW, World, deposit, garbage, gas_limit,
    },
};
use crate::{VerifierError, router};

/// Batches, deposits, a configuration update, a batch that does not decode, and a window that passes.
pub(super) fn eventful() -> World {
    let mut world = World::new();
    world.mine(vec![deposit(0x11)], Vec::new());
    let batch = world.batch(&[Busy, Empty, Busy]);
    world.mine(vec![gas_limit(20_000_000)], vec![batch]);
    let batch = world.batch(&[Busy, Busy]);
    let bad = garbage(world.oracle());
    world.mine(vec![deposit(0x12), deposit(0x13)], vec![bad, batch]);
    let before = world.oracle().number();
    world.mine_empty(usize::try_from(WINDOW).unwrap() + 3);
    assert!(world.oracle().number() > before, "the window passed, so blocks were forced");
    for _ in 0..3 {
        let batch = world.batch(&[Busy, Busy, Busy]);
        world.mine(vec![deposit(0x14)], vec![batch]);
    }
    assert_eq!(world.oracle().absent, 1);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn from_scratch_it_reaches_the_chain_that_follows_from_l1() {
    let world = eventful();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block);
    assert_eq!(status.finalized.number, 0, "nothing is finalized");
    world.l1.finalize(world.blocks[3].origin.number);
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_l1_as_it_grows() {
    let mut world = World::new();
    let test = TestDatabase::create().await;
    let mut verifier = start(&world, &test).await;
    for round in 0..6 {
        let batch = world.batch(&[Busy, Empty]);
        world.mine(vec![deposit(round)], vec![batch]);
        let status = verifier.processed(world.l1_head()).await;
        assert_eq!(status.head, world.oracle().head().block);
        if round == 3 {
            world.l1.finalize(world.l1_head().number);
        }
    }
    let status = verifier.until(|status| status.finalized.number >= 8).await;
    assert!(status.finalized.number < status.head.number);
    let shown = router(verifier.status.clone());
    let request = Request::get("/status").body(Body::empty()).unwrap();
    let response = shown.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["head"]["number"], world.oracle().number());
    assert_eq!(json["head"]["hash"], world.oracle().head().block.hash.to_string());
    assert_eq!(json["l1Processed"]["number"], world.l1_head().number);
    assert_eq!(json["disagreements"], serde_json::json!([]));
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_chain_is_refused() {
    let mut world = World::new();
    let test = TestDatabase::create().await;
    start(&world, &test).await.stop().await;
    let mut other = world.rollup.as_ref().clone();
    other.genesis.timestamp += 1;
    world.rollup = other.into();
    let refused = try_start(&world, &test.database).await;
    assert!(matches!(refused, Err(VerifierError::OtherChain { .. })));
}
