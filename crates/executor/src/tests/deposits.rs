//! Deposits: always included, never charged, and what is left of them when they fail.

use alloy_consensus::TxReceipt;
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use protocol::{Receipt, TxDeposit, predeploys};
use revm::context_interface::result::HaltReason as EvmHalt;

use crate::{
    HaltReason, InvalidTransaction, RecoveredTransaction, TransactionOutcome,
    testing::{
        ALICE, BOB, CAROL, ETHER, GAS_LIMIT, Peek, World, asm, supply,
        tx::{Tx, deposit},
    },
};

const L1_USER: Address = address!("0000000000000000000000000000000000001111");
const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");

fn wei(amount: u64) -> U256 {
    U256::from(amount)
}

/// Executes one deposit; the state after it, with the vaults untouched.
fn run(world: &World, tx: TxDeposit) -> (TransactionOutcome, state::MemoryState) {
    let mint = U256::from(tx.mint);
    let mut block = world.executor();
    let outcome = block.execute(&RecoveredTransaction::deposit(tx)).expect("a deposit is included");
    let mut after = world.state.clone();
    after.apply(&block.finish().diff);
    assert_eq!(supply::total(&after), supply::total(&world.state) + mint);
    for vault in [predeploys::SEQUENCER_FEE_VAULT, predeploys::BASE_FEE_VAULT] {
        assert_eq!(after.balance(vault), wei(0), "a deposit pays no fee");
    }
    assert_eq!((outcome.effective_gas_price, outcome.l1_fee), (0, wei(0)));
    (outcome, after)
}

fn receipt(outcome: &TransactionOutcome) -> &op_alloy_consensus::OpDepositReceipt {
    match &outcome.receipt {
        Receipt::Deposit(receipt) => receipt,
        other => panic!("not a deposit's receipt: {other:?}"),
    }
}

#[test]
fn mints_and_pays() {
    let world = World::new();
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(BOB), 100, 30));
    assert!(outcome.receipt.status());
    assert_eq!(outcome.gas_used, 21_000);
    assert_eq!(after.balance(L1_USER), wei(70));
    assert_eq!(after.balance(BOB), ETHER + wei(30));
    assert_eq!(after.nonce(L1_USER), 1);
    assert_eq!(receipt(&outcome).deposit_nonce, Some(0));
    assert_eq!(receipt(&outcome).deposit_receipt_version, Some(1));
}

#[test]
fn mints_to_oneself() {
    let world = World::new();
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(L1_USER), 100, 100));
    assert!(outcome.receipt.status());
    assert_eq!(after.balance(L1_USER), wei(100));
    assert_eq!(after.nonce(L1_USER), 1);
}

#[test]
fn spends_what_the_sender_had_before() {
    let world = World::new();
    let (outcome, after) = run(&world, deposit(ALICE, TxKind::Call(BOB), 1, 5));
    assert!(outcome.receipt.status());
    assert_eq!(after.balance(ALICE), ETHER - wei(4));
}

#[test]
fn shows_the_nonce_it_used() {
    let mut world = World::new();
    world.set_nonce(L1_USER, 41);
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(BOB), 0, 0));
    assert_eq!(receipt(&outcome).deposit_nonce, Some(41));
    assert_eq!(after.nonce(L1_USER), 42);
}

#[test]
fn a_value_beyond_the_balance_keeps_mint_and_nonce() {
    let world = World::new();
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(BOB), 100, 101));
    assert!(!outcome.receipt.status());
    assert_eq!(outcome.gas_used, 1_000_000, "all of its gas limit");
    assert_eq!(after.balance(L1_USER), wei(100));
    assert_eq!(after.nonce(L1_USER), 1);
    assert_eq!(after.balance(BOB), ETHER);
    assert_eq!(receipt(&outcome).deposit_nonce, Some(0));
    let Some(HaltReason::DepositNotStarted(reason)) = &outcome.halt else { panic!("{outcome:?}") };
    let InvalidTransaction::InsufficientFunds(shortfall) = reason.as_ref() else { panic!() };
    assert_eq!((shortfall.have, shortfall.want), (wei(100), wei(101)));
}

