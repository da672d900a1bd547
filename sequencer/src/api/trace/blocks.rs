//! `trace_*` of what is in the chain.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::B256,
    rpc::types::{
        Index,
        trace::{
            filter::TraceFilter,
            parity::{LocalizedTransactionTrace, TraceResults, TraceResultsWithTransactionHash},
        },
    },
};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};

use super::parity::{Types, localized, replayed};
use crate::api::{
    Api, errors,
    limits::{TRACE_FILTER_BLOCKS_MAX, TRACE_TIMEOUT_DEFAULT, TRACE_TIMEOUT_MAX},
    replay::{Replay, Replayable, Turn},
};

/// Traces of transactions and blocks.
#[rpc(server, namespace = "trace")]
pub(crate) trait TraceBlocks {
    /// All calls of a transaction; `null` if the chain does not have it.
    #[method(name = "transaction")]
    async fn transaction(&self, hash: B256) -> RpcResult<Option<Vec<LocalizedTransactionTrace>>>;
    /// All calls of a block; `null` if there is none.
    #[method(name = "block")]
    async fn block(&self, block: BlockId) -> RpcResult<Option<Vec<LocalizedTransactionTrace>>>;
    /// The call of a transaction with that trace address; `null` if it has none.
    #[method(name = "get")]
    async fn get(
        &self,
        hash: B256,
        address: Vec<Index>,
    ) -> RpcResult<Option<LocalizedTransactionTrace>>;
    /// The calls in a range of blocks that match, in order.
    #[method(name = "filter")]
    async fn filter(&self, filter: TraceFilter) -> RpcResult<Vec<LocalizedTransactionTrace>>;
    /// The wanted parts of a transaction's trace.
    #[method(name = "replayTransaction")]
    async fn replay_transaction(&self, hash: B256, types: Types) -> RpcResult<TraceResults>;
    /// The wanted parts of the traces of a block's transactions; `null` if there is no such block.
    #[method(name = "replayBlockTransactions")]
    async fn replay_block(
        &self,
        block: BlockId,
        types: Types,
    ) -> RpcResult<Option<Vec<TraceResultsWithTransactionHash>>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct BlockMethods(pub(crate) Api);

impl BlockMethods {
    async fn calls(&self, hash: B256) -> RpcResult<Option<Vec<LocalizedTransactionTrace>>> {
        let Some((block, index)) = self.0.replayable_of(hash).await? else { return Ok(None) };
        let work = move |replay: &mut Replay<'_>| {
            replay.skip_to(index)?;
            localized(replay)
        };
        self.0.replay("trace_transaction", block, TRACE_TIMEOUT_DEFAULT, work).await.map(Some)
    }

    async fn block_calls(
        &self,
        turn: &mut Turn,
        request: &'static str,
        block: Arc<Replayable>,
    ) -> RpcResult<Vec<LocalizedTransactionTrace>> {
        let work = |replay: &mut Replay<'_>| {
            let mut traces = Vec::new();
            for _ in &replay.block().transactions {
                traces.extend(localized(replay)?);
            }
            Ok(traces)
        };
        self.0.replay_in(turn, request, block, Arc::new(work)).await
    }
}

#[async_trait]
impl TraceBlocksServer for BlockMethods {
    async fn transaction(&self, hash: B256) -> RpcResult<Option<Vec<LocalizedTransactionTrace>>> {
        self.calls(hash).await
    }

    async fn block(&self, block: BlockId) -> RpcResult<Option<Vec<LocalizedTransactionTrace>>> {
        if self.0.is_genesis(block).await? {
            return Ok(Some(Vec::new()));
        }
        let Some(block) = self.0.replayable(block).await? else { return Ok(None) };
        let mut turn = self.0.turn(TRACE_TIMEOUT_DEFAULT).await?;
        self.block_calls(&mut turn, "trace_block", block).await.map(Some)
    }

    async fn get(
        &self,
        hash: B256,
        address: Vec<Index>,
    ) -> RpcResult<Option<LocalizedTransactionTrace>> {
        let wanted: Vec<usize> = address.into_iter().map(|index| index.0).collect();
        let traces = self.calls(hash).await?.unwrap_or_default();
        Ok(traces.into_iter().find(|trace| trace.trace.trace_address == wanted))
    }

    async fn filter(&self, filter: TraceFilter) -> RpcResult<Vec<LocalizedTransactionTrace>> {
        let latest = self.0.view.heads().unsafe_head().number;
        let (from, to) = (filter.from_block.unwrap_or(0), filter.to_block.unwrap_or(latest));
        if from > to {
            return Err(errors::params("invalid block range params"));
        }
        if to > latest {
            return Err(errors::params("block range extends beyond current head block"));
        }
        if to - from >= TRACE_FILTER_BLOCKS_MAX {
            return Err(errors::log_range_too_wide(from, to, TRACE_FILTER_BLOCKS_MAX));
        }
        let matcher = filter.matcher();
        let count =
            filter.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        let mut skip = filter.after.unwrap_or(0);
        let mut turn = self.0.turn(TRACE_TIMEOUT_MAX).await?;
        let mut found = Vec::new();
        // Nothing happened in genesis.
        for number in std::cmp::max(from, 1)..=to {
            if found.len() >= count {
                break;
            }
            let block = self.0.require_replayable(number.into()).await?;
            for trace in self.block_calls(&mut turn, "trace_filter", block).await? {
                if !matcher.matches(&trace.trace) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                } else if found.len() < count {
                    found.push(trace);
                }
            }
        }
        Ok(found)
    }

    async fn replay_transaction(&self, hash: B256, types: Types) -> RpcResult<TraceResults> {
        let Some((block, index)) = self.0.replayable_of(hash).await? else {
            return Err(errors::server("transaction not found"));
        };
        let work = move |replay: &mut Replay<'_>| {
            replay.skip_to(index)?;
            replayed(replay, &types)
        };
        self.0.replay("trace_replayTransaction", block, TRACE_TIMEOUT_DEFAULT, work).await
    }

    async fn replay_block(
        &self,
        block: BlockId,
        types: Types,
    ) -> RpcResult<Option<Vec<TraceResultsWithTransactionHash>>> {
        if self.0.is_genesis(block).await? {
            return Ok(Some(Vec::new()));
        }
        let Some(block) = self.0.replayable(block).await? else { return Ok(None) };
        let work = move |replay: &mut Replay<'_>| {
            let mut traces = Vec::new();
            for included in &replay.block().transactions {
                let full_trace = replayed(replay, &types)?;
                let transaction_hash = included.hash;
                traces.push(TraceResultsWithTransactionHash { full_trace, transaction_hash });
            }
            Ok(traces)
        };
        let request = "trace_replayBlockTransactions";
        self.0.replay(request, block, TRACE_TIMEOUT_DEFAULT, work).await.map(Some)
    }
}
