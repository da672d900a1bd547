//! The error contract with the clients that people use: every row arrives with its code and text, is classified as
//! meant, and costs one request. Rows that need a reorg, an end or a fault are tested in the sequencer.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, Bytes, TxKind, U256, hex, keccak256},
    providers::{Provider, ProviderBuilder},
    rpc::{client::ClientBuilder, types::TransactionRequest},
    signers::SignerSync,
    transports::layers::RetryBackoffLayer,
};
use eyre::{Result, WrapErr, ensure, eyre};
use harness::{Devnet, Funded};
use serde_json::{Value, json};

use crate::{clients, support::send};

/// Reverts with `Error("nope")`.
const NOPE: &str = "08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000046e6f706500000000000000000000000000000000000000000000000000000000";
/// A nonce behind a gap, at which a transaction waits.
const WAITING: u64 = 50;

/// One call and its error.
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
    json!({ "name": name, "method": method, "counted": counted, "params": params, "code": code, "text": text, "ethers": ethers, "data": null })
}

/// A transfer that is in order, but for what is changed.
fn transaction(chain_id: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id,
        nonce: 1,
        gas_limit: 30_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(Address::repeat_byte(7)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

fn sign(account: &Funded, tx: &TxEip1559) -> Result<Bytes> {
    let signature = account.signer()?.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.clone().into_signed(signature).encoded_2718().into())
}

/// Transactions that are refused, in geth's words, and what viem makes of them (`None` where it does not send them).
fn refused(chain_id: u64) -> Vec<(&'static str, TxEip1559, Option<&'static str>)> {
    let with = |change: &dyn Fn(&mut TxEip1559)| {
        let mut tx = transaction(chain_id);
        change(&mut tx);
        tx
    };
    // viem knows no class of its own for it.
    let plain = Some("InvalidInputRpcError");
    vec![
        ("nonce too low", with(&|tx| tx.nonce = 0), Some("NonceTooLowError")),
        ("nonce too high", with(&|tx| tx.nonce = 100_000), Some("NonceTooHighError")),
        ("already known", with(&|tx| tx.nonce = WAITING), Some("NonceTooLowError")),
        (
            "replacement transaction underpriced",
            with(&|tx| (tx.nonce, tx.gas_limit) = (WAITING, 40_000)),
            plain,
        ),
        (
            "insufficient funds for gas * price + value: have ",
            with(&|tx| tx.value = U256::MAX >> 8),
            Some("InsufficientFundsError"),
        ),
        (
            "intrinsic gas too low",
            with(&|tx| tx.gas_limit = 20_999),
            Some("IntrinsicGasTooLowError"),
        ),
        (
            "exceeds block gas limit: gas limit reached",
            with(&|tx| tx.gas_limit = 1 << 40),
            Some("IntrinsicGasTooHighError"),
        ),
        (
            "max fee per gas less than block base fee",
            with(&|tx| (tx.max_fee_per_gas, tx.max_priority_fee_per_gas) = (1, 1)),
            Some("FeeCapTooLowError"),
        ),
        (
            "max priority fee per gas higher than max fee per gas",
            with(&|tx| tx.max_priority_fee_per_gas = tx.max_fee_per_gas + 1),
            None,
        ),
        ("invalid chain id for signer", with(&|tx| tx.chain_id = 1), None),
    ]
}

/// Creation code of a contract with this code.
fn creation(code: &[u8]) -> Result<Bytes> {
    let length = u8::try_from(code.len())?;
    let copy = [0x60, length, 0x60, 12, 0x60, 0, 0x39, 0x60, length, 0x60, 0, 0xf3];
    Ok([&copy[..], code].concat().into())
}

async fn deploy(devnet: &Devnet, code: &[u8]) -> Result<Address> {
    let node = devnet.l2(1)?;
    let receipt =
        send(&node, TransactionRequest::default().with_deploy_code(creation(code)?)).await?;
    receipt.contract_address.ok_or_else(|| eyre!("a deployment without an address"))
}

/// Rows about calls.
async fn running(devnet: &Devnet) -> Result<Vec<Value>> {
    let nope = hex::decode(NOPE)?;
    let reverter = [&[0x60, 100, 0x60, 12, 0x60, 0, 0x39, 0x60, 100, 0x60, 0, 0xfd][..], &nope];
    let reverter = deploy(devnet, &reverter.concat()).await?;
    let silent = deploy(devnet, &hex::decode("5f5ffd")?).await?;
    let invalid = deploy(devnet, &hex::decode("fe")?).await?;
    let endless = deploy(devnet, &hex::decode("5b5f56")?).await?;
    let call = |to: Address| json!([{ "to": to }, "latest"]);
    let mut rows = Vec::new();
    for method in ["eth_call", "eth_estimateGas"] {
        let mut reverts = row("revert", method, call(reverter), 3, "execution reverted: nope");
        reverts["data"] = json!(format!("0x{NOPE}"));
        let mut bare = row("revert without data", method, call(silent), 3, "execution reverted");
        bare["data"] = json!("0x");
        rows.extend([reverts, bare]);
        rows.push(row("halt", method, call(invalid), -32_000, "invalid opcode: INVALID"));
    }
    rows.push(row("out of gas", "eth_call", call(endless), -32_000, "out of gas"));
    let text = "gas required exceeds allowance (";
    rows.push(row("no gas is enough", "eth_estimateGas", call(endless), -32_000, text));
    Ok(rows)
}

/// Rows about blocks, logs, parameters and methods.
fn reading() -> Vec<Value> {
    let (balance, nobody) = ("eth_getBalance", Address::repeat_byte(9));
    let hash = json!([nobody, { "blockHash": keccak256("no block") }]);
    let mut rows = vec![
        row("unknown block", balance, json!([nobody, "0xffffff"]), -32_000, "header not found: 0x"),
        row("unknown hash", balance, hash, -32_000, "header not found: 0x"),
        row("bad parameter", balance, json!(["0x12", "latest"]), -32_602, "invalid argument"),
    ];
    let mut more = |name: &str, method: &str, params: Value, code, text: &str| {
        rows.push(row(name, method, params, code, text));
    };
    more("no filter", "eth_getFilterChanges", json!(["0x1"]), -32_000, "filter not found");
    let missing = "missing value for required argument 0";
    more("missing parameter", "eth_getTransactionByHash", json!([]), -32_602, missing);
    for (name, params) in [("eth_notThere", json!([])), ("eth_subscribe", json!(["newHeads"]))] {
        let text = format!("the method {name} does not exist/is not available");
        more("unknown method", name, params, -32_601, &text);
    }
    let head = "block range extends beyond current head block";
    for (from, to, text) in [
        ("0x1", "0x0", "invalid block range params"),
        ("0x0", "0xffffff", head),
        ("pending", "pending", "pending logs are not supported"),
    ] {
        let filter = json!([{ "fromBlock": from, "toBlock": to }]);
        more("range of logs", "eth_getLogs", filter, -32_602, text);
    }
    rows
}

/// Rows about transactions, as raw bytes; and the same as fields, for clients that sign.
fn sendings(account: &Funded, chain_id: u64) -> Result<(Vec<Value>, Vec<Value>)> {
    let (mut calls, mut transactions) = (Vec::new(), Vec::new());
    for (text, tx, viem) in refused(chain_id) {
        let raw = sign(account, &tx)?;
        calls.push(row(text, "eth_sendRawTransaction", json!([raw]), -32_000, text));
        let fields = json!({
            "to": tx.to.to(), "nonce": tx.nonce, "gas": tx.gas_limit, "value": tx.value.to_string(),
            "maxFeePerGas": tx.max_fee_per_gas.to_string(), "maxPriorityFeePerGas": tx.max_priority_fee_per_gas.to_string(),
        });
        if let Some(viem) = viem {
            transactions.push(json!({ "name": text, "fields": fields, "viem": viem }));
        }
    }
    let send = "eth_sendRawTransaction";
    let sync = "eth_sendRawTransactionSync";
    let behind = sign(account, &TxEip1559 { nonce: WAITING + 1, ..transaction(chain_id) })?;
    let last = TxEip1559 { nonce: u64::MAX, ..transaction(chain_id) };
    let blob = "transaction type not supported: transaction type not valid";
    let gap = "The transaction was added to the mempool but wasn't processed due to a nonce gap: expected nonce 1";
    calls.extend([
        row("highest nonce", send, json!([sign(account, &last)?]), -32_000, "nonce has max value"),
        row("blob transaction", send, json!(["0x03c0"]), -32_000, blob),
        row("garbage", send, json!(["0x02c0"]), -32_000, "rlp: cannot decode transaction"),
        row("odd digits", send, json!(["0x123"]), -32_602, "invalid argument 0: "),
        row("gap", sync, json!([behind, 200]), 6, gap),
    ]);
    Ok((calls, transactions))
}

#[tokio::test]
async fn every_client_gets_every_row_in_one_request() -> Result<()> {
    let devnet = Devnet::ephemeral(&["--quotas"]).await?;
    let (account, chain_id) = (&devnet.info.accounts[0], devnet.info.l2.chain_id);
    let node = devnet.l2(0)?;
    send(&node, TransactionRequest::default().with_to(Address::repeat_byte(7))).await?;
    let waiting = sign(account, &TxEip1559 { nonce: WAITING, ..transaction(chain_id) })?;
    node.send_raw_transaction(&waiting).await?.tx_hash();
    let (calls, transactions) = sendings(account, chain_id)?;
    let calls = [running(&devnet).await?, reading(), calls].concat();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.json");
    std::fs::write(&path, json!({ "calls": calls, "transactions": transactions }).to_string())?;

    in_alloy(&devnet, &calls).await.wrap_err("alloy")?;
    let python = clients::script(".venv/bin/python").display().to_string();
    let rows = [("BRAID_ROWS", path.display().to_string())];
    clients::run(&devnet, 0, &python, &[clients::script("errors.py")], &rows).await?;
    clients::run(&devnet, 0, "bash", &[clients::script("errors.sh")], &rows).await?;
    // The last, because it uses up the quota of requests.
    clients::run(&devnet, 0, "node", &[clients::script("errors.mjs")], &rows).await?;
    devnet.stop().await
}

/// alloy with its layer that repeats what may pass.
async fn in_alloy(devnet: &Devnet, rows: &[Value]) -> Result<()> {
    let retrying = RetryBackoffLayer::new(3, 100, 1_000);
    let client = ClientBuilder::default().layer(retrying).http(devnet.info.l2.rpc.parse()?);
    let node = ProviderBuilder::new().connect_client(client);
    for row in rows {
        let (name, method) = (&row["name"], row["method"].as_str().unwrap_or_default());
        let counted = row["counted"].as_str().unwrap_or_default();
        let before = requests(devnet, counted).await?;
        let answer: Result<Value, _> =
            node.raw_request(method.to_owned().into(), row["params"].clone()).await;
        let error = answer.err().ok_or_else(|| eyre!("{name} succeeded"))?;
        let told = error.as_error_resp().ok_or_else(|| eyre!("{name}: {error}"))?;
        ensure!(row["code"] == told.code, "{name}: {told}");
        let text = row["text"].as_str().unwrap_or_default();
        ensure!(told.message.starts_with(text), "{name}: {told}");
        if let Some(data) = row["data"].as_str() {
            let reverted = told.as_revert_data().ok_or_else(|| eyre!("{name}: no revert data"))?;
            ensure!(reverted.to_string() == data, "{name}: {reverted}");
        }
        let made = requests(devnet, counted).await? - before;
        ensure!(made == 1, "{name}: {made} requests");
    }
    Ok(())
}

/// How many requests of a method the node has answered.
async fn requests(devnet: &Devnet, method: &str) -> Result<u64> {
    let page = reqwest::get(&devnet.info.metrics).await?.text().await?;
    let label = format!("method=\"{method}\"");
    let lines = page.lines().filter(|line| line.starts_with("braid_rpc_requests_total{"));
    let counts = lines.filter(|line| line.contains(&label));
    Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}
