//! The command line of `braid bench`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use bench::{Kind, Pace, RunOptions, Transport};
use clap::{Args, Subcommand, ValueEnum};
use eyre::{Result, ensure};

/// Where a devnet's sequencer is.
const DEVNET: &str = "http://127.0.0.1:9545";
/// Where its metrics are.
const METRICS: &str = "http://127.0.0.1:9100/metrics";
/// Calls or transactions that go together where nothing else is said.
const BATCH: usize = 100;
const GRPC_BATCH: usize = 256;
/// Calls that go together at most: nodes bound it.
const BATCH_MAX: usize = 4_096;

/// What to measure.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BenchCommand {
    /// Sign a workload in advance, into a file
    Generate(GenerateArgs),
    /// Play a workload against an endpoint, measure, and check that all that was acknowledged is there
    Run(RunArgs),
    /// Play a workload against two endpoints in turn, and say how they compare
    Compare(CompareArgs),
    /// What each stage of a running Braid node costs for a transaction, beside its budget
    Stages(StagesArgs),
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Ether from sender to sender
    Transfers,
    /// A token from sender to sender
    Erc20,
    /// Swaps through one pair, so that each depends on the one before it
    Swaps,
    /// Of ten: five transfers of ether, three of a token, two swaps
    Mix,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Transfers => Self::Transfers,
            KindArg::Erc20 => Self::Erc20,
            KindArg::Swaps => Self::Swaps,
            KindArg::Mix => Self::Mix,
        }
    }
}

