//! `braid devnet` as a user starts it, and what it says of itself.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::Address,
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Deserialize;

use crate::{Process, braid_binary, init};

/// A cold start on a busy machine, with KZG set-up and contract deployment.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// What is said where Postgres had to wait for a processor or the disk: of the machine, and of nothing that is tested here.
const SLOW_POSTGRES: [&str; 2] =
    ["slow statement: execution time", "time to acquire exceeded slow threshold"];
/// What the devnet promises for its end is 3 s; a busy machine gets more.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What `--json` prints; only what tests read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DevnetInfo {
    /// The L1 node.
    pub l1: Endpoint,
    /// The sequencer.
    pub l2: L2Endpoint,
    /// The operators' door, where it was asked for.
    pub admin: Option<String>,
    /// Prometheus page.
    pub metrics: String,
    /// Connection string of the sequencer's database.
    pub postgres: String,
    /// Contracts on L1.
    pub contracts: Contracts,
    /// Funded accounts.
    pub accounts: Vec<Funded>,
    /// The rollup configuration file.
    pub rollup_config: PathBuf,
}

/// An L1 endpoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// JSON-RPC over HTTP.
    pub rpc: String,
    /// Chain id.
    pub chain_id: u64,
}

/// The sequencer's doors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct L2Endpoint {
    /// JSON-RPC over HTTP.
    pub rpc: String,
    /// JSON-RPC over WebSocket.
    pub ws: String,
    /// gRPC.
    pub grpc: String,
    /// Chain id.
    pub chain_id: u64,
}

/// Addresses on L1.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contracts {
    /// `SystemConfig`.
    pub system_config: Address,
    /// `BatchInbox`.
    pub batch_inbox: Address,
    /// `Portal`.
    pub portal: Address,
    /// `DisputeOracle`.
    pub output_oracle: Address,
    /// `L1StandardBridge`.
    pub bridge: Address,
    /// Multicall3.
    pub multicall3: Address,
}

/// A funded account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Funded {
    /// Its address.
    pub address: Address,
    /// Its key in hexadecimal.
    pub private_key: String,
}

impl Funded {
    /// Its signer.
    ///
    /// # Errors
    /// When the printed key is none.
    pub fn signer(&self) -> Result<PrivateKeySigner> {
        self.private_key.parse().wrap_err("the printed key is not a key")
    }
}

/// A running devnet.
#[derive(Debug)]
pub struct Devnet {
    process: Process,
    /// What it printed.
    pub info: DevnetInfo,
}

impl Devnet {
    /// An ephemeral one on free ports, with more arguments if given.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn ephemeral(more: &[&str]) -> Result<Self> {
        Self::start(&[&["--ephemeral"], more].concat()).await
    }

    /// Any, on free ports.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(more: &[&str]) -> Result<Self> {
        init();
        let fixed = ["devnet", "--json", "--l1-port", "0", "--l2-port", "0", "--metrics-port", "0"];
        let arguments: Vec<String> = fixed.iter().chain(more).map(|s| (*s).to_owned()).collect();
        let mut process = Process::start("devnet", &braid_binary()?, &arguments)?;
        let Some(line) = process.line(START_PATIENCE).await? else {
            return Err(eyre!("the devnet ended early:\n{}", process.logs().text()));
        };
        let info = serde_json::from_str(&line)
            .wrap_err_with(|| format!("the devnet's line is not as documented: {line}"))?;
        Ok(Self { process, info })
    }

    /// The process, for its log and signals.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The process's id; `None` once it has ended.
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// CPU seconds of the `braid` process so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_seconds(&self) -> Result<f64> {
        self.process.cpu_seconds()
    }

    /// Ends it as Ctrl-C does, and checks that nothing unexpected was logged.
    ///
    /// # Errors
    /// When it does not end well, or logged something at WARN or ERROR.
    pub async fn stop(mut self) -> Result<()> {
        let status = self.process.terminate(STOP_PATIENCE).await?;
        let log = self.process.logs();
        ensure!(status.success(), "the devnet ended with {status}:\n{}", log.text());
        let unexpected = log.unexpected(&SLOW_POSTGRES);
        ensure!(unexpected.is_empty(), "unexpected lines in the log:\n{}", unexpected.join("\n"));
        Ok(())
    }

    /// A plain client of L1.
    ///
    /// # Errors
    /// When the printed address is none.
    pub fn l1(&self) -> Result<DynProvider> {
        Ok(ProviderBuilder::new().connect_http(self.info.l1.rpc.parse()?).erased())
    }

    /// A client of L2 that signs with the account at `index`.
    ///
    /// # Errors
    /// When the printed address or key is none.
    pub fn l2(&self, index: usize) -> Result<DynProvider> {
        let account = self.info.accounts.get(index).ok_or_else(|| eyre!("no account {index}"))?;
        let url = self.info.l2.rpc.parse()?;
        Ok(ProviderBuilder::new().wallet(account.signer()?).connect_http(url).erased())
    }

    /// A client of L1 that signs with the account at `index`.
    ///
    /// # Errors
    /// When the printed address or key is none.
    pub fn l1_signer(&self, index: usize) -> Result<DynProvider> {
        let account = self.info.accounts.get(index).ok_or_else(|| eyre!("no account {index}"))?;
        let url = self.info.l1.rpc.parse()?;
        Ok(ProviderBuilder::new().wallet(account.signer()?).connect_http(url).erased())
    }
}
