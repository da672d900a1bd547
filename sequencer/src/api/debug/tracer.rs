//! geth's tracers: what a caller asks for, checked once, then one inspector for each transaction.

use std::time::Duration;

use alloy::{
    primitives::B256,
    rpc::types::trace::geth::{
        DefaultFrame, GethDebugBuiltInTracerType as BuiltIn, GethDebugTracerType,
        GethDebugTracingOptions, GethTrace,
    },
};
use executor::{HaltReason, StateDatabase};
use jsonrpsee::{core::RpcResult, types::ErrorObjectOwned};
use revm::{
    context::{BlockEnv, TxEnv},
    context_interface::result::ResultAndState,
};
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError, TransactionContext};
use state::StateReader;

use crate::{
    api::{
        errors,
        limits::{TRACE_TIMEOUT_DEFAULT, TRACE_TIMEOUT_MAX},
        read::Fault,
        replay::Recording,
    },
    chain::ReadError,
};

/// A tracer that can be made.
#[derive(Debug, Clone)]
pub(crate) struct Tracer {
    options: GethDebugTracingOptions,
    /// How long the whole request may take.
    pub(crate) time_max: Duration,
}

impl Tracer {
    /// Checks what was asked for in the parameter at `position`.
    pub(crate) fn new(
        options: Option<GethDebugTracingOptions>,
        position: usize,
    ) -> RpcResult<Self> {
        let options = options.unwrap_or_default();
        let refused = |error: DebugInspectorError| {
            let why = match (&error, &options.tracer) {
                (DebugInspectorError::JsTracerNotEnabled, Some(tracer)) => {
                    let name: String = tracer.as_str().chars().take(32).collect();
                    format!("tracer {name:?} is unknown, and JavaScript is not run here")
                }
                _ => error.to_string(),
            };
            errors::argument(position, why)
        };
        DebugInspector::new(options.clone()).map_err(refused)?;
        let time_max = time_of(options.timeout.as_deref(), position)?;
        Ok(Self { options, time_max })
    }

    /// An inspector for one transaction.
    pub(crate) fn inspector(&self) -> Result<DebugInspector, Fault> {
        DebugInspector::new(self.options.clone())
            .map_err(|error| errors::internal("debug_trace", &error).into())
    }

    /// What that inspector writes down.
    pub(crate) fn recording(&self) -> Recording {
        let config = &self.options.config;
        let limit = config.limit.unwrap_or(0);
        match &self.options.tracer {
            Some(GethDebugTracerType::BuiltInTracer(BuiltIn::Erc7562Tracer)) => {
                Recording::Memory(0)
            }
            Some(tracer) if !tracer.as_str().is_empty() => Recording::Calls,
            _ if config.is_memory_enabled() => Recording::Memory(limit),
            _ => Recording::Steps(limit),
        }
    }

    /// What the inspector saw, on the state `before`.
    pub(crate) fn show<R: StateReader<Error = ReadError>>(
        &self,
        mut inspector: DebugInspector,
        place: TransactionContext,
        tx: &TxEnv,
        block: &BlockEnv,
        result: &ResultAndState<HaltReason>,
        before: R,
    ) -> Result<GethTrace, Fault> {
        let mut database = StateDatabase::new(before);
        let shown = inspector.get_result(Some(place), tx, block, result, &mut database);
        match shown {
            Ok(GethTrace::Default(frame)) => Ok(GethTrace::Default(as_geth(frame))),
            Ok(trace) => Ok(trace),
            Err(DebugInspectorError::Database(error)) => Err(Fault::Read(error.0)),
            Err(error) => Err(errors::internal("debug_trace", &error).into()),
        }
    }
}

/// Where a transaction stands, as tracers show it.
pub(crate) fn place(hash: B256, index: u64, block: Option<B256>) -> TransactionContext {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let place = TransactionContext::default().with_tx_hash(hash).with_tx_index(index);
    match block {
        Some(block) => place.with_block_hash(block),
        None => place,
    }
}

/// A duration as Go writes it: `5s`, `1m30s`, `300ms`. More than the maximum means the maximum.
fn time_of(given: Option<&str>, position: usize) -> Result<Duration, ErrorObjectOwned> {
    let Some(text) = given else { return Ok(TRACE_TIMEOUT_DEFAULT) };
    match humantime_serde::re::humantime::parse_duration(text) {
        Ok(time) => Ok(std::cmp::min(time, TRACE_TIMEOUT_MAX)),
        Err(_) => Err(errors::argument(position, format!("time: invalid duration {text:?}"))),
    }
}

/// Leaves out what geth leaves out, and says errors in its words.
fn as_geth(mut frame: DefaultFrame) -> DefaultFrame {
    for step in &mut frame.struct_logs {
        step.refund_counter = step.refund_counter.filter(|refund| *refund != 0);
        step.return_data = step.return_data.take().filter(|data| !data.is_empty());
        step.error = step.error.take().map(|error| geth_error(&error).to_owned());
    }
    frame
}

/// The inspector gives the name of revm's result inside `Some(…)`.
fn geth_error(error: &str) -> &str {
    let name = error.strip_prefix("Some(").and_then(|name| name.strip_suffix(')'));
    match name.unwrap_or(error) {
        "OutOfGas"
        | "MemoryOOG"
        | "MemoryLimitOOG"
        | "PrecompileOOG"
        | "InvalidOperandOOG"
        | "ReentrancySentryOOG" => "out of gas",
        "StackUnderflow" => "stack underflow",
        "StackOverflow" => "stack limit reached 1024",
        "InvalidJump" => "invalid jump destination",
        "OpcodeNotFound" | "NotActivated" => "invalid opcode: opcode not defined",
        "InvalidFEOpcode" => "invalid opcode: INVALID",
        "StateChangeDuringStaticCall" | "CallNotAllowedInsideStatic" => "write protection",
        "OutOfOffset" => "return data out of bounds",
        "CallTooDeep" => "max call depth exceeded",
        "CreateInitCodeSizeLimit" => "max initcode size exceeded",
        other => other,
    }
}
