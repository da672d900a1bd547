//! Heads, reorgs, tags and outages, as the watcher tells them.

use alloy::eips::BlockNumberOrTag;
use l1::{
    L1Config, L1Event, L1Head, L1Watcher, Severity,
    anvil::{Anvil, AnvilOptions},
};
use protocol::BlockId;

use crate::harness::{L1, soon};

/// The next event that is not about tags.
async fn next(watcher: &mut L1Watcher) -> L1Event {
    soon(async {
        loop {
            match watcher.next().await {
                L1Event::Safe(_) | L1Event::Finalized(_) => {}
                event => return event,
            }
        }
    })
    .await
}

async fn next_head(watcher: &mut L1Watcher) -> L1Head {
    match next(watcher).await {
        L1Event::NewHead(head) => head,
        other => panic!("{other:?}"),
    }
}

async fn next_reorg(watcher: &mut L1Watcher) -> Option<BlockId> {
    match next(watcher).await {
        L1Event::Reorg { common_ancestor } => common_ancestor,
        other => panic!("{other:?}"),
    }
}

async fn id(l1: &L1, number: u64) -> BlockId {
    let header = l1.client.header(BlockNumberOrTag::Number(number)).await.unwrap();
    BlockId { number, hash: header.hash }
}

#[tokio::test]
async fn heads_skip_blocks_and_reorgs_name_the_common_ancestor() {
    let l1 = L1::start().await;
    l1.mine(20).await;
    let mut watcher = L1Watcher::new(l1.client.clone(), &l1.config);
    assert_eq!(next_head(&mut watcher).await.id, id(&l1, 20).await);
    l1.mine(5).await;
    assert_eq!(next_head(&mut watcher).await.id, id(&l1, 25).await);

    for depth in [3, 1, 7] {
        let ancestor = id(&l1, 25 - depth).await;
        let old = id(&l1, 25).await;
        l1.reorg(depth).await;
        assert_ne!(old, id(&l1, 25).await);
        assert_eq!(next_reorg(&mut watcher).await, Some(ancestor), "depth {depth}");
        let head = next_head(&mut watcher).await;
        assert_eq!(head.id, id(&l1, 25).await);
        assert_eq!(head.parent_hash, id(&l1, 24).await.hash);
    }
}

#[tokio::test]
async fn a_reorg_that_also_grows_is_one_reorg() {
    let l1 = L1::start().await;
    l1.mine(10).await;
    let mut watcher = L1Watcher::new(l1.client.clone(), &l1.config);
    next_head(&mut watcher).await;
    let ancestor = id(&l1, 8).await;
    l1.reorg(2).await;
    l1.mine(4).await;
    assert_eq!(next_reorg(&mut watcher).await, Some(ancestor));
    let head = next_head(&mut watcher).await;
    // The watcher may have looked between the reorg and the new blocks.
    let last = if head.id.number == 14 { head } else { next_head(&mut watcher).await };
    assert_eq!(last.id, id(&l1, 14).await);
}

#[tokio::test]
async fn a_reorg_deeper_than_the_window_has_no_ancestor() {
    let l1 = L1::start().await;
    l1.mine(10).await;
    let config = L1Config { reorg_depth_max: 3, ..l1.config.clone() };
    let mut watcher = L1Watcher::new(l1.client.clone(), &config);
    next_head(&mut watcher).await;
    l1.reorg(5).await;
    assert_eq!(next_reorg(&mut watcher).await, None);
    assert_eq!(next_head(&mut watcher).await.id, id(&l1, 10).await);
}

#[tokio::test]
async fn what_happened_in_its_absence_is_told() {
    let l1 = L1::start().await;
    l1.mine(10).await;
    let known = id(&l1, 10).await;
    l1.mine(2).await;
    let mut same = L1Watcher::new(l1.client.clone(), &l1.config).resume_from(known);
    assert_eq!(next_head(&mut same).await.id.number, 12);
    l1.reorg(4).await;
    let mut other = L1Watcher::new(l1.client.clone(), &l1.config).resume_from(known);
    assert_eq!(next_reorg(&mut other).await, None, "only the lost block was remembered");

    let far = L1Config { reorg_depth_max: 3, ..l1.config.clone() };
    let known = id(&l1, 12).await;
    l1.mine(20).await;
    let mut far_ahead = L1Watcher::new(l1.client.clone(), &far).resume_from(known);
    assert_eq!(next_head(&mut far_ahead).await.id.number, 32, "canonical, so no reorg");
    let lost = BlockId { number: 12, ..id(&l1, 11).await };
    let mut lost = L1Watcher::new(l1.client.clone(), &far).resume_from(lost);
    assert_eq!(next_reorg(&mut lost).await, None);
}

#[tokio::test]
async fn tags_follow_the_head() {
    let l1 = L1::start().await;
    l1.mine(20).await;
    let mut watcher = L1Watcher::new(l1.client.clone(), &l1.config);
    let (mut safe, mut finalized) = (None, None);
    soon(async {
        while safe.is_none() || finalized.is_none() {
            match watcher.next().await {
                L1Event::Safe(head) => safe = Some(head.id),
                L1Event::Finalized(head) => finalized = Some(head.id),
                _ => {}
            }
        }
    })
    .await;
    assert_eq!(safe, Some(id(&l1, 16).await), "one epoch of four blocks behind");
    assert_eq!(finalized, Some(id(&l1, 12).await));
}

#[tokio::test]
async fn an_outage_is_told_once_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        AnvilOptions { state: Some(folder.path().join("l1.json")), ..AnvilOptions::default() };
    let l1 = L1::start_with(options.clone()).await;
    l1.mine(3).await;
    let mut watcher = L1Watcher::new(l1.client.clone(), &l1.config);
    next_head(&mut watcher).await;
    let L1 { anvil, .. } = l1;
    let port = anvil.port();
    anvil.stop().await.unwrap();
    match next(&mut watcher).await {
        L1Event::Unavailable(error) => assert_eq!(error.severity(), Severity::Temporary),
        other => panic!("{other:?}"),
    }
    let _anvil = Anvil::spawn(AnvilOptions { port, ..options }).await.unwrap();
    let event = next(&mut watcher).await;
    assert!(matches!(event, L1Event::Available { .. }), "{event:?}");
}
