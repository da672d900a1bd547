//! `eth_getLogs` and the filters that clients poll.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    rpc::types::{Filter, FilterBlockOption, FilterChanges, FilterId, Log},
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};

use crate::api::{
    Api,
    convert::RpcTransaction,
    errors,
    filters::FilterKind,
    limits::{LOG_BLOCKS_MAX, LOG_RESULTS_BLOCK_MAX, LOG_RESULTS_MAX, LOG_TOPIC_ALTERNATIVES_MAX},
};

/// Logs.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthLogs {
    /// All logs of a block range, or of one block by hash, that match.
    #[method(name = "getLogs")]
    async fn logs(&self, filter: Filter) -> RpcResult<Vec<Log>>;
    /// Installs a log filter.
    #[method(name = "newFilter")]
    async fn new_filter(&self, filter: Filter) -> RpcResult<FilterId>;
    /// Installs a filter of new blocks.
    #[method(name = "newBlockFilter")]
    async fn new_block_filter(&self) -> RpcResult<FilterId>;
    /// Installs a filter of transactions that enter the mempool.
    #[method(name = "newPendingTransactionFilter")]
    async fn new_pending_transaction_filter(&self) -> RpcResult<FilterId>;
    /// What a filter has collected since the last call.
    #[method(name = "getFilterChanges")]
    async fn filter_changes(&self, id: FilterId) -> RpcResult<FilterChanges<RpcTransaction>>;
    /// All logs that a log filter describes.
    #[method(name = "getFilterLogs")]
    async fn filter_logs(&self, id: FilterId) -> RpcResult<Vec<Log>>;
    /// Removes a filter; whether there was one.
    #[method(name = "uninstallFilter")]
    async fn uninstall_filter(&self, id: FilterId) -> RpcResult<bool>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct LogMethods(pub(crate) Api);

impl LogMethods {
    async fn query(&self, filter: &Filter) -> RpcResult<Vec<Log>> {
        check(filter)?;
        let (from, to) = match filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let Some(block) = self.0.block(hash.into()).await? else {
                    return Err(self.0.absent(hash.into()));
                };
                (block.header.number, block.header.number)
            }
            FilterBlockOption::Range { from_block, to_block } => {
                self.range(from_block, to_block).await?
            }
        };
        // One block is always answered: there is no smaller range to ask for.
        let results_max = if from == to { LOG_RESULTS_BLOCK_MAX } else { LOG_RESULTS_MAX };
        let found = self.0.view.logs(filter, from, to, results_max).await;
        let found = found.map_err(|error| errors::read("eth_getLogs", &error))?;
        if found.len() > results_max {
            return Err(errors::too_many_logs(from, to, results_max));
        }
        Ok(found)
    }

    async fn range(
        &self,
        from: Option<BlockNumberOrTag>,
        to: Option<BlockNumberOrTag>,
    ) -> RpcResult<(u64, u64)> {
        let head = self.0.view.heads().unsafe_head().number;
        let from = self.number(from.unwrap_or_default()).await?;
        let to = self.number(to.unwrap_or_default()).await?;
        if from > to {
            return Err(errors::params("invalid block range params"));
        }
        // First, because it is so whatever is the head.
        if to - from >= LOG_BLOCKS_MAX {
            return Err(errors::log_range_too_wide(from, to, LOG_BLOCKS_MAX));
        }
        if to > head {
            return Err(errors::params("block range extends beyond current head block"));
        }
        Ok((from, to))
    }

    async fn number(&self, tag: BlockNumberOrTag) -> RpcResult<u64> {
        match tag {
            BlockNumberOrTag::Number(number) => Ok(number),
            BlockNumberOrTag::Pending => Err(errors::params("pending logs are not supported")),
            tag => match self.0.block(BlockId::Number(tag)).await? {
                Some(block) => Ok(block.header.number),
                None => Err(errors::unknown_block(tag)),
            },
        }
    }
}

fn check(filter: &Filter) -> RpcResult<()> {
    let widest = filter.topics.iter().map(|topic| topic.iter().count()).fold(0, std::cmp::max);
    if widest > LOG_TOPIC_ALTERNATIVES_MAX {
        return Err(errors::params(format!(
            "exceed max topics: {widest} alternatives in one position, limit {LOG_TOPIC_ALTERNATIVES_MAX}"
        )));
    }
    Ok(())
}

#[async_trait]
impl EthLogsServer for LogMethods {
    async fn logs(&self, filter: Filter) -> RpcResult<Vec<Log>> {
        self.query(&filter).await
    }

    async fn new_filter(&self, filter: Filter) -> RpcResult<FilterId> {
        check(&filter)?;
        self.install(FilterKind::Logs(Box::new(filter)))
    }

    async fn new_block_filter(&self) -> RpcResult<FilterId> {
        self.install(FilterKind::Blocks)
    }

    async fn new_pending_transaction_filter(&self) -> RpcResult<FilterId> {
        self.install(FilterKind::PendingTransactions)
    }

    async fn filter_changes(&self, id: FilterId) -> RpcResult<FilterChanges<RpcTransaction>> {
        self.0.filters.changes(&id).ok_or_else(errors::unknown_filter)
    }

    async fn filter_logs(&self, id: FilterId) -> RpcResult<Vec<Log>> {
        let filter = self.0.filters.log_filter(&id).ok_or_else(errors::unknown_filter)?;
        self.query(&filter).await
    }

    async fn uninstall_filter(&self, id: FilterId) -> RpcResult<bool> {
        Ok(self.0.filters.uninstall(&id))
    }
}

impl LogMethods {
    fn install(&self, kind: FilterKind) -> RpcResult<FilterId> {
        self.0.filters.install(kind).map_err(|full| errors::overloaded(full.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, U256};

    use super::*;

    #[test]
    fn too_many_alternatives_are_refused() {
        let topics: Vec<B256> =
            (0..=LOG_TOPIC_ALTERNATIVES_MAX).map(|i| U256::from(i).into()).collect();
        let filter = Filter::new().event_signature(topics);
        assert_eq!(check(&filter).unwrap_err().code(), errors::INVALID_PARAMS);
        assert!(check(&Filter::new()).is_ok());
    }
}
