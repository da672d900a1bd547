//! What L1 carries in each of its blocks, and how often it has one, as its node tells.
//!
//! Not here: what that means for batches. It is what L1 carries for everybody together.

use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use serde::Deserialize;

use crate::{client::L1Client, error::L1Error};

/// Blocks over which the time of one is averaged: with fewer of them, a chain that was just made says nothing of it.
const BLOCKS_LOOKED_AT: u32 = 32;

/// What L1 carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L1Capacity {
    /// Time from one block to the next, on average.
    pub block_time: Duration,
    /// Gas of a block.
    pub gas_limit: u64,
    /// Blobs of a block; `None`: its node does not tell.
    pub blobs: Option<BlobSchedule>,
}

/// Blobs of an L1 block (EIP-7840).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct BlobSchedule {
    /// With more than these, blobs become dearer from block to block.
    pub target: u64,
    /// No block has more.
    pub max: u64,
}

impl L1Client {
    /// What L1 carries; `None` while it is too young to tell.
    pub async fn capacity(&self) -> Result<Option<L1Capacity>, L1Error> {
        let newest = self.header(BlockNumberOrTag::Latest).await?;
        let Some(earlier) = newest.number.checked_sub(BLOCKS_LOOKED_AT.into()) else {
            return Ok(None);
        };
        let Some(earlier) = self.find_header(earlier.into()).await? else { return Ok(None) };
        let seconds = newest.timestamp.saturating_sub(earlier.timestamp);
        let block_time = Duration::from_secs(seconds) / BLOCKS_LOOKED_AT;
        if block_time.is_zero() {
            return Ok(None);
        }
        let blobs = self.fork().await?.and_then(|fork| fork.blob_schedule);
        Ok(Some(L1Capacity { block_time, gas_limit: newest.gas_limit, blobs }))
    }
}
