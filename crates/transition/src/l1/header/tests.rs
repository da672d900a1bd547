//! Headers of L1, of this fork and of later ones.

use alloc::vec::Vec;
use alloy_primitives::keccak256;
use alloy_rlp::Encodable;

use super::*;

fn header() -> protocol::Header {
    protocol::Header {
        parent_hash: B256::repeat_byte(1),
        number: 20,
        timestamp: 1_700_000_000,
        mix_hash: B256::repeat_byte(2),
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(9),
        parent_beacon_block_root: Some(B256::repeat_byte(3)),
        requests_hash: Some(B256::ZERO),
        ..Default::default()
    }
}

fn encoded(header: &protocol::Header) -> Vec<u8> {
    let mut out = Vec::new();
    header.encode(&mut out);
    out
}

#[test]
fn fields_of_a_later_fork_are_passed_over() {
    let bytes = encoded(&header());
    let hash = keccak256(&bytes);
    let read = L1Header::decode(hash, &bytes.clone().into()).unwrap();
    assert_eq!((read.number, read.parent_hash), (20, B256::repeat_byte(1)));
    assert_eq!((read.timestamp, read.mix_hash), (1_700_000_000, B256::repeat_byte(2)));
    assert_eq!((read.base_fee, read.excess_blob_gas), (7, 9));
    assert_eq!(read.parent_beacon_block_root, B256::repeat_byte(3));

    let mut rest = &bytes[..];
    let Header { payload_length, .. } = Header::decode(&mut rest).unwrap();
    let mut later = Vec::new();
    Header { list: true, payload_length: payload_length + 33 }.encode(&mut later);
    later.extend_from_slice(rest);
    B256::repeat_byte(4).encode(&mut later);
    assert_eq!(L1Header::decode(hash, &later.into()), Some(read));
}

#[test]
fn a_header_of_an_older_fork_is_none() {
    let mut old = header();
    old.parent_beacon_block_root = None;
    old.requests_hash = None;
    assert_eq!(L1Header::decode(B256::ZERO, &encoded(&old).into()), None);
    assert_eq!(L1Header::decode(B256::ZERO, &Bytes::from_static(b"no header")), None);
}
