//! What each stage of a running Braid node costs for a transaction, from its own metrics, beside what it may cost.
//!
//! Read twice, divided by the transactions that became durable in between. Nothing is added to the node: its histograms sum up
//! the time of each stage, and its threads have names.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// A reading of a Prometheus page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// By name and labels, as they are written.
    values: BTreeMap<String, f64>,
}

impl Page {
    /// Reads the text format; lines that are no values are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self { values: values.collect() }
    }

    /// The sum over all labels; `None` where there is no such metric.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<f64> {
        let of_it =
            self.values.range(name.to_owned()..).take_while(|(key, _)| key.starts_with(name));
        let of_it = of_it
            .filter(|(key, _)| key[name.len()..].is_empty() || key[name.len()..].starts_with('{'));
        let values: Vec<f64> = of_it.map(|(_, value)| *value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// The values of a metric by its one label.
    fn by_label(&self, name: &str) -> BTreeMap<&str, f64> {
        let head = format!("{name}{{");
        let of_it = self.values.range(head.clone()..).take_while(|(key, _)| key.starts_with(&head));
        of_it.filter_map(|(key, value)| Some((key.split('"').nth(1)?, *value))).collect()
    }
}

/// How a stage's time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Basis {
    /// Time on the clock of a thread that does nothing else meanwhile: as CPU time, unless the machine is overloaded.
    Work,
    /// Time on the clock, most of it waiting: says nothing of the budget.
    Waiting,
    /// Not measured.
    Unknown,
}

/// A stage of a node: what its metric is, and what it may cost.
struct Stage {
    name: &'static str,
    histogram: Option<&'static str>,
    basis: Basis,
    /// Microseconds for a transfer, of good code (batched) and of the best known.
    budget: Option<(f64, f64)>,
}

const fn work(name: &'static str, histogram: &'static str, budget: Option<(f64, f64)>) -> Stage {
    Stage { name, histogram: Some(histogram), basis: Basis::Work, budget }
}

const fn waits(name: &'static str, histogram: &'static str, budget: Option<(f64, f64)>) -> Stage {
    Stage { name, histogram: Some(histogram), basis: Basis::Waiting, budget }
}

const fn unknown(name: &'static str, budget: (f64, f64)) -> Stage {
    Stage { name, histogram: None, basis: Basis::Unknown, budget: Some(budget) }
}

/// The budget is of transfers on two cores of Zen 4, measured stage by stage.
const STAGES: [Stage; 11] = [
    unknown("doors: requests and answers", (0.42, 0.11)),
    work(
        "decoding, hashes, sender recovery",
        "braid_sequencer_recovery_seconds",
        Some((42.8, 5.0)),
    ),
    work("admission to the mempool", "braid_sequencer_admission_seconds", Some((0.65, 0.65))),
    work("execution", "braid_sequencer_execute_seconds", Some((1.4, 0.3))),
    work("serial execution again, as a check", "braid_sequencer_check_seconds", None),
    work("state root", "braid_sequencer_root_seconds", Some((2.3, 1.42))),
    work("transaction and receipt roots", "braid_sequencer_body_seconds", Some((1.5, 0.75))),
    waits("journal", "braid_sequencer_journal_seconds", Some((0.65, 0.6))),
    waits("index", "braid_sequencer_index_seconds", Some((3.9, 1.2))),
    unknown("fan-out, per subscriber", (0.31, 0.04)),
    work("compression of batches", "braid_batcher_compress_seconds", Some((1.2, 0.1))),
];
/// All stages together.
const BUDGET_ALL: (f64, f64) = (54.0, 10.2);
/// What L1 carries.
const POSTING: &str = "braid_batcher_l1_limit_transactions";
/// What counts transactions.
const TRANSACTIONS: &str = "braid_sequencer_journal_transactions_total";

/// A stage as it was measured, in microseconds for a transaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Which stage, or which threads.
    pub name: String,
    /// What it took; `None` where it is not measured.
    pub micros: Option<f64>,
    /// How that is known.
    pub basis: Basis,
    /// What it may cost with good code.
    pub budget_good: Option<f64>,
    /// What the best that is known costs.
    pub budget_best: Option<f64>,
    /// What it took by what it may take with good code; `None` where they cannot be compared.
    pub ratio: Option<f64>,
}

