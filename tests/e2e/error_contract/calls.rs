//! Rows about calls, blocks, traces, logs and simulations.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, hex, keccak256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};
use eyre::{Result, eyre};
use harness::Devnet;
use serde_json::{Value, json};

use super::row;
use crate::support::send;

/// Reverts with `Error("nope")`.
const NOPE: &str = "08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000046e6f706500000000000000000000000000000000000000000000000000000000";

/// Runs for ever.
const ENDLESS: &str = "5b5f56";
/// Emits 10,500 logs.
const LOUD: &str = "6129045b5f5fa0600190038060035700";
/// Writes 1,050 slots, from the one in its input on.
const WRITER: &str = "5f3561041a5b8082820155600190038060055700";
/// Runs for ever with a mebibyte of memory.
const LARGE: &str = "5f62100000525b600656";

/// Creation code of a contract with this code.
fn creation(code: &[u8]) -> Result<Bytes> {
    let length = u8::try_from(code.len())?;
    let copy = [0x60, length, 0x60, 12, 0x60, 0, 0x39, 0x60, length, 0x60, 0, 0xf3];
    Ok([&copy[..], code].concat().into())
}

async fn deploy(node: &DynProvider, code: &[u8]) -> Result<Address> {
    let receipt =
        send(node, TransactionRequest::default().with_deploy_code(creation(code)?)).await?;
    receipt.contract_address.ok_or_else(|| eyre!("a deployment without an address"))
}

/// Rows about calls.
pub(super) async fn running(devnet: &Devnet) -> Result<Vec<Value>> {
    let nope = hex::decode(NOPE)?;
    let reverter = [&[0x60, 100, 0x60, 12, 0x60, 0, 0x39, 0x60, 100, 0x60, 0, 0xfd][..], &nope];
    let node = &devnet.l2(1)?;
    let reverter = deploy(node, &reverter.concat()).await?;
    let silent = deploy(node, &hex::decode("5f5ffd")?).await?;
    let invalid = deploy(node, &hex::decode("fe")?).await?;
    let endless = deploy(node, &hex::decode(ENDLESS)?).await?;
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
    for (name, code, text) in
        [("bad jump", "5f56", "invalid jump destination"), ("empty stack", "01", "stack underflow")]
    {
        let code = deploy(node, &hex::decode(code)?).await?;
        rows.push(row(name, "eth_call", call(code), -32_000, text));
    }
    Ok(rows)
}

/// Rows about traces.
pub(super) async fn tracing(devnet: &Devnet) -> Result<Vec<Value>> {
    let node = &devnet.l2(1)?;
    let endless = deploy(node, &hex::decode(ENDLESS)?).await?;
    let large = deploy(node, &hex::decode(LARGE)?).await?;
    let trace = |options: Value| json!([{ "to": endless }, "latest", options]);
    let whole = json!([{ "to": large }, "latest", { "enableMemory": true }]);
    let unknown = json!([keccak256("no transaction")]);
    let call = "debug_traceCall";
    let tracer =
        "invalid argument 2: tracer \"notThere\" is unknown, and JavaScript is not run here";
    Ok(vec![
        row(
            "genesis",
            "debug_traceBlockByNumber",
            json!(["0x0"]),
            -32_000,
            "genesis is not traceable",
        ),
        row(
            "nothing to trace",
            "debug_traceTransaction",
            unknown,
            -32_000,
            "transaction not found",
        ),
        row("tracer", call, trace(json!({ "tracer": "notThere" })), -32_602, tracer),
        row("slow trace", call, trace(json!({ "timeout": "1ms" })), -32_000, "execution timeout"),
        row("long trace", call, whole, -32_000, "trace exceeds "),
    ])
}

