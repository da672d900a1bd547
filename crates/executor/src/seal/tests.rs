//! The header's fields, and its roots against independent ones.

use alloy_consensus::{TxReceipt, proofs::ordered_trie_root_encoded};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Bloom, Bytes, TxKind, b256, keccak256};
use alloy_rlp::Encodable;

use super::*;
use crate::testing::{
    ALICE, BASE_FEE, BOB, ETHER, GAS_LIMIT, World,
    tx::{Key, Tx, deposit},
};

fn sealed() -> (World, ExecutedBlock, SealedBlock) {
    let key = Key::new(1);
    let mut world = World::new();
    world.fund(key.address(), ETHER);
    world.contract(BOB, "1 2 3 PUSH0 PUSH0 LOG3");
    let mut inputs = world.inputs();
    inputs.deposits = vec![deposit(ALICE, TxKind::Call(BOB), 1, 1)];
    inputs.transactions = vec![Tx::call(key.address(), 0, BOB).sign(&key)];
    let executed = world.execute(&inputs);
    let state_root = B256::repeat_byte(0xaa);
    let sealed = seal(&world.context(), &executed, state_root, B256::repeat_byte(0xbb));
    (world, executed, sealed)
}

#[test]
fn fields() {
    let (world, executed, SealedBlock { header, hash }) = sealed();
    assert_eq!(header.parent_hash, world.opening.parent_hash);
    assert_eq!((header.number, header.timestamp), (10, 1_001));
    assert_eq!((header.gas_limit, header.gas_used), (GAS_LIMIT, executed.gas_used));
    assert_eq!(header.base_fee_per_gas, Some(BASE_FEE));
    assert_eq!(header.beneficiary, predeploys::SEQUENCER_FEE_VAULT);
    assert_eq!(header.mix_hash, B256::repeat_byte(0x52));
    assert_eq!(header.parent_beacon_block_root, Some(B256::repeat_byte(0x53)));
    assert_eq!(header.state_root, B256::repeat_byte(0xaa));
    assert_eq!(header.withdrawals_root, Some(B256::repeat_byte(0xbb)));
    assert_eq!((header.blob_gas_used, header.excess_blob_gas), (Some(0), Some(0)));
    assert_eq!((header.difficulty, header.nonce), (U256::ZERO, B64::ZERO));
    assert!(header.extra_data.is_empty());
    let empty_list = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
    assert_eq!(header.ommers_hash, empty_list);
    let sha256_of_nothing =
        b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(header.requests_hash, Some(sha256_of_nothing));
    let mut rlp = Vec::new();
    header.encode(&mut rlp);
    assert_eq!(hash, keccak256(&rlp));
    assert_eq!(rlp.len(), header.length());
}

#[test]
fn roots_and_bloom() {
    let (_, executed, SealedBlock { header, .. }) = sealed();
    let raw: Vec<Vec<u8>> = executed.transactions.iter().map(Encodable2718::encoded_2718).collect();
    assert_eq!(header.transactions_root, ordered_trie_root_encoded(&raw));
    let receipts: Vec<Vec<u8>> =
        executed.outcomes.iter().map(|outcome| encoded(&outcome.receipt)).collect();
    assert_eq!(header.receipts_root, ordered_trie_root_encoded(&receipts));
    let logs = executed.outcomes.iter().flat_map(|outcome| outcome.receipt.logs());
    assert_eq!(header.logs_bloom, logs.collect::<Bloom>());
    assert_ne!(header.logs_bloom, Bloom::ZERO);
}

fn encoded(receipt: &protocol::Receipt) -> Vec<u8> {
    receipt.with_bloom_ref().encoded_2718()
}

#[test]
fn a_deposits_receipt_commits_to_its_nonce_and_version() {
    let (_, executed, _) = sealed();
    let protocol::Receipt::Deposit(receipt) = &executed.outcomes[1].receipt else {
        panic!("not a deposit's receipt")
    };
    // 0x7e ‖ rlp([status, gas, bloom, logs, nonce, version]): the last two are 0x80 and 0x01.
    let encoded = encoded(&executed.outcomes[1].receipt);
    assert_eq!(encoded[0], 0x7e);
    assert_eq!(encoded[encoded.len() - 2..], [0x80, 0x01]);
    assert!(receipt.inner.status.coerce_status());
}

#[test]
fn the_next_block_builds_on_the_header() {
    let (mut world, _, SealedBlock { header, hash }) = sealed();
    world.opening.number = 11;
    world.opening.parent_hash = hash;
    world.parent = header;
    let context = world.context();
    // The parent used far less than half of its gas limit: the base fee falls by up to a 250th.
    assert_eq!(context.base_fee, 997);
    assert_eq!(context.opening.parent_hash, hash);
    assert_eq!(Bytes::new(), world.parent.extra_data);
}
