//! The error contract with the clients that people use: every row arrives with its code and text, is classified as
//! meant, and costs one request, or as many as its client makes of what may pass. An end, a change of the leader and a
//! sender that is a contract are tested in the sequencer.

mod calls;
mod sendings;
mod services;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256},
    providers::{Provider, ProviderBuilder},
    rpc::{client::ClientBuilder, types::TransactionRequest},
    transports::layers::RetryBackoffLayer,
};
use eyre::{Result, WrapErr, ensure, eyre};
use harness::Devnet;
use serde_json::{Value, json};

use crate::{
    clients::{self, Door},
    support::{LATER, send},
};

/// One call and its error. A client with parameters of its `own` sends those: some calls end otherwise when they are repeated.
fn row(name: &str, method: &str, params: Value, code: i64, text: &str) -> Value {
    // How ethers classifies it; where it knows nothing special, it says so.
    let ethers = match text {
        _ if code == -32_601 => "UNSUPPORTED_OPERATION",
        _ if text.starts_with("nonce too low") => "NONCE_EXPIRED",
        _ if text.starts_with("replacement transaction underpriced") => "REPLACEMENT_UNDERPRICED",
        _ if text.starts_with("insufficient funds") => "INSUFFICIENT_FUNDS",
        // Whatever ends a call.
        _ if ["eth_call", "eth_estimateGas"].contains(&method) => "CALL_EXCEPTION",
        _ => "UNKNOWN_ERROR",
    };
    // The node counts methods that do not exist under one name, so that nobody can make up time series.
    let counted = if code == -32_601 { "unknown" } else { method };
    json!({ "name": name, "method": method, "counted": counted, "params": params, "own": {}, "code": code, "text": text, "ethers": ethers, "data": null, "status": 200, "requests": {} })
}

#[tokio::test]
async fn every_client_gets_every_row_in_one_request() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let (accounts, chain_id) = (&devnet.info.accounts, devnet.info.l2.chain_id);
    let account = accounts.first().ok_or_else(|| eyre!("no accounts"))?;
    let node = devnet.l2(0)?;
    send(&node, TransactionRequest::default().with_to(Address::repeat_byte(7))).await?;
    node.send_raw_transaction(&sendings::waiting(account, chain_id)?).await?.tx_hash();
    // The first has sent, the second deploys.
    let others = [&accounts[..1], &accounts[2..]].concat();
    let (sent, transactions) = sendings::sendings(&others, chain_id)?;
    let rows = [
        calls::running(&devnet).await?,
        calls::reading(),
        sent,
        calls::tracing(&devnet).await?,
        calls::simulating(account.address),
        calls::after_much(&devnet).await?,
    ];
    in_all(&Door::of(&devnet, 0), &rows.concat(), &transactions).await?;
    devnet.stop().await
}

/// A row that travels with HTTP 503 and `Retry-After`, and what each client makes of it: web3.py and cast go by the
/// status and come again, viem and alloy go by the code and tell their caller at once, ethers hands the answer on.
fn unavailable(name: &str, method: &str, params: Value, text: &str) -> Value {
    let mut row = row(name, method, params, -32_002, text);
    row["status"] = json!(503);
    row["ethers"] = json!("SERVER_ERROR");
    row["requests"] = json!({ "cast": 9, "web3": 5 });
    row
}