#[test]
fn too_little_gas_keeps_mint_and_nonce() {
    let world = World::new();
    for (gas_limit, input) in
        [(20_999, Bytes::new()), (21_000, vec![1; 5].into()), (0, Bytes::new())]
    {
        let tx = TxDeposit { gas_limit, input, ..deposit(L1_USER, TxKind::Call(BOB), 9, 9) };
        let (outcome, after) = run(&world, tx);
        assert!(!outcome.receipt.status());
        assert_eq!(outcome.gas_used, gas_limit);
        assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(9), 1));
    }
}

#[test]
fn the_floor_price_of_calldata_holds_for_deposits() {
    let world = World::new();
    let tx = TxDeposit { input: vec![1; 100].into(), ..deposit(L1_USER, TxKind::Call(BOB), 0, 0) };
    // 21,000 + 100 bytes · 40.
    assert_eq!(run(&world, tx.clone()).0.gas_used, 25_000);
    let (outcome, _) = run(&world, TxDeposit { gas_limit: 24_999, ..tx });
    assert!(!outcome.receipt.status());
}

#[test]
fn a_revert_undoes_all_but_mint_and_nonce() {
    let mut world = World::new();
    world.contract(CONTRACT, "1 PUSH0 SSTORE 7 PUSH0 MSTORE 32 PUSH0 REVERT");
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(CONTRACT), 50, 50));
    assert!(!outcome.receipt.status());
    assert_eq!((outcome.halt.clone(), outcome.output.len()), (None, 32));
    assert!(outcome.gas_used < 60_000, "a revert gives back the rest: {}", outcome.gas_used);
    assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(50), 1));
    assert_eq!(after.slot(CONTRACT, 0), wei(0));
    assert!(receipt(&outcome).inner.logs().is_empty());
}

#[test]
fn a_halt_undoes_all_but_mint_and_nonce() {
    let mut world = World::new();
    world.contract(CONTRACT, "1 PUSH0 SSTORE INVALID");
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(CONTRACT), 50, 50));
    assert!(!outcome.receipt.status());
    assert_eq!(outcome.halt, Some(HaltReason::Evm(EvmHalt::InvalidFEOpcode)));
    assert_eq!(outcome.gas_used, 1_000_000);
    assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(50), 1));
    assert_eq!(after.slot(CONTRACT, 0), wei(0));
}

#[test]
fn creates_a_contract() {
    let world = World::new();
    let runtime = asm::assemble("1 PUSH0 SSTORE");
    let tx = TxDeposit { input: asm::deployer(&runtime), ..deposit(L1_USER, TxKind::Create, 5, 3) };
    let (outcome, after) = run(&world, tx);
    assert!(outcome.receipt.status());
    let created = L1_USER.create(0);
    assert_eq!(outcome.created, Some(created));
    assert_eq!(outcome.output, runtime);
    assert_eq!((after.balance(created), after.nonce(created)), (wei(3), 1));
    assert!(after.has_code(created));
    assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(2), 1));
}

#[test]
fn a_failed_creation_raises_the_nonce() {
    let world = World::new();
    let cases: [(Bytes, u64); 4] = [
        (asm::assemble("PUSH0 PUSH0 REVERT"), 3),
        (asm::assemble("INVALID"), 3),
        // Cannot start: too much initcode, and a value that nobody has.
        (vec![0; 49_153].into(), 3),
        (Bytes::new(), 6),
    ];
    for (input, value) in cases {
        let tx =
            TxDeposit { input, gas_limit: 5_000_000, ..deposit(L1_USER, TxKind::Create, 5, value) };
        let (outcome, after) = run(&world, tx);
        assert!(!outcome.receipt.status());
        assert_eq!(outcome.created, None);
        assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(5), 1));
        assert!(!after.exists(L1_USER.create(0)));
    }
}

#[test]
fn a_creation_on_a_taken_address_fails_and_raises_the_nonce() {
    let mut world = World::new();
    world.contract(L1_USER.create(0), "STOP");
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Create, 5, 3));
    assert_eq!(outcome.halt, Some(HaltReason::Evm(EvmHalt::CreateCollision)));
    assert_eq!((after.balance(L1_USER), after.nonce(L1_USER)), (wei(5), 1));
}

