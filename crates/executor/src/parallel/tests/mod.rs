//! Parallel equals serial: verdicts, receipts, gas and diffs, for any number of workers.

mod forced;
mod listed;
mod published;
mod random;
mod world;

use std::sync::{Arc, OnceLock};

use state::{MemoryState, StateDiff};

use super::*;
use crate::{SerialExecutor, evm::Environment};

type TestEngine = Engine<Arc<MemoryState>>;
type Verdict = Result<TransactionOutcome, InvalidTransaction>;

/// A block to be executed in sub-blocks.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub context: BlockContext,
    pub rules: Environment,
    pub state: Arc<MemoryState>,
    /// Transactions, cut into sub-blocks.
    pub pieces: Vec<Vec<RecoveredTransaction>>,
}

/// Everything that can be compared of a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub verdicts: Vec<Verdict>,
    /// One for each sub-block, the system calls in the first.
    pub diffs: Vec<StateDiff>,
    pub gas_used: u64,
}

/// Engines that always run ahead, by their number of workers, and those that do not.
pub(crate) fn engines() -> &'static [(&'static str, Arc<TestEngine>)] {
    static ENGINES: OnceLock<Vec<(&str, Arc<TestEngine>)>> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let start = |workers, choice| Arc::new(Engine::start(workers, choice).unwrap());
        vec![
            ("2 workers", start(2, Choice::Parallel)),
            ("1 worker", start(1, Choice::Parallel)),
            ("serially", start(1, Choice::Serial)),
            ("4 workers", start(4, Choice::Parallel)),
            ("called", start(1, Choice::Called)),
            ("by cost", start(2, Choice::ByCost)),
            ("apart, 2 workers", start(2, Choice::Apart)),
            ("apart, 3 workers", start(3, Choice::Apart)),
            ("scouted, 2 workers", start(2, Choice::Scouted)),
            ("8 workers", start(8, Choice::Parallel)),
            ("3 workers", start(3, Choice::Parallel)),
            ("16 workers", start(16, Choice::Parallel)),
        ]
    })
}

impl Case {
    /// The definition.
    pub(crate) fn serial(&self) -> Done {
        let mut block =
            SerialExecutor::with_environment(self.context, self.rules.clone(), &*self.state);
        let (mut verdicts, mut diffs) = (Vec::new(), Vec::new());
        for piece in &self.pieces {
            for tx in piece {
                verdicts.push(match block.execute(tx) {
                    Ok(outcome) => Ok(outcome),
                    Err(ExecuteError::Invalid(reason)) => Err(reason),
                    Err(error) => panic!("{error}"),
                });
            }
            diffs.push(block.take_diff());
        }
        Done { verdicts, diffs, gas_used: block.executed().gas_used }
    }

    /// The same with an engine. Deposits run on their own, as when a block is opened.
    pub(crate) fn parallel(&self, engine: &Arc<TestEngine>) -> Done {
        self.with_report(engine).0
    }

    /// The same with how it went.
    pub(crate) fn with_report(&self, engine: &Arc<TestEngine>) -> (Done, RunReport) {
        let mut report = RunReport::default();
        let gas_limit = self.context.gas_limit;
        let mut block = ParallelExecutor::with_rules(
            self.rules.clone(),
            gas_limit,
            self.state.clone(),
            engine.clone(),
        )
        .unwrap();
        let (mut verdicts, mut diffs) = (Vec::new(), Vec::new());
        for piece in &self.pieces {
            let prepare =
                |tx: &RecoveredTransaction| Arc::new(engine.predictor().prepare(tx.clone()));
            let execution = block.execute_all(piece.iter().map(prepare).collect(), || true);
            assert!(execution.failure.is_none(), "{:?}", execution.failure);
            report.add(&execution.report);
            verdicts.extend(execution.verdicts);
            diffs.push(block.take_diff());
        }
        (Done { verdicts, diffs, gas_used: block.gas_used() }, report)
    }

    /// Holds engines against the definition. `what` names the case if it fails.
    pub(crate) fn check(&self, engines: &[(&str, Arc<TestEngine>)], what: &str) -> Done {
        let serial = self.serial();
        for (name, engine) in engines {
            let parallel = self.parallel(engine);
            assert_same(&serial, &parallel, &format!("{what}, {name}"));
        }
        serial
    }
}

fn assert_same(serial: &Done, parallel: &Done, what: &str) {
    assert_eq!(serial.verdicts.len(), parallel.verdicts.len(), "{what}");
    for (index, verdicts) in serial.verdicts.iter().zip(&parallel.verdicts).enumerate() {
        assert_eq!(verdicts.0, verdicts.1, "transaction {index}: {what}");
    }
    for (index, diffs) in serial.diffs.iter().zip(&parallel.diffs).enumerate() {
        assert_eq!(diffs.0.codes, diffs.1.codes, "codes of sub-block {index}: {what}");
        for (address, change) in &diffs.0.accounts {
            let other = diffs.1.accounts.get(address);
            assert_eq!(Some(change), other, "{address} in sub-block {index}: {what}");
        }
        assert_eq!(diffs.0, diffs.1, "sub-block {index}: {what}");
    }
    assert_eq!(serial, parallel, "{what}");
}
