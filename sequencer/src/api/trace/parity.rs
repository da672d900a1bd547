//! What the inspector saw, in the form of the namespace.

use alloy::{
    primitives::map::HashSet,
    rpc::types::{
        TransactionInfo,
        trace::parity::{LocalizedTransactionTrace, TraceResults, TraceType},
    },
};
use executor::{HaltReason, StateDatabase};
use revm::context_interface::result::ResultAndState;
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};
use state::StateReader;

use crate::{
    api::{
        read::Fault,
        replay::{Recording, Replay, Traced},
    },
    chain::ReadError,
};

/// Which of the three parts are wanted.
pub(super) type Types = HashSet<TraceType>;

/// Sees what these parts need.
pub(super) fn inspector(types: &Types) -> TracingInspector {
    TracingInspector::new(TracingInspectorConfig::from_parity_config(types))
}

/// How much that inspector writes down.
pub(super) fn recording(types: &Types) -> Recording {
    if types.contains(&TraceType::VmTrace) { Recording::Steps(0) } else { Recording::Calls }
}

/// The wanted parts, of what ran on the state `before`.
pub(super) fn results<R: StateReader<Error = ReadError>>(
    inspector: TracingInspector,
    result: &ResultAndState<HaltReason>,
    types: &Types,
    before: R,
) -> Result<TraceResults, Fault> {
    let mut builder = inspector.into_parity_builder();
    builder.set_transaction_gas_used(result.result.tx_gas_used());
    let (result, state, before) = (&result.result, &result.state, StateDatabase::new(before));
    builder
        .into_trace_results_with_state_parts(result, state, types, before)
        .map_err(|error| Fault::Read(error.0))
}

/// The wanted parts of the next transaction of a replay.
pub(super) fn replayed(replay: &mut Replay<'_>, types: &Types) -> Result<TraceResults, Fault> {
    replay.trace(inspector(types), recording(types), |traced| {
        let Traced { result, before, inspector, .. } = traced;
        results(inspector, result, types, before)
    })
}

/// The calls of the next transaction of a replay, with their place in the chain.
pub(super) fn localized(replay: &mut Replay<'_>) -> Result<Vec<LocalizedTransactionTrace>, Fault> {
    let types = Types::from_iter([TraceType::Trace]);
    let block = replay.block();
    let (block_hash, block_number) = (block.hash, Some(block.number()));
    replay.trace(inspector(&types), Recording::Calls, |traced| {
        let Traced { included, result, inspector, .. } = traced;
        let info = TransactionInfo {
            hash: Some(included.hash),
            index: Some(included.index),
            block_hash,
            block_number,
            ..Default::default()
        };
        let mut builder = inspector.into_parity_builder();
        builder.set_transaction_gas_used(result.result.tx_gas_used());
        Ok(builder.into_localized_transaction_traces(info))
    })
}
