//! `debug_*`: whatever is traced must agree with the receipts.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::{Value, json};

use super::{
    scene::{DEPOSITS, POOR, SENDER, Scene, relayed},
    support::{GETTER, LOGGER, LOOP, NOBODY, NOPE, Node, REVERTER, key, log, quantity},
};

const CALLS: &str = "callTracer";

#[tokio::test(flavor = "multi_thread")]
async fn traces_agree_with_receipts() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let (mut seen, mut failed) = (0, 0);
    for number in scene.blocks() {
        let receipts = node.call("eth_getBlockReceipts", json!([number])).await;
        let receipts = receipts.as_array().unwrap();
        let steps = node.call("debug_traceBlockByNumber", json!([number])).await;
        let options = json!({ "tracer": CALLS, "tracerConfig": { "withLog": true } });
        let calls = node.call("debug_traceBlockByNumber", json!([number, options])).await;
        assert_eq!(steps.as_array().unwrap().len(), receipts.len());
        for (place, receipt) in receipts.iter().enumerate() {
            let hash = &receipt["transactionHash"];
            let (step, call) = (&steps[place], &calls[place]);
            assert_eq!((&step["txHash"], &call["txHash"]), (hash, hash));
            let (step, call) = (&step["result"], &call["result"]);
            let succeeded = receipt["status"] == "0x1";
            assert_eq!(step["gas"], json!(quantity(&receipt["gasUsed"])), "{hash}");
            assert_eq!(step["failed"], json!(!succeeded), "{hash}");
            assert_eq!(call["gasUsed"], receipt["gasUsed"], "{hash}");
            assert_eq!(call.get("error").is_none(), succeeded, "{call}");
            assert_eq!(call["from"], receipt["from"]);
            let to = if receipt["to"].is_null() { "contractAddress" } else { "to" };
            assert_eq!(call["to"], receipt[to], "{call}");
            let logs = logs_in(call);
            let expected = receipt["logs"].as_array().unwrap();
            assert_eq!(logs, expected.iter().map(|log| log["topics"].clone()).collect::<Vec<_>>());
            let alone = node.call("debug_traceTransaction", json!([hash, options])).await;
            assert_eq!(&alone, call);
            let alone = node.call("debug_traceTransaction", json!([hash])).await;
            assert_eq!(&alone, step);
            seen += 1;
            failed += usize::from(!succeeded);
        }
    }
    // Each block has its L1 attributes, and one of them the deposits.
    let there = scene.receipts.len() + DEPOSITS + scene.blocks().len();
    assert_eq!((seen, failed), (there, 4));
}

