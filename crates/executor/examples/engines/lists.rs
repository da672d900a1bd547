//! What access lists cost and give: the serial check without and with one being written, its size, and blocks executed
//! by their lists.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use alloy_rlp::Encodable;
use executor::{
    BlockAccessList, ExecutedBlock, SerialExecutor,
    parallel::{ListedExecutor, ListedTransaction},
};

use crate::{report::median, workload::Workload};

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) fn print_head() {
    println!();
    println!(
        "{:<28}{:>14}{:>14}{:>11}{:>14}{:>20}",
        "µs/tx", "serial check", "with list", "bytes/tx", "by list, 1", "by list, 2"
    );
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
pub(crate) fn print_row(workload: &Workload, rounds: usize, executors: &[ListedExecutor; 2]) {
    let (mut plain, mut recording, mut one, mut two) = (vec![], vec![], vec![], vec![]);
    let (expected, list) = check(workload, true);
    for _ in 0..rounds {
        plain.push(timed(|| check(workload, false)));
        recording.push(timed(|| check(workload, true)));
        for (executor, times) in executors.iter().zip([&mut one, &mut two]) {
            let (block, time) = execute(workload, executor, &list);
            assert!(block == expected, "{}: by its list", workload.name);
            times.push(time);
        }
    }
    let count = workload.txs.len() as f64;
    let per_tx = |times: &[Duration]| median(times).as_secs_f64() * 1e6 / count;
    let bytes = list.length() as u64 / workload.txs.len() as u64;
    let (plain, one, two) = (per_tx(&plain), per_tx(&one), per_tx(&two));
    println!(
        "{:<28}{plain:>14.2}{:>14.2}{bytes:>11}{one:>14.2}{two:>14.2}{:>5.2}×",
        workload.name,
        per_tx(&recording),
        plain / two
    );
}

/// What the sequencer does with every sealed block.
fn check(workload: &Workload, records: bool) -> (ExecutedBlock, BlockAccessList) {
    let open = if records { SerialExecutor::recording } else { SerialExecutor::new };
    let mut serial = open(workload.context, &workload.state).expect("a state in memory");
    for tx in &workload.txs {
        serial.execute(tx).expect("valid");
    }
    let list = serial.take_access_list();
    (serial.finish(), list)
}

fn execute(
    workload: &Workload,
    executor: &ListedExecutor,
    list: &BlockAccessList,
) -> (ExecutedBlock, Duration) {
    let txs = workload.txs.iter().map(|tx| ListedTransaction::Recovered(tx.clone().into()));
    let (txs, list, state) = (txs.collect(), list.clone(), workload.state.clone());
    let started = Instant::now();
    let block = executor.execute(&workload.context, state, txs, list).expect("its own list");
    (block, started.elapsed())
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(work());
    started.elapsed()
}
