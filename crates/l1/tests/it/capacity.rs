//! How much an L1 says it carries.

use std::time::Duration;

use alloy::providers::{Provider, ext::AnvilApi};
use l1::{BlobSchedule, L1Capacity};

use crate::harness::L1;

#[tokio::test]
async fn a_node_tells_what_its_blocks_hold() {
    let l1 = L1::start().await;
    l1.mine(31).await;
    assert_eq!(l1.client.capacity().await.unwrap(), None, "too few blocks");
    l1.mine(3).await;
    assert_eq!(l1.client.capacity().await.unwrap(), None, "all of one moment");
    l1.client.provider().anvil_mine(Some(70), Some(12)).await.unwrap();
    let newest = l1.client.provider().get_block(Default::default()).await.unwrap().unwrap();
    let expected = L1Capacity {
        block_time: Duration::from_secs(12),
        gas_limit: newest.header.gas_limit,
        blobs: Some(BlobSchedule { target: 6, max: 9 }),
    };
    assert_eq!(l1.client.capacity().await.unwrap(), Some(expected));
}
