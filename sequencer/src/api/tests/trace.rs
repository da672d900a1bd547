//! `trace_*`: flat traces agree with receipts and with one another.

use alloy::primitives::{Address, B256, U256, keccak256};
use serde_json::{Value, json};

use super::{
    scene::{POOR, SENDER, Scene, relayed},
    support::{GETTER, LOGGER, LOOP, NOBODY, NOPE, REVERTER, key, quantity, transfer},
};

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn flat_traces_agree_with_receipts() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let mut all = Vec::new();
    for number in scene.blocks() {
        let receipts = node.call("eth_getBlockReceipts", json!([number])).await;
        let traces = node.call("trace_block", json!([number])).await;
        all.extend(list(&traces).clone());
        let types = json!([number, ["trace", "stateDiff", "vmTrace"]]);
        let replays = node.call("trace_replayBlockTransactions", types).await;
        for (place, receipt) in list(&receipts).iter().enumerate() {
            let hash = &receipt["transactionHash"];
            let own = list(&traces).iter().filter(|trace| trace["transactionHash"] == *hash);
            let own: Vec<&Value> = own.collect();
            let root = own[0];
            assert_eq!(root["transactionPosition"], json!(place));
            assert_eq!(root["blockHash"], receipt["blockHash"]);
            assert_eq!(root["action"]["from"], receipt["from"]);
            assert_eq!(root["traceAddress"], json!([]));
            if receipt["status"] == "0x1" {
                assert_eq!(root["result"]["gasUsed"], receipt["gasUsed"], "{root}");
            } else {
                assert!(root["error"].is_string(), "{root}");
            }
            let transaction = node.call("trace_transaction", json!([hash])).await;
            assert_eq!(list(&transaction).iter().collect::<Vec<_>>(), own);
            let replay = &replays[place];
            assert_eq!(replay["transactionHash"], *hash);
            assert_eq!(list(&replay["trace"]).len(), own.len());
            let types = json!([hash, ["stateDiff"]]);
            let alone = node.call("trace_replayTransaction", types).await;
            assert_eq!(alone["stateDiff"], replay["stateDiff"]);
            assert_eq!((&alone["trace"], &alone["vmTrace"]), (&json!([]), &Value::Null));
        }
    }
    let last = quantity(scene.blocks().last().unwrap());
    let range = |more: Value| {
        let mut filter = json!({ "fromBlock": "0x0", "toBlock": format!("{last:#x}") });
        filter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([filter])
    };
    assert_eq!(node.call("trace_filter", range(json!({}))).await, json!(all));
    let some = node.call("trace_filter", range(json!({ "after": 2, "count": 3 }))).await;
    assert_eq!(some, json!(all[2..5]));
    // The calls from inside to the logger: one through the relay.
    let inner = json!({ "fromAddress": [scene.relay], "toAddress": [LOGGER] });
    let inner = node.call("trace_filter", range(inner)).await;
    assert_eq!(list(&inner).len(), 1);
    assert_eq!(inner[0]["transactionHash"], scene.receipts[5]["transactionHash"]);
    assert_eq!(inner[0]["traceAddress"], json!([0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_and_places() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let hash = |place: usize| scene.receipts[place]["transactionHash"].clone();
    let inner = node.call("trace_get", json!([hash(6), ["0x0"]])).await;
    assert_eq!((&inner["error"], &inner["action"]["to"]), (&json!("Reverted"), &json!(REVERTER)));
    assert_eq!(node.call("trace_get", json!([hash(6), ["0x7"]])).await, Value::Null);
    assert_eq!(node.call("trace_get", json!([hash(6), []])).await["subtraces"], 1);
    // A contract that is made and gone at once.
    let gone = node.call("trace_transaction", json!([hash(9)])).await;
    let kinds: Vec<&Value> = list(&gone).iter().map(|trace| &trace["type"]).collect();
    assert_eq!(kinds, ["call", "create", "suicide"]);
    let replay = json!([hash(4), ["vmTrace", "stateDiff"]]);
    let replay = node.call("trace_replayTransaction", replay).await;
    assert!(list(&replay["vmTrace"]["ops"]).len() > 5);
    let name = |address: Address| json!(address).as_str().unwrap().to_owned();
    let slot = &replay["stateDiff"][name(LOGGER)]["storage"];
    let word = |number: u8| json!(B256::with_last_byte(number));
    let zero = word(0).as_str().unwrap().to_owned();
    // The deposit that calls the same contract comes in a block before this one or after it.
    let counted = |from: u8| json!({ "from": word(from), "to": word(from + 1) });
    assert!([counted(0), counted(1)].contains(&slot[&zero]["*"]), "{slot}");
    assert_eq!(replay["stateDiff"][name(key(SENDER).address())]["nonce"]["*"]["from"], "0x4");
    // The deposit that could not start.
    let deposits = node.call("trace_block", json!([format!("{:#x}", scene.deposits)])).await;
    let poor = list(&deposits).iter().find(|trace| trace["action"]["from"] == json!(POOR));
    assert_eq!(poor.unwrap()["error"], "Insufficient balance for transfer");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_not_in_the_chain() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let call = json!({ "to": scene.relay, "input": relayed(REVERTER, &[]) });
    let traced = node.call("trace_call", json!([call, ["trace"], "latest"])).await;
    assert_eq!(traced["trace"][1]["error"], "Reverted");
    assert_eq!(traced["trace"][1]["result"]["output"], NOPE);
    // Each call sees what the ones before it did.
    let log = json!([{ "to": LOGGER, "input": B256::ZERO, "gas": "0x30000" }, ["stateDiff"]]);
    let many = node.call("trace_callMany", json!([[log, log], "latest"])).await;
    let slot = json!(B256::ZERO).as_str().unwrap().to_owned();
    let logger = json!(LOGGER).as_str().unwrap().to_owned();
    let change = |place: usize| &many[place]["stateDiff"][&logger]["storage"][&slot]["*"];
    assert_eq!(change(0)["to"], change(1)["from"]);
    assert_ne!(change(1)["to"], change(1)["from"]);
    let raw = transfer(2, 0);
    let traced = node.call("trace_rawTransaction", json!([raw, ["trace", "stateDiff"]])).await;
    assert_eq!(traced["trace"][0]["action"]["to"], json!(NOBODY));
    let sender = json!(key(2).address()).as_str().unwrap().to_owned();
    let balance = &traced["stateDiff"][&sender]["balance"]["*"];
    let wei = |name: &str| -> U256 { serde_json::from_value(balance[name].clone()).unwrap() };
    assert!(wei("from") > wei("to") + U256::from(21_000), "it pays as it would in a block");
    let nonce = json!([key(2).address(), "latest"]);
    assert_eq!(node.call("eth_getTransactionCount", nonce).await, "0x0", "nothing is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_trace_of() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let unknown = keccak256("nothing");
    for params in [json!(["trace_transaction", unknown]), json!(["trace_block", "0xffffff"])] {
        let method = params[0].as_str().unwrap();
        assert_eq!(node.call(method, json!([params[1]])).await, Value::Null, "{method}");
    }
    assert_eq!(node.call("trace_get", json!([unknown, ["0x0"]])).await, Value::Null);
    assert_eq!(node.call("trace_block", json!(["0x0"])).await, json!([]));
    let none = json!(["0xffffff", ["trace"]]);
    assert_eq!(node.call("trace_replayBlockTransactions", none).await, Value::Null);
    let row = async |method: &str, params: Value, code: i64, text: &str| {
        let (found, message, _) = node.fail(method, params).await;
        assert_eq!(found, code, "{method}: {message}");
        assert!(message.starts_with(text), "{method}: {message:?}");
    };
    let replay = "trace_replayTransaction";
    row(replay, json!([unknown, ["trace"]]), -32_000, "transaction not found").await;
    row(replay, json!([unknown, ["everything"]]), -32_602, "invalid argument").await;
    let filter = |from: &str, to: &str| json!([{ "fromBlock": from, "toBlock": to }]);
    let text = "invalid block range params";
    row("trace_filter", filter("0x2", "0x1"), -32_602, text).await;
    let text = "block range extends beyond current head block";
    row("trace_filter", filter("0xfffff0", "0xffffff"), -32_602, text).await;
    let raw = "trace_rawTransaction";
    row(raw, json!(["0x01", ["trace"]]), -32_000, "rlp: cannot decode transaction").await;
    row(raw, json!([transfer(1, 0), ["trace"]]), -32_000, "nonce too low").await;
    let many: Vec<Value> = (0..101).map(|_| json!([{ "to": GETTER }, ["trace"]])).collect();
    row("trace_callMany", json!([many]), -32_602, "invalid argument 0: more than 100").await;
    let endless = json!([{ "to": LOOP }, ["vmTrace"]]);
    row("trace_call", endless, -32_000, "trace exceeds 67108864 bytes").await;
}
