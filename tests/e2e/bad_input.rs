//! Bad input gets a clear error and harms nothing.

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, U256, hex},
    providers::Provider,
    signers::SignerSync,
};
use eyre::{Result, ensure};
use harness::{Devnet, Funded};
use serde_json::{Value, json};

use crate::support::{send, transfer};

/// A signed transfer of which one thing is wrong.
fn signed(account: &Funded, chain_id: u64, change: impl FnOnce(&mut TxEip1559)) -> Result<Vec<u8>> {
    let mut tx = TxEip1559 {
        chain_id,
        nonce: 0,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: Address::repeat_byte(1).into(),
        value: U256::from(1),
        ..Default::default()
    };
    change(&mut tx);
    let signature = account.signer()?.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.into_signed(signature).encoded_2718())
}

async fn post(url: &str, body: String) -> Result<(u16, String)> {
    let client = reqwest::Client::new();
    let request = client.post(url).header("content-type", "application/json").body(body);
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn rpc_error(url: &str, method: &str, params: Value) -> Result<(i64, String)> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (status, text) = post(url, body.to_string()).await?;
    ensure!(status == 200, "{method}: HTTP {status}: {text}");
    let answer: Value = serde_json::from_str(&text)?;
    let error = &answer["error"];
    ensure!(error.is_object(), "{method} {params} should fail: {text}");
    Ok((
        error["code"].as_i64().unwrap_or_default(),
        error["message"].as_str().unwrap_or_default().into(),
    ))
}

#[tokio::test]
async fn every_mistake_has_its_words() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let (url, id) = (&devnet.info.l2.rpc, devnet.info.l2.chain_id);
    let account = &devnet.info.accounts[4];
    let poor = Funded { address: Address::ZERO, private_key: format!("0x{}", "11".repeat(32)) };
    let good = signed(account, id, |_| {})?;
    let mut cut = good.clone();
    cut.truncate(good.len() - 3);
    let oversize = signed(account, id, |tx| {
        tx.input = vec![0; 140_000].into();
        tx.gas_limit = 6_000_000;
    })?;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("wrong chain id", signed(account, 1, |_| {})?, "chain id"),
        (
            "too little balance",
            signed(&poor, id, |_| {})?,
            "insufficient funds for gas * price + value",
        ),
        (
            "too little gas",
            signed(account, id, |tx| tx.gas_limit = 20_000)?,
            "intrinsic gas too low",
        ),
        (
            "more gas than a block",
            signed(account, id, |tx| tx.gas_limit = u64::MAX / 2)?,
            "gas limit reached",
        ),
        (
            "fee below the floor",
            signed(account, id, |tx| {
                tx.max_fee_per_gas = 1;
                tx.max_priority_fee_per_gas = 0;
            })?,
            "max fee per gas less than block base fee",
        ),
        (
            "tip above the cap",
            signed(account, id, |tx| tx.max_priority_fee_per_gas = 2_000_000_000)?,
            "max priority fee per gas higher than max fee per gas",
        ),
        ("oversize", oversize, "oversized data"),
        ("cut short", cut, ""),
        ("not a transaction", vec![1, 2, 3], ""),
        ("unknown type", vec![0x7d, 0xc0], "transaction type not valid"),
        ("a deposit", vec![0x7e, 0xc0], "transaction type not valid"),
        ("a blob transaction", vec![0x03, 0xc0], "transaction type not valid"),
        ("nothing", vec![], ""),
    ];
    for (what, raw, words) in cases {
        let raw = hex::encode_prefixed(raw);
        let (code, message) = rpc_error(url, "eth_sendRawTransaction", json!([raw])).await?;
        ensure!(code == -32000, "{what}: {code} {message}");
        ensure!(message.contains(words), "{what}: {message}");
    }
    // The account still works, and the same transaction twice is known.
    let node = devnet.l2(4)?;
    send(&node, transfer(Address::repeat_byte(2), 1)).await?;
    let (_, message) =
        rpc_error(url, "eth_sendRawTransaction", json!([hex::encode_prefixed(&good)])).await?;
    ensure!(message.contains("nonce too low"), "{message}");
    devnet.stop().await
}

#[tokio::test]
async fn malformed_requests_are_answered() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let url = &devnet.info.l2.rpc;
    let (code, message) = rpc_error(url, "eth_dance", json!([])).await?;
    assert_eq!(
        (code, message.as_str()),
        (-32601, "the method eth_dance does not exist/is not available")
    );
    let (code, _) = rpc_error(url, "eth_getBalance", json!(["0x12"])).await?;
    assert_eq!(code, -32602);
    let (code, message) =
        rpc_error(url, "eth_getBalance", json!([Address::ZERO, "0xffffff"])).await?;
    ensure!(code == -32000 && message.starts_with("header not found: "), "{code} {message}");
    let (code, message) = rpc_error(url, "eth_getFilterChanges", json!(["0x1"])).await?;
    assert_eq!((code, message.as_str()), (-32000, "filter not found"));
    let (_, text) = post(url, "{".into()).await?;
    ensure!(text.contains("-32700"), "{text}");
    let (status, text) = post(url, format!("[\"{}\"]", "x".repeat(6 << 20))).await?;
    ensure!(status == 413 || text.contains("error"), "oversize body: {status} {text}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (_, text) = post(url, deep).await?;
    ensure!(text.contains("error"), "deep nesting: {}", &text[..std::cmp::min(text.len(), 200)]);
    // Alive and well.
    ensure!(devnet.l2(0)?.get_block_number().await? > 0, "no blocks");
    devnet.stop().await
}
