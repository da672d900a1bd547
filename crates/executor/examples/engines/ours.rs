//! Our engine on a workload, and that it gives what serial execution gives.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::TxReceipt as _;
use executor::{
    SerialExecutor,
    parallel::{Choice, Engine, ParallelExecutor, PreparedTransaction},
};

use crate::{state::HashState, workload::Workload};

type Prepared = Arc<PreparedTransaction>;

pub(crate) struct OurEngine {
    pub name: String,
    engine: Arc<Engine<Arc<HashState>, Prepared>>,
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

pub(crate) fn run(workload: &Workload, engine: &OurEngine) -> Duration {
    let txs = workload.prepared.clone();
    let state = workload.state.clone();
    let started = Instant::now();
    let mut block = ParallelExecutor::new(&workload.context, state, engine.engine.clone())
        .expect("a state in memory");
    let execution = block.execute_all(txs, || true);
    let elapsed = started.elapsed();
    assert_eq!(execution.verdicts.len(), workload.prepared.len());
    assert!(execution.verdicts.iter().flatten().all(|outcome| outcome.receipt.status()));
    black_box((execution, block));
    elapsed
}

/// Every engine gives outcomes and diffs as serial execution does.
pub(crate) fn check(workload: &Workload, engines: &[OurEngine]) {
    let mut serial =
        SerialExecutor::new(workload.context, &*workload.state).expect("a state in memory");
    for tx in &workload.prepared {
        serial.execute(&tx.tx).expect("valid");
    }
    let expected = serial.finish();
    for engine in engines {
        let mut block =
            ParallelExecutor::new(&workload.context, workload.state.clone(), engine.engine.clone())
                .expect("a state in memory");
        let execution = block.execute_all(workload.prepared.clone(), || true);
        let diff = block.take_diff();
        let name = &engine.name;
        let outcomes: Vec<_> = execution.verdicts.into_iter().map(|v| v.expect("valid")).collect();
        assert!(outcomes == expected.outcomes, "{}: outcomes of {name}", workload.name);
        assert!(diff == expected.diff, "{}: state of {name}", workload.name);
    }
}
