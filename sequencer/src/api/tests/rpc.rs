//! What clients do over HTTP: send, wait, read, estimate, prove, filter.

use alloy::{
    consensus::SignableTransaction,
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, U64, U256, hex, keccak256},
    rpc::types::TransactionRequest,
    signers::SignerSync,
};
use serde_json::{Value, json};

use super::support::{
    CHAIN_ID, GETTER, LOGGER, NOBODY, Node, REVERTER, key, log, quantity, transfer,
};

#[tokio::test(flavor = "multi_thread")]
async fn send_wait_and_read() {
    let node = &Node::start().await;
    let from = key(1).address();
    let raw = transfer(1, 0);
    let hash = node.call("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(hash, json!(keccak256(&raw)));
    let pending = node.call("eth_getTransactionCount", json!([from, "pending"])).await;
    assert_eq!(pending, "0x1", "counted as soon as the send has returned");
    let receipt = node.receipt(&hash).await;

    // Whoever sees the receipt finds its effects in `latest`.
    assert_eq!(node.call("eth_getBalance", json!([NOBODY, "latest"])).await, "0x1");
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["gasUsed"], "0x5208");
    assert_eq!(receipt["type"], "0x2");
    assert_eq!(receipt["l1GasUsed"], "0x640");
    assert!(quantity(&receipt["l1Fee"]) > 0);
    assert_eq!(receipt["l1BaseFeeScalar"], "0x558");
    assert_eq!(receipt["logs"], json!([]));
    let number = receipt["blockNumber"].clone();
    let block = node.call("eth_getBlockByNumber", json!([number, true])).await;
    assert_eq!(block["hash"], receipt["blockHash"]);
    assert_eq!(block["transactions"][1]["hash"], hash);
    assert_eq!(block["transactions"][0]["type"], "0x7e");
    assert!(block["transactions"][0]["sourceHash"].is_string());
    assert!(quantity(&block["size"]) > 500);
    let same = node.call("eth_getBlockByHash", json!([block["hash"], false])).await;
    assert_eq!(same["transactions"][1], hash);
    let tx = node.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(tx["blockHash"], block["hash"]);
    let by_index = json!([number, "0x1"]);
    assert_eq!(node.call("eth_getTransactionByBlockNumberAndIndex", by_index).await, tx);
    assert_eq!(node.call("eth_getRawTransactionByHash", json!([hash])).await, json!(raw));
    let receipts = node.call("eth_getBlockReceipts", json!([number])).await;
    assert_eq!(receipts[1], receipt);
    assert_eq!(receipts[0]["depositReceiptVersion"], "0x1");
    assert!(receipts[0].get("l1Fee").is_none_or(Value::is_null));
    assert_eq!(node.call("eth_getBlockTransactionCountByNumber", json!([number])).await, "0x2");

    // Written by the check, a moment after the block.
    let list = node.access_list(&number).await;
    let of = |address: Address| {
        let mut accounts = list.as_array().unwrap().iter();
        accounts.find(|account| account["address"] == json!(address)).unwrap().clone()
    };
    assert_eq!(of(NOBODY)["balanceChanges"], json!([{ "index": "0x2", "value": "0x1" }]));
    assert_eq!(of(from)["nonceChanges"], json!([{ "index": "0x2", "value": "0x1" }]));
    for method in ["eth_getBlockAccessListByBlockHash", "eth_getBlockAccessList"] {
        assert_eq!(node.call(method, json!([block["hash"]])).await, list, "{method}");
    }
    let (code, text, _) = node.fail("eth_getBlockAccessList", json!(["0x0"])).await;
    assert_eq!((code, &text[..]), (-32_000, "access list of block 0 is not available"));

    // What is not there is null, not an error.
    let nothing = keccak256("nothing");
    for method in [
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getBlockReceipts",
        "eth_getBlockAccessList",
    ] {
        assert_eq!(node.call(method, json!([nothing])).await, Value::Null, "{method}");
    }
    assert_eq!(node.call("eth_getBlockByHash", json!([nothing, true])).await, Value::Null);
    assert_eq!(node.call("eth_getBlockByNumber", json!(["0xffffff", true])).await, Value::Null);
    let status = node.call("rollup_getTransactionStatus", json!([hash])).await;
    assert_eq!(status["stage"], "durable");
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_with_one_request() {
    let node = &Node::start().await;
    let raw = log(1, 0, B256::repeat_byte(5));
    let receipt = node.call("eth_sendRawTransactionSync", json!([raw])).await;
    assert_eq!(receipt["transactionHash"], json!(keccak256(&raw)));
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["logs"][0]["topics"][0], json!(B256::repeat_byte(5)));
    // At once visible to whoever asks for the open block, or for what followed from it.
    let slot = node.call("eth_getStorageAt", json!([LOGGER, "0x0", "pending"])).await;
    assert_eq!(slot, json!(B256::from(U256::from(1))));
    // A repeat, as after a lost answer, gets the same receipt.
    let again = node.call("eth_sendRawTransactionSync", json!([raw, "0x3e8"])).await;
    assert_eq!(again["transactionHash"], receipt["transactionHash"]);
    let sealed = node.receipt(&receipt["transactionHash"]).await;
    assert_eq!(sealed["blockNumber"], receipt["blockNumber"]);
    assert!(sealed["blockHash"].is_string());
    assert_eq!(sealed["logs"][0]["blockHash"], sealed["blockHash"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_in_what_is_missing() {
    let node = &Node::start().await;
    let (from, to) = (key(4).address(), NOBODY);
    let wanted = json!([{ "from": from, "to": to, "value": "0x5" }]);
    let filled = node.call("eth_fillTransaction", wanted).await;
    let tx = &filled["tx"];
    assert_eq!(
        (&tx["nonce"], &tx["gas"], &tx["type"]),
        (&json!("0x0"), &json!("0x5208"), &json!("0x2"))
    );
    assert_eq!(quantity(&tx["chainId"]), CHAIN_ID);
    let request: TransactionRequest = serde_json::from_value(tx.clone()).unwrap();
    let typed = request.build_typed_tx().unwrap().eip1559().unwrap().clone();
    let signature = key(4).sign_hash_sync(&typed.signature_hash()).unwrap();
    let signed: Bytes = typed.into_signed(signature).encoded_2718().into();
    assert_eq!(node.send(&signed).await["status"], "0x1");
    let next = node.call("eth_fillTransaction", json!([{ "from": from, "to": to }])).await;
    assert_eq!(next["tx"]["nonce"], "0x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_estimates_and_overrides() {
    let node = &Node::start().await;
    let zero = json!(B256::ZERO);
    assert_eq!(node.call("eth_call", json!([{ "to": GETTER }])).await, zero);
    let seven = B256::from(U256::from(7));
    let state = json!({ GETTER.to_string(): { "stateDiff": { B256::ZERO.to_string(): seven } } });
    let overridden = node.call("eth_call", json!([{ "to": GETTER }, "latest", state])).await;
    assert_eq!(overridden, json!(seven));
    let code = json!({ REVERTER.to_string(): { "code": "0x4360005260206000f3" } });
    let block = json!({ "number": "0x1234" });
    let number = node.call("eth_call", json!([{ "to": REVERTER }, "latest", code, block])).await;
    assert_eq!(number, json!(B256::from(U256::from(0x1234))));

    let call = json!([{ "from": key(1).address(), "to": LOGGER, "data": seven }]);
    let estimate = quantity(&node.call("eth_estimateGas", call).await);
    let receipt = node.send(&log(1, 0, seven)).await;
    let used = quantity(&receipt["gasUsed"]);
    assert_eq!(estimate, used);
    let plain = json!([{ "from": key(1).address(), "to": NOBODY, "value": "0x1" }]);
    assert_eq!(node.call("eth_estimateGas", plain).await, "0x5208");
    // Who does not say who it is has what it sends, unless it says what it has.
    let gift = json!({ "to": NOBODY, "value": "0x1" });
    assert_eq!(node.call("eth_estimateGas", json!([gift])).await, "0x5208");
    let poor = json!({ Address::ZERO.to_string(): { "balance": "0x0" } });
    let (_, text, _) = node.fail("eth_estimateGas", json!([gift, "latest", poor])).await;
    assert!(text.starts_with("insufficient funds"), "{text}");

    // An older state is still there, by number, by hash and as EIP-1898 writes it.
    let parent = quantity(&receipt["blockNumber"]) - 1;
    let slot =
        async |block: Value| node.call("eth_getStorageAt", json!([LOGGER, "0x0", block])).await;
    assert_eq!(slot(json!(format!("{parent:#x}"))).await, zero);
    let one = json!(B256::from(U256::from(1)));
    assert_eq!(slot(receipt["blockHash"].clone()).await, one);
    assert_eq!(
        slot(json!({ "blockHash": receipt["blockHash"], "requireCanonical": true })).await,
        one
    );
    assert_eq!(slot(json!({ "blockNumber": receipt["blockNumber"] })).await, one);
    let code = node.call("eth_getCode", json!([GETTER, "latest"])).await;
    assert_eq!(code, "0x60005460005260206000f3");
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_and_constants() {
    let node = &Node::start().await;
    node.until_block(3).await;
    let history = node.call("eth_feeHistory", json!([2, "latest", [10.0, 90.0]])).await;
    let fees = history["baseFeePerGas"].as_array().unwrap();
    assert_eq!((fees.len(), history["gasUsedRatio"].as_array().unwrap().len()), (3, 2));
    let oldest = quantity(&history["oldestBlock"]);
    for (number, fee) in (oldest..).zip(fees) {
        // The last entry is the price of a block that is not there yet, under our own rules.
        node.until_block(number).await;
        let block = node.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await;
        assert_eq!(&block["baseFeePerGas"], fee, "of block {number}");
    }
    assert!(history["reward"][0].as_array().unwrap().iter().all(|tip| quantity(tip) > 0));
    let hex_count = node.call("eth_feeHistory", json!(["0x400", "latest"])).await;
    assert!(hex_count.get("reward").is_none_or(Value::is_null));
    let tip = quantity(&node.call("eth_maxPriorityFeePerGas", json!([])).await);
    assert!(quantity(&node.call("eth_gasPrice", json!([])).await) > tip);

    assert_eq!(node.call("net_version", json!([])).await, CHAIN_ID.to_string());
    assert_eq!(node.call("eth_accounts", json!([])).await, json!([]));
    assert_eq!(node.call("eth_syncing", json!([])).await, false);
    assert_eq!(node.call("net_listening", json!([])).await, true);
    let hello = node.call("web3_sha3", json!(["0x68656c6c6f"])).await;
    assert_eq!(hello, json!(keccak256("hello")));
    assert!(
        node.call("web3_clientVersion", json!([])).await.as_str().unwrap().starts_with("braid/")
    );
    let pending = node.call("eth_getBlockByNumber", json!(["pending", false])).await;
    assert!(pending["hash"].is_null() && pending["nonce"].is_null() && pending["miner"].is_null());
    let finalized = node.call("eth_getBlockByNumber", json!(["finalized", false])).await;
    assert_eq!(finalized["number"], "0x0");
    let config = node.call("rollup_config", json!([])).await;
    assert_eq!(config["limits"]["logBlocksMax"], 100_000);
    let output = node.call("rollup_outputAtBlock", json!(["0x1"])).await;
    assert_eq!(output["blockNumber"], "0x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conflict_report_counts_every_execution() {
    let node = &Node::start().await;
    let first = node.send(&log(1, 0, B256::repeat_byte(1))).await;
    let last = node.send(&log(1, 1, B256::repeat_byte(2))).await;
    let block = &last["blockNumber"];
    let gas = |receipt: &Value| receipt["gasUsed"].as_str().unwrap().parse::<U64>().unwrap();
    // Latest is behind what is durable until the block is sealed.
    let report = loop {
        let report = node.call("rollup_getConflictReport", json!([block, "0x100"])).await;
        if !report.is_null() {
            break report;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(&report["toBlock"], block);
    assert_eq!(report["fromBlock"], "0x0");
    assert_eq!((&report["transactions"], &report["inTurn"]), (&json!("0x2"), &json!("0x2")));
    assert_eq!(report["gasUsed"], json!(gas(&first) + gas(&last)));
    assert_eq!(report["criticalGas"], report["gasUsed"], "one thread: one chain");
    let unknown = node.call("rollup_getConflictReport", json!(["0xffffff"])).await;
    assert!(unknown.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_by_range_by_hash_and_by_filter() {
    let node = &Node::start().await;
    let topic = B256::repeat_byte;
    let id = node.call("eth_newFilter", json!([{ "address": LOGGER }])).await;
    let blocks = node.call("eth_newBlockFilter", json!([])).await;
    let pending = node.call("eth_newPendingTransactionFilter", json!([])).await;
    assert!(id.as_str().unwrap().starts_with("0x"));
    let first = node.send(&log(1, 0, topic(1))).await;
    let second = node.send(&log(1, 1, topic(2))).await;

    let found = async |filter: Value| -> Vec<Value> {
        let logs = node.call("eth_getLogs", json!([filter])).await;
        logs.as_array().unwrap().iter().map(|log| log["topics"][0].clone()).collect()
    };
    let all = json!({ "fromBlock": "0x0", "address": LOGGER });
    assert_eq!(found(all.clone()).await, [json!(topic(1)), json!(topic(2))]);
    let either = json!({ "fromBlock": "earliest", "topics": [[topic(2), topic(3)]] });
    assert_eq!(found(either).await, [json!(topic(2))]);
    let by_hash = json!({ "blockHash": first["blockHash"], "address": [LOGGER] });
    assert!(found(by_hash).await.contains(&json!(topic(1))));
    assert!(found(json!({ "fromBlock": "0x0", "address": NOBODY })).await.is_empty());
    let logs = node.call("eth_getLogs", json!([all])).await;
    assert_eq!(logs[1]["transactionHash"], second["transactionHash"]);
    assert!(logs[1]["blockTimestamp"].is_string());

    let changes = node.call("eth_getFilterChanges", json!([id])).await;
    assert_eq!(changes, logs);
    assert_eq!(node.call("eth_getFilterChanges", json!([id])).await, json!([]));
    let hashes = node.call("eth_getFilterChanges", json!([blocks])).await;
    assert!(hashes.as_array().unwrap().contains(&first["blockHash"]));
    let hashes = node.call("eth_getFilterChanges", json!([pending])).await;
    assert_eq!(hashes, json!([first["transactionHash"], second["transactionHash"]]));
    assert_eq!(node.call("eth_uninstallFilter", json!([id])).await, true);
    assert_eq!(node.call("eth_uninstallFilter", json!([id])).await, false);
    assert_eq!(node.fail("eth_getFilterChanges", json!([id])).await.1, "filter not found");
}

/// Also between two blocks, when none is open.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_pending_is_always_later_than_the_newest_block() {
    let node = &Node::start().await;
    // TIMESTAMP, returned.
    let code = json!({ NOBODY.to_string(): { "code": "0x4260005260206000f3" } });
    let start = node.number().await;
    while node.number().await < start + 3 {
        let latest = node.call("eth_getBlockByNumber", json!(["latest", false])).await;
        let latest: U256 = serde_json::from_value(latest["timestamp"].clone()).unwrap();
        let answer = node.call("eth_call", json!([{ "to": NOBODY }, "pending", code])).await;
        let seen: B256 = serde_json::from_value(answer).unwrap();
        assert!(U256::from_be_bytes(seen.0) > latest, "{seen} after {latest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_health_and_compression() {
    let node = Node::start().await;
    let preflight = node
        .http
        .request(reqwest::Method::OPTIONS, node.url())
        .header("origin", "https://dapp.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let answer = preflight.send().await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    // Every part has reported once the first block is durable and indexed.
    let ready = async || node.http.get(format!("http://{}/readyz", node.address)).send().await;
    for _ in 0..500 {
        if ready().await.unwrap().status() == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ready().await.unwrap().status(), 200);
    let calls: Vec<Value> = (0..200)
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "web3_clientVersion" }))
        .collect();
    let request = node.http.post(node.url()).header("accept-encoding", "gzip");
    let request = request.header("content-type", "application/json");
    let answer = request.body(json!(calls).to_string()).send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(hex::encode(&answer.bytes().await.unwrap()[..2]), "1f8b");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_doors_take_nothing() {
    let mut node = Node::start().await;
    node.doors.take().unwrap().close().await;
    let refused = node.http.post(node.url()).send().await;
    assert!(refused.unwrap_err().is_connect());
    assert!(node.handle.view.latest().number() < 1_000, "the sequencer itself goes on");
}