/// A workload.
#[derive(Debug, Clone, Args)]
pub(crate) struct GenerateArgs {
    /// The file to write
    pub(crate) out: PathBuf,
    /// What is sent
    #[arg(long, default_value = "transfers")]
    pub(crate) kind: KindArg,
    /// How many accounts send; their keys follow from the seed
    #[arg(long, default_value_t = 1_000)]
    pub(crate) senders: u32,
    /// How many transactions
    #[arg(long, default_value_t = 100_000)]
    pub(crate) transactions: u32,
    /// How unequal senders are: the n-th sends in proportion to 1 / n^ZIPF; 0: all alike
    #[arg(long, default_value_t = 0.0)]
    pub(crate) zipf: f64,
    /// Where keys and all choices come from; a seed can be used once on a chain, unless its nonces are asked for by --rpc
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Ask this endpoint for the chain id, the price of gas and the nonces
    #[arg(long, value_name = "URL", help_heading = "Chain", required_unless_present = "chain_id")]
    pub(crate) rpc: Option<String>,
    /// Chain id, if not asked for
    #[arg(long, help_heading = "Chain")]
    pub(crate) chain_id: Option<u64>,
    /// Highest price of gas to sign, in gwei; ten times the base fee, or 10 where it is not asked for
    #[arg(long, help_heading = "Chain")]
    pub(crate) max_fee_gwei: Option<u64>,
    /// Next nonce of the funder, if not asked for
    #[arg(long, help_heading = "Chain", conflicts_with = "rpc")]
    pub(crate) funder_nonce: Option<u64>,
    /// File with the funder's key in hexadecimal; the first account of a devnet if it is not given
    #[arg(long, env = "BRAID_BENCH_KEY_FILE", help_heading = "Chain")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A run.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// The workload
    pub(crate) file: PathBuf,
    /// JSON-RPC endpoint, http or ws
    #[arg(long, default_value = DEVNET)]
    pub(crate) url: String,
    /// Where gRPC is, if not there
    #[arg(long)]
    pub(crate) grpc_url: Option<String>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Draw throughput and latencies into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Print JSON, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// A comparison.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompareArgs {
    /// JSON-RPC endpoint A, http or ws
    pub(crate) first: String,
    /// JSON-RPC endpoint B, of the same chain id
    pub(crate) second: String,
    /// The workload; each round plays the next part of it
    pub(crate) file: PathBuf,
    /// Rounds of each, in turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Print JSON, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// A look at a node while it works.
#[derive(Debug, Clone, Args)]
pub(crate) struct StagesArgs {
    /// The node's Prometheus page
    #[arg(long, env = "BRAID_BENCH_METRICS", default_value = METRICS)]
    pub(crate) metrics: String,
    /// Between the two readings
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a workload is played.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArgs {
    /// The door: http (one call a request), batch=N (a JSON-RPC batch over HTTP), ws or ws=N, grpc or grpc=N (N transactions in
    /// a message of Braid's stream), grpc-durable=N (the same, acknowledged when durable)
    #[arg(long, default_value = "batch=100", help_heading = "Load")]
    pub(crate) transport: TransportArg,
    /// Closed loop: so many unanswered at any time
    #[arg(long, value_name = "IN_FLIGHT", default_value_t = 1_000, help_heading = "Load")]
    pub(crate) closed: usize,
    /// Open loop: so many a second, whatever the endpoint does
    #[arg(long, value_name = "RATE", conflicts_with = "closed", help_heading = "Load")]
    pub(crate) open: Option<f64>,
    /// Connections side by side; a closed loop over HTTP has as many as it needs
    #[arg(long, default_value_t = 4, help_heading = "Load")]
    pub(crate) connections: usize,
    /// For how long transactions are sent
    #[arg(long, default_value_t = 10, help_heading = "Load")]
    pub(crate) seconds: u64,
    /// Transactions a second that are watched until they are durable and have a receipt
    #[arg(long, default_value_t = 50, help_heading = "Load")]
    pub(crate) samples: u32,
    /// Seconds to wait for what was acknowledged to be in a block
    #[arg(long, default_value_t = 120, help_heading = "Load")]
    pub(crate) patience: u64,
}

impl LoadArgs {
    pub(crate) fn options(&self, url: String, grpc_url: Option<String>) -> Result<RunOptions> {
        ensure!(self.closed > 0 && self.connections > 0 && self.samples > 0, "zero is too few");
        let pace = match self.open {
            Some(per_second) => {
                ensure!(per_second.is_finite() && per_second > 0.0, "a rate is above zero");
                Pace::Open { per_second }
            }
            None => Pace::Closed { in_flight: self.closed },
        };
        Ok(RunOptions {
            url,
            grpc_url,
            transport: self.transport.0,
            pace,
            connections: self.connections,
            time: Duration::from_secs(self.seconds),
            samples_per_second: self.samples,
            patience: Duration::from_secs(self.patience),
        })
    }
}

/// A transport as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransportArg(pub(crate) Transport);

impl FromStr for TransportArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, batch) = match text.split_once('=') {
            None => (text, None),
            Some((name, batch)) => {
                let batch = batch.parse().ok().filter(|batch| (1..=BATCH_MAX).contains(batch));
                let wrong = || format!("{text:?}: a batch has 1 to {BATCH_MAX} transactions");
                (name, Some(batch.ok_or_else(wrong)?))
            }
        };
        let transport = match (name, batch) {
            ("http", None) => Transport::Http { batch: 1 },
            ("http" | "batch", batch) => Transport::Http { batch: batch.unwrap_or(BATCH) },
            ("ws", batch) => Transport::WebSocket { batch: batch.unwrap_or(1) },
            ("grpc" | "grpc-durable", batch) => Transport::Grpc {
                batch: batch.unwrap_or(GRPC_BATCH),
                is_durable: name == "grpc-durable",
            },
            _ => {
                return Err(format!(
                    "{text:?} is none of http, batch=N, ws, ws=N, grpc, grpc=N, grpc-durable=N"
                ));
            }
        };
        Ok(Self(transport))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn transports_are_read() {
        let read = |text: &str| text.parse::<TransportArg>().map(|arg| arg.0);
        assert_eq!(read("http"), Ok(Transport::Http { batch: 1 }));
        assert_eq!(read("batch=7"), Ok(Transport::Http { batch: 7 }));
        assert_eq!(read("batch"), Ok(Transport::Http { batch: 100 }));
        assert_eq!(read("ws"), Ok(Transport::WebSocket { batch: 1 }));
        assert_eq!(read("grpc=64"), Ok(Transport::Grpc { batch: 64, is_durable: false }));
        for wrong in ["", "udp", "batch=0", "batch=x", "grpc=100000"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for transport in ["http=1", "ws=3", "grpc=256", "grpc-durable=9"] {
            assert_eq!(read(transport).unwrap().to_string(), transport);
        }
    }

    #[test]
    fn commands_are_read() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("braid bench generate f --chain-id 1 --kind mix --zipf 1.1").is_ok());
        assert!(parse("braid bench generate f --rpc http://a").is_ok());
        assert!(parse("braid bench generate f").is_err(), "no chain");
        assert!(parse("braid bench run f --open 10 --transport ws").is_ok());
        assert!(parse("braid bench run f --open 10 --closed 5").is_err(), "both loops");
        let help = parse("braid bench run --help").unwrap_err().to_string();
        assert!(help.contains("Closed loop") && help.contains("batch=N"), "{help}");
    }
}
