//! Contracts that are created and destroyed in one transaction, and come back.

use protocol::predeploys;
use revm::context::BlockEnv;
use state::Overlay;

use super::*;
use crate::{
    BlockContext, Evm,
    evm::Environment,
    testing::{ALICE, BOB, CAROL, GAS_LIMIT, Peek, supply, tx::Tx},
};

/// Stores the balance of X in slot 0, then sends it nothing, then 7 wei; stores the gas of both calls in slots 1 and 2.
fn reader(x: Address) -> String {
    let call = |value: &str| asm::call(x, value, 0);
    format!(
        "{x} BALANCE PUSH0 SSTORE GAS {} POP GAS SWAP1 SUB 1 SSTORE GAS {} POP GAS SWAP1 SUB 2 SSTORE",
        call("PUSH0"),
        call("7")
    )
}

/// P4. `prefunded` is what X holds before the block, `gift` what it gets between the first two transactions.
fn balance_deltas(prefunded: u64, gift: u64) {
    let mut world = World::free();
    world.contract(F, &factory());
    world.contract(READER, &reader(x()));
    world.fund(READER, wei(7));
    if prefunded > 0 {
        world.fund(x(), wei(prefunded));
    }
    let supply_before = supply::total(&world.state);
    let mut block = world.executor();

    let kill = Tx::call(ALICE, 0, F).value(100).input(KILL.to_vec()).fee(0, 0).build();
    succeed(&mut block, &kill);
    assert!(!block.pending().exists(x()), "destroyed, whatever it was sent afterwards");
    if gift > 0 {
        succeed(&mut block, &Tx::call(CAROL, 0, x()).value(gift).fee(0, 0).build());
    }
    succeed(&mut block, &Tx::call(BOB, 0, READER).fee(0, 0).build());
    assert_eq!(block.pending().slot(READER, 0), wei(gift), "what came after the destruction");
    // Warm call: 100, and GAS and seven pushes on the way; a value call adds 9,000 minus the unspent stipend of 2,300,
    // and 25,000 where the account is new.
    let pushes = 2 + 4 * 2 + 3 + 3 + 2 + 2;
    assert_eq!(block.pending().slot(READER, 1), wei(100 + pushes - 1));
    let new_account = if gift > 0 { 0 } else { 25_000 };
    assert_eq!(block.pending().slot(READER, 2), wei(100 + pushes + 6_700 + new_account));

    succeed(&mut block, &Tx::call(ALICE, 1, F).value(11).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!(stored.balance(x()), wei(gift + 7 + 11));
    assert_eq!(stored.balance(HEIR), wei(prefunded));
    assert_eq!(stored.nonce(x()), 1);
    assert_eq!(supply::total(&stored), supply_before - wei(100), "only the 100 wei are burned");
}

#[test]
fn p4_balances_sent_to_a_destroyed_contract_do_not_come_back() {
    balance_deltas(0, 0);
}

#[test]
fn p4_prefunded() {
    balance_deltas(40, 0);
}

#[test]
fn p4_with_a_transfer_in_between() {
    balance_deltas(40, 3);
}

#[test]
fn p7_a_plain_transfer_revives_without_nonce_or_code() {
    let mut world = World::free();
    world.contract(F, &factory());
    let mut block = world.executor();
    let kill = Tx::call(ALICE, 0, F).input(KILL.to_vec()).fee(0, 0).build();
    succeed(&mut block, &kill);
    succeed(&mut block, &Tx::call(BOB, 0, x()).value(1).fee(0, 0).build());
    assert_eq!(block.pending().nonce(x()), 0);
    assert_eq!(block.pending().balance(x()), wei(1));
    assert!(!block.pending().has_code(x()));
    succeed(&mut block, &Tx::call(ALICE, 1, F).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!(stored.nonce(x()), 1, "the second creation did not collide");
    assert!(stored.has_code(x()));
    assert_eq!(stored.balance(x()), wei(1));
}

/// X as fee recipient: it destroys itself in its initcode.
fn suicidal_initcode() -> Bytes {
    asm::assemble(&format!("{HEIR} SELFDESTRUCT"))
}

/// Runs transactions with X as the block's beneficiary and the base fee burned, as on Ethereum.
fn with_recipient(
    world: &World,
    recipient: Address,
    txs: &[RecoveredTransaction],
) -> state::MemoryState {
    let environment = |context: &BlockContext| {
        let mut environment = Environment::of(context);
        environment.block = BlockEnv { beneficiary: recipient, ..environment.block };
        environment
    };
    let overlay = Overlay::new(&world.state);
    let mut evm = Evm::with_environment(environment(&world.context()), overlay, ());
    for tx in txs {
        let executed = evm.run(tx, GAS_LIMIT).expect("valid");
        assert!(executed.result.is_success());
        evm.state_mut().apply(&executed.diff());
    }
    let (overlay, ()) = evm.into_parts();
    let mut stored = world.state.clone();
    stored.apply(&overlay.into_diff());
    stored
}

#[test]
fn p9_a_fee_recipient_that_destroys_itself_takes_the_last_tip_along() {
    let mut world = World::free();
    let initcode = suicidal_initcode();
    let recipient = asm::create2_address(F, &initcode);
    world.contract(F, &format!("{} POP", asm::create2(&initcode, "PUSH0")));
    let before = supply::total(&world.state);
    let txs = [
        Tx::call(ALICE, 0, CAROL).gas(21_000).fee(3, 3).build(),
        Tx::call(ALICE, 1, CAROL).gas(21_000).fee(2, 2).build(),
        Tx::call(BOB, 0, F).gas(100_000).fee(1, 1).build(),
    ];
    let stored = with_recipient(&world, recipient, &txs);
    assert!(!stored.exists(recipient));
    // 21,000 · 3 + 21,000 · 2 of the two transfers.
    assert_eq!(stored.balance(HEIR), wei(105_000));
    let tip = before - supply::total(&stored);
    let paid = world.state.balance(BOB) - stored.balance(BOB);
    assert_eq!(tip, paid, "the last tip is burned, and nothing else");
    assert!(tip > wei(53_000), "{tip}");
}

#[test]
fn p9_a_tip_of_zero_makes_no_account() {
    let world = World::free();
    let recipient = address!("00000000000000000000000000000000000fee00");
    let txs = [Tx::call(ALICE, 0, BOB).fee(0, 0).build()];
    assert!(!with_recipient(&world, recipient, &txs).exists(recipient));
    let txs = [Tx::call(ALICE, 0, BOB).gas(21_000).fee(1, 1).build()];
    assert_eq!(with_recipient(&world, recipient, &txs).balance(recipient), wei(21_000));
}

#[test]
fn the_fee_vault_of_a_block_can_take_part_in_it() {
    // Its balance is exact whenever somebody looks, also in the middle of the block.
    let mut world = World::free();
    world.contract(READER, &format!("{} BALANCE PUSH0 SSTORE", predeploys::SEQUENCER_FEE_VAULT));
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, BOB).gas(21_000).fee(2, 2).build());
    succeed(&mut block, &Tx::call(BOB, 0, READER).fee(1, 1).build());
    assert_eq!(block.pending().slot(READER, 0), wei(42_000));
}

