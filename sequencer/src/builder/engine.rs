//! Which executor builds a block: the parallel engine, or serial execution once the engine has been caught at a
//! difference.

use std::sync::Arc;

use executor::{
    BlockContext, ExecuteError, RecoveredTransaction, SerialExecutor, TransactionOutcome,
    parallel::{Engine, Execution, ParallelExecutor, PreparedTransaction, RunReport},
};
use state::{StateDiff, StateReader};

use crate::chain::{ReadError, StateView};

/// The engine of a sequencer. It outlives its blocks.
pub type BlockEngine = Engine<StateView>;

/// Executes the transactions of one open block.
#[derive(Debug)]
pub(super) enum BlockExecutor {
    Parallel(Box<ParallelExecutor<StateView>>),
    Serial(Box<SerialExecutor<StateView>>),
}

impl BlockExecutor {
    /// Opens the block on the state after its parent.
    pub(super) fn open(
        context: &BlockContext,
        state: StateView,
        engine: &Arc<BlockEngine>,
    ) -> Result<Self, ExecuteError<ReadError>> {
        if engine.is_trusted() {
            let open = ParallelExecutor::new(context, state, engine.clone())?;
            return Ok(Self::Parallel(Box::new(open)));
        }
        Ok(Self::Serial(Box::new(SerialExecutor::new(*context, state)?)))
    }

    /// Executes one transaction, in its turn.
    pub(super) fn execute(
        &mut self,
        tx: &RecoveredTransaction,
    ) -> Result<TransactionOutcome, ExecuteError<ReadError>> {
        match self {
            Self::Parallel(open) => open.execute(tx),
            Self::Serial(open) => open.execute(tx),
        }
    }

    /// Executes transactions in order for as long as `go_on` says so.
    pub(super) fn execute_all(
        &mut self,
        txs: Vec<Arc<PreparedTransaction>>,
        go_on: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Execution<ReadError> {
        match self {
            Self::Parallel(open) => open.execute_all(txs, go_on),
            Self::Serial(open) => execute_serially(open, &txs, go_on),
        }
    }

    /// What changed since the last call.
    pub(super) fn take_diff(&mut self) -> StateDiff {
        match self {
            Self::Parallel(open) => open.take_diff(),
            Self::Serial(open) => open.take_diff(),
        }
    }

    /// Gas used so far.
    pub(super) const fn gas_used(&self) -> u64 {
        match self {
            Self::Parallel(open) => open.gas_used(),
            Self::Serial(open) => open.executed().gas_used,
        }
    }
}

fn execute_serially<R: StateReader>(
    open: &mut SerialExecutor<R>,
    txs: &[Arc<PreparedTransaction>],
    go_on: impl Fn() -> bool,
) -> Execution<R::Error> {
    let mut report = RunReport::default();
    let mut verdicts = Vec::with_capacity(txs.len());
    for tx in txs {
        if !go_on() {
            break;
        }
        match open.execute(&tx.tx) {
            Ok(outcome) => verdicts.push(Ok(outcome)),
            Err(ExecuteError::Invalid(reason)) => verdicts.push(Err(reason)),
            Err(ExecuteError::State(error)) => {
                return Execution { verdicts, failure: Some(error), report };
            }
        }
        report.in_turn += 1;
    }
    Execution { verdicts, failure: None, report }
}

/// One line about a block whose transactions met: where most, and what that made of its execution.
pub(super) fn tell_conflicts(block: u64, report: &RunReport) {
    let Some(place) = report.hot.first() else { return };
    tracing::info!(
        block,
        contract = %place.address,
        slot = place.slot.map(|slot| format!("{slot:#x}")),
        waits = place.waits,
        aborts = place.aborts,
        places = report.hot.len(),
        critical_percent = report.critical_gas * 100 / std::cmp::max(report.gas, 1),
        expected_us = report.expected.as_micros(),
        took_us = report.wall.as_micros(),
        "transactions waited for one another"
    );
}
