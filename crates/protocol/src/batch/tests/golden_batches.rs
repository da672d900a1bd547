//! Golden payloads: bytes of batches with known content.

use core::slice::from_ref;

use alloy_consensus::{Signed, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Signature, TxKind, U256, hex, keccak256};
use serde_json::{Value, json};

use super::*;

fn signature(seed: u8, parity: bool) -> Signature {
    let r = U256::from_be_bytes(keccak256([seed]).0);
    Signature::new(r, U256::from_be_bytes(keccak256([seed, seed]).0) >> 3, parity)
}

/// One transaction of each kind, with the fields that differ between them.
fn one_of_each() -> Vec<Bytes> {
    let to = TxKind::Call(Address::repeat_byte(0x11));
    let input = Bytes::from_static(&hex!("a9059cbb"));
    let access_list = AccessList(alloc::vec![AccessListItem {
        address: Address::repeat_byte(0x22),
        storage_keys: alloc::vec![B256::with_last_byte(1), B256::repeat_byte(0x33)],
    }]);
    let unprotected = TxLegacy {
        chain_id: None,
        nonce: 0,
        gas_price: 100_000_000_000,
        gas_limit: 100_000,
        to: TxKind::Create,
        value: U256::ZERO,
        input: Bytes::from_static(&hex!("00")),
    };
    let protected = TxLegacy { chain_id: Some(CHAIN_ID), nonce: 1, to, ..unprotected.clone() };
    let with_list = TxEip2930 {
        chain_id: CHAIN_ID,
        nonce: 300,
        gas_price: 7,
        gas_limit: 50_000,
        to,
        value: U256::MAX,
        access_list: access_list.clone(),
        input: input.clone(),
    };
    let authorization = Authorization {
        chain_id: U256::from(CHAIN_ID),
        address: Address::repeat_byte(0x44),
        nonce: 9,
    };
    let (r, s) = (U256::from(5), U256::from(6));
    let set_code = TxEip7702 {
        chain_id: CHAIN_ID,
        nonce: u64::MAX,
        gas_limit: 1_000_000,
        max_fee_per_gas: u128::MAX,
        max_priority_fee_per_gas: 0,
        to: Address::repeat_byte(0x22),
        value: U256::from(1),
        access_list,
        authorization_list: alloc::vec![SignedAuthorization::new_unchecked(authorization, 1, r, s)],
        input,
    };
    let encode = |tx: Transaction| Bytes::from(tx.encoded_2718());
    alloc::vec![
        encode(Transaction::Legacy(Signed::new_unhashed(unprotected, signature(1, false)))),
        encode(Transaction::Legacy(Signed::new_unhashed(protected, signature(2, true)))),
        encode(Transaction::Eip2930(Signed::new_unhashed(with_list, signature(3, true)))),
        sample::transfer(4, 5),
        encode(Transaction::Eip7702(Signed::new_unhashed(set_code, signature(5, false)))),
    ]
}

fn batches() -> Vec<(&'static str, Batch)> {
    let head = Batch {
        first_block: 1_000,
        parent_check: [0xaa; CHECK_BYTES],
        origin_check: [0xbb; CHECK_BYTES],
        ..Batch::default()
    };
    let empty = BatchBlock::default();
    let epoch = BatchBlock {
        origin_advances: true,
        deposit_log_indexes: alloc::vec![0, 1, 7, 1_000_000],
        transactions: Vec::new(),
    };
    let kinds = BatchBlock { transactions: one_of_each(), ..empty.clone() };
    let transfers = BatchBlock {
        transactions: (0..20).map(|nonce| sample::transfer(nonce, nonce % 3)).collect(),
        ..empty.clone()
    };
    let of = |blocks: &[BatchBlock]| Batch { blocks: blocks.to_vec(), ..head.clone() };
    alloc::vec![
        ("one empty block", of(from_ref(&empty))),
        ("ten empty blocks, three epochs", {
            let mut blocks = alloc::vec![empty.clone(); 10];
            for at in [0, 4, 8] {
                blocks[at].origin_advances = true;
            }
            of(&blocks)
        }),
        ("deposits", of(from_ref(&epoch))),
        ("a transaction of each kind", of(from_ref(&kinds))),
        ("transfers", of(from_ref(&transfers))),
        ("the first part of a block", {
            let block = BatchBlock { transactions: one_of_each(), ..epoch.clone() };
            Batch { unfinished: true, ..of(from_ref(&block)) }
        }),
        ("another part", Batch { skip: 5, unfinished: true, ..of(from_ref(&kinds)) }),
        (
            "the last part, and a block more",
            Batch { skip: 10, ..of(&[kinds.clone(), epoch.clone()]) }
        ),
        ("all together", of(&[epoch, kinds, empty, transfers])),
    ]
}

fn describe(name: &str, batch: &Batch) -> Value {
    let encoded = batch.encode(CHAIN_ID).unwrap();
    let payload = pack(Compression::None, &encoded.columns, &encoded.signatures);
    assert_eq!(decode_batch(&payload, CHAIN_ID).as_ref(), Ok(batch), "{name}");
    let blocks: Vec<Value> = batch
        .blocks
        .iter()
        .map(|block| {
            json!({
                "originAdvances": block.origin_advances,
                "depositLogIndexes": block.deposit_log_indexes,
                "transactions": block.transactions,
            })
        })
        .collect();
    json!({
        "name": name,
        "chainId": CHAIN_ID,
        "firstBlock": batch.first_block,
        "skip": batch.skip,
        "unfinished": batch.unfinished,
        "parentCheck": hex::encode_prefixed(batch.parent_check),
        "originCheck": hex::encode_prefixed(batch.origin_check),
        "blocks": blocks,
        "columns": hex::encode_prefixed(&encoded.columns),
        "signatures": hex::encode_prefixed(&encoded.signatures),
        "payload": payload,
    })
}

#[test]
fn batches_have_their_bytes() {
    let batches: Vec<Value> = batches().iter().map(|(name, batch)| describe(name, batch)).collect();
    crate::golden::check("batches.json", &Value::Array(batches));
}

/// Compressed payloads, committed so that a change of decoder cannot change what old batches mean.
#[test]
fn compressed_payloads_still_decode() {
    let (_, batch) = batches().pop().unwrap();
    let cases = [("zstd", Compression::Zstd), ("brotli", Compression::Brotli)];
    if std::env::var_os("BRAID_BLESS").is_some() {
        let fresh =
            cases.map(|(name, way)| json!({ "name": name, "payload": payload(&batch, way) }));
        crate::golden::check("compressed.json", &json!(fresh));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/compressed.json");
    let text = std::fs::read_to_string(path).unwrap();
    let stored: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(stored.len(), cases.len());
    for case in stored {
        let payload: Bytes = serde_json::from_value(case["payload"].clone()).unwrap();
        assert_eq!(decode_batch(&payload, CHAIN_ID).as_ref(), Ok(&batch), "{}", case["name"]);
    }
}
