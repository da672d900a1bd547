//! What more workers would give: the schedule, played with the costs that the engine has measured. Only the costs are of
//! this machine; with the same costs the figures are the same everywhere.

use std::sync::Arc;

use executor::parallel::{Choice, Engine, ParallelExecutor};

use crate::{
    ours::{OurEngine, prepare, run},
    workload::Workload,
};

/// Numbers of workers that are played.
const WORKERS: [usize; 6] = [2, 4, 8, 16, 32, 64];

/// Blocks by which costs and templates are learned.
const WARM_UP: usize = 6;

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) fn print_head() {
    println!();
    print!("{:<28}{:>14}", "predicted by workers", "1 thread µs/tx");
    WORKERS.iter().for_each(|workers| print!("{workers:>9}"));
    println!();
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
pub(crate) fn print_row(workload: &Workload) {
    let engine = Engine::start(1, Choice::Serial).expect("no threads");
    let engine = OurEngine { name: "serial".into(), engine: Arc::new(engine) };
    for _ in 0..WARM_UP {
        let txs = prepare(workload, &engine);
        run(workload, &engine, &txs);
    }
    let txs = prepare(workload, &engine);
    let state = workload.state.clone();
    let mut block =
        ParallelExecutor::new(&workload.context, state, engine.engine).expect("a state in memory");
    let (total, played) = block.forecast(&txs, &WORKERS);
    let micros = total.as_secs_f64() * 1e6 / workload.txs.len() as f64;
    print!("{:<28}{micros:>14.2}", workload.name);
    for time in played {
        print!("{:>8.2}×", total.as_secs_f64() / time.as_secs_f64());
    }
    println!();
}
