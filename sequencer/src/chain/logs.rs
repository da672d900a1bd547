//! Log search over the whole chain: the index for older blocks, memory for the newest.
//!
//! Invariant: logs come in chain order and no block of the range is left out.

use alloy::consensus::TxReceipt as _;
use alloy::{
    primitives::B256,
    rpc::types::{Filter, Log},
};
use db::{IndexedLog, LogFilter};

use super::{ChainBlock, ChainView, ReadError};

impl ChainView {
    /// The first logs of blocks `from..=to` that match; one more than `results_max` when there are more.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn logs(
        &self,
        filter: &Filter,
        from: u64,
        to: u64,
        results_max: usize,
    ) -> Result<Vec<Log>, ReadError> {
        let limit = results_max.saturating_add(1);
        let recent = self.store().recent();
        let to = std::cmp::min(to, *recent.end());
        let mut logs = Vec::new();
        if from < *recent.start() {
            let last = std::cmp::min(to, recent.start() - 1);
            let wanted = indexed_filter(filter, from, last);
            let results = u32::try_from(results_max).unwrap_or(u32::MAX);
            let found = self.reader().logs(&wanted, results).await;
            logs.extend(found.map_err(ReadError::database("logs"))?.into_iter().map(indexed_log));
        }
        let mut number = std::cmp::max(from, *recent.start());
        while number <= to && logs.len() < limit {
            // A block may have left memory since the range was looked at.
            let Some(block) = self.block(number).await? else { break };
            let mut index = 0;
            search(&block, &mut index, filter, &mut logs);
            number += 1;
        }
        logs.truncate(limit);
        Ok(logs)
    }
}

fn search(block: &ChainBlock, log_index: &mut u64, filter: &Filter, found: &mut Vec<Log>) {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return;
    }
    for included in &block.transactions {
        for log in included.outcome.receipt.logs() {
            if filter.matches(log) {
                found.push(Log {
                    inner: log.clone(),
                    block_hash: Some(block.hash),
                    block_number: Some(block.number()),
                    block_timestamp: Some(block.header.timestamp),
                    transaction_hash: Some(included.hash),
                    transaction_index: Some(included.index),
                    log_index: Some(*log_index),
                    removed: false,
                });
            }
            *log_index += 1;
        }
    }
}

fn indexed_filter(filter: &Filter, from_block: u64, to_block: u64) -> LogFilter {
    let topics = std::array::from_fn(|place| {
        let topics: Vec<B256> = filter.topics[place].iter().copied().collect();
        topics
    });
    LogFilter { from_block, to_block, addresses: filter.address.iter().copied().collect(), topics }
}

fn indexed_log(found: IndexedLog) -> Log {
    Log {
        inner: found.log,
        block_hash: Some(found.block_hash),
        block_number: Some(found.block_number),
        block_timestamp: Some(found.block_timestamp),
        transaction_hash: Some(found.transaction_hash),
        transaction_index: Some(found.transaction_index.into()),
        log_index: Some(found.log_index.into()),
        removed: false,
    }
}
