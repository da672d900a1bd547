//! The fast path answers byte for byte as the general stack does.

use alloy::primitives::{Bytes, keccak256};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::support::{Node, sign, transaction, transfer};

const CASES: usize = 64;

/// One call of a body.
#[derive(Debug, Clone)]
enum Item {
    /// A transaction that the pool does not have.
    New { from: u8 },
    /// One that it has.
    Known,
    /// One whose nonce was used.
    Used,
    /// One that its sender cannot pay.
    Poor,
    /// Bytes that are no transaction.
    Garbage(Vec<u8>),
    /// A parameter that is not hexadecimal.
    NoHex(String),
    /// Another method.
    Other,
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        4 => (10_u8..20).prop_map(|from| Item::New { from }),
        2 => Just(Item::Known),
        2 => Just(Item::Used),
        1 => Just(Item::Poor),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Item::Garbage),
        1 => "[0-9a-fx\"\\\\g]{0,8}".prop_map(Item::NoHex),
        1 => Just(Item::Other),
    ]
}

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => any::<u64>().prop_map(|id| json!(id)),
        2 => "[ -~é]{0,6}".prop_map(|id| json!(id)),
        1 => Just(Value::Null),
    ]
}

/// Makes the same body for both ways. Only the new transactions differ, by their nonces.
struct Bodies {
    nonces: [u64; 256],
}

impl Bodies {
    fn raw(&mut self, item: &Item) -> Option<Bytes> {
        Some(match item {
            Item::New { from } => {
                let nonce = &mut self.nonces[usize::from(*from)];
                *nonce += 1;
                transfer(*from, *nonce)
            }
            Item::Known => transfer(1, 5),
            Item::Used => transfer(2, 0),
            Item::Poor => {
                let mut tx = transaction(0);
                tx.value = alloy::primitives::U256::MAX >> 8;
                sign(3, tx)
            }
            Item::Garbage(bytes) => bytes.clone().into(),
            Item::NoHex(_) | Item::Other => return None,
        })
    }

    /// The body, and the hashes of its new transactions.
    fn body(
        &mut self,
        calls: &[(Value, Item)],
        single: bool,
        method: &str,
    ) -> (String, Vec<String>) {
        let mut hashes = Vec::new();
        let mut texts = Vec::new();
        for (id, item) in calls {
            let raw = self.raw(item);
            if let (Item::New { .. }, Some(raw)) = (item, &raw) {
                hashes.push(keccak256(raw).to_string());
            }
            let params = match item {
                Item::NoHex(text) => json!([text]),
                _ => json!(raw.iter().collect::<Vec<_>>()),
            };
            let method = if matches!(item, Item::Other) { "eth_chainId" } else { method };
            texts.push(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
            ));
        }
        let body = if single { texts.swap_remove(0) } else { format!("[{}]", texts.join(",")) };
        (body, hashes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn same_bytes_as_the_general_stack() {
    let node = &Node::start().await;
    node.send(&transfer(2, 0)).await;
    node.call("eth_sendRawTransaction", json!([transfer(1, 5)])).await;
    let mut runner = TestRunner::deterministic();
    let bodies = (prop::collection::vec((id(), item()), 1..12), any::<bool>());
    // Nonce 0 is never sent, so that all of these stay where they are.
    let mut nonces = Bodies { nonces: [0; 256] };
    for _ in 0..CASES {
        let (calls, single) = bodies.new_tree(&mut runner).unwrap().current();
        let calls = &calls[..if single { 1 } else { calls.len() }];
        let (plain, plain_hashes) = nonces.body(calls, single, "eth_sendRawTransaction");
        // An escape is the same JSON, and not the plain form.
        let (escaped, hashes) = nonces.body(calls, single, r"eth_sendRawTransactio\u006e");
        let (fast, mut general) = (node.post(plain.clone()).await, node.post(escaped).await);
        for (from, to) in hashes.iter().zip(&plain_hashes) {
            general.1 = general.1.replace(from, to);
        }
        assert_eq!(fast, general, "{plain}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_admitted_in_order() {
    let node = &Node::start().await;
    let calls: Vec<Value> = (0..100)
        .map(|nonce| json!({ "jsonrpc": "2.0", "id": nonce, "method": "eth_sendRawTransaction", "params": [transfer(7, nonce)] }))
        .collect();
    let answers: Vec<Value> =
        serde_json::from_str(&node.post(json!(calls).to_string()).await.1).unwrap();
    let hashes: Vec<Value> = answers.iter().map(|answer| answer["result"].clone()).collect();
    let wanted: Vec<Value> = (0..100).map(|nonce| json!(keccak256(transfer(7, nonce)))).collect();
    assert_eq!(hashes, wanted);
    assert_eq!(node.receipt(&hashes[99]).await["status"], "0x1");
}
