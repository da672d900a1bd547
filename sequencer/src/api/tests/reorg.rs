//! What clients are told when L1 takes blocks back.

use alloy::primitives::{B256, keccak256};
use serde_json::json;

use super::{
    support::{LOGGER, NOBODY, Node, log},
    ws::{connect, next, subscribe},
};

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_removed_and_the_hash_is_no_longer_canonical() {
    let node = Node::start().await;
    node.until_block(1).await;
    node.messages(Vec::new());
    node.until_origin(101).await;
    let client = connect(&node).await;
    let filter = json!({ "address": LOGGER });
    let mut logs = subscribe(&client, &[json!("logs"), filter.clone()]).await;
    let installed = node.call("eth_newFilter", json!([filter])).await;
    let raw = log(1, 0, B256::repeat_byte(3));
    let old = node.send(&raw).await["blockHash"].clone();
    let first = next(&mut logs).await;
    assert_eq!((&first["removed"], &first["blockHash"]), (&json!(false), &old));

    node.reorg();
    let removed = next(&mut logs).await;
    assert_eq!((&removed["removed"], &removed["blockHash"]), (&json!(true), &old));
    assert_eq!(removed["transactionHash"], json!(keccak256(&raw)));
    let again = next(&mut logs).await;
    assert_eq!(again["removed"], false);
    assert_ne!(again["blockHash"], old);
    let polled = node.call("eth_getFilterChanges", json!([installed])).await;
    assert_eq!(polled, json!([first, removed, again]));

    // Nothing is left of the block but that it was one.
    assert!(node.call("eth_getBlockByHash", json!([old, false])).await.is_null());
    let text = "hash is not currently canonical";
    for canonical in [true, false] {
        let block = json!({ "blockHash": old, "requireCanonical": canonical });
        for (method, params) in [
            ("eth_getBalance", json!([NOBODY, block])),
            ("eth_call", json!([{ "to": NOBODY }, block])),
            ("eth_getProof", json!([NOBODY, [], block])),
        ] {
            let (code, message, _) = node.fail(method, params).await;
            assert_eq!((code, message.as_str()), (-32_000, text), "{method}");
        }
    }
    for (method, params) in [
        ("eth_getLogs", json!([{ "blockHash": old }])),
        ("debug_getRawHeader", json!([old])),
        ("debug_traceBlockByHash", json!([old])),
    ] {
        let (code, message, _) = node.fail(method, params).await;
        assert_eq!((code, message.as_str()), (-32_000, text), "{method}");
    }
    let unknown = keccak256("no block");
    let (_, message, _) = node.fail("eth_getBalance", json!([NOBODY, unknown])).await;
    assert_eq!(message, format!("header not found: {unknown}"));
}
