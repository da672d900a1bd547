//! What only a rollup is asked: batches, proposals, withdrawals.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
    sol_types::{SolCall, SolEvent},
    trie::{Nibbles, proof::verify_proof},
};
use bindings::L2ToL1MessagePasser;
use db::{Coverage, Outbox, OutboxAttempt, OutboxInclusion, OutboxOutcome, OutboxRequest};
use l1::Proposal;
use protocol::{BlockId, predeploys::L2_TO_L1_MESSAGE_PASSER};
use serde_json::{Value, json};

use super::support::{Node, key, sign, transaction, transfer};

fn request(input: Bytes) -> OutboxRequest {
    let (to, value) = (Address::repeat_byte(0x14), U256::ZERO);
    OutboxRequest { to, value, input, gas_limit: None, blob_data: None }
}

/// A proposal in L1 block 101 that ends the interval with this number, which has 32 blocks.
fn proposed(id: u64, interval: u64) -> Proposal {
    Proposal {
        id,
        index: interval,
        output_root: B256::with_last_byte(u8::try_from(id).unwrap()),
        claim: B256::repeat_byte(0xcc),
        l2_block: 32 * interval,
        parent_block: 32 * interval.saturating_sub(1),
        segments_root: B256::ZERO,
        batch_accumulator: B256::ZERO,
        message_accumulator: B256::ZERO,
        l1_block: 101,
        l1_parent_hash: B256::ZERO,
        tournament: None,
        proposer: Address::repeat_byte(0x99),
        timestamp: 7,
        bond_claimed: false,
        decided: interval == 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_found_by_block() {
    let node = Node::start().await;
    let (fence, database) = (node.handle.fence, node.handle.view.database().clone());
    let outbox = Outbox::new(database, Address::repeat_byte(1));
    let batch = Coverage::Batch { first: 1, last: 9 };
    let insert = async |key: &str, coverage, input: Bytes| {
        outbox.insert(fence, key, coverage, &request(input)).await.unwrap().entry.id
    };
    let id = insert("batch/1-9/0", batch, Bytes::from_static(b"b")).await;
    let of = async |block: u64| {
        node.call("rollup_getBatchByBlock", json!([format!("{block:#x}")])).await
    };
    let waiting = json!([{
        "number": format!("{id:#x}"), "firstBlock": "0x1", "lastBlock": "0x9", "isPart": false, "state": "waiting",
        "l1TransactionHash": null, "l1BlockNumber": null, "l1BlockHash": null,
    }]);
    assert_eq!(of(9).await, waiting);
    assert_eq!(of(10).await, json!([]));
    let hash = B256::repeat_byte(0xaa);
    let attempt = OutboxAttempt {
        hash,
        nonce: 0,
        gas_limit: 1,
        fee_per_gas: 1,
        tip_per_gas: 1,
        fee_per_blob_gas: 0,
        cancels: false,
    };
    outbox.record_attempt(fence, id, &attempt).await.unwrap();
    assert_eq!(of(1).await[0]["state"], "sent");
    let block = BlockId { number: 105, hash: B256::repeat_byte(0xbb) };
    let inclusion = OutboxInclusion { hash, block, succeeded: true };
    outbox.set_inclusion(fence, id, Some(&inclusion)).await.unwrap();
    assert_eq!(of(1).await[0]["state"], "mined");
    outbox.close(fence, id, &OutboxOutcome::Confirmed(inclusion)).await.unwrap();
    let found = of(1).await;
    assert_eq!(
        (&found[0]["state"], &found[0]["l1BlockNumber"]),
        (&json!("confirmed"), &json!("0x69"))
    );
    assert_eq!(found[0]["l1TransactionHash"], json!(hash));
    insert("part/10/0/0-5-9/aa/calldata", Coverage::Batch { first: 10, last: 10 }, Bytes::new())
        .await;
    insert("part/10/0/5-9-9/aa/calldata", Coverage::Other, Bytes::new()).await;
    let parts = of(10).await;
    assert_eq!((parts.as_array().unwrap().len(), &parts[0]["isPart"]), (2, &json!(true)));
    assert_eq!((&parts[0]["firstBlock"], &parts[0]["lastBlock"]), (&json!("0xa"), &json!("0xa")));
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_those_that_stand() {
    let node = Node::start().await;
    let of =
        async |block: u64| node.call("rollup_getProposal", json!([format!("{block:#x}")])).await;
    node.propose((0..3).map(|place| proposed(place, place)).collect());
    until(async || !of(64).await.is_null()).await;
    let first = of(1).await;
    let expected = json!({
        "index": "0x1", "id": "0x1", "firstBlock": "0x1", "lastBlock": "0x20", "outputRoot": B256::with_last_byte(1),
        "claim": B256::repeat_byte(0xcc), "proposer": Address::repeat_byte(0x99), "l1BlockNumber": "0x65",
        "timestamp": "0x7", "tournament": null, "isFinal": false,
    });
    assert_eq!(first, expected);
    assert_eq!(of(32).await, first);
    assert_eq!(of(33).await["lastBlock"], "0x40");
    assert_eq!(of(65).await, Value::Null);
    let genesis = of(0).await;
    assert_eq!((&genesis["index"], &genesis["isFinal"]), (&json!("0x0"), &json!(true)));
    let newest = node.call("rollup_getProposals", json!([])).await;
    assert_eq!(newest, json!([of(64).await, first, genesis]));
    assert_eq!(node.call("rollup_getProposals", json!(["0x1"])).await, json!([of(64).await]));
    let (code, text, _) = node.fail("rollup_getProposals", json!(["0x65"])).await;
    assert_eq!((code, text.as_str()), (-32_602, "invalid argument 0: more than 100 proposals"));

    // Another has the place of the first, and what built on that is gone.
    let brought = Proposal { decided: true, l1_block: 102, ..proposed(3, 1) };
    node.dispute(brought);
    until(async || of(64).await.is_null()).await;
    let other = of(1).await;
    assert_eq!(
        (&other["index"], &other["id"], &other["isFinal"]),
        (&json!("0x1"), &json!("0x3"), &json!(true))
    );
}

async fn until(condition: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_durable_then_posted_then_proposed() {
    let node = Node::start().await;
    let receipt = node.send(&transfer(1, 0)).await;
    let stage = async || {
        let hash = json!([receipt["transactionHash"]]);
        node.call("rollup_getTransactionStatus", hash).await["stage"].clone()
    };
    assert_eq!(stage().await, "durable");
    let store = node.handle.view.store();
    let reference = store.latest().reference;
    store.set_safe(reference, reference).unwrap();
    assert_eq!(stage().await, "posted");
    node.propose((0..2).map(|place| proposed(place, place)).collect());
    until(async || stage().await == "proposed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_l1_fee_is_known_before_sending() {
    let node = Node::start().await;
    // Genesis knows no price of L1 data.
    node.until_block(1).await;
    let raw = transfer(1, 0);
    let estimate = node.call("rollup_estimateL1Fee", json!([raw])).await;
    // L1 stands still in this test, and with it the price.
    let receipt = node.send(&raw).await;
    assert_eq!(estimate, json!({ "l1Fee": receipt["l1Fee"], "operatorFeeMax": "0x0" }));
    assert_ne!(estimate["l1Fee"], "0x0");
    let (code, text, _) = node.fail("rollup_estimateL1Fee", json!(["0x01"])).await;
    assert!(code == -32_000 && text.starts_with("rlp: cannot decode transaction"), "{text}");
    let long = Bytes::from(vec![2; 119_001]);
    let (code, text, _) = node.fail("rollup_estimateL1Fee", json!([long])).await;
    assert!(code == -32_000 && text.starts_with("oversized data"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_comes_as_the_trie_has_it() {
    let node = Node::start().await;
    let sent = node.send(&transfer(1, 0)).await;
    let ask = async |address: Address, block: &Value| {
        node.call("eth_getAccount", json!([address, block])).await
    };
    for address in [key(1).address(), L2_TO_L1_MESSAGE_PASSER] {
        let block = &sent["blockNumber"];
        let proof = node.call("eth_getProof", json!([address, [], block])).await;
        let same = json!({
            "nonce": proof["nonce"], "balance": proof["balance"],
            "storageRoot": proof["storageHash"], "codeHash": proof["codeHash"],
        });
        assert_eq!(ask(address, block).await, same);
    }
    assert_eq!(ask(key(1).address(), &json!("latest")).await["nonce"], "0x1");
    assert_eq!(ask(Address::repeat_byte(0xdd), &json!("latest")).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_proven_against_the_output_root() {
    let node = Node::start().await;
    let call = L2ToL1MessagePasser::initiateWithdrawalCall {
        target: Address::repeat_byte(0x99),
        gasLimit: U256::from(100_000),
        data: Bytes::from_static(b"hello"),
    };
    let mut tx = transaction(0);
    tx.gas_limit = 300_000;
    tx.to = TxKind::Call(L2_TO_L1_MESSAGE_PASSER);
    tx.input = call.abi_encode().into();
    let receipt = node.send(&sign(1, tx)).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let log: alloy::primitives::LogData = {
        let log = &receipt["logs"][0];
        let topics = serde_json::from_value(log["topics"].clone()).unwrap();
        let data = serde_json::from_value(log["data"].clone()).unwrap();
        alloy::primitives::LogData::new_unchecked(topics, data)
    };
    let hash = L2ToL1MessagePasser::MessagePassed::decode_log_data(&log).unwrap().withdrawalHash;
    let number = &receipt["blockNumber"];
    // A later block has it as well; what is proven is the state of the one that is named.
    node.send(&transfer(2, 0)).await;
    let ask = async |hash: B256, block: &Value| {
        node.call("rollup_getWithdrawalProof", json!([hash, block])).await
    };
    let proof = ask(hash, number).await;
    assert_eq!(&proof["blockNumber"], number);
    let output = node.call("rollup_outputAtBlock", json!([number])).await;
    assert_eq!(proof["outputRoot"], output["outputRoot"]);
    let parts = &proof["outputRootProof"];
    assert_eq!(parts["stateRoot"], output["stateRoot"]);
    assert_eq!(parts["latestBlockhash"], output["blockHash"]);
    let words = ["version", "stateRoot", "messagePasserStorageRoot", "latestBlockhash"];
    let words = words.map(|name| serde_json::from_value::<B256>(parts[name].clone()).unwrap());
    assert_eq!(json!(keccak256(words.concat())), output["outputRoot"]);

    let slot = keccak256([hash, B256::ZERO].concat());
    assert_eq!(proof["storageSlot"], json!(slot));
    let nodes: Vec<Bytes> = serde_json::from_value(proof["withdrawalProof"].clone()).unwrap();
    let key = Nibbles::unpack(keccak256(slot));
    verify_proof(words[2], key, Some(vec![1]), &nodes).unwrap();
    assert!(verify_proof(words[2], key, Some(vec![2]), &nodes).is_err());

    assert_eq!(ask(hash, &json!("0x0")).await, Value::Null);
    assert_eq!(ask(B256::ZERO, number).await, Value::Null);
    // The proposal that is named is one of this root for this very block, whatever block that is.
    let index = async |block: &Value| ask(hash, block).await["l2OutputIndex"].clone();
    assert_eq!(index(number).await, Value::Null);
    let l2_block = receipt["blockNumber"].as_str().unwrap().trim_start_matches("0x");
    let l2_block = u64::from_str_radix(l2_block, 16).unwrap();
    let false_one = Proposal { parent_block: 0, l2_block, ..proposed(1, 1) };
    node.propose(vec![proposed(0, 0), false_one]);
    let standing = async || node.call("rollup_getProposal", json!([number])).await["id"].clone();
    until(async || standing().await == "0x1").await;
    assert_eq!(index(number).await, Value::Null);
    let output_root = serde_json::from_value(output["outputRoot"].clone()).unwrap();
    node.dispute(Proposal { id: 2, output_root, decided: true, l1_block: 102, ..false_one });
    until(async || standing().await == "0x2").await;
    assert_eq!(index(number).await, "0x1");
    node.until_block(l2_block + 1).await;
    assert_eq!(index(&json!(format!("{:#x}", l2_block + 1))).await, Value::Null);
    let latest = node.call("rollup_getWithdrawalProof", json!([hash])).await;
    assert_eq!(latest["withdrawalHash"], json!(hash));
    let (code, text, _) = node.fail("rollup_getWithdrawalProof", json!([hash, "0xffff"])).await;
    assert_eq!((code, text.as_str()), (-32_000, "header not found: 0xffff"));
}
