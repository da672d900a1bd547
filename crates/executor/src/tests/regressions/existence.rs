//! Q2: an account that has nothing but a nonce exists. Counting it as absent makes calls and delegations too dear.

use super::*;
use crate::testing::{
    ALICE, BOB, CAROL, Peek,
    tx::{Key, Tx},
};

/// Calls CAROL with 1 wei: CALL itself is 2,600 cold + 9,000 for the value, less the unspent stipend of 2,300.
const CALLER_GAS: u64 = 21_000 + 4 * 2 + 3 + 3 + 2 + 2_600 + 9_000 - 2_300;

#[test]
fn q2_no_new_account_surcharge_for_an_account_that_only_has_a_nonce() {
    let mut world = World::free();
    world.contract(READER, &asm::call(CAROL, "1", 0));
    world.fund(READER, wei(2));
    world.fund(CAROL, wei(3));
    let mut block = world.executor();
    // Carol spends all she has: what is left is a nonce of 1.
    succeed(&mut block, &Tx::call(CAROL, 0, BOB).value(3).fee(0, 0).build());
    assert!(block.pending().exists(CAROL));
    assert_eq!(block.pending().balance(CAROL), wei(0));
    let outcome = succeed(&mut block, &Tx::call(ALICE, 0, READER).fee(0, 0).build());
    assert_eq!(outcome.gas_used, CALLER_GAS);
    let stored = store(&world, block);
    assert_eq!((stored.nonce(CAROL), stored.balance(CAROL)), (1, wei(1)));
}

#[test]
fn q2_the_surcharge_is_there_for_an_absent_account() {
    let mut world = World::free();
    let nobody = address!("0000000000000000000000000000000000ab5e27");
    world.contract(READER, &asm::call(nobody, "1", 0));
    world.fund(READER, wei(2));
    let mut block = world.executor();
    let outcome = succeed(&mut block, &Tx::call(ALICE, 0, READER).fee(0, 0).build());
    assert_eq!(outcome.gas_used, CALLER_GAS + 25_000);
}

#[test]
fn q2_the_delegation_refund_goes_by_existence_not_by_balance() {
    let mut world = World::free();
    let (has_nonce, absent) = (Key::new(21), Key::new(22));
    world.set_nonce(has_nonce.address(), 1);
    let delegate = |key: &Key, sender_nonce, nonce| {
        let call = Tx::call(ALICE, sender_nonce, BOB).fee(0, 0);
        call.set_code(vec![key.authorize(READER, nonce)])
    };
    let mut block = world.executor();
    // 21,000 + 25,000 for one authorization; 12,500 come back for an account that exists, but no more than a fifth.
    let refunded = succeed(&mut block, &delegate(&has_nonce, 0, 1));
    assert_eq!(refunded.gas_used, 46_000 - 46_000 / 5);
    let full = succeed(&mut block, &delegate(&absent, 1, 0));
    assert_eq!(full.gas_used, 46_000);
    let stored = store(&world, block);
    assert_eq!((stored.nonce(has_nonce.address()), stored.nonce(absent.address())), (2, 1));
    assert!(stored.has_code(absent.address()));
}

#[test]
fn q2_an_account_that_a_nonce_alone_made_in_this_block_exists() {
    // Eve has no balance and sends with a gas price of zero: only her nonce makes her exist.
    let mut world = World::free();
    let eve = address!("000000000000000000000000000000000000e7e0");
    world.contract(READER, &asm::call(eve, "1", 0));
    world.fund(READER, wei(2));
    assert!(!world.state.exists(eve));
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(eve, 0, BOB).fee(0, 0).build());
    let outcome = succeed(&mut block, &Tx::call(ALICE, 0, READER).fee(0, 0).build());
    assert_eq!(outcome.gas_used, CALLER_GAS);
    assert_eq!(store(&world, block).nonce(eve), 1);
}
