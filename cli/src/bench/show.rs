//! What `braid bench` says: a line that moves while it works, and pages at the end.

use std::{
    io::{IsTerminal, Write},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, utils::format_ether};
use bench::{ChainFacts, Comparison, RunReport, Spec, Stages, generate::Generated, run::Progress};
use eyre::Result;
use serde_json::json;

use super::args::GenerateArgs;

/// Between two changes of the line.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// Width of the bar in characters.
const BAR: u64 = 30;

/// One line on a terminal that is written over; nothing anywhere else.
pub(super) struct Bar {
    is_shown: bool,
    began: Instant,
}

impl Bar {
    pub(super) fn new(is_wanted: bool) -> Self {
        let is_shown = is_wanted && std::io::stderr().is_terminal();
        Self { is_shown, began: Instant::now() }
    }

    fn say(&self, line: &str) {
        if self.is_shown {
            // Nothing is lost where nobody can see it.
            let _unseen = write!(std::io::stderr(), "\r\x1b[2K{line}");
        }
    }

    pub(super) fn signed(&self, done: u64, all: u64) {
        let full = (done * BAR).checked_div(all).unwrap_or_default();
        let full = usize::try_from(full).unwrap_or_default();
        let seconds = self.began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = done as f64 / f64::max(seconds, 1e-3);
        let bar = "█".repeat(full);
        self.say(&format!("signing  {bar:<30}  {done} of {all}, {rate:.0}/s"));
    }

    pub(super) fn running(&self, progress: &Progress, time: Duration) {
        let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let (sent, accepted) = (of(&progress.sent), of(&progress.accepted));
        let refused = of(&progress.refused);
        if sent == 0 {
            self.say(&format!("{:>5.1} s  preparing the chain", time.as_secs_f64()));
            return;
        }
        let waiting = sent.saturating_sub(accepted + refused);
        self.say(&format!(
            "{:>5.1} s  {accepted} acknowledged, {waiting} unanswered, {refused} errors",
            time.as_secs_f64()
        ));
    }

    pub(super) fn end(&self) {
        self.say("");
    }
}

#[expect(clippy::print_stdout, reason = "the command was given by a person")]
pub(super) fn generated(
    args: &GenerateArgs,
    spec: &Spec,
    facts: &ChainFacts,
    funder: Address,
    made: &Generated,
    took: Duration,
) {
    let rate = f64::from(spec.transactions) / f64::max(took.as_secs_f64(), 1e-9);
    if args.json {
        let line = json!({
            "file": args.out, "chainId": facts.chain_id, "workload": spec, "bytes": made.bytes,
            "preamble": made.preamble, "funder": funder, "funderNonce": facts.funder_nonce,
            "costWei": made.cost, "maxFeeWei": facts.max_fee, "seconds": took.as_secs_f64(),
        });
        println!("{line}");
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let megabytes = made.bytes as f64 / 1e6;
    println!("{}: {megabytes:.1} MB for chain {}", args.out.display(), facts.chain_id);
    println!(
        "  {} {} of {} senders, signed in {:.1} s ({rate:.0}/s)",
        spec.transactions,
        spec.kind.name(),
        spec.senders,
        took.as_secs_f64()
    );
    println!(
        "  {} transactions prepare the chain; {funder} pays at most {} ether",
        made.preamble,
        format_ether(made.cost)
    );
    println!("\nbraid bench run {}", args.out.display());
}

#[expect(clippy::print_stdout, reason = "the command was given by a person")]
pub(super) fn report(report: &RunReport, is_json: bool) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// One round of a comparison.
#[expect(clippy::print_stdout, reason = "the command was given by a person")]
pub(super) fn round(round: u32, report: &RunReport, is_json: bool) {
    if !is_json {
        println!("round {round:<3} {:<32} {}", report.url, bench::compare::round_line(report));
    }
}

#[expect(clippy::print_stdout, reason = "the command was given by a person")]
pub(super) fn comparison(comparison: &Comparison, is_json: bool) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string(comparison)?);
    } else {
        print!("\n{comparison}");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command was given by a person")]
pub(super) fn stages(stages: &Stages, is_json: bool) -> Result<()> {
    if is_json {
        println!("{}", serde_json::to_string(stages)?);
    } else {
        print!("{stages}");
    }
    Ok(())
}
