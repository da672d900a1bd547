//! What execution costs: stock revm over a plain overlay, one after the other, against our engine, in one run.
//!
//! `cargo run --profile shipped -p executor --example engines [-- rounds [workload …]]`. The state is in memory;
//! recovery, roots and the database are not part of it. Both sides give the result of every transaction and the changed state; ours
//! gives receipts with blooms as well. Each figure is the median of the rounds; engines take turns within a round.

mod adversary;
mod baseline;
mod contracts;
mod lists;
mod ours;
mod report;
mod scaling;
mod state;
mod uniswap;
mod workload;

#[path = "../../src/testing/asm.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests use more of it, and may panic")]
mod asm;

use executor::parallel::ListedExecutor;
use report::{Row, print_head, print_row};
use workload::Workload;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(ROUNDS, |text| text.parse().expect("a number of rounds"));
    let wanted: Vec<String> = arguments.collect();
    let mut engines = ours::engines();
    print_head(&engines);
    let is_wanted = |workload: &Workload| {
        wanted.is_empty() || wanted.iter().any(|name| workload.name.contains(name.as_str()))
    };
    for workload in workload::all().filter(is_wanted) {
        let mut row = Row::new(&workload, &engines);
        ours::check(&workload, &engines);
        let mut prepared = ours::prepare_all(&workload, &engines);
        for _ in 0..rounds {
            if workload.is_new {
                engines = ours::engines();
                prepared = ours::prepare_all(&workload, &engines);
            }
            row.stock.push(baseline::run(&workload));
            for ((engine, txs), times) in engines.iter().zip(&prepared).zip(&mut row.ours) {
                let (time, report) = ours::run(&workload, engine, txs);
                times.push(time);
                row.report = report;
            }
        }
        print_row(&row);
    }
    scaling::print_head();
    for workload in workload::all().filter(is_wanted) {
        scaling::print_row(&workload);
    }
    let executors = [1, 2].map(|workers| ListedExecutor::start(workers).expect("threads"));
    lists::print_head();
    for workload in workload::all().filter(is_wanted) {
        lists::print_row(&workload, rounds, &executors);
    }
}
