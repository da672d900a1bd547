//! `debug_getRaw*`, code by hash, access lists of calls, whole accounts, the list of namespaces.

use alloy::{
    consensus::proofs::ordered_trie_root_with_encoder,
    primitives::{Address, B256, Bytes, U256, keccak256},
    rlp::{Decodable, Header as RlpHeader},
};
use serde_json::{Value, json};

use super::{
    scene::{Scene, relayed},
    support::{GETTER, INVALID, LOGGER, NOBODY, Node, REVERTER, key, transfer},
};

fn bytes(value: &Value) -> Bytes {
    serde_json::from_value(value.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_hash_to_what_the_header_says() {
    let scene = Scene::play().await;
    let node = &scene.node;
    for number in scene.blocks() {
        let block = node.call("eth_getBlockByNumber", json!([number, false])).await;
        let header = bytes(&node.call("debug_getRawHeader", json!([number])).await);
        assert_eq!(json!(keccak256(&header)), block["hash"]);
        let receipts = node.call("debug_getRawReceipts", json!([block["hash"]])).await;
        let receipts: Vec<Bytes> = receipts.as_array().unwrap().iter().map(bytes).collect();
        let root = ordered_trie_root_with_encoder(&receipts, |raw, out| out.extend_from_slice(raw));
        assert_eq!(json!(root), block["receiptsRoot"]);
        let raw = bytes(&node.call("debug_getRawBlock", json!([number])).await);
        let size = node.call("eth_getBlockByNumber", json!([number, false])).await["size"].clone();
        assert_eq!(json!(U256::from(raw.len())), size);
        let mut body = &raw[..];
        assert_eq!(RlpHeader::decode(&mut body).unwrap().payload_length, body.len());
        assert!(body.starts_with(&header));
        body = &body[header.len()..];
        let transactions = Vec::<protocol::Transaction>::decode(&mut body).unwrap();
        let root = alloy::consensus::proofs::calculate_transaction_root(&transactions);
        assert_eq!(json!(root), block["transactionsRoot"]);
        assert_eq!(body, [0xc0, 0xc0], "no uncles, no withdrawals");
        let traced = node.call("debug_traceBlock", json!([raw, { "tracer": "noopTracer" }])).await;
        assert_eq!(traced.as_array().unwrap().len(), transactions.len());
    }
    let raw = transfer(3, 7);
    node.call("eth_sendRawTransaction", json!([raw])).await;
    let waiting = json!([keccak256(&raw)]);
    assert_eq!(node.call("debug_getRawTransaction", waiting).await, json!(raw));
    let hash = &scene.receipts[3]["transactionHash"];
    let executed = bytes(&node.call("debug_getRawTransaction", json!([hash])).await);
    assert_eq!(json!(keccak256(&executed)), *hash);
    let unknown = json!([keccak256("nothing")]);
    assert!(node.call("debug_getRawTransaction", unknown.clone()).await.is_null());
    assert_eq!(node.call("debug_getBadBlocks", json!([])).await, json!([]));
    for method in ["debug_getRawHeader", "debug_getRawBlock", "debug_getRawReceipts"] {
        let (code, text, _) = node.fail(method, json!(["0xffffff"])).await;
        assert_eq!((code, &text[..]), (-32_000, "header not found: 0xffffff"), "{method}");
        assert_eq!(node.fail(method, json!(["2"])).await.0, -32_602, "{method}");
    }
    let code = bytes(&node.call("eth_getCode", json!([LOGGER, "latest"])).await);
    assert_eq!(node.call("debug_codeByHash", json!([keccak256(&code)])).await, json!(code));
    assert!(node.call("debug_codeByHash", unknown).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_of_calls() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let listed =
        async |call: Value| node.call("eth_createAccessList", json!([call, "latest"])).await;
    let list =
        |address: Address, slots: &[B256]| json!({ "address": address, "storageKeys": slots });
    // The recipient counts only for its slots.
    let own = listed(json!({ "to": GETTER })).await;
    assert_eq!(own["accessList"], json!([list(GETTER, &[B256::ZERO])]));
    assert!(own.get("error").is_none());
    let call = json!({ "to": scene.relay, "input": relayed(LOGGER, B256::ZERO.as_slice()) });
    let inner = listed(call.clone()).await;
    assert_eq!(inner["accessList"], json!([list(LOGGER, &[B256::ZERO])]));
    let mut warm = call;
    warm["accessList"] = inner["accessList"].clone();
    let gas: U256 = serde_json::from_value(inner["gasUsed"].clone()).unwrap();
    let traced = json!([warm, "latest", { "tracer": "callTracer" }]);
    let traced = node.call("debug_traceCall", traced).await;
    assert_eq!(traced["gasUsed"], json!(gas), "the gas is that of the call with the list");
    // Failures are part of the answer.
    assert_eq!(listed(json!({ "to": REVERTER })).await["error"], "execution reverted");
    assert_eq!(listed(json!({ "to": INVALID })).await["error"], "invalid opcode: INVALID");
    let poor = json!([{ "from": NOBODY, "to": GETTER, "value": "0xffffff" }]);
    let (code, text, _) = node.fail("eth_createAccessList", poor).await;
    assert!(code == -32_000 && text.starts_with("insufficient funds"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_namespaces() {
    let node = &Node::start().await;
    let info = node.call("eth_getAccountInfo", json!([LOGGER, "latest"])).await;
    let code = node.call("eth_getCode", json!([LOGGER, "latest"])).await;
    assert_eq!(info, json!({ "balance": "0x0", "nonce": "0x0", "code": code }));
    let info = node.call("eth_getAccountInfo", json!([key(1).address(), "0x0"])).await;
    assert_eq!((&info["nonce"], &info["code"]), (&json!("0x0"), &json!("0x")));
    let none = node.call("eth_getAccountInfo", json!([Address::repeat_byte(0xdd)])).await;
    assert_eq!(none, json!({ "balance": "0x0", "nonce": "0x0", "code": "0x" }));
    let modules = node.call("rpc_modules", json!([])).await;
    for namespace in ["eth", "net", "web3", "debug", "trace", "ots", "erigon", "rollup", "rpc"] {
        assert_eq!(modules[namespace], "1.0", "{namespace}");
    }
}
