//! Options of `braid bridge` and `braid force`. A private key is never among them: only the file that holds it.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, Bytes};
use clap::{Args, Subcommand};

use super::amount::Amount;

/// Options of all that crosses the bridge.
#[derive(Debug, Clone, Args)]
pub(crate) struct BridgeArgs {
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    #[command(subcommand)]
    pub(crate) command: BridgeCommand,
}

/// What crosses the bridge, and how far.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BridgeCommand {
    /// Send ether or tokens from L1 to L2
    Deposit(DepositArgs),
    /// Send ether or tokens from L2 to L1: the first of three steps, or all of them with --follow
    Withdraw(WithdrawArgs),
    /// Show L1 that L2 holds a withdrawal: the second step
    Prove(ProveArgs),
    /// Have a withdrawal paid on L1: the third step
    Finalize(FinalizeArgs),
    /// Say how far a withdrawal has come and what is next
    Status(StatusArgs),
}

/// Where the two chains are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Chains")]
pub(crate) struct LinkArgs {
    /// L1 JSON-RPC endpoint; may be given several times, best first
    #[arg(long, global = true, env = "BRAID_L1_RPC", default_value = "http://127.0.0.1:8545")]
    pub(crate) l1_rpc: Vec<String>,
    /// L2 JSON-RPC endpoint
    #[arg(long, global = true, env = "BRAID_L2_RPC", default_value = "http://127.0.0.1:9545")]
    pub(crate) l2_rpc: String,
    /// The chain's configuration (rollup.json); without it the L2 node is asked, and believed
    #[arg(long, global = true, env = "BRAID_ROLLUP_CONFIG")]
    pub(crate) rollup_config: Option<PathBuf>,
    /// Print one line of JSON for each step; what is waited for goes to stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Who pays.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyArgs {
    /// File with the private key in hexadecimal
    #[arg(long, env = "BRAID_KEY_FILE")]
    pub(crate) key_file: PathBuf,
}

/// Options of a deposit.
#[derive(Debug, Clone, Args)]
pub(crate) struct DepositArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// How much: 0.5ether, 20gwei, or wei; of a token 1.5tokens, or its smallest unit
    #[arg(long)]
    pub(crate) amount: Amount,
    /// Who receives on L2; yourself if it is not given
    #[arg(long)]
    pub(crate) to: Option<Address>,
    /// Token on L1, instead of ether
    #[arg(long, requires = "l2_token")]
    pub(crate) token: Option<Address>,
    /// The token that stands for it on L2
    #[arg(long, requires = "token")]
    pub(crate) l2_token: Option<Address>,
    /// Gas on L2; estimated if it is not given
    #[arg(long)]
    pub(crate) gas: Option<u32>,
    /// Wait until L2 has executed it
    #[arg(long)]
    pub(crate) wait: bool,
}

/// Options of a withdrawal.
#[derive(Debug, Clone, Args)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// How much: 0.5ether, 20gwei, or wei; of a token 1.5tokens, or its smallest unit
    #[arg(long)]
    pub(crate) amount: Amount,
    /// Who receives on L1; yourself if it is not given
    #[arg(long)]
    pub(crate) to: Option<Address>,
    /// Token on L2, instead of ether
    #[arg(long)]
    pub(crate) token: Option<Address>,
    /// The token on L1; only where the one on L2 does not say which it stands for
    #[arg(long, requires = "token")]
    pub(crate) l1_token: Option<Address>,
    /// Gas on L1 for the payment at least
    #[arg(long)]
    pub(crate) gas: Option<u32>,
    /// Go on through proof and payment to the end; what has begun can be taken up by `finalize --follow`
    #[arg(long)]
    pub(crate) follow: bool,
}

/// Which withdrawal.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhichArgs {
    /// Hash of the L2 transaction
    pub(crate) transaction: B256,
    /// Which of its withdrawals, from 0; only where it has several
    #[arg(long)]
    pub(crate) index: Option<usize>,
}

/// Options of a proof.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

/// Options of a payment.
#[derive(Debug, Clone, Args)]
pub(crate) struct FinalizeArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// From wherever it stands: wait, prove, wait, and have it paid
    #[arg(long)]
    pub(crate) follow: bool,
}

/// Options of a question.
#[derive(Debug, Clone, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

/// Options of a forced transaction.
#[derive(Debug, Clone, Args)]
pub(crate) struct ForceArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Who is called on L2
    #[arg(long, required_unless_present = "create", conflicts_with = "create")]
    pub(crate) to: Option<Address>,
    /// Create a contract from --data instead of calling one
    #[arg(long, requires = "data")]
    pub(crate) create: bool,
    /// Out of your balance on L2: 0.5ether, 20gwei, or wei
    #[arg(long, default_value = "0")]
    pub(crate) value: Amount,
    /// Brought along from L1, to your balance on L2
    #[arg(long, default_value = "0")]
    pub(crate) mint: Amount,
    /// Call data or creation code, in hexadecimal
    #[arg(long)]
    pub(crate) data: Option<Bytes>,
    /// Gas on L2; the L2 node is asked if it is not given
    #[arg(long)]
    pub(crate) gas: Option<u64>,
    /// Wait until L2 has executed it
    #[arg(long)]
    pub(crate) wait: bool,
    // Last, because its heading holds for all that follows.
    #[command(flatten)]
    pub(crate) link: LinkArgs,
}
