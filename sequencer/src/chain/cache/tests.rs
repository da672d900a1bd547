//! What is kept stays within its bytes and its round.

use std::time::Duration;

use alloy::primitives::Bytes;
use db::{Acquisition, Index, Leases, Role, testing::TestDatabase};
use protocol::{Header, L2BlockRef};

use super::*;

fn block(number: u64, bytes: usize) -> Arc<ChainBlock> {
    let header = Header { number, ..Header::default() };
    let hash = header.hash_slow();
    let reference = L2BlockRef {
        number,
        hash,
        parent_hash: B256::ZERO,
        timestamp: 0,
        origin: protocol::BlockId { number: 0, hash: B256::ZERO },
        sequence_number: 0,
    };
    Arc::new(ChainBlock {
        header,
        hash,
        reference,
        opening: Default::default(),
        transactions: Default::default(),
        diff: Arc::default(),
        sub_block_lengths: Vec::new(),
        raw: vec![Bytes::from(vec![0; bytes])],
        execution: Default::default(),
        ethereum: None,
        access_list: Default::default(),
        kept: Default::default(),
    })
}

#[tokio::test]
async fn it_keeps_within_its_bytes() {
    let cache = BlockCache::new(TestDatabase::create().await.database, 1 << 20);
    for number in 0..1_000 {
        cache.round().keep_block(&block(number, 10_000));
        assert!(cache.kept.weight() <= 1 << 20);
    }
    assert!(cache.kept.weight() > 1 << 19);
    // Which ones are still there is the cache's to choose, and may leave out the newest.
    let found: Vec<_> = (0..1_000).filter_map(|number| cache.round().block(number)).collect();
    assert!(found.len() > 20, "{}", found.len());
    for kept in found {
        assert_eq!(kept.hash, block(kept.number(), 0).hash);
    }
}

#[tokio::test]
async fn what_is_larger_than_a_part_is_not_kept_and_pushes_nothing_out() {
    let cache = BlockCache::new(TestDatabase::create().await.database, 1 << 20);
    for number in 0..10 {
        cache.round().keep_block(&block(number, 1_000));
    }
    cache.round().keep_block(&block(2_000, 1 << 20));
    assert!(cache.round().block(2_000).is_none());
    for number in 0..10 {
        assert_eq!(cache.round().block(number).unwrap().hash, block(number, 0).hash);
    }
}

#[tokio::test]
async fn blocks_that_are_taken_back_are_found_no_more() {
    let database = TestDatabase::create().await;
    let database = &database.database;
    let leases = Leases::new(database.clone());
    let leading = leases.acquire(Role::Sequencer, "test", Duration::from_secs(60)).await.unwrap();
    let Acquisition::Acquired(fence) = leading else { panic!("somebody else leads") };
    let cache = BlockCache::new(database.clone(), 1 << 20);
    let before = cache.round();
    before.keep_block(&block(7, 0));
    assert_eq!(cache.round().number(block(7, 0).hash), Some(7));
    Index::new(database.clone()).unwind_to(fence, 3).await.unwrap();
    assert!(cache.round().block(7).is_none());
    assert_eq!(cache.round().number(block(7, 0).hash), None);
    // What was read before, or partly before, does not come in either.
    before.keep_block(&block(8, 0));
    assert!(cache.round().block(8).is_none());
    cache.round().keep_block(&block(9, 0));
    assert!(cache.round().block(9).is_some());
}