#[test]
fn a_contract_may_send_one() {
    let mut world = World::new();
    world.contract(CONTRACT, "STOP");
    let (outcome, after) = run(&world, deposit(CONTRACT, TxKind::Call(BOB), 5, 5));
    assert!(outcome.receipt.status());
    assert_eq!(after.nonce(CONTRACT), 2);
}

#[test]
fn sees_a_gas_price_of_zero_and_pays_no_base_fee() {
    let mut world = World::new();
    world.contract(CONTRACT, "GASPRICE 1 ADD PUSH0 SSTORE ORIGIN 1 SSTORE BASEFEE 2 SSTORE");
    let (outcome, after) = run(&world, deposit(L1_USER, TxKind::Call(CONTRACT), 0, 0));
    assert!(outcome.receipt.status());
    assert_eq!(after.slot(CONTRACT, 0), wei(1));
    assert_eq!(after.slot(CONTRACT, 1), U256::from_be_slice(L1_USER.as_slice()));
    assert_eq!(after.slot(CONTRACT, 2), wei(1_000));
}

#[test]
fn deposits_run_even_when_the_block_is_full_and_users_get_what_is_left() {
    let world = World::free();
    let mut inputs = world.inputs();
    // Two that cannot start use all the gas they name: more than the block has.
    let huge = TxDeposit { gas_limit: GAS_LIMIT, ..deposit(L1_USER, TxKind::Call(BOB), 7, 99) };
    inputs.deposits = vec![huge.clone(), huge, deposit(L1_USER, TxKind::Call(CAROL), 0, 14)];
    let mut block = world.executor();
    for tx in crate::forced_transactions(&inputs.opening, &inputs.deposits) {
        block.execute(&tx).unwrap();
    }
    assert_eq!(block.gas_left(), 0);
    let error = block.execute(&Tx::call(ALICE, 0, BOB).gas(21_000).fee(0, 0).build()).unwrap_err();
    let expected = InvalidTransaction::BlockGas { gas_limit: 21_000, gas_left: 0 };
    assert_eq!(error.invalid(), Some(&expected));
    let executed = block.finish();
    assert_eq!(executed.transactions.len(), 4);
    let attributes = executed.outcomes[0].gas_used;
    assert_eq!(executed.gas_used, attributes + 2 * GAS_LIMIT + 21_000);
    let statuses: Vec<bool> =
        executed.outcomes.iter().map(|outcome| outcome.receipt.status()).collect();
    assert_eq!(statuses, [true, false, false, true]);
}

#[test]
fn a_failed_deposit_leaves_nothing_warm() {
    // The probe of the tests beside the EVM: 26,210 gas if both accounts are cold.
    let mut world = World::free();
    world.contract(CONTRACT, &format!("{L1_USER} BALANCE POP {CAROL} BALANCE POP"));
    let mut block = world.executor();
    block
        .execute(&RecoveredTransaction::deposit(deposit(L1_USER, TxKind::Call(CAROL), 1, 2)))
        .unwrap();
    let outcome = block.execute(&Tx::call(ALICE, 0, CONTRACT).fee(0, 0).build()).unwrap();
    assert_eq!(outcome.gas_used, 26_210);
}

#[test]
fn the_attributes_transaction_reaches_l1_block() {
    let mut world = World::new();
    world.contract(
        predeploys::L1_BLOCK,
        "CALLER PUSH0 SSTORE CALLDATASIZE 1 SSTORE 4 CALLDATALOAD 2 SSTORE",
    );
    let executed = world.execute(&world.inputs());
    assert!(executed.outcomes[0].receipt.status());
    let mut after = world.state.clone();
    after.apply(&executed.diff);
    let depositor = U256::from_be_slice(predeploys::DEPOSITOR.as_slice());
    assert_eq!(after.slot(predeploys::L1_BLOCK, 0), depositor);
    assert_eq!(after.slot(predeploys::L1_BLOCK, 1), wei(176));
    assert_eq!(after.nonce(predeploys::DEPOSITOR), 1);
    let receipt: &Receipt = &executed.outcomes[0].receipt;
    assert_eq!(receipt.cumulative_gas_used(), executed.gas_used);
}
