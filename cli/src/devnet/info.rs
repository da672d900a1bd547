//! What a devnet tells its user once it is ready: one JSON line for programs, a page for people.

use std::{fmt, path::PathBuf};

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// Where everything is. The shape of `braid devnet --json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DevnetInfo {
    /// The L1 node.
    pub(crate) l1: L1Info,
    /// The sequencer's doors.
    pub(crate) l2: L2Info,
    /// The operators' door, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admin: Option<String>,
    /// Prometheus page of the process.
    pub(crate) metrics: String,
    /// Connection string of the sequencer's database.
    pub(crate) postgres: String,
    /// Addresses on L1.
    pub(crate) contracts: ContractsInfo,
    /// Accounts that are funded on both layers.
    pub(crate) accounts: Vec<AccountInfo>,
    /// File with the rollup configuration: all that a verifier needs beside an L1 RPC.
    pub(crate) rollup_config: PathBuf,
}

/// The L1 node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct L1Info {
    /// JSON-RPC, HTTP and WebSocket.
    pub(crate) rpc: String,
    /// Chain id.
    pub(crate) chain_id: u64,
}

/// The doors of the sequencer; all on one port.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct L2Info {
    /// JSON-RPC over HTTP.
    pub(crate) rpc: String,
    /// JSON-RPC over WebSocket.
    pub(crate) ws: String,
    /// gRPC.
    pub(crate) grpc: String,
    /// Chain id.
    pub(crate) chain_id: u64,
}

/// Contracts on L1.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContractsInfo {
    /// Configuration of the chain.
    pub(crate) system_config: Address,
    /// Where batches land.
    pub(crate) batch_inbox: Address,
    /// Deposits.
    pub(crate) portal: Address,
    /// Proposals; `l2OutputOracle` of viem's chain definition.
    pub(crate) output_oracle: Address,
    /// Messages to L2; `None` on a chain of an earlier version.
    pub(crate) messenger: Option<Address>,
    /// Ether and tokens to L2; `l1StandardBridge` of viem's chain definition.
    pub(crate) bridge: Option<Address>,
    /// Multicall3, which viem's withdrawal actions need on L1.
    pub(crate) multicall3: Address,
}

/// A funded account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountInfo {
    /// Its address.
    pub(crate) address: Address,
    /// Its key; publicly known.
    pub(crate) private_key: B256,
    /// Balance at genesis on L2, in wei.
    pub(crate) l2_balance: U256,
}

/// Examples send this much, in wei.
const EXAMPLE_WEI: u64 = 1_000_000_000_000_000;

impl fmt::Display for DevnetInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nBraid devnet\n")?;
        writeln!(f, "  L2 JSON-RPC    {}   (chain id {})", self.l2.rpc, self.l2.chain_id)?;
        writeln!(f, "  L2 WebSocket   {}", self.l2.ws)?;
        writeln!(f, "  L2 gRPC        {}", self.l2.grpc)?;
        writeln!(f, "  L1 JSON-RPC    {}   (chain id {})", self.l1.rpc, self.l1.chain_id)?;
        if let Some(admin) = &self.admin {
            writeln!(f, "  Operators      {admin}")?;
        }
        writeln!(f, "  Metrics        {}", self.metrics)?;
        writeln!(f, "  Postgres       {}", self.postgres)?;
        writeln!(f, "  Rollup config  {}", self.rollup_config.display())?;
        writeln!(f, "\nContracts on L1\n")?;
        let contracts = &self.contracts;
        writeln!(f, "  SystemConfig   {}", contracts.system_config)?;
        writeln!(f, "  BatchInbox     {}", contracts.batch_inbox)?;
        writeln!(f, "  Portal         {}", contracts.portal)?;
        writeln!(f, "  DisputeOracle  {}", contracts.output_oracle)?;
        for (name, address) in [("Messenger", contracts.messenger), ("Bridge", contracts.bridge)] {
            if let Some(address) = address {
                writeln!(f, "  {name:<14} {address}")?;
            }
        }
        writeln!(f, "  Multicall3     {}", contracts.multicall3)?;
        writeln!(
            f,
            "\nAccounts, funded on L1 and L2. Their keys are publicly known: never use them elsewhere.\n"
        )?;
        for account in &self.accounts {
            writeln!(f, "  {}   {}", account.address, account.private_key)?;
        }
        self.examples(f)
    }
}

impl DevnetInfo {
    /// Three lines to copy, each of which sends a first transaction (curl: asks for the head).
    fn examples(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to, ..] = self.accounts.as_slice() else { return Ok(()) };
        let (rpc, id, key) = (&self.l2.rpc, self.l2.chain_id, from.private_key);
        let to = to.address;
        writeln!(f, "\nA first transaction\n")?;
        writeln!(
            f,
            "  cast   cast send --rpc-url {rpc} --private-key {key} --value {EXAMPLE_WEI} {to}"
        )?;
        writeln!(
            f,
            "  viem   node -e \"import('viem').then(async v => {{ const {{ privateKeyToAccount }} = await import('viem/accounts'); const chain = v.defineChain({{ id: {id}, name: 'Braid', nativeCurrency: {{ name: 'Ether', symbol: 'ETH', decimals: 18 }}, rpcUrls: {{ default: {{ http: ['{rpc}'] }} }}, blockTime: 1000 }}); const w = v.createWalletClient({{ account: privateKeyToAccount('{key}'), chain, transport: v.http() }}).extend(v.publicActions); console.log((await w.waitForTransactionReceipt({{ hash: await w.sendTransaction({{ to: '{to}', value: {EXAMPLE_WEI}n }}) }})).status) }})\""
        )?;
        writeln!(
            f,
            "  curl   curl -s {rpc} -H 'content-type: application/json' -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBlockByNumber\",\"params\":[\"latest\",false]}}'"
        )?;
        writeln!(f, "\nCtrl-C stops everything.\n")
    }
}
