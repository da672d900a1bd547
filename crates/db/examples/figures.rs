//! What a durable append to the journal costs, and how long a private server takes to start. Starts a server of its own
//! in a temporary directory; the disk of that directory is what is measured.
//!
//! `cargo run --release -p db --example figures`

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::{error::Error, time::Duration};

use db::{
    Acquisition, Appended, Cluster, ClusterOptions, Database, DatabaseOptions, Journal, Leases,
    Position, Role, SubBlock,
};
use tokio::time::Instant;

const APPENDS: u32 = 100;
const TRANSACTION_BYTES: usize = 118;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let options = ClusterOptions { shared_buffers_mib: 1_024, ..ClusterOptions::default() };
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(&options)).await??;
    println!("server with initdb: {:.0} ms", milliseconds(start.elapsed()));
    let start = Instant::now();
    let database = Database::connect(&cluster.url("postgres"), &DatabaseOptions::default()).await?;
    database.migrate().await?;
    println!("connect and migrate: {:.0} ms", milliseconds(start.elapsed()));
    let settings = database.settings().await?;
    println!("Postgres {}, durable: {}", settings.version, settings.durable);

    let leases = Leases::new(database.clone());
    let acquired = leases.acquire(Role::Sequencer, "figures", Duration::from_secs(3_600)).await?;
    let Acquisition::Acquired(fence) = acquired else { return Err("somebody else leads".into()) };
    let mut journal = Journal::new(database.clone());
    for (block, bytes) in (1..).zip([0, 64 << 10, 1_218_808]) {
        let transactions = transactions(bytes / TRANSACTION_BYTES);
        let mut times = Vec::new();
        for index in 0..APPENDS {
            let opening = (index == 0).then(|| vec![7; 200].into());
            let row = SubBlock::new(Position { block, index }, opening, &transactions)?;
            let start = Instant::now();
            let appended = journal.append(fence, &row).await?;
            times.push(start.elapsed());
            assert_eq!(appended, Appended::Written);
        }
        times.sort();
        let at = |percent: usize| milliseconds(times[(times.len() - 1) * percent / 100]);
        let (p50, p90, p99) = (at(50), at(90), at(99));
        println!("append {bytes:>9} B: p50 {p50:.2} p90 {p90:.2} p99 {p99:.2} ms");
    }
    database.close().await;
    let start = Instant::now();
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    println!("stop: {:.0} ms", milliseconds(start.elapsed()));
    Ok(())
}

/// Incompressible, as signatures are.
fn transactions(count: usize) -> Vec<Vec<u8>> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| (0..TRANSACTION_BYTES).map(|_| byte()).collect()).collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