/// Topics of all logs of a call tree, in order.
fn logs_in(call: &Value) -> Vec<Value> {
    let list = |name: &str| call[name].as_array().cloned().unwrap_or_default();
    let mut logs: Vec<Value> = list("logs").iter().map(|log| log["topics"].clone()).collect();
    logs.extend(list("calls").iter().flat_map(logs_in));
    logs
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tracer_shows_its_own() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let hash = |place: usize| scene.receipts[place]["transactionHash"].clone();
    let traced = async |hash: Value, options: Value| {
        node.call("debug_traceTransaction", json!([hash, options])).await
    };
    // The call inside a call, and its revert that the outer one swallows.
    let call = traced(hash(6), json!({ "tracer": CALLS })).await;
    assert!(call.get("error").is_none());
    let inner = &call["calls"][0];
    assert_eq!(
        (&inner["type"], &inner["to"], &inner["error"], &inner["output"], &inner["revertReason"]),
        (
            &json!("CALL"),
            &json!(REVERTER),
            &json!("execution reverted"),
            &json!(NOPE),
            &json!("nope")
        )
    );
    let top = json!({ "tracer": CALLS, "tracerConfig": { "onlyTopCall": true } });
    assert!(traced(hash(6), top).await.get("calls").is_none());
    // A contract that is made and gone at once.
    let call = traced(hash(9), json!({ "tracer": CALLS })).await;
    assert_eq!(
        (&call["calls"][0]["type"], &call["calls"][0]["value"]),
        (&json!("CREATE"), &json!("0x5"))
    );
    assert_eq!(call["calls"][0]["calls"][0]["type"], "SELFDESTRUCT");
    let call = traced(hash(10), json!({ "tracer": CALLS })).await;
    assert_eq!(call["calls"][0]["type"], "CREATE2");

    let selectors = traced(hash(5), json!({ "tracer": "4byteTracer" })).await;
    assert_eq!(selectors, json!({ "0x00000000-60": 1, "0x07070707-28": 1 }));
    assert_eq!(traced(hash(5), json!({ "tracer": "noopTracer" })).await, json!({}));
    let flat = traced(hash(5), json!({ "tracer": "flatCallTracer" })).await;
    assert_eq!(flat.as_array().unwrap().len(), 2);
    assert_eq!(flat[1]["traceAddress"], json!([0]));
    assert_eq!(flat[1]["transactionHash"], hash(5));
    let mux = json!({ "callTracer": {}, "prestateTracer": {}, "4byteTracer": null });
    let mux = traced(hash(5), json!({ "tracer": "muxTracer", "tracerConfig": mux })).await;
    assert_eq!(mux["callTracer"]["calls"][0]["to"], json!(LOGGER));
    assert_eq!(mux["4byteTracer"], selectors);

    // The state before, and what changed in it: the sender paid gas and all fees.
    let block = quantity(&scene.receipts[3]["blockNumber"]);
    let before = traced(hash(3), json!({ "tracer": "prestateTracer" })).await;
    let sender = key(SENDER).address();
    let diff = json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } });
    let diff = traced(hash(3), diff).await;
    let wei = |state: &Value| -> U256 {
        serde_json::from_value(state[json!(sender).as_str().unwrap()]["balance"].clone()).unwrap()
    };
    assert_eq!(wei(&before), wei(&diff["pre"]));
    let fee =
        |name: &str| -> U256 { serde_json::from_value(scene.receipts[3][name].clone()).unwrap() };
    let paid = fee("gasUsed") * fee("effectiveGasPrice") + fee("l1Fee") + U256::from(1);
    assert_eq!(wei(&diff["pre"]) - wei(&diff["post"]), paid, "block {block}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deposits_are_traced_too() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let number = json!(format!("{:#x}", scene.deposits));
    let traced = async |options: Value| {
        let traces = node.call("debug_traceBlockByNumber", json!([number, options])).await;
        let traces = traces.as_array().unwrap().iter();
        traces.map(|trace| trace["result"].clone()).collect::<Vec<_>>()
    };
    let calls = traced(json!({ "tracer": CALLS })).await;
    assert_eq!((&calls[1]["to"], &calls[1]["value"]), (&json!(NOBODY), &json!("0x46")));
    assert_eq!(
        (&calls[2]["error"], &calls[2]["output"]),
        (&json!("execution reverted"), &json!(NOPE))
    );
    // It could not start: shown as the call that it would have been.
    assert_eq!((&calls[3]["from"], &calls[3]["to"]), (&json!(POOR), &json!(NOBODY)));
    assert_eq!((&calls[3]["value"], &calls[3]["gasUsed"]), (&json!("0x2"), &json!("0x186a0")));
    assert_eq!(calls[3]["error"], "insufficient balance for transfer");
    let mux = json!({ "tracer": "muxTracer", "tracerConfig": { "callTracer": {} } });
    assert_eq!(traced(mux).await[3]["callTracer"]["error"], calls[3]["error"]);
    let poor = json!(POOR).as_str().unwrap().to_owned();
    // What remains of it is the mint.
    let diff = json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } });
    assert_eq!(traced(diff).await[3]["post"][&poor], json!({ "balance": "0x1", "nonce": 1 }));
    // The same block by hash and by its own bytes.
    let block = node.call("eth_getBlockByNumber", json!([number, false])).await;
    let options = json!({ "tracer": CALLS });
    let by_hash = json!([block["hash"], options]);
    let by_hash = node.call("debug_traceBlockByHash", by_hash).await;
    assert_eq!(by_hash[3]["result"], calls[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn struct_logs_have_what_was_asked_for() {
    let node = &Node::start().await;
    let receipt = node.send(&log(1, 0, B256::repeat_byte(3))).await;
    let hash = &receipt["transactionHash"];
    let traced = async |options: Value| {
        let trace = node.call("debug_traceTransaction", json!([hash, options])).await;
        trace["structLogs"].as_array().unwrap().clone()
    };
    let plain = traced(json!({})).await;
    assert_eq!(plain[0]["op"], "PUSH1");
    assert_eq!(plain[0]["stack"], json!([]));
    for absent in ["memory", "returnData", "error", "refund"] {
        assert!(plain.iter().all(|step| step.get(absent).is_none()), "{absent}");
    }
    let word = |byte: u8| json!(B256::with_last_byte(byte)).as_str().unwrap().to_owned();
    for step in &plain {
        match step["op"].as_str().unwrap() {
            "SLOAD" => assert_eq!(step["storage"], json!({ word(0): word(0) })),
            "SSTORE" => assert_eq!(step["storage"], json!({ word(0): word(1) })),
            _ => assert!(step.get("storage").is_none(), "{step}"),
        }
    }
    let bare = traced(json!({ "disableStack": true, "disableStorage": true })).await;
    assert_eq!(bare.len(), plain.len());
    assert!(bare.iter().all(|step| step.get("stack").is_none() && step.get("storage").is_none()));
    let memory = traced(json!({ "enableMemory": true })).await;
    assert!(memory.iter().all(|step| step["memory"].is_array()));
    assert_eq!(traced(json!({ "limit": 3 })).await, plain[..3]);
    // An empty tracer is the default one.
    assert_eq!(traced(json!({ "tracer": "" })).await, plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_traced_on_any_state() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let call = json!({ "to": scene.relay, "input": relayed(GETTER, &[]) });
    let options = json!({ "tracer": CALLS });
    let traced = node.call("debug_traceCall", json!([call, "latest", options])).await;
    assert_eq!(traced["calls"][0]["to"], json!(GETTER));
    let pending = node.call("debug_traceCall", json!([call, "pending", options])).await;
    assert_eq!(pending["calls"], traced["calls"]);
    let steps = node.call("debug_traceCall", json!([call])).await;
    assert_eq!(steps["failed"], false);
    // Code of the caller's own, and a block of its own: NUMBER, returned.
    let code = json!({ NOBODY.to_string(): { "code": "0x4360005260206000f3" } });
    let options = json!({
        "tracer": CALLS, "stateOverrides": code, "blockOverrides": { "number": "0x1234" },
    });
    let traced = node.call("debug_traceCall", json!([{ "to": NOBODY }, "latest", options])).await;
    assert_eq!(traced["output"], json!(B256::from(U256::from(0x1234))));
    // In the middle of a block: before and after the logger counted.
    let receipt = &scene.receipts[4];
    let index = quantity(&receipt["transactionIndex"]);
    let mut counts = Vec::new();
    for index in [index, index + 1] {
        let options = json!({ "tracer": CALLS, "txIndex": format!("{index:#x}") });
        // Slot 0 of the logger, read by the code of the getter.
        let options = json!([{ "to": LOGGER }, receipt["blockNumber"], options]);
        let mut asked = options.clone();
        asked[2]["stateOverrides"] =
            json!({ LOGGER.to_string(): { "code": "0x60005460005260206000f3" } });
        let traced = node.call("debug_traceCall", asked).await;
        counts.push(serde_json::from_value::<U256>(traced["output"].clone()).unwrap());
    }
    assert_eq!(counts[0] + U256::from(1), counts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_traced() {
    let node = &Node::start().await;
    let receipt = node.send(&log(1, 0, B256::ZERO)).await;
    let hash = &receipt["transactionHash"];
    let row = async |method: &str, params: Value, code: i64, text: &str| {
        let (found, message, _) = node.fail(method, params).await;
        assert_eq!(found, code, "{method}: {message}");
        assert!(message.starts_with(text), "{method}: {message:?}");
    };
    let genesis = node.call("eth_getBlockByNumber", json!(["0x0", false])).await["hash"].clone();
    let unknown = keccak256("nothing");
    let by_number = "debug_traceBlockByNumber";
    row(by_number, json!(["earliest"]), -32_000, "genesis is not traceable").await;
    row("debug_traceBlockByHash", json!([genesis]), -32_000, "genesis is not traceable").await;
    row(by_number, json!(["3"]), -32_602, "invalid argument 0: ").await;
    row(by_number, json!(["0xffffff"]), -32_000, "header not found: 0xffffff").await;
    let text = format!("header not found: {unknown}");
    row("debug_traceBlockByHash", json!([unknown]), -32_000, &text).await;
    row("debug_traceBlock", json!(["0x01"]), -32_602, "invalid argument 0: rlp").await;
    row("debug_traceBlock", json!(["0xc2c101"]), -32_000, "header not found: 0x").await;
    let transaction = "debug_traceTransaction";
    row(transaction, json!([unknown]), -32_000, "transaction not found").await;
    let with = |options: Value| json!([hash, options]);
    let script = json!({ "tracer": "{ step: function() {} }" });
    row(transaction, with(script), -32_602, "invalid argument 1: tracer ").await;
    let wrong = json!({ "tracer": CALLS, "tracerConfig": { "withLog": 5 } });
    row(transaction, with(wrong), -32_602, "invalid argument 1: invalid tracer config").await;
    row(transaction, with(json!({ "tracer": 5 })), -32_602, "invalid argument").await;
    let soon = json!({ "timeout": "soon" });
    row(transaction, with(soon), -32_602, "invalid argument 1: time: invalid duration").await;
    row(transaction, with(json!({ "timeout": "1ns" })), -32_000, "execution timeout").await;
    let endless = json!([{ "to": LOOP }, "latest", { "timeout": "60s" }]);
    row("debug_traceCall", endless, -32_000, "trace exceeds 67108864 bytes").await;
    let some = json!([{ "to": LOOP, "gas": "0x186a0" }, "latest", { "limit": 10 }]);
    let some = node.call("debug_traceCall", some).await;
    assert_eq!((some["structLogs"].as_array().unwrap().len(), &some["failed"]), (10, &json!(true)));
    let late = json!([{ "to": NOBODY }, "latest", { "txIndex": "0xff" }]);
    row("debug_traceCall", late, -32_602, "invalid argument 2: txIndex 255").await;
    let poor = json!([{ "from": Address::repeat_byte(1), "to": NOBODY, "value": "0x1" }]);
    row("debug_traceCall", poor, -32_000, "insufficient funds").await;
}

/// A transaction is traced from the moment it is executed in the open block.
#[tokio::test(flavor = "multi_thread")]
async fn the_open_block_is_traced() {
    let node = &Node::start().await;
    let raw: Bytes = log(1, 0, B256::repeat_byte(5));
    let receipt = node.call("eth_sendRawTransactionSync", json!([raw])).await;
    let hash = &receipt["transactionHash"];
    let traced = node.call("debug_traceTransaction", json!([hash, { "tracer": CALLS }])).await;
    assert_eq!(traced["gasUsed"], receipt["gasUsed"]);
    let open = node.call("debug_traceBlockByNumber", json!(["pending"])).await;
    assert!(!open.as_array().unwrap().is_empty());
}
