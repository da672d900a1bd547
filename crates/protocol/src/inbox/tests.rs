//! Tests of [`super`].

use alloc::vec::Vec;

use serde_json::{Value, json};

use super::*;

fn entries() -> [InboxEntry; 2] {
    let calldata = InboxEntry {
        carrier: Carrier::Calldata,
        data_hash: keccak256(b"payload"),
        first_block: 1,
        last_block: 60,
        l1_number: 100,
        l1_timestamp: 1_700_000_000,
        l1_parent_hash: B256::repeat_byte(0x55),
    };
    let blobs = InboxEntry {
        carrier: Carrier::Blobs,
        data_hash: InboxEntry::blobs_hash(&[B256::repeat_byte(1), B256::repeat_byte(2)]),
        first_block: 61,
        last_block: u64::MAX,
        l1_number: 101,
        l1_timestamp: 1_700_000_012,
        l1_parent_hash: B256::repeat_byte(0x66),
    };
    [calldata, blobs]
}

/// What the contract computes, field by field.
#[test]
fn accumulator_is_the_packed_encoding() {
    for entry in entries() {
        let acc = B256::repeat_byte(0xee);
        let packed: Vec<u8> = [
            acc.as_slice(),
            &[entry.carrier as u8],
            entry.data_hash.as_slice(),
            &entry.first_block.to_be_bytes(),
            &entry.last_block.to_be_bytes(),
            &entry.l1_number.to_be_bytes(),
            &entry.l1_timestamp.to_be_bytes(),
            entry.l1_parent_hash.as_slice(),
        ]
        .concat();
        assert_eq!(packed.len(), 129);
        assert_eq!(inbox_accumulator_next(acc, &entry), keccak256(packed));
    }
}

#[test]
fn blobs_hash_is_that_of_the_packed_hashes() {
    let hashes = [B256::repeat_byte(1), B256::repeat_byte(2)];
    let packed = [[1u8; 32], [2u8; 32]].concat();
    assert_eq!(InboxEntry::blobs_hash(&hashes), keccak256(packed));
}

#[test]
fn entries_have_their_bytes() {
    let mut acc = B256::ZERO;
    let rows: Vec<Value> = entries()
        .iter()
        .map(|entry| {
            let before = acc;
            acc = inbox_accumulator_next(acc, entry);
            json!({
                "accumulator": before,
                "carrier": entry.carrier as u8,
                "dataHash": entry.data_hash,
                "firstBlock": entry.first_block,
                "lastBlock": entry.last_block,
                "l1Number": entry.l1_number,
                "timestamp": entry.l1_timestamp,
                "parentHash": entry.l1_parent_hash,
                "next": acc,
            })
        })
        .collect();
    crate::golden::check("inbox.json", &Value::Array(rows));
}
