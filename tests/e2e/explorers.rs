//! What Otterscan and Blockscout's indexer ask of a node: their lists of calls, one after the other and in one batch.
//!
//! Each call says of which kind its result must be, and which fields must be there. `$name` stands for something of the
//! chain that the test made.

use std::collections::BTreeMap;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, hex},
    providers::{DynProvider, Provider},
    sol_types::SolValue,
};
use eyre::{Result, WrapErr, ensure, eyre};
use harness::{Devnet, contracts};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{call, deploy, receipt, send};

const OTTERSCAN: &str = include_str!("explorers/otterscan.json");
const BLOCKSCOUT: &str = include_str!("explorers/blockscout.json");

/// One call of a list.
#[derive(Debug, Deserialize)]
struct Call {
    /// Where the program makes it.
    page: String,
    method: String,
    params: Value,
    /// The kind of its result.
    result: String,
    /// Paths of fields that must not be null.
    #[serde(default)]
    fields: Vec<String>,
}

type Names = BTreeMap<&'static str, Value>;

#[tokio::test]
async fn both_explorers_get_what_they_ask_for() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let names = chain(&node, devnet.info.accounts[0].address).await?;
    for list in [OTTERSCAN, BLOCKSCOUT] {
        let calls: Vec<Call> = serde_json::from_str(list)?;
        let rpc = &devnet.info.l2.rpc;
        for call in &calls {
            let answers = ask(rpc, std::slice::from_ref(call), &names).await?;
            check(call, &answers[0])?;
        }
        for (call, answer) in calls.iter().zip(ask(rpc, &calls, &names).await?) {
            check(call, &answer)?;
        }
    }
    devnet.stop().await
}

/// Makes a token, a transfer of it, and one that reverts; gives the names of all of it.
async fn chain(node: &DynProvider, account: Address) -> Result<Names> {
    let artifact = contracts("node_modules/@uniswap/v2-core/build/ERC20.json");
    let artifact: Value = serde_json::from_str(&std::fs::read_to_string(artifact)?)?;
    let code = artifact["bytecode"].as_str().ok_or_else(|| eyre!("no bytecode"))?;
    let code: Bytes = hex::decode(code)?.into();
    let token = deploy(node, &code, &U256::from(1_000).abi_encode()).await?;
    // transfer(address,uint256)
    let transfer = |wei: u64| {
        let arguments = (Address::repeat_byte(0x77), U256::from(wei)).abi_encode();
        call(token, [&[0xa9, 0x05, 0x9c, 0xbb][..], &arguments].concat())
    };
    let good = send(node, transfer(5)).await?;
    let pending = node.send_transaction(transfer(5_000).with_gas_limit(100_000)).await?;
    let bad = receipt(node, *pending.tx_hash()).await?;
    ensure!(!bad.status(), "it should revert");
    let number = good.block_number.unwrap_or_default();
    Ok(BTreeMap::from([
        ("$account", json!(account)),
        ("$token", json!(token)),
        ("$transfer", json!(good.transaction_hash)),
        ("$reverted", json!(bad.transaction_hash)),
        ("$number", json!(number)),
        ("$block", json!(format!("{number:#x}"))),
        ("$blockHash", json!(good.block_hash)),
    ]))
}

/// Puts what they stand for in the place of all names.
fn fill(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => names.get(text.as_str()).unwrap_or(value).clone(),
        Value::Array(list) => list.iter().map(|value| fill(value, names)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), fill(value, names))).collect()
        }
        other => other.clone(),
    }
}

/// The results of some calls in one batch.
async fn ask(rpc: &str, calls: &[Call], names: &Names) -> Result<Vec<Value>> {
    let request = (0..).zip(calls).map(|(id, call)| {
        let params = fill(&call.params, names);
        json!({ "jsonrpc": "2.0", "id": id, "method": call.method, "params": params })
    });
    let request: Vec<Value> = request.collect();
    let answers = reqwest::Client::new().post(rpc).json(&request).send().await?;
    let answers: Vec<Value> = answers.json().await.wrap_err("the batch has no list of answers")?;
    ensure!(answers.len() == calls.len(), "{} answers to {} calls", answers.len(), calls.len());
    Ok(answers)
}

fn check(call: &Call, answer: &Value) -> Result<()> {
    let asked = format!("{} of page {}", call.method, call.page);
    let result = answer.get("result").ok_or_else(|| eyre!("{asked}: {answer}"))?;
    let kind = match result {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    ensure!(kind == call.result, "{asked}: {kind} instead of {}: {result}", call.result);
    for field in &call.fields {
        let found = result.pointer(&format!("/{field}"));
        ensure!(found.is_some_and(|value| !value.is_null()), "{asked}: no {field} in {result}");
    }
    Ok(())
}