#[tokio::test]
async fn clients_come_again_for_what_may_pass() -> Result<()> {
    let more = ["--quotas", "--admin-port", "0"];
    let mut devnet = Devnet::ephemeral(&more).await?;
    damage(&devnet).await?;
    let name = "rollup_getBatchByBlock";
    let mut fault = row("fault of the node", name, json!(["0x100000"]), -32_603, "internal error");
    // The one code that viem repeats.
    fault["requests"] = json!({ "viem": 4 });
    in_all(&Door::of(&devnet, 0), &[fault], &[]).await?;
    let node = devnet.l2(0)?;
    let error = node.raw_request::<_, Value>(name.into(), ("0x100000",)).await.err();
    let error = error.as_ref().and_then(|error| error.as_error_resp()?.try_data_as::<Value>());
    let id = error.and_then(Result::ok).map(|data| data["requestId"].clone());
    let id = id.and_then(|id| Some(id.as_str()?.to_owned())).ok_or_else(|| eyre!("no id"))?;
    ensure!(devnet.process().logs().contains(&id), "request {id} is not in the log");

    operate(&devnet, "admin_stopSequencer").await?;
    let raw = sendings::good(&devnet.info.accounts[2], devnet.info.l2.chain_id)?;
    let text = "the sequencer takes no transactions now: stopped by its operator";
    let stopped = unavailable("stopped", "eth_sendRawTransaction", json!([raw]), text);
    in_all(&Door::of(&devnet, 0), &[stopped], &[]).await?;
    operate(&devnet, "admin_startSequencer").await?;
    node.send_raw_transaction(&raw).await.wrap_err("it takes them again")?.tx_hash();
    // The library logs an error for every answer that is too long.
    clients::run(&devnet, 0, "node", &[clients::script("bounds.mjs")], &[]).await?;
    // The last, because it uses up the quota of requests.
    clients::run(&devnet, 0, "node", &[clients::script("quota.mjs")], &[]).await?;
    // The log has what was provoked, so it is not checked.
    let status = devnet.process().terminate(LATER).await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[tokio::test]
async fn clients_see_what_a_reorg_removes() -> Result<()> {
    let mut devnet = Devnet::ephemeral(&[]).await?;
    let l1 = [("BRAID_L1_RPC", devnet.info.l1.rpc.clone())];
    let said = clients::run(&devnet, 0, "node", &[clients::script("reorg.mjs")], &l1).await?;
    let removed = said.lines().find_map(|line| line.strip_prefix("removed ")?.parse().ok());
    let removed: B256 = removed.ok_or_else(|| eyre!("no removed block: {said}"))?;
    let text = "hash is not currently canonical";
    let nobody = Address::repeat_byte(9);
    let canonical = json!({ "blockHash": removed, "requireCanonical": true });
    let rows = [
        row("removed", "eth_getBalance", json!([nobody, canonical]), -32_000, text),
        row(
            "removed",
            "eth_call",
            json!([{ "to": nobody }, { "blockHash": removed }]),
            -32_000,
            text,
        ),
        row("removed", "eth_getLogs", json!([{ "blockHash": removed }]), -32_000, text),
    ];
    in_all(&Door::of(&devnet, 0), &rows, &[]).await?;
    // A reorg is worth a warning, so the log is not checked.
    let status = devnet.process().terminate(LATER).await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// Writes something into the database that no batcher has written: a batch of blocks far ahead whose hash is no hash.
async fn damage(devnet: &Devnet) -> Result<()> {
    let pool = sqlx::PgPool::connect(&devnet.info.postgres).await?;
    let text = "INSERT INTO outbox (sender, key, purpose, first_block, last_block, destination, value, calldata,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, closed_at)
                VALUES ('\\x00', 'damaged', 'batch', 1048576, 1048576, '\\x00', '\\x00', '\\x00',
                    '\\x00', 1, '\\x00', TRUE, 'confirmed', now())";
    sqlx::query(text).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Calls a method at the operators' door.
async fn operate(devnet: &Devnet, method: &str) -> Result<()> {
    let door = devnet.info.admin.as_ref().ok_or_else(|| eyre!("no operators' door"))?;
    let operators = ProviderBuilder::new().connect_http(door.parse()?);
    operators.raw_request::<_, Value>(method.to_owned().into(), ()).await?;
    Ok(())
}

/// All rows in all clients.
async fn in_all(door: &Door, calls: &[Value], transactions: &[Value]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.json");
    std::fs::write(&path, json!({ "calls": calls, "transactions": transactions }).to_string())?;
    in_alloy(door, calls).await.wrap_err("alloy")?;
    let python = clients::script(".venv/bin/python").display().to_string();
    let rows = [("BRAID_ROWS", path.display().to_string())];
    clients::run_at(door, &python, &[clients::script("errors.py")], &rows).await?;
    clients::run_at(door, "bash", &[clients::script("errors.sh")], &rows).await?;
    clients::run_at(door, "node", &[clients::script("errors.mjs")], &rows).await?;
    Ok(())
}

/// alloy with its layer that repeats what may pass.
async fn in_alloy(door: &Door, rows: &[Value]) -> Result<()> {
    let retrying = RetryBackoffLayer::new(3, 100, 1_000);
    let client = ClientBuilder::default().layer(retrying).http(door.rpc.parse()?);
    let node = ProviderBuilder::new().connect_client(client);
    for row in rows {
        let (name, method) = (&row["name"], row["method"].as_str().unwrap_or_default());
        let counted = row["counted"].as_str().unwrap_or_default();
        let params = row["own"].get("alloy").unwrap_or(&row["params"]).clone();
        let before = requests(door, counted).await?;
        let answer: Result<Value, _> = node.raw_request(method.to_owned().into(), params).await;
        let error = answer.err().ok_or_else(|| eyre!("{name} succeeded"))?;
        let told = error.as_error_resp().ok_or_else(|| eyre!("{name}: {error}"))?;
        ensure!(row["code"] == told.code, "{name}: {told}");
        let text = row["text"].as_str().unwrap_or_default();
        ensure!(told.message.starts_with(text), "{name}: {told}");
        if let Some(data) = row["data"].as_str() {
            let reverted = told.as_revert_data().ok_or_else(|| eyre!("{name}: no revert data"))?;
            ensure!(reverted.to_string() == data, "{name}: {reverted}");
        }
        let made = requests(door, counted).await? - before;
        let meant = row["requests"]["alloy"].as_u64().unwrap_or(1);
        ensure!(made == meant, "{name}: {made} requests");
    }
    Ok(())
}

/// How many requests of a method the node has answered.
async fn requests(door: &Door, method: &str) -> Result<u64> {
    let page = reqwest::get(&door.metrics).await?.text().await?;
    let label = format!("method=\"{method}\"");
    let lines = page.lines().filter(|line| line.starts_with("braid_rpc_requests_total{"));
    let counts = lines.filter(|line| line.contains(&label));
    Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}
