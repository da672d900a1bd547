//! `debug_trace*`: transactions, blocks and calls under geth's tracers.

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, Bytes, keccak256},
    rlp::Header as RlpHeader,
    rpc::types::{
        TransactionRequest,
        trace::geth::{
            GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult,
        },
    },
};
use executor::BlockContext;
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use revm_inspectors::tracing::TransactionContext;
use state::StateReader;

use super::tracer::{Tracer, place};
use crate::{
    api::{
        Api, errors,
        eth::Run,
        read::Fault,
        replay::{Allowance, Replay, Replayable, Traced, Watched},
    },
    chain::{ReadError, State},
};

/// Traces.
#[rpc(server, namespace = "debug")]
pub(crate) trait DebugTrace {
    /// What a transaction did.
    #[method(name = "traceTransaction")]
    async fn trace_transaction(
        &self,
        hash: B256,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<GethTrace>;
    /// What each transaction of a block did, deposits included.
    #[method(name = "traceBlockByNumber")]
    async fn trace_block_by_number(
        &self,
        number: BlockNumberOrTag,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>>;
    /// What each transaction of a block did, deposits included.
    #[method(name = "traceBlockByHash")]
    async fn trace_block_by_hash(
        &self,
        hash: B256,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>>;
    /// The same of a block that is given as bytes and must be one of the chain.
    #[method(name = "traceBlock")]
    async fn trace_block(
        &self,
        rlp: Bytes,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>>;
    /// What a call would do.
    #[method(name = "traceCall")]
    async fn trace_call(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        options: Option<GethDebugTracingCallOptions>,
    ) -> RpcResult<GethTrace>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct TraceMethods(pub(crate) Api);

impl TraceMethods {
    async fn block(
        &self,
        request: &'static str,
        id: BlockId,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>> {
        let tracer = Tracer::new(options, 1)?;
        let block = self.0.require_replayable(id).await?;
        let time_max = tracer.time_max;
        let work = move |replay: &mut Replay<'_>| {
            let mut results = Vec::with_capacity(replay.block().transactions.len());
            for included in &replay.block().transactions {
                let result = next(replay, &tracer)?;
                results.push(TraceResult::new_success(result, Some(included.hash)));
            }
            Ok(results)
        };
        self.0.replay(request, block, time_max, work).await
    }
}

/// Traces the next transaction.
fn next(replay: &mut Replay<'_>, tracer: &Tracer) -> Result<GethTrace, Fault> {
    let block = replay.block();
    let (env, hash) = (block.context.block_env(), block.hash);
    replay.trace(tracer.inspector()?, tracer.recording(), |traced| {
        let Traced { included, tx, result, before, inspector } = traced;
        let place = place(included.hash, included.index, hash);
        tracer.show(inspector, place, &tx, &env, result, before)
    })
}

/// Traces a call on a state.
fn call<R: StateReader<Error = ReadError>>(
    run: &Run,
    tracer: &Tracer,
    state: R,
    context: &BlockContext,
    allowance: Allowance,
) -> Result<GethTrace, Fault> {
    let watched = Watched::new(tracer.inspector()?, allowance, tracer.recording());
    let done = run.inspect(state, context, watched)?;
    let (inspector, allowance) = done.inspector.into_parts();
    allowance.check()?;
    let place = TransactionContext::default();
    let result = done.executed.into_result();
    tracer.show(inspector, place, &done.tx, &done.block, &result, &done.state)
}

#[async_trait]
impl DebugTraceServer for TraceMethods {
    async fn trace_transaction(
        &self,
        hash: B256,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<GethTrace> {
        let tracer = Tracer::new(options, 1)?;
        let Some((block, index)) = self.0.replayable_of(hash).await? else {
            return Err(errors::server("transaction not found"));
        };
        let time_max = tracer.time_max;
        let work = move |replay: &mut Replay<'_>| {
            replay.skip_to(index)?;
            next(replay, &tracer)
        };
        self.0.replay("debug_traceTransaction", block, time_max, work).await
    }

    async fn trace_block_by_number(
        &self,
        number: BlockNumberOrTag,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>> {
        self.block("debug_traceBlockByNumber", number.into(), options).await
    }

    async fn trace_block_by_hash(
        &self,
        hash: B256,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>> {
        self.block("debug_traceBlockByHash", hash.into(), options).await
    }

    async fn trace_block(
        &self,
        rlp: Bytes,
        options: Option<GethDebugTracingOptions>,
    ) -> RpcResult<Vec<TraceResult>> {
        let hash = header_hash(&rlp)
            .ok_or_else(|| errors::argument(0, "rlp: not a block: no list that begins with one"))?;
        self.block("debug_traceBlock", hash.into(), options).await
    }

    async fn trace_call(
        &self,
        request: TransactionRequest,
        block: Option<BlockId>,
        options: Option<GethDebugTracingCallOptions>,
    ) -> RpcResult<GethTrace> {
        let GethDebugTracingCallOptions {
            tracing_options,
            state_overrides,
            block_overrides,
            tx_index,
        } = options.unwrap_or_default();
        let tracer = Tracer::new(Some(tracing_options), 2)?;
        let run = Run::new(request, state_overrides, block_overrides.map(Box::new))?;
        let (name, time_max) = ("debug_traceCall", tracer.time_max);
        let block = block.unwrap_or_default();
        let Some(index) = tx_index else {
            let turn = self.0.turn(time_max).await?;
            let work = move |state: &State, context: &BlockContext| {
                call(&run, &tracer, state, context, turn.allowance.clone())
            };
            return self.0.with_state(name, block, work).await;
        };
        let block: Arc<Replayable> = self.0.require_replayable(block).await?;
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if index > block.transactions.len() {
            let count = block.transactions.len();
            return Err(errors::argument(2, format!("txIndex {index}: the block has {count}")));
        }
        let work = move |replay: &mut Replay<'_>| {
            replay.skip_to(index)?;
            let (context, allowance) = (&replay.block().context, replay.allowance().clone());
            call(&run, &tracer, replay.state(), context, allowance)
        };
        self.0.replay(name, block, time_max, work).await
    }
}

/// The hash of the block whose RLP this is: of its first element, the header.
fn header_hash(rlp: &[u8]) -> Option<B256> {
    let mut block = rlp;
    let list = RlpHeader::decode(&mut block).ok().filter(|header| header.list)?;
    let mut header = block.get(..list.payload_length)?;
    let (bytes, length) = (header, header.len());
    let first = RlpHeader::decode(&mut header).ok().filter(|header| header.list)?;
    let header_bytes = length - header.len() + first.payload_length;
    bytes.get(..header_bytes).map(keccak256)
}
