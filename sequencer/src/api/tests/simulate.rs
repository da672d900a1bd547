//! Simulated blocks and proofs of older blocks, on a chain that goes on meanwhile.

use alloy::primitives::{B256, Bytes, U256, keccak256};
use serde_json::{Value, json};

use super::support::{
    GETTER, INVALID, LOGGER, NOBODY, Node, REVERTER, key, log, quantity, transfer,
};

/// Simulates one block of calls.
async fn simulate(node: &Node, calls: Value, base: &str) -> Value {
    let payload = json!({ "blockStateCalls": [{ "calls": calls }] });
    node.call("eth_simulateV1", json!([payload, base])).await[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_blocks_build_on_one_another() {
    let node = &Node::start().await;
    node.until_block(1).await;
    let from = key(3).address();
    let before = node.call("eth_getBalance", json!([from, "0x1"])).await;
    let payload = json!({
        "blockStateCalls": [
            { "calls": [{ "from": from, "to": LOGGER }, { "from": from, "to": NOBODY, "value": "0x5" }] },
            { "blockOverrides": { "number": "0x5" }, "calls": [{ "to": REVERTER }, { "to": INVALID, "gas": "0x7530" }] },
        ],
        "traceTransfers": true,
        "returnFullTransactions": true,
    });
    let blocks = node.call("eth_simulateV1", json!([payload, "0x1"])).await;
    let blocks = blocks.as_array().unwrap();
    let base = node.call("eth_getBlockByNumber", json!(["0x1", false])).await;
    assert_eq!(blocks.len(), 4, "the gap is filled");
    for (number, block) in (2..).zip(blocks) {
        assert_eq!(block["number"], format!("{number:#x}"));
        let parent = if number == 2 { &base } else { &blocks[number - 3] };
        assert_eq!(block["parentHash"], parent["hash"]);
        assert_eq!(quantity(&block["timestamp"]), quantity(&parent["timestamp"]) + 1);
        assert_eq!(block["miner"], base["miner"]);
        let empty = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
        assert_eq!(block["withdrawalsRoot"], empty);
    }
    let calls = &blocks[0]["calls"];
    assert_eq!(calls[0]["logs"][0]["address"], json!(LOGGER));
    assert_eq!(calls[0]["logs"][0]["blockHash"], blocks[0]["hash"]);
    assert_eq!(calls[1]["logs"][0]["address"], "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    assert_eq!(calls[1]["logs"][0]["logIndex"], "0x1");
    assert_eq!(calls[1]["logs"][0]["transactionHash"], blocks[0]["transactions"][1]["hash"]);
    assert_eq!(blocks[0]["transactions"][1]["from"], json!(from));
    assert_eq!(quantity(&blocks[0]["transactions"][1]["nonce"]), 1);
    let failed = &blocks[3]["calls"];
    assert_eq!((&failed[0]["error"]["code"], &failed[0]["returnData"]), (&json!(3), &json!("0x")));
    assert_eq!(
        (&failed[1]["error"]["code"], &failed[1]["gasUsed"]),
        (&json!(-32_015), &json!("0x7530"))
    );
    // Nothing of it happened.
    let after = node.call("eth_getBalance", json!([from, "latest"])).await;
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_and_proofs_are_those_of_the_named_block() {
    let node = &Node::start().await;
    node.until_block(1).await;
    let code = json!([{ "to": LOGGER }]);
    let first = simulate(node, code.clone(), "0x1").await;
    // The chain goes on, with blocks in memory, in Postgres, and one that is open.
    for nonce in 0..3 {
        node.send(&log(1, nonce, B256::ZERO)).await;
        assert_eq!(simulate(node, code.clone(), "0x1").await, first, "the same question again");
    }
    let latest = node.number().await;
    for number in 0..=latest {
        let id = format!("{number:#x}");
        let proof = node.call("eth_getProof", json!([LOGGER, ["0x0"], id])).await;
        let block = node.call("eth_getBlockByNumber", json!([id, false])).await;
        let top: Bytes = serde_json::from_value(proof["accountProof"][0].clone()).unwrap();
        assert_eq!(json!(keccak256(&top)), block["stateRoot"], "block {number}");
        let slot = node.call("eth_getStorageAt", json!([LOGGER, "0x0", id])).await;
        let slot: U256 = serde_json::from_value(slot).unwrap();
        assert_eq!(proof["storageProof"][0]["value"], json!(slot));
    }
    assert_eq!(
        node.call("eth_getProof", json!([LOGGER, ["0x0"], "latest"])).await["storageProof"][0]["value"],
        "0x3"
    );
    let ahead = node.fail("eth_getProof", json!([LOGGER, [], "0xffffff"])).await;
    assert_eq!((ahead.0, ahead.1.as_str()), (-32_000, "header not found: 0xffffff"));
}

#[tokio::test(flavor = "multi_thread")]
async fn simulations_are_refused_with_codes_of_their_own() {
    let node = &Node::start().await;
    node.send(&transfer(1, 0)).await;
    let code = async |block: Value, validation: bool| {
        let payload = json!({ "blockStateCalls": [block], "validation": validation });
        node.fail("eth_simulateV1", json!([payload, "latest"])).await.0
    };
    let (rich, poor) = (key(1).address(), NOBODY);
    let call = |call: Value| json!({ "calls": [call] });
    let fees = |nonce: &str| {
        call(json!({ "from": rich, "to": poor, "nonce": nonce, "maxFeePerGas": "0x3b9aca00" }))
    };
    assert_eq!(code(fees("0x0"), true).await, -38_010);
    assert_eq!(code(fees("0x9"), true).await, -38_011);
    assert_eq!(code(call(json!({ "from": rich, "to": poor })), true).await, -38_012);
    assert_eq!(code(call(json!({ "to": poor, "gas": "0x1" })), false).await, -38_013);
    assert_eq!(
        code(call(json!({ "from": poor, "to": rich, "value": "0x9999" })), false).await,
        -38_014
    );
    assert_eq!(code(call(json!({ "to": poor, "gas": "0xffffffffff" })), false).await, -38_015);
    assert_eq!(code(json!({ "blockOverrides": { "number": "0x0" } }), false).await, -38_020);
    assert_eq!(code(json!({ "blockOverrides": { "time": "0x1" } }), false).await, -38_021);
    let blobs = json!({ "to": poor, "blobVersionedHashes": [B256::with_last_byte(1)] });
    assert_eq!(code(call(blobs), false).await, -32_602);
    let tip = json!({ "to": poor, "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2" });
    assert_eq!(code(call(tip), false).await, -32_602);
    let moved =
        json!({ "stateOverrides": { GETTER.to_string(): { "movePrecompileToAddress": NOBODY } } });
    assert_eq!(code(moved, false).await, -32_000);
}
