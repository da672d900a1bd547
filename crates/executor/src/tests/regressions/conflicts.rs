//! What later transactions must see of earlier ones: code and storage that changed, appeared or went away.

use alloy_primitives::B256;
use protocol::predeploys;

use super::*;
use crate::testing::{
    ALICE, BOB, CAROL, ETHER, Peek,
    tx::{Key, Tx},
};

/// One contract per kind of call: keeps what came of calling the address in its calldata.
const CALLERS: [(Address, &str); 4] = [
    (
        address!("00000000000000000000000000000000000ca110"),
        "PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 CALLDATALOAD GAS CALL",
    ),
    (
        address!("00000000000000000000000000000000000ca111"),
        "PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 CALLDATALOAD GAS CALLCODE",
    ),
    (
        address!("00000000000000000000000000000000000ca112"),
        "PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 CALLDATALOAD GAS DELEGATECALL",
    ),
    (
        address!("00000000000000000000000000000000000ca113"),
        "PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 CALLDATALOAD GAS STATICCALL",
    ),
];
const SHORT: Address = address!("0000000000000000000000000000000000005407");
const LONG: Address = address!("0000000000000000000000000000000000001046");
const PLAIN: Address = address!("00000000000000000000000000000000000b1a14");

fn word(address: Address) -> Vec<u8> {
    address.into_word().to_vec()
}

/// P1, with the shorter or the longer code first.
fn redelegate(first: Address, then: Address, expected: u64) {
    let mut world = World::free();
    let long = "@far JUMP 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 far: 2 3 SSTORE";
    world.contract(SHORT, "1 3 SSTORE");
    world.contract(LONG, long);
    world.contract(PLAIN, long);
    for (caller, call) in CALLERS {
        world.contract(caller, &format!("{call} 9 SSTORE"));
    }
    let key = Key::new(71);
    let account = key.address();
    world.delegate(account, first);
    let mut block = world.executor();
    let authorization = key.authorize(then, world.state.nonce(account));
    succeed(&mut block, &Tx::call(ALICE, 0, BOB).fee(0, 0).set_code(vec![authorization]));
    for ((caller, _), nonce) in CALLERS.into_iter().zip(0..) {
        succeed(&mut block, &Tx::call(BOB, nonce, caller).input(word(account)).fee(0, 0).build());
    }
    succeed(&mut block, &Tx::call(CAROL, 0, PLAIN).fee(0, 0).build());
    let stored = store(&world, block);
    let [(called, _), (lent, _), (delegated, _), (fixed, _)] = CALLERS;
    assert_eq!(stored.slot(account, 3), wei(expected), "the new code ran");
    assert_eq!(stored.slot(lent, 3), wei(expected));
    assert_eq!(stored.slot(delegated, 3), wei(expected));
    assert_eq!(stored.slot(PLAIN, 3), wei(2));
    let results = [called, lent, delegated, fixed].map(|caller| stored.slot(caller, 9));
    assert_eq!(results, [wei(1), wei(1), wei(1), wei(0)], "a static call cannot write");
}

#[test]
fn p1_delegated_code_and_its_hash_are_of_one_version() {
    redelegate(SHORT, LONG, 2);
    redelegate(LONG, SHORT, 1);
}

/// A maker of contracts: creates with what slot 0 says in slot 1 of what it makes, or has it die.
fn keeper_initcode() -> Bytes {
    // The constructor asks its maker for a number and keeps it; the runtime counts it up, or dies.
    let runtime = asm::assemble(
        "CALLDATASIZE @kill JUMPI 1 SLOAD 1 ADD 1 SSTORE STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT",
    );
    let ask = asm::assemble("32 PUSH0 PUSH0 PUSH0 CALLER GAS STATICCALL POP PUSH0 MLOAD 1 SSTORE");
    // The part that deploys stands behind the question.
    [ask.to_vec(), super::destroyed::relocated(&runtime, ask.len())].concat().into()
}

fn kept() -> Address {
    asm::create2_address(F, &keeper_initcode())
}

/// Asked without calldata and with no value it answers slot 0; with a first word of 1 it creates, with 2 it creates and
/// kills at once.
fn maker() -> String {
    let create = asm::create2(&keeper_initcode(), "PUSH0");
    let kill = asm::call("DUP6", "PUSH0", 32);
    format!(
        "CALLDATASIZE @make JUMPI PUSH0 SLOAD PUSH0 MSTORE 32 PUSH0 RETURN \
         make: {create} 1 PUSH0 CALLDATALOAD EQ @end JUMPI {HEIR} PUSH0 MSTORE {kill} POP end: STOP"
    )
}

fn make() -> Vec<u8> {
    B256::from(wei(1)).to_vec()
}

fn kill() -> Vec<u8> {
    B256::from(wei(2)).to_vec()
}

/// Stores size of code, slot 1 as the contract counts it, and a nonce-dependent address.
const LOOKER: Address = address!("000000000000000000000000000000000010012e");

