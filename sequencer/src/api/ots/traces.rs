//! What happened inside a transaction, as Otterscan draws it.

use alloy::{
    primitives::{B256, Bytes, U256},
    rpc::types::trace::otterscan::{InternalOperation, TraceEntry},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use revm::{context_interface::result::ExecutionResult, inspector::NoOpInspector};
use revm_inspectors::{
    otterscan::InternalOperationsInspector,
    tracing::{
        TracingInspector, TracingInspectorConfig,
        types::{CallKind, CallTraceNode},
    },
};

use crate::api::{
    Api, errors,
    limits::TRACE_TIMEOUT_DEFAULT,
    read::Fault,
    replay::{Recording, Replay, Traced, Watcher},
};

/// Insides of transactions.
#[rpc(server, namespace = "ots")]
pub(crate) trait OtsTraces {
    /// Ether moved, contracts created and gone below the top call.
    #[method(name = "getInternalOperations")]
    async fn internal_operations(&self, hash: B256) -> RpcResult<Vec<InternalOperation>>;
    /// What a transaction reverted with; empty if it did not.
    #[method(name = "getTransactionError")]
    async fn transaction_error(&self, hash: B256) -> RpcResult<Bytes>;
    /// All calls in the order in which they began.
    #[method(name = "traceTransaction")]
    async fn trace_transaction(&self, hash: B256) -> RpcResult<Vec<TraceEntry>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct TraceMethods(pub(crate) Api);

impl TraceMethods {
    /// Runs the transaction again under an inspector; `read` says what to show.
    async fn look<I, T>(
        &self,
        request: &'static str,
        hash: B256,
        inspector: fn() -> I,
        read: fn(Traced<'_, I>) -> Result<T, Fault>,
    ) -> RpcResult<T>
    where
        I: Watcher + 'static,
        T: Send + 'static,
    {
        let Some((block, index)) = self.0.replayable_of(hash).await? else {
            return Err(errors::server("transaction not found"));
        };
        let work = move |replay: &mut Replay<'_>| {
            replay.skip_to(index)?;
            replay.trace(inspector(), Recording::Calls, read)
        };
        self.0.replay(request, block, TRACE_TIMEOUT_DEFAULT, work).await
    }
}

#[jsonrpsee::core::async_trait]
impl OtsTracesServer for TraceMethods {
    async fn internal_operations(&self, hash: B256) -> RpcResult<Vec<InternalOperation>> {
        let read = |traced: Traced<'_, InternalOperationsInspector>| {
            Ok(traced.inspector.into_operations())
        };
        let inspector = InternalOperationsInspector::default;
        self.look("ots_getInternalOperations", hash, inspector, read).await
    }

    async fn transaction_error(&self, hash: B256) -> RpcResult<Bytes> {
        let read = |traced: Traced<'_, NoOpInspector>| match &traced.result.result {
            ExecutionResult::Revert { output, .. } => Ok(output.clone()),
            _ => Ok(Bytes::new()),
        };
        self.look("ots_getTransactionError", hash, || NoOpInspector, read).await
    }

    async fn trace_transaction(&self, hash: B256) -> RpcResult<Vec<TraceEntry>> {
        let inspector = || {
            let calls = TracingInspectorConfig::none().set_record_inputs(true);
            TracingInspector::new(calls)
        };
        let read = |traced: Traced<'_, TracingInspector>| {
            let nodes = traced.inspector.into_traces().into_nodes();
            let mut entries = Vec::with_capacity(nodes.len());
            let mut open = vec![Visit::Enter(0)];
            while let Some(visit) = open.pop() {
                match visit {
                    Visit::Enter(index) => {
                        let Some(node) = nodes.get(index) else { continue };
                        entries.push(entry(node));
                        open.push(Visit::Leave(index));
                        open.extend(node.children.iter().rev().copied().map(Visit::Enter));
                    }
                    Visit::Leave(index) => entries.extend(destruction(&nodes[index])),
                }
            }
            Ok(entries)
        };
        self.look("ots_traceTransaction", hash, inspector, read).await
    }
}

/// A step of the walk over the calls. A contract destroys itself after all that it called.
enum Visit {
    Enter(usize),
    Leave(usize),
}

fn entry(node: &CallTraceNode) -> TraceEntry {
    let trace = &node.trace;
    let moves_value = !matches!(trace.kind, CallKind::StaticCall | CallKind::DelegateCall);
    TraceEntry {
        r#type: trace.kind.to_string(),
        depth: depth(trace.depth),
        from: trace.caller,
        to: trace.address,
        value: moves_value.then_some(trace.value),
        input: trace.data.clone(),
        output: trace.output.clone(),
    }
}

fn destruction(node: &CallTraceNode) -> Option<TraceEntry> {
    let trace = &node.trace;
    Some(TraceEntry {
        r#type: "SELFDESTRUCT".to_owned(),
        depth: depth(trace.depth + 1),
        from: trace.selfdestruct_address?,
        to: trace.selfdestruct_refund_target?,
        value: Some(trace.selfdestruct_transferred_value.unwrap_or(U256::ZERO)),
        input: Bytes::new(),
        output: Bytes::new(),
    })
}

fn depth(depth: usize) -> u32 {
    u32::try_from(depth).unwrap_or(u32::MAX)
}
