//! Every refusal at the door, through the one way in.

use std::{sync::Arc, time::Duration};

use alloy::consensus::TxReceipt as _;
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip2930, TxLegacy},
    eips::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256},
    signers::SignerSync,
};

use super::support::{CHAIN_ID, World, key, transfer};

/// A transaction of key 0 that would be taken.
fn good() -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce: 0,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 1_000,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    }
}

fn signed(from: u8, tx: TxEip1559) -> Bytes {
    let signature = key(from).sign_hash_sync(&tx.signature_hash()).unwrap();
    tx.into_signed(signature).encoded_2718().into()
}

#[test]
fn each_fault_has_its_own_reason() {
    let world = World::new(0);
    let node = world.start();
    let mut high_s = signed(0, good()).to_vec();
    let end = high_s.len();
    high_s[end - 32..].fill(0xff);
    let cases: Vec<(&str, Bytes)> = vec![
        ("undecodable", Bytes::from_static(&[2, 0xc0])),
        ("undecodable", Bytes::from_static(&[3, 0xc0])),
        ("too_large", vec![2; 131_073].into()),
        ("wrong_chain", signed(0, TxEip1559 { chain_id: 1, ..good() })),
        ("gas_above_block", signed(0, TxEip1559 { gas_limit: 60_000_001, ..good() })),
        ("intrinsic_gas", signed(0, TxEip1559 { gas_limit: 20_999, ..good() })),
        ("intrinsic_gas", signed(0, TxEip1559 { input: vec![1; 100].into(), ..good() })),
        (
            "fee_cap_too_low",
            signed(0, TxEip1559 { max_fee_per_gas: 999, max_priority_fee_per_gas: 0, ..good() }),
        ),
        (
            "tip_above_fee_cap",
            signed(0, TxEip1559 { max_priority_fee_per_gas: 1_000_000_001, ..good() }),
        ),
        (
            "init_code_too_large",
            signed(
                0,
                TxEip1559 {
                    to: TxKind::Create,
                    gas_limit: 3_000_000,
                    input: vec![0; 49_153].into(),
                    ..good()
                },
            ),
        ),
        ("nonce_max", signed(0, TxEip1559 { nonce: u64::MAX, ..good() })),
        ("nonce_too_high", signed(0, TxEip1559 { nonce: 1_025, ..good() })),
        ("insufficient_funds", signed(77, good())),
        (
            "insufficient_funds",
            signed(0, TxEip1559 { value: U256::from(10).pow(U256::from(21)), ..good() }),
        ),
        ("undecodable", high_s.into()),
    ];
    for (reason, raw) in cases {
        let result = node.block_on(node.handle.submitter.submit(raw));
        let rejection = result.expect_err(reason);
        let bad_signature = rejection.reason() == "bad_signature" && reason == "undecodable";
        assert!(rejection.reason() == reason || bad_signature, "{reason}: {rejection:?}");
        assert!(!rejection.is_temporary());
    }
    node.stop();
}

#[test]
fn all_types_of_users_are_taken_and_answers_keep_their_order() {
    let world = World::new(0);
    let node = world.start();
    let legacy = |chain_id, nonce| {
        let tx = TxLegacy {
            chain_id,
            nonce,
            gas_price: 2_000_000_000,
            gas_limit: 21_000,
            to: TxKind::Call(Address::ZERO),
            ..TxLegacy::default()
        };
        let signature = key(1).sign_hash_sync(&tx.signature_hash()).unwrap();
        Bytes::from(tx.into_signed(signature).encoded_2718())
    };
    let list = TxEip2930 {
        chain_id: CHAIN_ID,
        gas_price: 2_000_000_000,
        gas_limit: 30_000,
        to: TxKind::Call(Address::ZERO),
        ..TxEip2930::default()
    };
    let signature = key(2).sign_hash_sync(&list.signature_hash()).unwrap();
    let list = Bytes::from(list.into_signed(signature).encoded_2718());
    let mut raws = vec![legacy(Some(CHAIN_ID), 0), legacy(None, 1), list];
    raws.extend((0..300).map(|nonce| transfer(3, nonce, 1)));
    raws.insert(2, Bytes::from_static(&[0]));
    let results = node.block_on(node.handle.submitter.submit_many(raws.clone()));
    for (index, (raw, result)) in raws.iter().zip(&results).enumerate() {
        if index == 2 {
            assert_eq!(result.as_ref().unwrap_err().reason(), "undecodable");
        } else {
            assert_eq!(*result.as_ref().unwrap(), alloy::primitives::keccak256(raw));
        }
    }
    let last = *results.last().unwrap().as_ref().unwrap();
    let patience = std::time::Duration::from_secs(10);
    let located = node.block_on(node.handle.submitter.wait_for(last, patience)).unwrap();
    assert!(located.included.outcome.receipt.status());
    node.stop();
}

/// Nothing is posted: building slows down, and the mempool refuses what would wait for nobody knows how long.
#[test]
fn more_than_can_be_posted_is_refused_unless_it_pays_more() {
    let mut world = World::new(0);
    Arc::make_mut(&mut world.rollup).sequencing_window = 8;
    let node = world.start();
    let large = |from, nonce, max_priority_fee_per_gas| {
        let (gas_limit, input) = (1_300_000, vec![0; 115_000].into());
        signed(from, TxEip1559 { nonce, gas_limit, input, max_priority_fee_per_gas, ..good() })
    };
    let submit = |raw| node.block_on(node.handle.submitter.submit(raw));
    let patience = Duration::from_secs(10);
    let wait = || node.handle.submitter.submit_and_wait(signed(2, good()), patience);
    let block = node.block_on(wait()).unwrap().block_number;
    let mut nonce = 0;
    let mut fill = || loop {
        std::thread::sleep(Duration::from_millis(20));
        match submit(large(0, nonce, 1_000)) {
            Ok(_) => nonce += 1,
            Err(rejection) => break assert_eq!(rejection.reason(), "pool_full"),
        }
    };
    fill();
    // Nothing is posted here, so blocks take less and less. There is more than all of them can take.
    let first = node.handle.view.latest().number() + 2;
    node.until("a block without room", |node| {
        let latest = node.handle.view.latest();
        (latest.number() >= first && latest.user_transactions().next().is_none()).then_some(())
    });
    fill();
    assert!(node.handle.view.latest().number() > block, "some were built");
    assert_eq!(submit(large(1, 0, 1_000)).unwrap_err().reason(), "pool_full");
    let mut nobodys = large(1, 0, 1_000).to_vec();
    let end = nobodys.len();
    nobodys[end - 65..end - 33].fill(0x01);
    let refused = submit(nobodys.into()).unwrap_err();
    assert_eq!(refused.reason(), "pool_full", "its signature was not looked at");
    submit(large(1, 0, 2_000)).unwrap();
    let again = node.block_on(wait()).unwrap();
    assert_eq!(again.block_number, block, "what is durable keeps its receipt");
    node.stop();
}
