//! The table.

use std::time::Duration;

use executor::parallel::RunReport;

use crate::{ours::OurEngine, workload::Workload};

pub(crate) struct Row {
    name: &'static str,
    transactions: usize,
    pub stock: Vec<Duration>,
    pub ours: Vec<Vec<Duration>>,
    /// What the last engine did last.
    pub report: RunReport,
}

impl Row {
    pub(crate) fn new(workload: &Workload, engines: &[OurEngine]) -> Self {
        Self {
            name: workload.name,
            transactions: workload.txs.len(),
            stock: Vec::new(),
            ours: engines.iter().map(|_| Vec::new()).collect(),
            report: RunReport::default(),
        }
    }
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) fn print_head(engines: &[OurEngine]) {
    print!("{:<28}{:>8}{:>12}", "workload", "txs", "revm µs/tx");
    for engine in engines {
        print!("{:>11}{:>8}", engine.name, "");
    }
    println!();
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
pub(crate) fn print_row(row: &Row) {
    let per_tx = |time: Duration| time.as_secs_f64() * 1e6 / row.transactions as f64;
    let stock = median(&row.stock);
    print!("{:<28}{:>8}{:>12.2}", row.name, row.transactions, per_tx(stock));
    for times in &row.ours {
        let time = median(times);
        print!("{:>11.2}{:>7.2}×", per_tx(time), stock.as_secs_f64() / time.as_secs_f64());
    }
    let RunReport { in_turn, apart, ahead, at_head, again, .. } = row.report;
    println!(
        "   in turn {in_turn}, apart {apart}, ahead {ahead}, at head {at_head}, again {again}"
    );
}

pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