/// Rows about simulations. The account has sent something.
pub(super) fn simulating(from: Address) -> Vec<Value> {
    let to = Address::repeat_byte(7);
    let simulate = |block: Value, more: Value| json!([{ "blockStateCalls": [block, more], "validation": true }, "latest"]);
    let call = |fields: Value| {
        let mut call =
            json!({ "from": from, "to": to, "gas": "0x7530", "maxFeePerGas": "0x77359400" });
        call.as_object_mut().into_iter().zip(fields.as_object()).for_each(|(call, fields)| {
            call.extend(fields.clone());
        });
        simulate(json!({ "calls": [call] }), json!({}))
    };
    let initcode = Bytes::from(vec![0; 49_153]);
    let dear = json!({ "from": from, "to": to, "gas": "0x5208", "maxFeePerGas": "0x77359400" });
    let creates =
        json!({ "from": from, "input": initcode, "gas": "0x989680", "maxFeePerGas": "0x77359400" });
    let two = json!([dear, dear]);
    let full = json!({ "calls": two, "blockOverrides": { "gasLimit": "0x7530" } });
    let after =
        |number: &str| simulate(json!({ "blockOverrides": { "number": number } }), json!({}));
    let early = json!({ "blockOverrides": { "time": "0x1" } });
    let rows = [
        ("low nonce", -38_010, call(json!({ "nonce": "0x0" }))),
        ("high nonce", -38_011, call(json!({ "nonce": "0xffff" }))),
        ("base fee", -38_012, call(json!({ "maxFeePerGas": "0x1" }))),
        ("intrinsic gas", -38_013, call(json!({ "gas": "0x1" }))),
        ("funds", -38_014, call(json!({ "value": B256::repeat_byte(0x0f) }))),
        ("block gas", -38_015, simulate(full, json!({}))),
        ("order of blocks", -38_020, after("0x0")),
        ("order of times", -38_021, simulate(early, json!({}))),
        ("init code", -38_025, simulate(json!({ "calls": [creates] }), json!({}))),
        ("too many blocks", -38_026, after("0xffffff")),
    ];
    let row = |(name, code, params)| row(name, "eth_simulateV1", params, code, "");
    rows.into_iter().map(row).collect()
}

/// Rows that need much to have happened: more logs than an answer holds, more slots changed than a proof goes back over.
pub(super) async fn after_much(devnet: &Devnet) -> Result<Vec<Value>> {
    let node = &devnet.l2(1)?;
    let loud = deploy(node, &hex::decode(LOUD)?).await?;
    let writer = deploy(node, &hex::decode(WRITER)?).await?;
    let before = node.get_block_number().await?;
    let mut last = 0;
    for _ in 0..2 {
        let sent = send(node, TransactionRequest::default().with_to(loud)).await?;
        last = sent.block_number.unwrap_or_default();
    }
    for start in 0..16_u64 {
        let input = B256::left_padding_from(&(start * 1_050).to_be_bytes());
        let write = TransactionRequest::default().with_to(writer).with_input(input.to_vec());
        send(node, write.with_gas_limit(30_000_000)).await?;
    }
    let filter =
        json!([{ "address": [loud], "fromBlock": "0x0", "toBlock": format!("{last:#x}") }]);
    let logs = "query exceeds max results 20000. Try with this block range [0x0, 0x";
    let proof = json!([writer, [], format!("{before:#x}")]);
    Ok(vec![
        row("too many logs", "eth_getLogs", filter, -32_602, logs),
        row("old proof", "eth_getProof", proof, 4_444, "pruned history unavailable"),
    ])
}

/// Rows about blocks, logs, parameters and methods.
pub(super) fn reading() -> Vec<Value> {
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
    let l1 = "safe head not found: L1 block 16777215 was not derived from";
    more("no safe head", "optimism_safeHeadAtL1Block", json!(["0xffffff"]), -32_000, l1);
    more("no filter", "eth_getFilterChanges", json!(["0x1"]), -32_000, "filter not found");
    let list = "access list of block 0 is not available";
    more("no access list", "eth_getBlockAccessList", json!(["0x0"]), -32_000, list);
    let missing = "missing value for required argument 0";
    more("missing parameter", "eth_getTransactionByHash", json!([]), -32_602, missing);
    for (name, params) in [("eth_notThere", json!([])), ("eth_subscribe", json!(["newHeads"]))] {
        let text = format!("the method {name} does not exist/is not available");
        more("unknown method", name, params, -32_601, &text);
    }
    let head = "block range extends beyond current head block";
    for (from, to, text) in [
        ("0x1", "0x0", "invalid block range params"),
        ("0x0", "0x186a0", "query exceeds max block range 100000"),
        ("0x1", "0x186a0", head),
        ("pending", "pending", "pending logs are not supported"),
    ] {
        let filter = json!([{ "fromBlock": from, "toBlock": to }]);
        more("range of logs", "eth_getLogs", filter, -32_602, text);
    }
    rows
}