/// The costs of a node between two readings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stages {
    /// Transactions that became durable meanwhile.
    pub transactions: u64,
    /// Seconds between the readings.
    pub seconds: f64,
    /// Stage by stage.
    pub stages: Vec<Cost>,
    /// CPU time of the node's threads by name.
    pub threads: Vec<Cost>,
    /// CPU time of the whole process.
    pub process: Option<Cost>,
    /// Transactions like those posted last that L1 carries a second; `None` while the node does not say.
    pub posting: Option<PostingRate>,
}

/// How fast what is built can be posted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostingRate {
    /// For long, at prices that do not rise.
    pub sustained: f64,
    /// For a while.
    pub most: f64,
}

/// A table that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StagesError {
    /// The page is of something else.
    #[error("the page has no {TRANSACTIONS}: it is not the metrics page of a Braid sequencer")]
    NotASequencer,
    /// Nothing happened.
    #[error("no transaction became durable meanwhile: play a workload beside it")]
    Idle,
}

impl Stages {
    /// Of two readings.
    ///
    /// # Errors
    /// When the pages are not of a sequencer, or nothing happened between them.
    pub fn between(before: &Page, after: &Page, seconds: f64) -> Result<Self, StagesError> {
        let grown = |name: &str| Some(after.sum(name)? - before.sum(name).unwrap_or_default());
        let count = grown(TRANSACTIONS).ok_or(StagesError::NotASequencer)?;
        if count < 1.0 {
            return Err(StagesError::Idle);
        }
        let each = |seconds: f64| seconds * 1e6 / count;
        let stages = STAGES.iter().map(|stage| {
            let name = stage.histogram.map(|name| format!("{name}_sum"));
            let micros = name.and_then(|name| grown(&name)).map(each);
            cost(stage.name.to_owned(), micros, stage.basis, stage.budget)
        });
        let by_thread = "braid_process_threads_cpu_seconds";
        let earlier = before.by_label(by_thread);
        let mut threads: Vec<Cost> = after
            .by_label(by_thread)
            .into_iter()
            .map(|(name, now)| {
                let micros = each(now - earlier.get(name).copied().unwrap_or_default());
                cost(name.to_owned(), Some(micros), Basis::Work, None)
            })
            .filter(|cost| cost.micros > Some(0.005))
            .collect();
        threads.sort_by(|a, b| f64::total_cmp(&b.micros.unwrap_or(0.0), &a.micros.unwrap_or(0.0)));
        let process = grown("braid_process_cpu_seconds").map(|seconds| {
            let name = "the whole process".to_owned();
            cost(name, Some(each(seconds)), Basis::Work, Some(BUDGET_ALL))
        });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let transactions = count as u64;
        let limits = after.by_label(POSTING);
        let posting = limits.get("sustained").zip(limits.get("most"));
        let posting =
            posting.map(|(sustained, most)| PostingRate { sustained: *sustained, most: *most });
        Ok(Self { transactions, seconds, stages: stages.collect(), threads, process, posting })
    }
}

fn cost(name: String, micros: Option<f64>, basis: Basis, budget: Option<(f64, f64)>) -> Cost {
    let good = budget.map(|(good, _)| good);
    let ratio = match (basis, micros, good) {
        (Basis::Work, Some(micros), Some(good)) => Some(micros / good),
        _ => None,
    };
    let basis = if micros.is_none() { Basis::Unknown } else { basis };
    Cost {
        name,
        micros,
        basis,
        budget_good: good,
        budget_best: budget.map(|(_, best)| best),
        ratio,
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.transactions;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = count as f64 / self.seconds;
        writeln!(f, "{count} transactions became durable in {:.1} s, {rate:.0}/s\n", self.seconds)?;
        writeln!(
            f,
            "  {:<36} {:>9} {:>9} {:>9} {:>7}",
            "microseconds for a transaction", "took", "good", "best", "ratio"
        )?;
        for cost in &self.stages {
            row(f, cost)?;
        }
        if self.threads.is_empty() {
            writeln!(f, "\n  the node does not say what its threads compute")?;
        } else {
            writeln!(f, "\n  CPU time by threads")?;
        }
        for cost in self.threads.iter().chain(&self.process) {
            row(f, cost)?;
        }
        writeln!(
            f,
            "\n  Budgets are of plain transfers on two cores. What Postgres computes is in none of these figures."
        )?;
        let Some(PostingRate { sustained, most }) = self.posting else { return Ok(()) };
        writeln!(
            f,
            "  L1 carries {sustained:.0} transactions a second like those posted last, {most:.0} for a while: what is built faster is posted later."
        )
    }
}

