//! Parts of blocks, slots of several accounts, what the node says of itself, and what waits.

use std::time::Duration;

use alloy::primitives::B256;
use db::{DerivedRow, Index, VerifierStore};
use protocol::BlockId;
use serde_json::{Value, json};

use super::{
    scene::Scene,
    support::{CHAIN_ID, GETTER, LOGGER, Node, key, log, quantity, transfer},
};

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_blocks() {
    let node = &Node::start().await;
    let raw = log(1, 0, B256::ZERO);
    let receipt = node.send(&raw).await;
    let (number, hash) = (&receipt["blockNumber"], &receipt["blockHash"]);
    let header = node.call("eth_getHeaderByNumber", json!([number])).await;
    assert_eq!(node.call("eth_getHeaderByHash", json!([hash])).await, header);
    let block = node.call("eth_getBlockByNumber", json!([number, false])).await;
    for (field, value) in header.as_object().unwrap() {
        assert_eq!(value, &block[field], "{field}");
    }
    let index = &receipt["transactionIndex"];
    let by_number = json!([number, index]);
    assert_eq!(
        node.call("eth_getRawTransactionByBlockNumberAndIndex", by_number).await,
        json!(raw)
    );
    let by_hash = json!([hash, index]);
    assert_eq!(node.call("eth_getRawTransactionByBlockHashAndIndex", by_hash).await, json!(raw));
    let uncle = json!([number, "0x0"]);
    assert_eq!(node.call("eth_getUncleByBlockNumberAndIndex", uncle).await, Value::Null);
    assert_eq!(node.call("eth_getUncleCountByBlockHash", json!([hash])).await, "0x0");

    let slots = json!({ LOGGER.to_string(): ["0x0", "0x1"], GETTER.to_string(): ["0x0"] });
    let values = node.call("eth_getStorageValues", json!([slots, number])).await;
    let of_logger = &values[LOGGER.to_string().to_lowercase()];
    assert_eq!(of_logger, &json!([B256::with_last_byte(1), B256::ZERO]));
    let many = json!({ LOGGER.to_string(): vec!["0x0"; 1_025] });
    assert_eq!(node.fail("eth_getStorageValues", json!([many])).await.0, -32_602);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_says_what_it_is_and_has() {
    let node = &Node::start().await;
    node.until_block(1).await;
    let config = node.call("eth_config", json!([])).await;
    assert_eq!(config["current"]["chainId"], format!("{CHAIN_ID:#x}"));
    assert_eq!(config["current"]["precompiles"].as_object().unwrap().len(), 18);
    assert_eq!((&config["next"], &config["last"]), (&Value::Null, &Value::Null));
    let genesis = node.call("eth_getBlockByNumber", json!(["0x0", false])).await;
    assert_eq!(config["current"]["activationTime"], json!(quantity(&genesis["timestamp"])));
    let capabilities = node.call("eth_capabilities", json!([])).await;
    assert_eq!(capabilities["state"]["oldestBlock"], "0x0");
    assert!(quantity(&capabilities["head"]["number"]) >= 1);
    let base_fee = node.call("eth_baseFee", json!([])).await;
    assert!(quantity(&base_fee) >= 1_000, "the floor holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_a_gap_is_queued() {
    let node = &Node::start().await;
    node.call("eth_sendRawTransaction", json!([transfer(1, 5)])).await;
    node.call("eth_sendRawTransaction", json!([transfer(1, 6)])).await;
    let status = node.call("txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x0", "queued": "0x2" }));
    let sender = key(1).address();
    let content = node.call("txpool_content", json!([])).await;
    let queued = &content["queued"][sender.to_checksum(None)];
    assert_eq!(queued["5"]["from"], json!(sender));
    assert_eq!(queued["6"]["blockNumber"], Value::Null);
    let of_sender = node.call("txpool_contentFrom", json!([sender])).await;
    assert_eq!(&of_sender["queued"], queued);
    let inspected = node.call("txpool_inspect", json!([])).await;
    let line = inspected["queued"][sender.to_checksum(None)]["5"].as_str().unwrap();
    assert!(line.ends_with(": 1 wei + 100000 gas × 2000000000 wei"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_the_op_stack_find_their_names() {
    let node = &Node::start().await;
    node.until_block(1).await;
    let output = node.call("optimism_outputAtBlock", json!(["0x1"])).await;
    let same = node.call("rollup_outputAtBlock", json!(["0x1"])).await;
    for (theirs, ours) in
        [("outputRoot", "outputRoot"), ("withdrawalStorageRoot", "withdrawalsRoot")]
    {
        assert_eq!(output[theirs], same[ours]);
    }
    assert_eq!(output["blockRef"]["number"], 1);
    let status = node.call("optimism_syncStatus", json!([])).await;
    assert!(status["unsafe_l2"]["number"].as_u64() >= Some(1));
    assert_eq!(status["finalized_l1"]["number"], 100);
    let config = node.call("optimism_rollupConfig", json!([])).await;
    assert_eq!(config["l2_chain_id"], CHAIN_ID);
    let version = node.call("optimism_version", json!([])).await;
    assert_eq!(version, node.call("web3_clientVersion", json!([])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_safe_head_is_known_by_l1_block() {
    let node = &Node::start().await;
    let name = "optimism_safeHeadAtL1Block";
    node.until_block(1).await;
    let genesis = node.handle.view.require(0).await.unwrap();
    let head = node.handle.view.latest().reference;
    let derived = VerifierStore::new(node.handle.view.database().clone());
    let l1 = BlockId { number: 140, hash: B256::repeat_byte(0x14) };
    let (output_root, derived_from) = (B256::ZERO, l1.number);
    let row = DerivedRow { block: head, output_root, derived_from, claims: None };
    derived.processed(node.handle.fence, l1, &[row]).await.unwrap();
    for number in 141..=142 {
        let later = BlockId { number, hash: B256::repeat_byte(0x15) };
        derived.processed(node.handle.fence, later, &[]).await.unwrap();
    }
    let at = async |number: u64| node.call(name, json!([format!("{number:#x}")])).await;
    assert_eq!(at(100).await["safeHead"], json!({ "hash": genesis.hash, "number": 0 }));
    assert_eq!(at(100).await["l1Block"]["number"], 100);
    for number in 140..=142 {
        let (head, l1) = (
            json!({ "hash": head.hash, "number": head.number }),
            json!({ "hash": l1.hash, "number": 140 }),
        );
        assert_eq!(at(number).await, json!({ "l1Block": l1, "safeHead": head }));
    }
    for number in [99, 143] {
        let (code, text, _) = node.fail(name, json!([format!("{number:#x}")])).await;
        let meant = format!("safe head not found: L1 block {number} was not derived from");
        assert_eq!((code, text), (-32_000, meant));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_is_read_while_postgres_moves_past_it() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let last = scene.last_block();
    let who = key(1).address();
    let questions = |number: u64| {
        let at = format!("{number:#x}");
        [
            ("eth_getBalance", json!([who, at])),
            ("eth_getStorageAt", json!([LOGGER, "0x0", at])),
            ("eth_call", json!([{ "to": GETTER }, at])),
            ("eth_getProof", json!([who, [], at])),
            ("debug_executionWitness", json!([at])),
            ("debug_traceBlockByNumber", json!([at, { "tracer": "callTracer" }])),
        ]
    };
    let mut before = Vec::new();
    for (method, params) in (1..=last).flat_map(questions) {
        before.push(node.call(method, params).await);
    }
    let index = Index::new(node.handle.view.database().clone());
    while index.tip().await.unwrap().is_none_or(|tip| tip.header.number < last) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // As the indexer does before Postgres moves, however long that takes.
    let store = node.handle.view.store();
    store.base().begin_move(last);
    for ((method, params), before) in (1..=last).flat_map(questions).zip(before) {
        assert!(node.call(method, params.clone()).await == before, "{method} {params}");
    }
}
