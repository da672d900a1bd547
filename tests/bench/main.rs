//! `make bench`: figures of the whole program, with machine and commit. Nothing here passes or fails.
//!
//! Starts the release binary as a durable devnet (fsync on), sends pre-signed transfers through each door, and reads
//! the costs of the stages from the program's own metrics. Generator and program share the machine, as in any small
//! deployment; the generator's signing happens before the clock starts.
//!
//! `braid-bench [start] [requests] [doors]` prints these parts alone.

mod doors;
mod report;
mod requests;

use std::time::{Duration, Instant};

use bench::Kind;
use eyre::{Result, ensure};
use harness::Devnet;

use self::{
    doors::{Door, Load, Run},
    report::Metrics,
};

/// How long transfers are sent in each run.
const RUN_TIME: Duration = Duration::from_secs(30);
/// More transfers than any run can use; it ends when they are used up.
const GRPC_TRANSFERS: u32 = 900_000;
const JSON_TRANSFERS: u32 = 600_000;
const TOKEN_TRANSFERS: u32 = 600_000;

#[tokio::main]
async fn main() -> Result<()> {
    let seconds = std::env::var("BRAID_BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    let run_time = seconds.map_or(RUN_TIME, Duration::from_secs);
    report::machine()?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if is_wanted("start") {
        start_up().await?;
    }
    if is_wanted("requests") {
        requests::run(run_time).await?;
    }
    if is_wanted("doors") {
        transfers(run_time).await?;
    }
    Ok(())
}

/// Sends transfers through each door.
async fn transfers(run_time: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let datadir = folder.path().join("devnet").display().to_string();
    let devnet = Devnet::start(&["--datadir", &datadir]).await?;
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let share = |transfers: u32| transfers / seconds(RUN_TIME) * seconds(run_time);
    for (name, door, kind, transfers) in [
        ("Ether through gRPC", Door::Grpc, Kind::Transfers, share(GRPC_TRANSFERS)),
        ("Ether through JSON-RPC", Door::Json, Kind::Transfers, share(JSON_TRANSFERS)),
        ("ERC-20 through gRPC", Door::Grpc, Kind::Erc20, share(TOKEN_TRANSFERS)),
    ] {
        let load = Load::prepare(&devnet, (door, kind), transfers, run_time).await?;
        let before = Metrics::read(&devnet).await?;
        let run = load.play(&devnet).await?;
        let after = Metrics::read(&devnet).await?;
        let durable = run.outcome.settled.expected;
        ensure!(durable > 0, "nothing became durable");
        print_run(name, &run);
        report::stages(&before, &after, durable);
        report::posting(&devnet, &before, durable).await?;
    }
    devnet.stop().await
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for people")]
fn print_run(name: &str, run: &Run) {
    let settled = &run.outcome.settled;
    let seconds = settled.after.as_secs_f64();
    println!("\n{name}: {}", run.door.name());
    println!("  durable transfers        {:>12}", settled.expected);
    println!("  seconds until in blocks  {seconds:>12.2}");
    println!("  durable transfers/s      {:>12.0}", settled.expected as f64 / seconds);
    println!("  refused                  {:>12}", run.outcome.tally.refused);
    println!("  sent again               {:>12}", run.outcome.tally.retried);
    println!("  until all were indexed   {:>12.2} s more", run.index_tail.as_secs_f64());
}

#[expect(clippy::print_stdout, reason = "a report for people")]
async fn start_up() -> Result<()> {
    println!("\nStart-up of `braid devnet --ephemeral`");
    for round in 1..=3 {
        let began = Instant::now();
        let devnet = Devnet::ephemeral(&[]).await?;
        let ready = began.elapsed();
        let receipt = doors::first_receipt(&devnet).await?;
        println!(
            "  round {round}: ready after {:.2} s, first receipt after {:.2} s (sent and durable in {:.0} ms)",
            ready.as_secs_f64(),
            began.elapsed().as_secs_f64(),
            receipt.as_secs_f64() * 1_000.0
        );
        devnet.stop().await?;
    }
    Ok(())
}