fn row(f: &mut fmt::Formatter<'_>, cost: &Cost) -> fmt::Result {
    let figure = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    let ratio = match (cost.basis, cost.ratio) {
        (Basis::Unknown, _) => "not measured".to_owned(),
        (Basis::Waiting, _) => "waiting, not work".to_owned(),
        (Basis::Work, Some(ratio)) => format!("{ratio:.2}×"),
        (Basis::Work, None) => String::new(),
    };
    let (took, good) = (figure(cost.micros), figure(cost.budget_good));
    let best = figure(cost.budget_best);
    writeln!(f, "  {:<36} {took:>9} {good:>9} {best:>9} {ratio:>7}", cost.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# HELP x\nbraid_sequencer_journal_transactions_total 100\nbraid_sequencer_recovery_seconds_sum 1.5\nbraid_process_threads_cpu_seconds{thread=\"braid-io\"} 2\n";
    const AFTER: &str = "braid_sequencer_journal_transactions_total 1100\nbraid_sequencer_recovery_seconds_sum{a=\"b\"} 1.0\nbraid_sequencer_recovery_seconds_sum 1.543\nbraid_sequencer_recovery_seconds_summary 7\nbraid_process_threads_cpu_seconds{thread=\"braid-io\"} 2.02\nbraid_process_threads_cpu_seconds{thread=\"kzg\"} 0\nbraid_batcher_l1_limit_transactions{bound=\"most\"} 17400\nbraid_batcher_l1_limit_transactions{bound=\"sustained\"} 11600\n";

    #[test]
    fn pages_are_read() {
        let page = Page::parse(AFTER);
        assert_eq!(page.sum("braid_sequencer_recovery_seconds_sum"), Some(2.543));
        assert_eq!(page.sum("braid_sequencer_recovery"), None);
        assert_eq!(page.by_label("braid_process_threads_cpu_seconds")["braid-io"], 2.02);
    }

    #[test]
    fn costs_are_for_each_transaction() {
        let after = AFTER.replace("{a=\"b\"} 1.0", "{a=\"b\"} 0.0");
        let stages = Stages::between(&Page::parse(BEFORE), &Page::parse(&after), 2.0).unwrap();
        assert_eq!(stages.transactions, 1_000);
        let recovery = &stages.stages[1];
        assert!((recovery.micros.unwrap() - 43.0).abs() < 1e-6, "{recovery:?}");
        assert!((recovery.ratio.unwrap() - 43.0 / 42.8).abs() < 1e-6);
        assert_eq!(stages.stages[3].basis, Basis::Unknown, "there is no such metric");
        assert_eq!(stages.threads.len(), 1, "those that do nothing are left out");
        assert!((stages.threads[0].micros.unwrap() - 20.0).abs() < 1e-6);
        let page = stages.to_string();
        assert!(page.contains("not measured") && page.contains("braid-io"), "{page}");
        assert!(
            page.contains("L1 carries 11600 transactions") && page.contains("17400 for a while")
        );
    }

    #[test]
    fn what_cannot_be_said_is_an_error() {
        let (before, empty) = (Page::parse(BEFORE), Page::default());
        let wrong = Stages::between(&empty, &empty, 1.0);
        assert_eq!(wrong.unwrap_err(), StagesError::NotASequencer);
        assert_eq!(Stages::between(&before, &before, 1.0).unwrap_err(), StagesError::Idle);
    }
}
