//! What a transaction's diff names, and what it does not.

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, U256, address};

use super::*;
use crate::testing::{
    ALICE, BOB, Peek, World,
    asm::{create2, create2_address},
    tx::Tx,
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");

/// The diff of one transaction of Alice's to the contract, with free gas.
fn diff(world: &World) -> StateDiff {
    let mut block = world.executor();
    let outcome = block.execute(&Tx::call(ALICE, 0, CONTRACT).fee(0, 0).build()).unwrap();
    assert!(outcome.receipt.status());
    block.take_diff()
}

#[test]
fn only_what_changed_is_named() {
    let mut world = World::free();
    // Reads an account and a slot, writes a slot to what it was, and one to something else.
    world.contract(CONTRACT, &format!("{BOB} BALANCE POP 1 SLOAD POP 5 2 SSTORE 7 3 SSTORE"));
    world.set_slot(CONTRACT, 2, 5);
    let diff = diff(&world);
    assert!(diff.accounts.keys().eq([&CONTRACT, &ALICE]), "{diff:?}");
    assert_eq!(diff.accounts[&CONTRACT].storage, [(U256::from(3), U256::from(7))].into());
    assert!(!diff.accounts[&CONTRACT].storage_cleared);
    assert!(diff.codes.is_empty());
}

#[test]
fn an_empty_account_that_is_touched_goes_away() {
    // Only an account put there by hand can be empty (EIP-161).
    let mut world = World::free();
    let (empty, untouched) = (Address::repeat_byte(0xe1), Address::repeat_byte(0xe2));
    world.put(empty, Account::default());
    world.put(untouched, Account::default());
    world.contract(
        CONTRACT,
        &format!("PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 {empty} GAS CALL {untouched} BALANCE"),
    );
    let diff = diff(&world);
    assert_eq!(diff.accounts.get(&empty), Some(&AccountDiff::gone()));
    assert_eq!(diff.accounts.get(&untouched), None);
}

#[test]
fn a_new_contract_has_no_older_storage() {
    // Only an account put there by hand can have storage without a nonce (EIP-7610).
    let mut world = World::free();
    let target = create2_address(CONTRACT, &[]);
    world.fund(target, U256::from(1));
    world.set_slot(target, 5, 7);
    world.contract(CONTRACT, &create2(&[], "PUSH0"));
    let mut after = world.state.clone();
    after.apply(&diff(&world));
    assert_eq!((after.nonce(target), after.slot(target, 5)), (1, U256::ZERO));
}

#[test]
fn an_account_that_came_and_went_is_not_named() {
    let mut world = World::free();
    let initcode = crate::testing::asm::assemble(&format!("{BOB} SELFDESTRUCT"));
    world.contract(CONTRACT, &create2(&initcode, "PUSH0"));
    let diff = diff(&world);
    assert!(diff.accounts.keys().eq([&CONTRACT, &ALICE]), "{diff:?}");
}
