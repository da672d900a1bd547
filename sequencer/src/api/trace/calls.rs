//! `trace_*` of what is not in the chain: calls, and transactions that nobody has sent.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::Bytes,
    rpc::types::{
        BlockOverrides, TransactionRequest, state::StateOverride, trace::parity::TraceResults,
    },
};
use executor::{BlockContext, Evm, ExecuteError, RecoveredTransaction};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use state::{Overlay, StateReader};

use super::parity::{Types, inspector, recording, results};
use crate::{
    api::{
        Api, errors,
        eth::Run,
        limits::{TRACE_CALLS_MAX, TRACE_TIMEOUT_DEFAULT},
        read::Fault,
        replay::{Allowance, Watched},
    },
    chain::{ReadError, State},
    mempool::Rejection,
};

/// Traces of calls.
#[rpc(server, namespace = "trace")]
pub(crate) trait TraceCalls {
    /// The wanted parts of the trace of a call.
    #[method(name = "call")]
    async fn call(
        &self,
        request: TransactionRequest,
        types: Types,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<BlockOverrides>>,
    ) -> RpcResult<TraceResults>;
    /// The same of several calls, each on the state that the last one left.
    #[method(name = "callMany")]
    async fn call_many(
        &self,
        calls: Vec<(TransactionRequest, Types)>,
        block: Option<BlockId>,
    ) -> RpcResult<Vec<TraceResults>>;
    /// The same of a signed transaction, as if it were the next one.
    #[method(name = "rawTransaction")]
    async fn raw_transaction(
        &self,
        raw: Bytes,
        types: Types,
        block: Option<BlockId>,
    ) -> RpcResult<TraceResults>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct CallMethods(pub(crate) Api);

/// Traces one call and leaves its changes in `state`.
fn call<R: StateReader<Error = ReadError>>(
    run: &Run,
    types: &Types,
    state: &mut Overlay<R>,
    context: &BlockContext,
    allowance: Allowance,
) -> Result<(TraceResults, Allowance), Fault> {
    let watched = Watched::new(inspector(types), allowance, recording(types));
    let done = run.inspect(&*state, context, watched)?;
    let (inspector, allowance) = done.inspector.into_parts();
    allowance.check()?;
    let diff = done.executed.diff();
    let traced = results(inspector, &done.executed.into_result(), types, &done.state)?;
    state.apply(&diff);
    Ok((traced, allowance))
}

#[async_trait]
impl TraceCallsServer for CallMethods {
    async fn call(
        &self,
        request: TransactionRequest,
        types: Types,
        block: Option<BlockId>,
        state_overrides: Option<StateOverride>,
        block_overrides: Option<Box<BlockOverrides>>,
    ) -> RpcResult<TraceResults> {
        let run = Run::new(request, state_overrides, block_overrides)?;
        let turn = self.0.turn(TRACE_TIMEOUT_DEFAULT).await?;
        let work = move |state: &State, context: &BlockContext| {
            let mut state = Overlay::new(state);
            let traced = call(&run, &types, &mut state, context, turn.allowance.clone())?;
            Ok(traced.0)
        };
        self.0.with_state("trace_call", block.unwrap_or_default(), work).await
    }

    async fn call_many(
        &self,
        calls: Vec<(TransactionRequest, Types)>,
        block: Option<BlockId>,
    ) -> RpcResult<Vec<TraceResults>> {
        if calls.len() > TRACE_CALLS_MAX {
            return Err(errors::argument(0, format!("more than {TRACE_CALLS_MAX} calls")));
        }
        let run = |(request, types)| Ok((Run::new(request, None, None)?, types));
        let runs = calls.into_iter().map(run).collect::<RpcResult<Vec<_>>>()?;
        let turn = self.0.turn(TRACE_TIMEOUT_DEFAULT).await?;
        let work = move |state: &State, context: &BlockContext| {
            let (mut state, mut allowance) = (Overlay::new(state), turn.allowance.clone());
            let mut all = Vec::with_capacity(runs.len());
            for (run, types) in &runs {
                let (traced, left) = call(run, types, &mut state, context, allowance)?;
                all.push(traced);
                allowance = left;
            }
            Ok(all)
        };
        self.0.with_state("trace_callMany", block.unwrap_or_default(), work).await
    }

    async fn raw_transaction(
        &self,
        raw: Bytes,
        types: Types,
        block: Option<BlockId>,
    ) -> RpcResult<TraceResults> {
        let transaction = RecoveredTransaction::decode(&raw)
            .map_err(|error| errors::rejection(&Rejection::Undecodable(Arc::new(error)), &raw))?;
        let turn = self.0.turn(TRACE_TIMEOUT_DEFAULT).await?;
        let work = move |state: &State, context: &BlockContext| {
            let watched =
                Watched::new(inspector(&types), turn.allowance.clone(), recording(&types));
            let mut evm = Evm::with_inspector(context, state, watched);
            let executed =
                evm.inspect(&transaction, context.gas_limit).map_err(|error| match error {
                    ExecuteError::State(error) => Fault::Read(error),
                    ExecuteError::Invalid(invalid) => errors::server(invalid.to_string()).into(),
                })?;
            let (inspector, allowance) = evm.into_parts().1.into_parts();
            allowance.check()?;
            results(inspector, &executed.into_result(), &types, state)
        };
        self.0.with_state("trace_rawTransaction", block.unwrap_or_default(), work).await
    }
}
