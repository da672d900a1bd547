//! What the program says of its own costs, per transaction.

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use eyre::{Result, WrapErr};
use harness::{Devnet, eventually};

/// Longest wait for everything to be posted.
const PATIENCE: Duration = Duration::from_secs(180);

/// Stages in the order of a transaction's way: what is printed, and the histogram that holds its time.
const STAGES: [(&str, &str); 12] = [
    ("decoding and recovery of the sender", "braid_sequencer_recovery_seconds"),
    ("admission in all: that, checks, mempool", "braid_sequencer_admission_seconds"),
    ("execution", "braid_sequencer_execute_seconds"),
    ("serial execution again, as a check", "braid_sequencer_check_seconds"),
    ("state root, beside execution", "braid_sequencer_root_seconds"),
    ("transaction and receipt roots, beside execution", "braid_sequencer_body_seconds"),
    ("sealing: the rest of the roots, and the header", "braid_sequencer_seal_seconds"),
    ("journal append, waiting for the disk", "braid_sequencer_journal_seconds"),
    ("index: packed block and current state", "braid_sequencer_index_seconds"),
    ("batch compression, tried twice and decoded", "braid_batcher_compress_seconds"),
    ("KZG commitments and proofs", "braid_l1_kzg_seconds"),
    ("verifier: recovery, execution, roots", "braid_verifier_execute_seconds"),
];

/// A reading of the Prometheus page: value by name, summed over labels.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    values: BTreeMap<String, f64>,
    /// CPU seconds of the devnet's process so far.
    cpu: f64,
}

impl Metrics {
    pub(crate) async fn read(devnet: &Devnet) -> Result<Self> {
        let page = reqwest::get(&devnet.info.metrics).await?.text().await?;
        let mut values = BTreeMap::new();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let name = name.split('{').next().unwrap_or(name);
            let value: f64 = value.parse().unwrap_or_default();
            *values.entry(name.to_owned()).or_default() += value;
        }
        Ok(Self { values, cpu: devnet.cpu_seconds()? })
    }

    pub(crate) fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or_default()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counters are whole numbers"
    )]
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.value(name) as u64
    }
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) fn machine() -> Result<()> {
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").wrap_err("cannot read /proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("Braid, commit {}", String::from_utf8_lossy(&commit.stdout).trim());
    println!(
        "Machine: {cores} cores,{}; load before the start: {}",
        model.trim_start_matches(['\t', ':']),
        load.trim()
    );
    Ok(())
}

/// Costs of one transaction in microseconds, stage by stage.
#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
pub(crate) fn stages(before: &Metrics, after: &Metrics, transactions: u64) {
    let per = |seconds: f64| seconds * 1e6 / transactions as f64;
    println!(
        "  stage                                             µs per transaction (wall, own thread)"
    );
    for (name, histogram) in STAGES {
        let sum = format!("{histogram}_sum");
        println!("    {name:<48} {:>8.2}", per(after.value(&sum) - before.value(&sum)));
    }
    println!("    {:<48} {:>8.2}", "all of braid's process, CPU time", per(after.cpu - before.cpu));
    let differences = "braid_sequencer_check_differences_total";
    println!("  blocks that differed from serial execution: {}", after.count(differences));
}

/// Bytes on L1 per transaction, once all of the run is posted.
#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
pub(crate) async fn posting(devnet: &Devnet, before: &Metrics, durable: u64) -> Result<()> {
    let began = Instant::now();
    let since = |after: &Metrics, name: &str| after.value(name) - before.value(name);
    let posted = eventually("everything to be posted", PATIENCE, || async {
        let after = Metrics::read(devnet).await?;
        let posted = since(&after, "braid_batcher_transactions_total");
        Ok((posted >= durable as f64).then_some(()))
    })
    .await;
    let after = Metrics::read(devnet).await?;
    let transactions = since(&after, "braid_batcher_transactions_total");
    let per = |name: &str| since(&after, name) / transactions;
    println!("  on L1");
    println!("    batches                {:>12}", since(&after, "braid_batcher_batches_total"));
    println!("    transactions           {transactions:>12}");
    println!("    raw bytes/transaction  {:>12.1}", per("braid_batcher_raw_bytes_total"));
    println!("    L1 bytes/transaction   {:>12.1}", per("braid_batcher_payload_bytes_total"));
    println!("    until all were posted  {:>12.2} s more", began.elapsed().as_secs_f64());
    if let Err(still) = posted {
        println!("    {still}");
    }
    Ok(())
}
