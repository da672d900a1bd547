//! A block as a whole: what stands before the user transactions, who is skipped, and that it does not matter in how many
//! pieces the block is executed.

use alloy_consensus::TxReceipt as _;
use alloy_eips::{eip2935::HISTORY_STORAGE_CODE, eip4788::BEACON_ROOTS_CODE};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use protocol::{Transaction, predeploys};

use super::*;
use crate::testing::{
    ALICE, BOB, CHAIN_ID, ETHER, GAS_LIMIT, Peek, World,
    tx::{Key, Tx, deposit, legacy_without_chain_id},
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");

#[test]
fn system_calls_store_the_beacon_root_and_the_parent_hash() {
    let mut world = World::new();
    world.code(predeploys::BEACON_ROOTS, BEACON_ROOTS_CODE.clone());
    world.code(predeploys::HISTORY_STORAGE, HISTORY_STORAGE_CODE.clone());
    let mut block = world.executor();
    // Timestamp 1,001, parent number 9; both rings have 8,191 places.
    let word = |byte| U256::from_be_bytes(B256::repeat_byte(byte).0);
    assert_eq!(block.pending().slot(predeploys::BEACON_ROOTS, 1_001), U256::from(1_001));
    assert_eq!(block.pending().slot(predeploys::BEACON_ROOTS, 1_001 + 8_191), word(0x53));
    assert_eq!(block.pending().slot(predeploys::HISTORY_STORAGE, 9), word(0x77));
    assert!(!block.pending().exists(predeploys::SYSTEM), "the caller is not made by calling");
    assert_eq!(block.gas_left(), GAS_LIMIT, "system calls are free");
    assert_eq!(block.take_diff().accounts.len(), 2, "the first sub-block holds them");
}

#[test]
fn a_missing_or_failing_system_contract_does_not_stop_the_block() {
    let mut world = World::new();
    world.contract(predeploys::BEACON_ROOTS, "1 PUSH0 SSTORE INVALID");
    let executed = world.execute(&world.inputs());
    assert_eq!(executed.outcomes.len(), 1);
    assert!(!executed.diff.accounts.contains_key(&predeploys::BEACON_ROOTS));
    assert!(!executed.diff.accounts.contains_key(&predeploys::HISTORY_STORAGE));
}

#[test]
fn transactions_that_cannot_be_included_are_skipped_without_a_trace() {
    let (key, poor) = (Key::new(1), Key::new(2));
    let mut world = World::new();
    world.fund(key.address(), ETHER);
    let call = |nonce| Tx::call(key.address(), nonce, BOB).value(1);
    let mut forged = call(1).sign(&key).to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;

    let good = [call(0).sign(&key), legacy_without_chain_id(&key, 1, BOB), call(2).sign(&key)];
    let deposit: Transaction = deposit(ALICE, TxKind::Call(BOB), 1, 1).into();
    let bad: Vec<Bytes> = vec![
        Bytes::new(),
        Bytes::from_static(&[0xff; 40]),
        alloy_eips::Encodable2718::encoded_2718(&deposit).into(),
        forged.into(),
        call(0).chain(CHAIN_ID + 1).sign(&key),
        call(7).sign(&key),
        Tx::call(poor.address(), 0, BOB).sign(&poor),
        call(2).gas(GAS_LIMIT + 1).sign(&key),
        call(2).fee(999, 0).sign(&key),
        [good[0].as_ref(), &[0]].concat().into(),
    ];
    let mut inputs = world.inputs();
    inputs.transactions = good.to_vec();
    let without = world.execute(&inputs);
    assert_eq!(without.transactions.len(), 4);

    inputs.transactions = bad.clone();
    for raw in &good {
        inputs.transactions.push(raw.clone());
        inputs.transactions.extend(bad.iter().cloned());
        inputs.transactions.push(raw.clone());
    }
    assert_eq!(world.execute(&inputs), without);
}

#[test]
fn the_block_gas_limit_is_shared_and_a_smaller_transaction_may_still_fit() {
    let key = Key::new(1);
    let mut world = World::new();
    world.opening.system_config.gas_limit = 150_000;
    world.fund(key.address(), ETHER);
    let gas = |nonce, gas| Tx::call(key.address(), nonce, BOB).gas(gas).sign(&key);
    let mut block = world.executor();
    for tx in forced_transactions(&world.opening, &[]) {
        block.execute(&tx).unwrap();
    }
    let left = block.gas_left();
    drop(block);
    let mut inputs = world.inputs();
    // What counts is the gas limit of a transaction against what the others have used.
    inputs.transactions =
        vec![gas(0, left + 1), gas(0, left), gas(1, left - 20_999), gas(1, left - 21_000)];
    let executed = world.execute(&inputs);
    assert_eq!(executed.transactions.len(), 3);
    assert_eq!(executed.gas_used, 150_000 - left + 2 * 21_000);
    let limits: Vec<u64> =
        executed.transactions.iter().map(alloy_consensus::Transaction::gas_limit).collect();
    assert_eq!(limits[1..], [left, left - 21_000]);
}

#[test]
fn sub_block_diffs_add_up_to_the_block() {
    let mut world = World::new();
    world.contract(CONTRACT, "PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE DUP1 SSTORE");
    let mut block = world.executor();
    let mut merged = StateDiff::default();
    let mut stored = world.state.clone();
    for nonce in 0..4 {
        block.execute(&Tx::call(ALICE, nonce, CONTRACT).build()).unwrap();
        let diff = block.take_diff();
        stored.apply(&diff);
        merged.merge(&diff);
        assert_eq!(stored.slot(CONTRACT, 0), U256::from(nonce + 1));
    }
    assert!(block.take_diff().is_empty());
    let executed = block.finish();
    assert_eq!(merged, executed.diff);
    let mut at_once = world.state.clone();
    at_once.apply(&executed.diff);
    assert_eq!(stored, at_once);
}

#[test]
fn an_inspected_transaction_has_the_same_outcome_and_changes_nothing() {
    let mut world = World::new();
    world.contract(CONTRACT, "PUSH0 SLOAD 1 ADD PUSH0 SSTORE PUSH0 PUSH0 LOG0");
    let mut block = world.executor();
    let tx = Tx::call(ALICE, 0, CONTRACT).build();
    let (seen, steps) = block.inspect(&tx, Steps(0)).unwrap();
    assert_eq!(steps.0, 10, "nine opcodes and the implied STOP");
    assert_eq!(block.pending().slot(CONTRACT, 0), U256::ZERO);
    let outcome = block.execute(&tx).unwrap();
    assert_eq!(seen.result.tx_gas_used(), outcome.gas_used);
    assert_eq!(seen.result.logs(), outcome.receipt.logs());
    assert_eq!(block.pending().slot(CONTRACT, 0), U256::from(1));
}

/// Counts opcodes.
struct Steps(usize);

impl<C> revm::Inspector<C> for Steps {
    fn step(&mut self, _: &mut revm::interpreter::Interpreter, _: &mut C) {
        self.0 += 1;
    }
}

#[test]
fn receipts_accumulate_gas_and_carry_their_type() {
    let key = Key::new(3);
    let mut world = World::new();
    world.fund(key.address(), ETHER);
    let mut inputs = world.inputs();
    inputs.deposits = vec![deposit(ALICE, TxKind::Call(BOB), 0, 0)];
    inputs.transactions =
        vec![legacy_without_chain_id(&key, 0, BOB), Tx::call(key.address(), 1, BOB).sign(&key)];
    let executed = world.execute(&inputs);
    let types: Vec<u8> = executed.outcomes.iter().map(|o| o.receipt.tx_type() as u8).collect();
    assert_eq!(types, [0x7e, 0x7e, 0, 2]);
    let mut sum = 0;
    for outcome in &executed.outcomes {
        sum += outcome.gas_used;
        assert_eq!(outcome.receipt.cumulative_gas_used(), sum);
    }
    assert_eq!(executed.gas_used, sum);
}
