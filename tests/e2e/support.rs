//! What several end-to-end tests need.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use eyre::{Result, WrapErr, ensure, eyre};
use harness::{contracts, eventually};
use serde_json::Value;

/// Longest wait for something that takes a block or two.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// Longest wait for something that has to travel through L1.
pub(crate) const LATER: Duration = Duration::from_secs(120);

/// Sends and waits for the receipt, which must say success.
pub(crate) async fn send(
    node: &DynProvider,
    request: TransactionRequest,
) -> Result<TransactionReceipt> {
    let pending =
        node.send_transaction(request).await.wrap_err("the node refused a transaction")?;
    let hash = *pending.tx_hash();
    let receipt = receipt(node, hash).await?;
    ensure!(receipt.status(), "transaction {hash} failed: {receipt:?}");
    Ok(receipt)
}

/// Waits for a receipt.
pub(crate) async fn receipt(node: &DynProvider, hash: B256) -> Result<TransactionReceipt> {
    eventually(&format!("receipt of {hash}"), SOON, || async {
        Ok(node.get_transaction_receipt(hash).await?)
    })
    .await
}

/// A transfer.
pub(crate) fn transfer(to: Address, wei: u64) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_value(U256::from(wei))
}

/// Deploys `code` followed by ABI-encoded `arguments`.
pub(crate) async fn deploy(node: &DynProvider, code: &Bytes, arguments: &[u8]) -> Result<Address> {
    let code = [code.as_ref(), arguments].concat();
    let receipt = send(node, TransactionRequest::default().with_deploy_code(code)).await?;
    receipt.contract_address.ok_or_else(|| eyre!("a deployment without an address"))
}

/// A call that changes something.
pub(crate) fn call(to: Address, input: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_input(input)
}

/// The numbers of the heads: unsafe, safe, finalized.
pub(crate) async fn heads(node: &DynProvider) -> Result<(u64, u64, u64)> {
    let status: Value = node.raw_request("rollup_syncStatus".into(), ()).await?;
    let number = |head: &str| -> Result<u64> {
        let text = status[head]["number"].as_str().ok_or_else(|| eyre!("no {head} in {status}"))?;
        Ok(u64::from_str_radix(text.trim_start_matches("0x"), 16)?)
    };
    Ok((number("unsafeHead")?, number("safeHead")?, number("finalizedHead")?))
}

/// Waits until block `number` is safe.
pub(crate) async fn safe(node: &DynProvider, number: u64) -> Result<()> {
    eventually(&format!("block {number} to become safe"), LATER, || async {
        Ok((heads(node).await?.1 >= number).then_some(()))
    })
    .await
}

/// The hash of a block.
pub(crate) async fn block_hash(node: &DynProvider, number: u64) -> Result<B256> {
    let block = node.get_block_by_number(number.into()).await?;
    Ok(block.ok_or_else(|| eyre!("no block {number}"))?.header.hash)
}

/// What the verifier says of itself.
pub(crate) async fn verifier_status(metrics: &str) -> Result<Value> {
    let url = metrics.replace("/metrics", "/status");
    Ok(reqwest::get(url).await?.json().await?)
}

/// The creation code of a contract in `contracts/test/fixtures`, which `forge` compiles where it has not yet.
pub(crate) async fn fixture_code(name: &str) -> Result<Bytes> {
    let artifact = contracts(&format!("out/{name}.sol/{name}.json"));
    if !artifact.exists() {
        let forge =
            contracts("node_modules/@foundry-rs/forge-linux-amd64/bin/forge").canonicalize()?;
        let built =
            tokio::process::Command::new(forge).arg("build").current_dir(contracts("")).output();
        let built = built.await?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(artifact)?)?;
    let code = artifact["bytecode"]["object"].as_str().ok_or_else(|| eyre!("no bytecode"))?;
    Ok(code.parse()?)
}

/// A port that nobody listens on now. Not one of those that the system gives to whoever connects: they begin at 32768, and
/// one could be taken while a service that was killed is on its way back.
pub(crate) fn free_port() -> Result<u16> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Tests are processes of their own, and begin at different places.
    let first = std::process::id().wrapping_mul(8);
    let mut ports = (0..PORTS).map(|_| {
        let next = first.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)) % PORTS;
        u16::try_from(PORTS_FROM + next).expect("below 32768")
    });
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| eyre!("all of {PORTS} ports are taken"))
}

const PORTS_FROM: u32 = 20_000;
const PORTS: u32 = 12_000;
