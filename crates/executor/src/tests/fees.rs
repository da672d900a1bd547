//! Who pays what to whom, with literal amounts.

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, B256, U256, address};
use protocol::predeploys;

use crate::{
    InvalidTransaction, TransactionOutcome,
    testing::{ALICE, BOB, ETHER, Peek, World, supply, tx::Tx},
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");

fn wei(amount: u64) -> U256 {
    U256::from(amount)
}

/// L1 base fee 10 gwei, blob base fee 2 wei, scalars of a real chain; operator fee 2 per gas and 500 per transaction.
fn charging() -> World {
    let mut world = World::new();
    let opening = &mut world.opening;
    opening.origin.base_fee = 10_000_000_000;
    opening.origin.blob_base_fee = 2;
    opening.system_config.base_fee_scalar = 1_368;
    opening.system_config.blob_base_fee_scalar = 810_949;
    opening.system_config.operator_fee_scalar = 2_000_000;
    opening.system_config.operator_fee_constant = 500;
    world
}

/// (16 · 1,368 · 10^10 + 810,949 · 2) · 100 · 10^6 / 10^12, for the least size of 100 bytes.
const L1_FEE_LEAST: u64 = 21_888_000_162;

fn run(
    world: &World,
    tx: &crate::RecoveredTransaction,
) -> (TransactionOutcome, state::MemoryState) {
    let mut block = world.executor();
    let outcome = block.execute(tx).unwrap();
    let mut after = world.state.clone();
    after.apply(&block.finish().diff);
    assert_eq!(supply::total(&after), supply::total(&world.state), "no wei is lost or made");
    (outcome, after)
}

#[test]
fn each_part_of_a_transfers_fee_reaches_its_vault() {
    let world = charging();
    let tx = Tx::call(ALICE, 0, BOB).value(9).gas(50_000).fee(5_000, 30).build();
    let (outcome, after) = run(&world, &tx);
    assert_eq!(outcome.gas_used, 21_000);
    assert_eq!(outcome.effective_gas_price, 1_030);
    assert_eq!(outcome.l1_fee, wei(L1_FEE_LEAST));
    assert_eq!(outcome.operator_fee, wei(2 * 21_000 + 500));
    assert_eq!(after.balance(predeploys::BASE_FEE_VAULT), wei(21_000 * 1_000));
    assert_eq!(after.balance(predeploys::SEQUENCER_FEE_VAULT), wei(21_000 * 30));
    assert_eq!(after.balance(predeploys::L1_FEE_VAULT), wei(L1_FEE_LEAST));
    assert_eq!(after.balance(predeploys::OPERATOR_FEE_VAULT), wei(42_500));
    let paid = 9 + 21_000 * 1_030 + L1_FEE_LEAST + 42_500;
    assert_eq!(after.balance(ALICE), ETHER - wei(paid));
    assert_eq!(after.balance(BOB), ETHER + wei(9));
}

#[test]
fn a_tip_is_capped_by_the_maximum_fee() {
    let world = charging();
    let (outcome, after) = run(&world, &Tx::call(ALICE, 0, BOB).fee(1_010, 1_010).build());
    assert_eq!(outcome.effective_gas_price, 1_010);
    assert_eq!(after.balance(predeploys::SEQUENCER_FEE_VAULT), wei(21_000 * 10));
}

#[test]
fn data_makes_the_l1_fee_and_not_the_gas() {
    let world = charging();
    let noise: Vec<u8> = (0..40u8).flat_map(|n| alloy_primitives::keccak256([n]).0).collect();
    let tx = Tx::call(ALICE, 0, BOB).input(noise).build();
    let (outcome, _) = run(&world, &tx);
    assert_eq!(outcome.l1_fee, world.context().l1_fees.l1_fee(tx.data_size));
    assert!(outcome.l1_fee > wei(10 * L1_FEE_LEAST), "{}", outcome.l1_fee);
    // The floor of EIP-7623 binds: between 40 gas a byte, and 10 for the few that are zero.
    assert!(outcome.gas_used <= 21_000 + 1_280 * 40 && outcome.gas_used > 21_000 + 1_240 * 40);
}

#[test]
fn a_failed_transaction_pays_all_the_same() {
    let mut world = charging();
    world.contract(CONTRACT, "INVALID");
    let tx = Tx::call(ALICE, 0, CONTRACT).value(9).gas(40_000).build();
    let (outcome, after) = run(&world, &tx);
    assert!(!outcome.receipt.status());
    assert_eq!(outcome.gas_used, 40_000);
    assert_eq!(after.balance(predeploys::BASE_FEE_VAULT), wei(40_000 * 1_000));
    assert_eq!(after.balance(predeploys::L1_FEE_VAULT), wei(L1_FEE_LEAST));
    assert_eq!(after.balance(predeploys::OPERATOR_FEE_VAULT), wei(80_500));
    assert_eq!(after.balance(CONTRACT), wei(0), "the value came back");
    assert_eq!(after.nonce(ALICE), 1);
}

#[test]
fn a_refund_lowers_the_operator_fee_too() {
    let mut world = charging();
    world.contract(CONTRACT, "PUSH0 PUSH0 SSTORE");
    world.set_slot(CONTRACT, 0, 1);
    let (outcome, after) = run(&world, &Tx::call(ALICE, 0, CONTRACT).build());
    // 21,000 + 4 + 5,000 for clearing a cold slot, less 4,800.
    assert_eq!(outcome.gas_used, 21_204);
    assert_eq!(after.balance(predeploys::OPERATOR_FEE_VAULT), wei(2 * 21_204 + 500));
    assert_eq!(after.balance(predeploys::BASE_FEE_VAULT), wei(21_204 * 1_000));
}

#[test]
fn the_worst_case_must_be_covered_item_by_item() {
    let mut world = charging();
    let tx = Tx::call(ALICE, 0, BOB).value(9).gas(50_000).fee(5_000, 30).build();
    let want = 50_000 * 5_000 + L1_FEE_LEAST + (2 * 50_000 + 500) + 9;
    world.fund(ALICE, wei(want - 1));
    let error = world.executor().execute(&tx).unwrap_err();
    let Some(InvalidTransaction::InsufficientFunds(shortfall)) = error.invalid() else { panic!() };
    assert_eq!((shortfall.have, shortfall.want), (wei(want - 1), wei(want)));
    assert_eq!(
        shortfall.to_string(),
        "insufficient funds for gas * price + value: have 22138100670 want 22138100671 \
         (L2 gas 250000000, L1 data fee 21888000162, operator fee 100500, value 9)"
    );
    world.fund(ALICE, wei(want));
    let (_, after) = run(&world, &tx);
    assert_eq!(after.balance(ALICE), wei(50_000 * 5_000 - 21_000 * 1_030 + 2 * 29_000));
}

#[test]
fn sums_beyond_256_bits_are_insufficient_funds() {
    let mut world = World::free();
    world.fund(ALICE, U256::MAX);
    world.fund(BOB, U256::ZERO);
    let tx = Tx::call(ALICE, 0, BOB).value(U256::MAX).gas(21_000).fee(1, 0).build();
    let error = world.executor().execute(&tx).unwrap_err();
    let Some(InvalidTransaction::InsufficientFunds(shortfall)) = error.invalid() else { panic!() };
    assert_eq!(shortfall.want, U256::MAX);
}

#[test]
fn the_fee_is_gone_before_the_code_runs_and_the_vaults_are_paid_after() {
    let mut world = charging();
    let code = format!("ORIGIN BALANCE PUSH0 SSTORE {} BALANCE 1 SSTORE", predeploys::L1_FEE_VAULT);
    world.contract(CONTRACT, &code);
    let (_, after) = run(&world, &Tx::call(ALICE, 0, CONTRACT).gas(100_000).build());
    let up_front = 100_000 * 1_000 + L1_FEE_LEAST + (2 * 100_000 + 500);
    assert_eq!(after.slot(CONTRACT, 0), ETHER - wei(up_front));
    assert_eq!(after.slot(CONTRACT, 1), wei(0));
}

#[test]
fn fees_come_from_the_opening_alone() {
    // L1Block's own storage has no say, so that charging a fee reads nothing.
    let mut world = charging();
    for slot in 0..10 {
        world.set_slot(predeploys::L1_BLOCK, slot, 1 << 40);
    }
    let (outcome, _) = run(&world, &Tx::call(ALICE, 0, BOB).build());
    assert_eq!(outcome.l1_fee, wei(L1_FEE_LEAST));
    assert_ne!(world.opening.origin.hash, B256::ZERO);
}
