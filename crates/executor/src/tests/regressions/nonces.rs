//! P5: nonces that rise while others' transactions run.

use super::*;
use crate::testing::{
    ALICE, BOB, CAROL, Peek,
    tx::{Key, Tx},
};

/// Code that makes one empty contract of whoever runs it.
const CREATOR: Address = address!("00000000000000000000000000000000000c4ea7");

fn world() -> World {
    let mut world = World::free();
    world.contract(CREATOR, "PUSH0 PUSH0 PUSH0 CREATE POP");
    world
}

#[test]
fn p5_a_delegated_sender_that_creates_invalidates_its_next_nonce() {
    let mut world = world();
    world.delegate(ALICE, CREATOR);
    world.set_nonce(ALICE, 4);
    let mut block = world.executor();
    let from_alice = |nonce| Tx::call(ALICE, nonce, CAROL).value(1).fee(0, 0).build();

    succeed(&mut block, &from_alice(4));
    succeed(&mut block, &Tx::call(BOB, 0, ALICE).fee(0, 0).build());
    let reason = reject(&mut block, &from_alice(5));
    assert_eq!(reason, InvalidTransaction::NonceTooLow { next: 6, tx: 5 });
    succeed(&mut block, &from_alice(6));
    succeed(&mut block, &Tx::call(BOB, 1, CAROL).fee(0, 0).build());

    let stored = store(&world, block);
    assert_eq!(stored.nonce(ALICE), 7);
    assert_eq!(stored.nonce(ALICE.create(5)), 1, "the contract was made with nonce 5");
    assert_eq!(stored.balance(CAROL), world.state.balance(CAROL) + wei(2));
}

#[test]
fn p5_a_sponsored_delegation_that_runs_at_once_raises_the_nonce_twice() {
    let mut world = world();
    let key = Key::new(5);
    world.fund(key.address(), crate::testing::ETHER);
    let mut block = world.executor();
    let sponsored = Tx::call(BOB, 0, key.address()).fee(0, 0);
    succeed(&mut block, &sponsored.set_code(vec![key.authorize(CREATOR, 0)]));
    assert_eq!(block.pending().nonce(key.address()), 2, "one for the delegation, one for CREATE");

    let send = |nonce| Tx::call(key.address(), nonce, CAROL).value(1).fee(0, 0).build();
    let reason = reject(&mut block, &send(1));
    assert_eq!(reason, InvalidTransaction::NonceTooLow { next: 2, tx: 1 });
    succeed(&mut block, &send(2));
    let stored = store(&world, block);
    assert_eq!(stored.nonce(key.address()), 3);
    assert_eq!(stored.nonce(key.address().create(1)), 1);
}

#[test]
fn q8_delegated_code_that_drains_its_account_only_stops_that_accounts_transactions() {
    let mut world = World::free();
    let drain = address!("00000000000000000000000000000000000d4a14");
    world.contract(drain, &format!("PUSH0 PUSH0 PUSH0 PUSH0 SELFBALANCE {HEIR} GAS CALL"));
    world.delegate(ALICE, drain);
    world.set_nonce(ALICE, 0);
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(BOB, 0, ALICE).fee(0, 0).build());
    let reason = reject(&mut block, &Tx::call(ALICE, 0, CAROL).value(1).fee(0, 0).build());
    assert!(matches!(reason, InvalidTransaction::InsufficientFunds(_)));
    succeed(&mut block, &Tx::call(BOB, 1, CAROL).value(1).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!(stored.balance(HEIR), crate::testing::ETHER);
    assert_eq!(stored.nonce(ALICE), 0);
}

#[test]
fn q9_a_second_delegation_in_a_block_counts() {
    let mut world = World::free();
    let key = Key::new(9);
    let (first, second) = (
        address!("00000000000000000000000000000000000001f1"),
        address!("00000000000000000000000000000000000002f2"),
    );
    world.contract(first, "1 PUSH0 SSTORE");
    world.contract(second, "2 PUSH0 SSTORE");
    let mut block = world.executor();
    let delegate = |nonce, target| {
        let call = Tx::call(BOB, nonce, key.address()).fee(0, 0);
        call.set_code(vec![key.authorize(target, nonce)])
    };
    succeed(&mut block, &delegate(0, first));
    assert_eq!(block.pending().slot(key.address(), 0), wei(1));
    succeed(&mut block, &delegate(1, second));
    assert_eq!(block.pending().slot(key.address(), 0), wei(2));
    // Back to no code at all: the storage stays.
    succeed(&mut block, &delegate(2, Address::ZERO));
    let stored = store(&world, block);
    assert!(!stored.has_code(key.address()));
    assert_eq!(stored.nonce(key.address()), 3);
    assert_eq!(stored.slot(key.address(), 0), wei(2));
}
