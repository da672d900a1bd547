//! The error contract, row by row: code, text, data and HTTP status.

use alloy::{
    consensus::TxEip1559,
    primitives::{Bytes, U256, keccak256},
};
use serde_json::{Value, json};

use super::support::{
    GETTER, INVALID, LOOP, NOBODY, NOPE, Node, REVERTER, sign, transaction, transfer,
};
use crate::api::limits::REQUEST_BYTES_MAX;

/// Checks code and the beginning of the text.
async fn row(node: &Node, method: &str, params: Value, code: i64, text: &str) -> Value {
    let (found, message, data) = node.fail(method, params).await;
    assert_eq!(found, code, "{method}: {message}");
    assert!(message.starts_with(text), "{method}: {message:?} does not begin with {text:?}");
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_parameters() {
    let node = &Node::start().await;
    let call = |to| json!([{ "to": to }, "latest"]);
    for method in ["eth_call", "eth_estimateGas"] {
        let data = row(node, method, call(REVERTER), 3, "execution reverted: nope").await;
        assert_eq!(data, NOPE);
        row(node, method, call(INVALID), -32_000, "invalid opcode: INVALID").await;
    }
    row(node, "eth_call", call(LOOP), -32_000, "out of gas").await;
    row(node, "eth_estimateGas", call(LOOP), -32_000, "gas required exceeds allowance (").await;
    let bare = json!([{ "data": "0x60006000fd" }]);
    let data = row(node, "eth_call", bare, 3, "execution reverted").await;
    assert_eq!(data, "0x");
    let poor = json!([{ "from": NOBODY, "to": GETTER, "value": "0x1" }]);
    row(node, "eth_call", poor, -32_000, "insufficient funds").await;

    let balance = |block| json!([NOBODY, block]);
    row(node, "eth_getBalance", balance("0xffff"), -32_000, "header not found: 0xffff").await;
    let unknown = keccak256("no block");
    let hash = json!([NOBODY, { "blockHash": unknown }]);
    row(node, "eth_getBalance", hash, -32_000, &format!("header not found: {unknown}")).await;
    row(node, "eth_getBalance", json!([]), -32_602, "missing value for required argument 0").await;
    row(node, "eth_getBalance", json!(["0x12"]), -32_602, "invalid argument 0: ").await;
    row(node, "eth_getBalance", balance("soon"), -32_602, "invalid argument").await;
    let name = "eth_notThere";
    let text = "the method eth_notThere does not exist/is not available";
    row(node, name, json!([]), -32_601, text).await;
    row(node, "eth_subscribe", json!(["newHeads"]), -32_601, "the method eth_subscribe").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_filters() {
    let node = &Node::start().await;
    node.until_block(1).await;
    let logs = |filter| json!([filter]);
    let reversed = json!({ "fromBlock": "0x1", "toBlock": "0x0" });
    row(node, "eth_getLogs", logs(reversed), -32_602, "invalid block range params").await;
    let wide = json!({ "fromBlock": "0x0", "toBlock": "0x186a0" });
    row(node, "eth_getLogs", logs(wide), -32_602, "query exceeds max block range 100000").await;
    let future = json!({ "fromBlock": "0x1", "toBlock": "0x186a0" });
    let text = "block range extends beyond current head block";
    row(node, "eth_getLogs", logs(future), -32_602, text).await;
    let both = json!({ "blockHash": keccak256("x"), "fromBlock": "0x0" });
    row(node, "eth_getLogs", logs(both), -32_602, "invalid argument 0: ").await;
    let pending = json!({ "fromBlock": "pending" });
    row(node, "eth_getLogs", logs(pending), -32_602, "pending logs are not supported").await;
    for method in ["eth_getFilterChanges", "eth_getFilterLogs"] {
        row(node, method, json!(["0x1"]), -32_000, "filter not found").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions() {
    let node = &Node::start().await;
    let send = "eth_sendRawTransaction";
    let raw = |raw: &Bytes| json!([raw]);
    let with = |change: fn(&mut TxEip1559)| {
        let mut tx = transaction(0);
        change(&mut tx);
        sign(2, tx)
    };
    let first = transfer(1, 0);
    node.send(&first).await;
    let data = row(node, send, raw(&first), -32_000, "nonce too low: next nonce 1, tx nonce 0");
    let data = data.await;
    assert_eq!(data["hash"], json!(keccak256(&first)));
    assert_eq!(data["expectedNonce"], "0x1");
    let gap = transfer(1, 5);
    node.call(send, raw(&gap)).await;
    row(node, send, raw(&gap), -32_000, "already known").await;
    row(node, send, raw(&transfer(1, 100_000)), -32_000, "nonce too high").await;
    let same = sign(1, TxEip1559 { value: U256::from(2), ..transaction(5) });
    row(node, send, raw(&same), -32_000, "replacement transaction underpriced").await;
    let rows: [(Bytes, &str); 8] = [
        (with(|tx| tx.value = U256::MAX >> 8), "insufficient funds for gas * price + value: have "),
        (with(|tx| tx.gas_limit = 20_999), "intrinsic gas too low"),
        (with(|tx| tx.gas_limit = 1 << 40), "exceeds block gas limit: gas limit reached"),
        (
            with(|tx| (tx.max_fee_per_gas, tx.max_priority_fee_per_gas) = (1, 1)),
            "max fee per gas less than block base fee",
        ),
        (
            with(|tx| tx.max_priority_fee_per_gas = tx.max_fee_per_gas + 1),
            "max priority fee per gas higher than max fee per gas",
        ),
        (with(|tx| tx.nonce = u64::MAX), "nonce has max value"),
        (with(|tx| tx.chain_id = 1), "invalid chain id for signer"),
        (
            Bytes::from_static(&[0x03, 0xc0]),
            "transaction type not supported: transaction type not valid",
        ),
    ];
    for (bytes, text) in rows {
        row(node, send, raw(&bytes), -32_000, text).await;
        // The answer in one call is the answer in all of them.
        row(node, "eth_sendRawTransactionSync", raw(&bytes), -32_000, text).await;
    }
    row(node, send, json!(["0x02c0"]), -32_000, "rlp: cannot decode transaction").await;
    row(node, send, json!(["0x123"]), -32_602, "invalid argument 0: ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_receipt() {
    let node = &Node::before_its_time().await;
    let sync = "eth_sendRawTransactionSync";
    let text = "The transaction was added to the mempool but wasn't processed due to a nonce gap: expected nonce 0";
    let data = row(node, sync, json!([transfer(3, 1), 100]), 6, text).await;
    assert_eq!(data, "0x0");
    // With more time it is told before that is over, because time alone does not help.
    let began = std::time::Instant::now();
    row(node, sync, json!([transfer(3, 1)]), 6, text).await;
    assert!(began.elapsed() < crate::api::limits::SYNC_TIMEOUT_DEFAULT);

    let cheap = sign(
        4,
        TxEip1559 { max_fee_per_gas: 1_001, max_priority_fee_per_gas: 1, ..transaction(0) },
    );
    let text =
        "The transaction was added to the mempool but isn't ready: maxFeePerGas: 1001, baseFee: ";
    let data = row(node, sync, json!([cheap, 100]), 5, text).await;
    assert_eq!(data, json!(keccak256(&cheap)));

    // Ready, and out of time before the first sub-block.
    let text = "The transaction was added to the mempool but wasn't processed in 1ms";
    let data = row(node, sync, json!([transfer(5, 0), 1]), 4, text).await;
    assert_eq!(data, json!(keccak256(transfer(5, 0))));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_batches() {
    let node = &Node::start().await;
    let error = |answer: &(u16, String)| -> (u16, i64) {
        let json: Value = serde_json::from_str(&answer.1).unwrap();
        (answer.0, json["error"]["code"].as_i64().unwrap())
    };
    assert_eq!(error(&node.post("{").await), (200, -32_700));
    assert_eq!(error(&node.post("hello").await), (200, -32_700));
    assert_eq!(error(&node.post("").await), (200, -32_700));
    assert_eq!(error(&node.post("[]").await), (200, -32_600));
    assert_eq!(error(&node.post(r#"{"id":1,"method":"eth_chainId"}"#).await), (200, -32_600));
    let long = vec![b' '; REQUEST_BYTES_MAX as usize + 1];
    let answer = node.post(long).await;
    assert_eq!(error(&answer), (200, -32_600));
    assert!(answer.1.contains("request body exceeds 5242880 bytes"), "{}", answer.1);
    let call = |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId" });
    let many: Vec<Value> = (0..1_001).map(call).collect();
    let answer = node.post(json!(many).to_string()).await;
    assert_eq!(answer.0, 200);
    assert!(answer.1.contains("error"), "{}", answer.1);
    let most: Vec<Value> = (0..1_000).map(call).collect();
    let answers: Vec<Value> =
        serde_json::from_str(&node.post(json!(most).to_string()).await.1).unwrap();
    assert_eq!(answers.len(), 1_000);
    assert!(answers.iter().enumerate().all(|(id, answer)| answer["id"] == id));
    let mixed = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},5,{"jsonrpc":"2.0","method":"eth_chainId"},
        {"jsonrpc":"2.0","id":"two","method":"eth_nothing"}]"#;
    let answers: Vec<Value> = serde_json::from_str(&node.post(mixed).await.1).unwrap();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert_eq!(answers[0]["result"], "0xa455");
    assert_eq!(answers[1]["error"]["code"], -32_600);
    assert_eq!(answers[2]["id"], "two");
    assert_eq!(answers[2]["error"]["code"], -32_601);

    let plain = node.http.post(node.url()).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let get = node.http.get(node.url()).send().await.unwrap();
    assert_eq!(get.status(), 405);
}
