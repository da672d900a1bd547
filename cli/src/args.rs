//! The command line. Every option has an environment variable; precedence is flag, environment, file, default.

use std::{net::SocketAddr, num::NonZeroU64, path::PathBuf, time::Duration};

use alloy::primitives::{Address, U256};
use clap::{Args, Parser, Subcommand};
use service::LogFormat;

use crate::{
    bench::args::BenchArgs,
    bridge::args::{BridgeArgs, ForceArgs},
};

/// Braid: an optimistic rollup.
#[derive(Debug, Parser)]
#[command(name = "braid", version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) logs: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What gets logged, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogArgs {
    /// text, json, or auto: text on a terminal, JSON otherwise
    #[arg(long, global = true, env = "BRAID_LOG_FORMAT", default_value = "auto")]
    pub(crate) log_format: LogFormat,
    /// Levels by module, as in `info,sequencer=debug`
    #[arg(long, global = true, env = "BRAID_LOG", default_value = "info")]
    pub(crate) log: String,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole local network: L1, contracts, sequencer, batcher, verifier that proposes
    Devnet(DevnetArgs),
    /// Order and execute transactions
    Sequencer(ServiceArgs),
    /// Follow L1 alone and answer questions: a full node that believes no sequencer and takes no transactions
    Node(ServiceArgs),
    /// Post batches on L1
    Batcher(ServiceArgs),
    /// Derive the chain from L1, execute it again and judge every proposal; with a key, propose
    Verifier(VerifierArgs),
    /// Put the contracts of a new chain on L1 and write its configuration
    Deploy(DeployArgs),
    /// Take ether and tokens to L2 and back
    Bridge(BridgeArgs),
    /// Send a transaction through L1 that L2 must execute, whatever the sequencer wants
    Force(ForceArgs),
    /// Measure this chain or any other: make signed workloads, play them, check what came of them
    Bench(BenchArgs),
}

/// Options of the devnet.
#[derive(Debug, Clone, Args)]
pub(crate) struct DevnetArgs {
    /// Keep the chain here; the next start goes on with it
    #[arg(long, env = "BRAID_DEVNET_DATADIR", default_value = ".braid/devnet")]
    pub(crate) datadir: PathBuf,
    /// Keep nothing: a new chain that is gone at the end
    #[arg(long, env = "BRAID_DEVNET_EPHEMERAL", conflicts_with = "datadir")]
    pub(crate) ephemeral: bool,
    /// Count requests of this machine against the quotas, as a public sequencer does
    #[arg(long, env = "BRAID_DEVNET_QUOTAS")]
    pub(crate) quotas: bool,
    /// Print one line of JSON once everything is ready, instead of a page
    #[arg(long)]
    pub(crate) json: bool,
    /// Port of L1; 0 picks a free one
    #[arg(long, env = "BRAID_DEVNET_L1_PORT", default_value_t = 8545, help_heading = "Ports")]
    pub(crate) l1_port: u16,
    /// Port of the sequencer: JSON-RPC, WebSocket and gRPC; 0 picks a free one
    #[arg(long, env = "BRAID_DEVNET_L2_PORT", default_value_t = 9545, help_heading = "Ports")]
    pub(crate) l2_port: u16,
    /// Port of the Prometheus page; 0 picks a free one
    #[arg(long, env = "BRAID_DEVNET_METRICS_PORT", default_value_t = 9100, help_heading = "Ports")]
    pub(crate) metrics_port: u16,
    /// Port of the operators' door (`admin_*`, this machine only); 0 picks a free one; absent: no such door
    #[arg(long, env = "BRAID_DEVNET_ADMIN_PORT", help_heading = "Ports")]
    pub(crate) admin_port: Option<u16>,
    /// Seconds between L1 blocks
    #[arg(long, env = "BRAID_DEVNET_L1_BLOCK_TIME", default_value_t = 1, help_heading = "Chain", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) l1_block_time: u64,
    /// Seconds between L2 blocks, at most the L1 block time; fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_BLOCK_TIME", default_value_t = 1, help_heading = "Chain", value_parser = clap::value_parser!(u64).range(1..=12))]
    pub(crate) block_time: u64,
    /// Time between sub-blocks
    #[arg(long, env = "BRAID_DEVNET_SUB_BLOCK_TIME", default_value = "100ms", help_heading = "Chain", value_parser = duration)]
    pub(crate) sub_block_time: Duration,
    /// Proposals are for multiples of so many L2 blocks; fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_PROPOSAL_INTERVAL", default_value_t = 16, help_heading = "Chain", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(crate) proposal_interval: u64,
    /// Gas of an L2 block; fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_GAS_LIMIT", default_value_t = 300_000_000, help_heading = "Chain", value_parser = clap::value_parser!(u64).range(30_000_000..=3_200_000_000))]
    pub(crate) gas_limit: u64,
    /// L1 blocks within which an L2 block must be posted: what waits for posting may be half of that old, and not more than
    /// can be posted in it; fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_SEQUENCING_WINDOW", default_value_t = 40, help_heading = "Chain", value_parser = clap::value_parser!(u64).range(20..=7_200))]
    pub(crate) sequencing_window: u64,
    /// Seconds in which a proposal can be disputed, and that a withdrawal waits; fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_DISPUTE_WINDOW", default_value_t = 60, help_heading = "Disputes", value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub(crate) dispute_window: u64,
    /// Seconds that both sides gain when they meet in a dispute; 20, or a third of a shorter window, if it is not given;
    /// fixed when the chain is made
    #[arg(long, env = "BRAID_DEVNET_DISPUTE_EFFORT", help_heading = "Disputes")]
    pub(crate) dispute_effort: Option<u64>,
    #[command(flatten)]
    pub(crate) bonds: BondArgs,
    /// Has a lie told on L1, shows how it is disputed, and ends with success once the truth is final; `list` prints the
    /// lies that there are. Of several, with commas between them, the first is proposed and all play against the truth
    #[arg(long, value_name = "LIE", help_heading = "Disputes")]
    pub(crate) drill: Option<String>,
    /// In a drill, a true proposal is disputed with the lie
    #[arg(long, requires = "drill", help_heading = "Disputes")]
    pub(crate) drill_challenge: bool,
    /// In a drill, the verifier is a process of its own, which is killed in the midst of the dispute and started again,
    /// time after time
    #[arg(long, requires = "drill", help_heading = "Disputes")]
    pub(crate) drill_restart: bool,
    /// Transactions a second that the sequencer executes again as a check, at most; all of them if it is not given. With it
    /// no access lists are written
    #[arg(long, env = "BRAID_DEVNET_CHECK_RATE", help_heading = "Chain")]
    pub(crate) check_rate: Option<NonZeroU64>,
    /// What carries batches: auto, calldata or blobs
    #[arg(long, env = "BRAID_DEVNET_CARRIER", default_value = "auto", help_heading = "Chain")]
    pub(crate) carrier: String,
}

