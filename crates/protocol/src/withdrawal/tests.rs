//! Tests of [`super`].

use alloy_primitives::{address, b256, hex};

use super::*;

/// `abi.encode` written out for data of 5 bytes, and for none.
#[test]
fn hash_is_that_of_the_abi_encoding() {
    let mut withdrawal = Withdrawal {
        nonce: U256::from(1) << 240,
        sender: address!("1111111111111111111111111111111111111111"),
        target: address!("2222222222222222222222222222222222222222"),
        value: U256::from(1_000),
        gas_limit: U256::from(100_000),
        data: Bytes::from_static(&hex!("c0ffee0102")),
    };
    let head = hex!(
        "0001000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000001111111111111111111111111111111111111111"
        "0000000000000000000000002222222222222222222222222222222222222222"
        "00000000000000000000000000000000000000000000000000000000000003e8"
        "00000000000000000000000000000000000000000000000000000000000186a0"
        "00000000000000000000000000000000000000000000000000000000000000c0"
    );
    let tail = hex!(
        "0000000000000000000000000000000000000000000000000000000000000005"
        "c0ffee0102000000000000000000000000000000000000000000000000000000"
    );
    assert_eq!(withdrawal.hash(), keccak256([&head[..], &tail].concat()));
    withdrawal.data = Bytes::new();
    assert_eq!(withdrawal.hash(), keccak256([&head[..], &[0; 32]].concat()));
}

#[test]
fn storage_slot_is_that_of_a_mapping_in_slot_zero() {
    // keccak256 of 64 zero bytes.
    let expected = b256!("ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5");
    assert_eq!(Withdrawal::storage_slot(B256::ZERO), expected);
}