#[test]
fn q4_a_reverted_selfdestruct_keeps_earlier_balance_writes() {
    // F pays X 5 wei, then X destroys itself inside a call that reverts.
    let mut world = World::free();
    let inner = address!("0000000000000000000000000000000000001717");
    world.contract(CAROL, &format!("{HEIR} SELFDESTRUCT"));
    world.contract(inner, &format!("{} POP PUSH0 PUSH0 REVERT", asm::call(CAROL, "PUSH0", 0)));
    let pay = asm::call(ALICE, "5", 0);
    let revert = asm::call(inner, "PUSH0", 0);
    world.contract(F, &format!("{pay} POP {revert} PUSH0 SSTORE {pay} POP"));
    world.fund(F, wei(10));
    let before = world.state.balance(ALICE);
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(BOB, 0, F).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!(stored.balance(ALICE), before + wei(10));
    assert_eq!(stored.balance(CAROL), world.state.balance(CAROL));
    assert!(!stored.exists(HEIR));
}

#[test]
fn q5_a_recreated_contract_keeps_slots_that_equal_the_old_ones() {
    // The initcode writes 9 to slot 1; the contract is made, destroyed and made again in two transactions.
    let runtime =
        asm::assemble("CALLDATASIZE @kill JUMPI STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT");
    let initcode: Bytes =
        [asm::assemble("9 1 SSTORE").as_ref(), &relocated(&runtime, 5)].concat().into();
    let x = asm::create2_address(F, &initcode);
    let create = asm::create2(&initcode, "PUSH0");
    let kill = asm::call("DUP6", "PUSH0", 32);
    let mut world = World::free();
    world.contract(
        F,
        &format!("{create} CALLDATASIZE @kill JUMPI STOP kill: {HEIR} PUSH0 MSTORE {kill}"),
    );
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, F).input(KILL.to_vec()).fee(0, 0).build());
    assert!(!block.pending().exists(x));
    assert_eq!(block.pending().slot(x, 1), wei(0));
    succeed(&mut block, &Tx::call(ALICE, 1, F).fee(0, 0).build());
    let stored = store(&world, block);
    assert_eq!(stored.slot(x, 1), wei(9));
    assert!(stored.has_code(x));
}

/// A deployer that stands `offset` bytes behind the start of the initcode.
pub(super) fn relocated(runtime: &[u8], offset: usize) -> Vec<u8> {
    let mut code =
        asm::assemble(&format!("{} DUP1 0xffff PUSH0 CODECOPY PUSH0 RETURN", runtime.len()))
            .to_vec();
    let start = u16::try_from(offset + code.len()).unwrap();
    let place = code.windows(2).position(|pair| pair == [0xff, 0xff]).unwrap();
    code[place..place + 2].copy_from_slice(&start.to_be_bytes());
    code.extend_from_slice(runtime);
    code
}

#[test]
fn q6_a_prefunded_target_destroyed_in_its_constructor_is_gone_from_the_store() {
    let mut world = World::free();
    let initcode = suicidal_initcode();
    let target = asm::create2_address(F, &initcode);
    world.contract(F, &format!("{} POP", asm::create2(&initcode, "PUSH0")));
    world.fund(target, wei(77));
    let mut block = world.executor();
    succeed(&mut block, &Tx::call(ALICE, 0, F).fee(0, 0).build());
    let executed = block.finish();
    assert_eq!(executed.diff.accounts[&target], state::AccountDiff::gone());
    let mut stored = world.state.clone();
    stored.apply(&executed.diff);
    assert!(!stored.exists(target));
    assert_eq!(stored.balance(HEIR), wei(77));
    assert_eq!(world.state.trie().apply(&executed.diff), stored.trie().root());
}
