//! Access lists make no difference to the chain, right or wrong.

use std::sync::Arc;

use alloy::primitives::U256;
use db::testing::TestDatabase;
use executor::BlockAccessList;

use super::{
    run::{assert_holds, start_with},
    world::{
        Content::{Busy, Clean, Empty},
        World, deposit,
    },
};
use crate::{AccessListSource, RecordedLists, lists::AccessLists};

/// Blocks that can be executed by lists, and some that cannot.
fn world() -> World {
    let mut world = World::new();
    for round in 0..4 {
        let batch = world.batch(&[Clean, Clean, Busy, Empty, Clean]);
        world.mine(vec![deposit(round)], vec![batch]);
    }
    world
}

/// Gives how many lists there were, and how many of them were of use.
async fn verify(world: &World, spoil: impl Fn(u64, &mut BlockAccessList)) -> (u64, u64) {
    let mut given = 0;
    let lists = Arc::new(RecordedLists::default());
    for (number, list) in (1..).zip(&world.oracle().lists) {
        let Some(mut list) = list.clone() else { continue };
        spoil(number, &mut list);
        lists.insert(number, list);
        given += 1;
    }
    let test = TestDatabase::create().await;
    let source = AccessListSource::Recorded(lists.clone());
    let mut verifier = start_with(world, &test.database, Some(source)).await.unwrap();
    let status = verifier.processed(world.l1_head()).await;
    assert_eq!(status.head, world.oracle().head().block);
    verifier.stop().await;
    assert_holds(&test, world.oracle(), world.l1_head()).await;
    (given, lists.of_use())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_the_same_by_lists() {
    let world = world();
    assert!(world.oracle().lists.iter().any(Option::is_none));
    let (_, of_use) = verify(&world, |_, _| {}).await;
    // Those with transactions of users, and without one that is skipped.
    assert_eq!(of_use, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_lists_do_no_harm() {
    let (given, of_use) = verify(&world(), |number, list| match number % 3 {
        0 => list.clear(),
        1 => {
            let balances = list.iter_mut().flat_map(|account| &mut account.balance_changes);
            balances.for_each(|change| change.post_balance += U256::from(1));
        }
        _ => {}
    })
    .await;
    assert!(0 < of_use && of_use < given, "{of_use} of {given}");
}

#[tokio::test]
async fn whoever_gives_wrong_lists_is_asked_less_and_less() {
    let recorded = Arc::new(RecordedLists::default());
    (1..=5_000).for_each(|number| recorded.insert(number, BlockAccessList::default()));
    let mut lists = AccessLists::new(Some(AccessListSource::Recorded(recorded)));
    let mut asked = Vec::new();
    for number in 1..=3_000 {
        if lists.of(number).await.is_some() {
            asked.push(number);
            lists.was_of_use(false);
        }
    }
    assert_eq!(asked, [1, 3, 6, 11, 20, 37, 70, 135, 264, 521, 1_034, 2_059]);
    lists.was_of_use(true);
    assert!(lists.of(3_001).await.is_some() && lists.of(3_002).await.is_some());
}