fn looker(x: Address) -> String {
    format!("{x} EXTCODESIZE PUSH0 SSTORE {} 1 SSTORE", asm::call(x, "PUSH0", 0))
}

#[test]
fn p2_a_read_of_a_destroyed_account_is_noted() {
    let mut world = World::free();
    world.contract(F, &maker());
    world.contract(LOOKER, &looker(kept()));
    world.set_slot(F, 0, 7);
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(kill()).fee(0, 0).build());
    assert!(!block.pending().exists(kept()));
    succeed(&mut block, &Tx::call(BOB, 0, F).input(make()).fee(0, 0).build());
    succeed(&mut block, &Tx::call(CAROL, 0, LOOKER).fee(0, 0).build());
    assert!(block.again(&[1, 3, 2]) > 0, "the third looked before the second had created");
    let stored = store(&world, block);
    assert_eq!(stored.slot(kept(), 1), wei(8), "the second creation's number, counted up");
    assert!(stored.slot(LOOKER, 0) > wei(0));
    assert_eq!(stored.slot(LOOKER, 1), wei(1));
}

#[test]
fn p3_the_same_value_on_the_other_side_of_a_destruction_is_another() {
    let mut world = World::free();
    // t2 creates only where the switch is on, which t0 turns off.
    const SWITCH: Address = address!("0000000000000000000000000000000000005317");
    let create = B256::from(wei(1));
    world.contract(F, &maker());
    world.set_slot(F, 0, 7);
    world.contract(
        SWITCH,
        &format!(
            "CALLDATASIZE @off JUMPI PUSH0 SLOAD @make JUMPI STOP off: PUSH0 PUSH0 SSTORE STOP \
             make: {} PUSH0 MSTORE {}",
            wei(1),
            asm::call(F, "PUSH0", 32)
        ),
    );
    assert_eq!(create.to_vec(), make());
    world.set_slot(SWITCH, 0, 1);
    world.contract(LOOKER, &looker(kept()));
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(CAROL, 0, SWITCH).input(vec![1]).fee(0, 0).build());
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(kill()).fee(0, 0).build());
    succeed(&mut block, &Tx::call(BOB, 0, SWITCH).fee(0, 0).build());
    succeed(&mut block, &Tx::call(CAROL, 1, LOOKER).fee(0, 0).build());
    assert!(block.again(&[2, 3, 4, 1]) > 0, "the switch was still on");
    let stored = store(&world, block);
    assert!(!stored.exists(kept()));
    assert_eq!(stored.slot(kept(), 1), wei(0));
    assert_eq!(stored.slot(LOOKER, 0), wei(0));
}

#[test]
fn p6_logs_show_the_balance_that_was_there() {
    const TELLER: Address = address!("0000000000000000000000000000000000007e11");
    let mut world = World::free();
    world.contract(F, &factory());
    world.contract(TELLER, &format!("{HEIR} BALANCE PUSH0 MSTORE 32 PUSH0 LOG0"));
    world.fund(x(), wei(10));
    let mut block = world.executor();
    let tell = |nonce| Tx::call(CAROL, nonce, TELLER).fee(0, 0).build();
    let told = |block: &mut Block<'_>, nonce| {
        let outcome = succeed(block, &tell(nonce));
        U256::from_be_slice(&outcome.receipt.logs()[0].data.data)
    };
    assert_eq!(told(&mut block, 0), wei(0));
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(KILL.to_vec()).fee(0, 0).build());
    assert_eq!(told(&mut block, 1), wei(10));
    succeed(&mut block, &Tx::call(BOB, 0, HEIR).value(10).fee(0, 0).build());
    assert_eq!(told(&mut block, 2), wei(20));
    assert_eq!(store(&world, block).balance(HEIR), wei(20));
}

#[test]
fn p8_storage_of_a_contract_that_was_destroyed_and_made_again() {
    let mut world = World::free();
    world.contract(F, &maker());
    world.set_slot(F, 0, 6);
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(kill()).fee(0, 0).build());
    succeed(&mut block, &Tx::call(BOB, 0, F).input(make()).fee(0, 0).build());
    // Reads and writes the slot: 6 becomes 7, as a value that was there before once.
    succeed(&mut block, &Tx::call(CAROL, 0, kept()).fee(0, 0).build());
    succeed(&mut block, &Tx::call(CAROL, 1, kept()).fee(0, 0).build());
    assert_eq!(block.again(&[1, 2, 3, 4]), 0, "reader and validator agree");
    assert_eq!(store(&world, block).slot(kept(), 1), wei(8));
}

