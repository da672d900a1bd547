//! The same smoke test in each client that people use: the scripts of `tests/clients` and the program of
//! `tests/ethers-compat`, which `dev/test.sh` builds.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::Address;
use eyre::{Result, WrapErr, ensure};
use harness::{Devnet, contracts};
use tokio::process::Command;

/// A script that takes longer hangs.
const SCRIPT_TIME_MAX: Duration = Duration::from_secs(300);

/// The smoke test on ethers-contract: a workspace of its own, so a target folder of its own.
const ETHERS_CONTRACT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ethers-compat/debug/ethers-compat");

pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

#[tokio::test]
async fn all_clients_work() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let python = script(".venv/bin/python");
    run(&devnet, 0, "node", &[script("viem.mjs")], &[]).await?;
    run(&devnet, 1, "node", &[script("ethers.mjs")], &[]).await?;
    run(&devnet, 2, &python.display().to_string(), &[script("smoke.py")], &[]).await?;
    run(&devnet, 3, "bash", &[script("cast.sh")], &[]).await?;
    run(&devnet, 4, ETHERS_CONTRACT, &[], &[]).await?;
    let forge = contracts("node_modules/@foundry-rs/forge-linux-amd64/bin/forge").canonicalize()?;
    let forge = [("BRAID_FORGE", forge.display().to_string())];
    run(&devnet, 5, "bash", &[script("foundry.sh")], &forge).await?;
    run(&devnet, 6, "bash", &[script("hardhat.sh")], &[]).await?;
    devnet.stop().await
}

#[tokio::test]
async fn the_bridge_is_crossed_both_ways_with_viem() -> Result<()> {
    let devnet = Devnet::ephemeral(&["--proposal-interval", "4", "--dispute-window", "20"]).await?;
    let info = &devnet.info;
    let more = [
        ("BRAID_L1_RPC", info.l1.rpc.clone()),
        ("BRAID_L1_CHAIN_ID", info.l1.chain_id.to_string()),
        ("BRAID_PORTAL", info.contracts.portal.to_string()),
        ("BRAID_OUTPUT_ORACLE", info.contracts.output_oracle.to_string()),
        ("BRAID_BRIDGE", info.contracts.bridge.to_string()),
        ("BRAID_MULTICALL3", info.contracts.multicall3.to_string()),
    ];
    run(&devnet, 0, "node", &[script("bridge.mjs")], &more).await?;
    devnet.stop().await
}

#[tokio::test]
async fn viem_tells_what_a_transaction_costs() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let more = [("BRAID_L1_RPC", devnet.info.l1.rpc.clone())];
    run(&devnet, 0, "node", &[script("fees.mjs")], &more).await?;
    devnet.stop().await
}

/// Where a client goes, and as whom.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) rpc: String,
    pub(crate) ws: String,
    pub(crate) metrics: String,
    pub(crate) chain_id: u64,
    pub(crate) key: String,
}

impl Door {
    /// The devnet's first node, as one of its accounts.
    pub(crate) fn of(devnet: &Devnet, account: usize) -> Self {
        let info = &devnet.info;
        Self {
            rpc: info.l2.rpc.clone(),
            ws: info.l2.ws.clone(),
            metrics: info.metrics.clone(),
            chain_id: info.l2.chain_id,
            key: info.accounts[account].private_key.clone(),
        }
    }
}

/// Runs a client against the devnet as one of its accounts; it ends well and says `ok` at the end. What it said.
pub(crate) async fn run(
    devnet: &Devnet,
    account: usize,
    program: &str,
    arguments: &[PathBuf],
    more: &[(&str, String)],
) -> Result<String> {
    let to = format!("{:#x}", Address::left_padding_from(&(0x4000 + account).to_be_bytes()));
    let more = [&[("BRAID_TO", to)], more].concat();
    run_at(&Door::of(devnet, account), program, arguments, &more).await
}

/// Runs a client at a door; it ends well and says `ok` at the end. What it said.
pub(crate) async fn run_at(
    door: &Door,
    program: &str,
    arguments: &[PathBuf],
    more: &[(&str, String)],
) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("BRAID_RPC", &door.rpc)
        .env("BRAID_WS", &door.ws)
        .env("BRAID_CHAIN_ID", door.chain_id.to_string())
        .env("BRAID_KEY", &door.key)
        .env("BRAID_TOKEN", contracts("node_modules/@uniswap/v2-core/build/ERC20.json"))
        .env("BRAID_CAST", contracts("node_modules/@foundry-rs/cast-linux-amd64/bin/cast"))
        .env("BRAID_METRICS", &door.metrics)
        .envs(more.iter().map(|(name, value)| (name, value)))
        .kill_on_drop(true);
    let name =
        arguments.first().map_or_else(|| program.to_owned(), |path| path.display().to_string());
    let output = tokio::time::timeout(SCRIPT_TIME_MAX, command.output())
        .await
        .wrap_err_with(|| format!("{name} hangs"))?
        .wrap_err_with(|| format!("cannot run {name} with {program}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && said.trim_end().ends_with("ok"),
        "{name} ended with {}:\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said.into_owned())
}
