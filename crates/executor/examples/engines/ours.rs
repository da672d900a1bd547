//! Our engine on a workload, and that it gives what serial execution gives.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::TxReceipt as _;
use executor::{
    SerialExecutor,
    parallel::{Choice, Engine, ParallelExecutor, PreparedTransaction, RunReport},
};

use crate::{state::HashState, workload::Workload};

type Prepared = Arc<PreparedTransaction>;

pub(crate) struct OurEngine {
    pub name: String,
    pub engine: Arc<Engine<Arc<HashState>>>,
}

/// Serial, always parallel with as many workers as there are cores up to sixteen, and the choice by cost with two.
pub(crate) fn engines() -> Vec<OurEngine> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = |name: String, workers, choice| OurEngine {
        name,
        engine: Arc::new(Engine::start(workers, choice).expect("threads")),
    };
    let mut engines = vec![engine("serial".into(), 1, Choice::Serial)];
    for workers in [2, 4, 8, 16].into_iter().filter(|workers| *workers <= cores) {
        engines.push(engine(format!("par {workers}"), workers, Choice::Parallel));
    }
    engines.push(engine("choice 2".into(), 2, Choice::ByCost));
    engines
}

/// The transactions as each engine's predictor prepares them.
pub(crate) fn prepare_all(workload: &Workload, engines: &[OurEngine]) -> Vec<Vec<Prepared>> {
    engines.iter().map(|engine| prepare(workload, engine)).collect()
}

pub(crate) fn prepare(workload: &Workload, engine: &OurEngine) -> Vec<Prepared> {
    let predictor = engine.engine.predictor();
    workload.txs.iter().map(|tx| Arc::new(predictor.prepare(tx.clone()))).collect()
}

pub(crate) fn run(
    workload: &Workload,
    engine: &OurEngine,
    txs: &[Prepared],
) -> (Duration, RunReport) {
    let txs = txs.to_vec();
    let state = workload.state.clone();
    let started = Instant::now();
    let mut block = ParallelExecutor::new(&workload.context, state, engine.engine.clone())
        .expect("a state in memory");
    let execution = block.execute_all(txs, || true);
    let elapsed = started.elapsed();
    assert_eq!(execution.verdicts.len(), workload.txs.len());
    assert!(execution.verdicts.iter().flatten().all(|outcome| outcome.receipt.status()));
    let report = execution.report.clone();
    black_box((execution, block));
    (elapsed, report)
}

/// Blocks by which an engine gets to know the contracts.
const WARM_UP: usize = 6;

/// Every engine gives outcomes and diffs as serial execution does: at first, and once it has learned.
pub(crate) fn check(workload: &Workload, engines: &[OurEngine]) {
    let mut serial =
        SerialExecutor::new(workload.context, &*workload.state).expect("a state in memory");
    for tx in &workload.txs {
        serial.execute(tx).expect("valid");
    }
    let expected = serial.finish();
    for engine in (0..WARM_UP).flat_map(|_| engines) {
        let mut block =
            ParallelExecutor::new(&workload.context, workload.state.clone(), engine.engine.clone())
                .expect("a state in memory");
        let execution = block.execute_all(prepare(workload, engine), || true);
        let diff = block.take_diff();
        let name = &engine.name;
        let outcomes: Vec<_> = execution.verdicts.into_iter().map(|v| v.expect("valid")).collect();
        assert!(outcomes == expected.outcomes, "{}: outcomes of {name}", workload.name);
        assert!(diff == expected.diff, "{}: state of {name}", workload.name);
    }
}