#[test]
fn p10_a_new_delegation_keeps_the_storage_of_its_account() {
    const COPIER: Address = address!("000000000000000000000000000000000000c0b1");
    let mut world = World::free();
    let key = Key::new(72);
    let account = key.address();
    world.contract(SHORT, "STOP");
    world.delegate(account, SHORT);
    world.set_slot(account, 0, 42);
    world.fund(account, ETHER);
    let deploy = asm::deployer(&asm::assemble("PUSH0 SLOAD 1 SSTORE"));
    world.contract(COPIER, &format!("{} POP", asm::create2(&deploy, "PUSH0")));
    let copier = asm::create2_address(COPIER, &deploy);
    let nonce = world.state.nonce(account);
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, COPIER).fee(0, 0).build());
    // Taken away and given again, so that nothing of the first designator may be left.
    let away = key.authorize(Address::ZERO, nonce);
    succeed(&mut block, &Tx::call(ALICE, 1, BOB).fee(0, 0).set_code(vec![away]));
    assert!(!block.pending().has_code(account));
    let again = key.authorize(copier, nonce + 1);
    succeed(&mut block, &Tx::call(ALICE, 2, BOB).fee(0, 0).set_code(vec![again]));
    succeed(&mut block, &Tx::call(CAROL, 0, account).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!((stored.slot(account, 0), stored.slot(account, 1)), (wei(42), wei(42)));
}

#[test]
fn p11_a_destroyed_account_costs_nobody_else_their_speed() {
    let mut world = World::free();
    world.contract(F, &factory());
    world.contract(LOOKER, &format!("{} EXTCODESIZE PUSH0 SSTORE", x()));
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(KILL.to_vec()).fee(0, 0).build());
    succeed(&mut block, &Tx::call(BOB, 0, LOOKER).fee(0, 0).build());
    for nonce in 0..200 {
        succeed(
            &mut block,
            &Tx::call(CAROL, nonce, Address::with_last_byte(0xaa)).value(1).fee(0, 0).build(),
        );
    }
    assert_eq!(store(&world, block).slot(LOOKER, 0), wei(0));
}

#[test]
fn p12_a_fee_recipient_that_others_look_at() {
    const VAULT: Address = predeploys::SEQUENCER_FEE_VAULT;
    let mut world = World::new();
    world.contract(
        LOOKER,
        &format!("{VAULT} BALANCE NUMBER SSTORE {VAULT} BALANCE PUSH0 MSTORE 32 PUSH0 LOG0"),
    );
    let mut block = world.executor();
    let tip = |tx: Tx| tx.fee(2_000, 3).build();
    for round in 0..5 {
        for nonce in 0..20 {
            succeed(
                &mut block,
                &tip(Tx::call(ALICE, round * 20 + nonce, CAROL).gas(21_000).value(1)),
            );
        }
        let used = block.executed().gas_used;
        let outcome = succeed(&mut block, &tip(Tx::call(BOB, round, LOOKER).gas(100_000)));
        let seen = U256::from_be_slice(&outcome.receipt.logs()[0].data.data);
        assert_eq!(seen, wei(3 * used), "every tip before it, and not its own");
    }
    let used = block.executed().gas_used;
    assert_eq!(store(&world, block).balance(VAULT), wei(3 * used));
}

#[test]
fn p15_a_failing_transaction_uses_the_same_gas_whenever_it_ran_first() {
    const COUNT: Address = address!("00000000000000000000000000000000000c0417");
    const LOOP: Address = address!("0000000000000000000000000000000000001009");
    let mut world = World::free();
    world.contract(COUNT, "CALLDATASIZE @set JUMPI PUSH0 SLOAD PUSH0 MSTORE 32 PUSH0 RETURN set: PUSH0 CALLDATALOAD PUSH0 SSTORE");
    world.set_slot(COUNT, 0, 5_000);
    // Asks how often, and then goes round; runs out of gas where that is too often, else stores what is left.
    world.contract(LOOP, &format!(
        "32 PUSH0 PUSH0 PUSH0 {COUNT} GAS STATICCALL POP PUSH0 MLOAD loop: 1 SWAP1 SUB DUP1 @loop JUMPI GAS PUSH0 SSTORE"
    ));
    let mut block = world.executor();
    let (mut failed, mut nonce) = (0, 0);
    for times in [5_000_u64, 10, 900, 3] {
        let set = B256::from(wei(times)).to_vec();
        succeed(&mut block, &Tx::call(ALICE, nonce, COUNT).input(set).fee(0, 0).build());
        for step in 0..12 {
            let sender = if step % 2 == 0 { BOB } else { CAROL };
            let of_sender = block.pending().nonce(sender);
            let gas = 23_000 + step * 2_600;
            let outcome = block
                .execute(&Tx::call(sender, of_sender, LOOP).gas(gas).fee(0, 0).build())
                .unwrap();
            let used_all = outcome.gas_used == gas;
            assert_eq!(used_all, !outcome.receipt.status(), "all gas, or success");
            failed += usize::from(used_all);
        }
        nonce += 1;
    }
    assert!((12..48).contains(&failed), "{failed} ran out of gas");
    store(&world, block);
}