/// What disputes cost; fixed when the chain is made. The contract takes no bonds that refunds could eat up.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct BondArgs {
    /// Bond of a proposal, and for joining a dispute about one, in wei
    #[arg(
        long = "bond",
        id = "bond",
        value_name = "WEI",
        default_value = "150000000000000000",
        help_heading = "Disputes"
    )]
    pub(crate) segments: U256,
    /// Bond for joining at the level of strides, in wei
    #[arg(
        long = "bond-strides",
        id = "bond-strides",
        value_name = "WEI",
        default_value = "100000000000000000",
        help_heading = "Disputes"
    )]
    pub(crate) strides: U256,
    /// Bond for joining at the level of steps, in wei
    #[arg(
        long = "bond-steps",
        id = "bond-steps",
        value_name = "WEI",
        default_value = "500000000000000000",
        help_heading = "Disputes"
    )]
    pub(crate) steps: U256,
    /// Highest gas price at which the gas of moves is refunded, in wei
    #[arg(long, default_value_t = 30_000_000_000, help_heading = "Disputes")]
    pub(crate) refund_price_max: u64,
    /// Most gas that is refunded for a step of the machine
    #[arg(long, default_value_t = 8_000_000, help_heading = "Disputes")]
    pub(crate) step_gas_max: u64,
}

/// Options of a single service.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServiceArgs {
    /// Configuration file (TOML); see deploy/config
    #[arg(long, env = "BRAID_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The chain's configuration, as written by `braid deploy`
    #[arg(long)]
    pub(crate) rollup_config: Option<PathBuf>,
    /// Postgres connection string
    #[arg(long)]
    pub(crate) database_url: Option<String>,
    /// L1 JSON-RPC endpoint; may be given several times, best first
    #[arg(long)]
    pub(crate) l1_rpc: Vec<String>,
    /// Where to listen for Prometheus and health, and for the sequencer's doors with --listen
    #[arg(long)]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where the sequencer listens for JSON-RPC, WebSocket and gRPC
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
}

/// A verifier, or a question to one that runs.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct VerifierArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(subcommand)]
    pub(crate) question: Option<Question>,
}

/// What a running verifier is asked.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Question {
    /// Where it stands, and what it thinks of the proposals on L1
    Status {
        #[command(flatten)]
        door: VerifierDoor,
    },
    /// The disputes that it watches or plays
    Games {
        #[command(flatten)]
        door: VerifierDoor,
    },
    /// One of them in words: who plays about what, whose turn it is, how long they have
    Explain {
        /// Id of the proposal, as `games` shows it
        proposal: u64,
        #[command(flatten)]
        door: VerifierDoor,
    },
}

/// Where a running verifier answers, and how it is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifierDoor {
    /// Its `metrics_listen`
    #[arg(long, env = "BRAID_VERIFIER_URL", default_value = "http://127.0.0.1:9100")]
    pub(crate) url: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of a deployment.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeployArgs {
    /// L1 JSON-RPC endpoint
    #[arg(long, env = "BRAID_L1_RPC")]
    pub(crate) l1_rpc: String,
    /// File with the deployer's private key in hexadecimal
    #[arg(long, env = "BRAID_DEPLOYER_KEY_FILE")]
    pub(crate) key_file: PathBuf,
    /// Address that may post batches
    #[arg(long, env = "BRAID_BATCHER_ADDRESS")]
    pub(crate) batcher: Address,
    /// Chain id of the new chain
    #[arg(long, env = "BRAID_L2_CHAIN_ID")]
    pub(crate) l2_chain_id: u64,
    /// Seconds between L2 blocks
    #[arg(long, default_value_t = 1)]
    pub(crate) block_time: u64,
    /// Seconds in which a proposal can be disputed: a testnet's, unless said otherwise (docs/spec/disputes.md, section 5)
    #[arg(long, default_value_t = 7_200, help_heading = "Disputes")]
    pub(crate) dispute_window: u64,
    /// Seconds that both sides gain when they meet in a dispute; 1,800, or a third of a shorter window, if it is not given
    #[arg(long, help_heading = "Disputes")]
    pub(crate) dispute_effort: Option<u64>,
    #[command(flatten)]
    pub(crate) bonds: BondArgs,
    /// Proposals are for multiples of so many L2 blocks
    #[arg(long, default_value_t = 1_024)]
    pub(crate) proposal_interval: u64,
    /// L1 blocks within which a block must be posted
    #[arg(long, default_value_t = 3_600)]
    pub(crate) sequencing_window: u64,
    /// Address that may hold withdrawals up for a while; nobody if it is not given
    #[arg(long)]
    pub(crate) guardian: Option<Address>,
    /// For how long it may, in seconds; at most 14 days, and four times as long lies between two pauses
    #[arg(long, default_value_t = 604_800)]
    pub(crate) pause: u64,
    /// Who gets what users pay for gas; the deployer if it is not given
    #[arg(long)]
    pub(crate) fee_recipient: Option<Address>,
    /// Where: on l1 by a withdrawal, or on l2 at once
    #[arg(long, default_value = "l1")]
    pub(crate) fee_layer: FeeLayer,
    /// The least that a fee vault pays out, in wei
    #[arg(long, default_value = "1000000000000000000")]
    pub(crate) fee_withdrawal_min: U256,
    /// Where to write the chain's configuration
    #[arg(long, default_value = "rollup.json")]
    pub(crate) out: PathBuf,
}

/// A layer that fees are paid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FeeLayer {
    L1,
    L2,
}

impl From<FeeLayer> for bindings::WithdrawalNetwork {
    fn from(layer: FeeLayer) -> Self {
        match layer {
            FeeLayer::L1 => Self::L1,
            FeeLayer::L2 => Self::L2,
        }
    }
}

/// A duration such as `100ms` or `2s`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => return Err(format!("{text:?} has no unit: write 100ms or 2s")),
    };
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is not a duration"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err(format!("{text:?} has an unknown unit: write 100ms or 2s")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("150ms"), Ok(Duration::from_millis(150)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["2", "s", "2h", ""] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_datadir_that_is_not_kept_is_a_contradiction() {
        let both = Cli::try_parse_from(["braid", "devnet", "--ephemeral", "--datadir", "x"]);
        assert!(both.is_err());
        assert!(Cli::try_parse_from(["braid", "devnet", "--ephemeral"]).is_ok());
    }
}
