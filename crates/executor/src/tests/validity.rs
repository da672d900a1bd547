//! Which user transactions can be included, and the words in which the others are refused.

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, U256, address};

use crate::{
    InvalidTransaction, RecoveredTransaction,
    testing::{
        ALICE, BASE_FEE, BOB, CHAIN_ID, ETHER, GAS_LIMIT, World, asm,
        tx::{Key, Tx, legacy_without_chain_id},
    },
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");

fn refusal(world: &World, tx: &RecoveredTransaction) -> InvalidTransaction {
    let mut block = world.executor();
    let before = block.pending().diff();
    let error = block.execute(tx).expect_err("must be refused");
    assert_eq!(block.pending().diff(), before, "no trace");
    assert_eq!(block.gas_left(), GAS_LIMIT);
    error.invalid().expect("not a failed read").clone()
}

#[track_caller]
fn check(tx: Tx, expected: InvalidTransaction, text: &str) {
    let mut world = World::new();
    world.set_nonce(ALICE, 5);
    world.contract(CONTRACT, "STOP");
    world.fund(CONTRACT, ETHER);
    let reason = refusal(&world, &tx.build());
    assert_eq!(reason, expected);
    assert_eq!(reason.to_string(), text);
}

fn tx(nonce: u64) -> Tx {
    Tx::call(ALICE, nonce, BOB)
}

#[test]
fn nonces() {
    check(
        tx(3),
        InvalidTransaction::NonceTooLow { next: 5, tx: 3 },
        "nonce too low: next nonce 5, tx nonce 3",
    );
    check(
        tx(9),
        InvalidTransaction::NonceTooHigh { next: 5, tx: 9 },
        "nonce too high: next nonce 5, tx nonce 9",
    );
    let mut world = World::new();
    world.set_nonce(ALICE, u64::MAX);
    let reason = refusal(&world, &tx(u64::MAX).build());
    assert_eq!(reason, InvalidTransaction::NonceMax);
    assert_eq!(reason.to_string(), "nonce has max value");
}

#[test]
fn chain_id() {
    check(
        tx(5).chain(1),
        InvalidTransaction::ChainId { have: 1, want: CHAIN_ID },
        "invalid chain id for signer: have 1 want 901",
    );
}

#[test]
fn fees() {
    check(
        tx(5).fee(999, 0),
        InvalidTransaction::FeeCapTooLow { max_fee: 999, base_fee: BASE_FEE },
        "max fee per gas less than block base fee: maxFeePerGas 999, baseFee 1000",
    );
    check(
        tx(5).fee(1_000, 1_001),
        InvalidTransaction::TipAboveFeeCap { tip: 1_001, max_fee: 1_000 },
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas 1001, maxFeePerGas 1000",
    );
}

#[test]
fn gas() {
    check(
        tx(5).gas(20_999),
        InvalidTransaction::IntrinsicGas { gas_limit: 20_999, needed: 21_000 },
        "intrinsic gas too low: have 20999, want 21000",
    );
    // Ten bytes that are not zero: 21,000 + 160 to begin with, 21,000 + 400 in any case.
    check(
        tx(5).input(vec![1; 10]).gas(21_399),
        InvalidTransaction::FloorGas { gas_limit: 21_399, floor: 21_400 },
        "intrinsic gas too low: insufficient gas for floor data gas cost: have 21399, want 21400",
    );
    check(
        tx(5).gas(GAS_LIMIT + 1),
        InvalidTransaction::BlockGas { gas_limit: GAS_LIMIT + 1, gas_left: GAS_LIMIT },
        "exceeds block gas limit: gas limit reached (gas limit 30000001, left 30000000)",
    );
}

#[test]
fn senders_with_code() {
    check(Tx::call(CONTRACT, 1, BOB), InvalidTransaction::SenderNotEoa, "sender not an eoa");
    let mut world = World::new();
    world.contract(CONTRACT, "STOP");
    world.delegate(ALICE, CONTRACT);
    assert!(world.executor().execute(&tx(1).build()).is_ok(), "a delegated account may send");
}

#[test]
fn initcode() {
    let largest = vec![0; 49_152];
    check(
        Tx::create(ALICE, 5, [largest.clone(), vec![0]].concat()),
        InvalidTransaction::InitcodeSize { size: 49_153, limit: 49_152 },
        "max initcode size exceeded: code size 49153, limit 49152",
    );
    let world = World::new();
    let outcome = world.executor().execute(&Tx::create(ALICE, 0, largest).build()).unwrap();
    assert!(outcome.receipt.status());
}

#[test]
fn empty_authorization_list() {
    let world = World::new();
    let reason = refusal(&world, &tx(0).set_code(Vec::new()));
    assert_eq!(reason, InvalidTransaction::EmptyAuthorizations);
    assert_eq!(reason.to_string(), "EIP-7702 transaction with empty auth list");
}

#[test]
fn legacy_without_a_chain_id_is_welcome() {
    let key = Key::new(1);
    let mut world = World::new();
    world.fund(key.address(), ETHER);
    let tx = RecoveredTransaction::decode(&legacy_without_chain_id(&key, 0, BOB)).unwrap();
    assert_eq!(tx.sender, key.address());
    assert_eq!(world.executor().execute(&tx).unwrap().gas_used, 21_000);
}

#[test]
fn a_synthetic_transaction_is_refused() {
    let tx = op_alloy_consensus::TxPostExec::default();
    let tx = RecoveredTransaction::from_parts(tx.into(), ALICE);
    assert_eq!(refusal(&World::new(), &tx), InvalidTransaction::Type(0x7d));
}

#[test]
fn creations_report_their_address() {
    let world = World::free();
    let runtime = asm::assemble("STOP");
    let tx = Tx::create(ALICE, 0, asm::deployer(&runtime)).value(4).fee(0, 0).build();
    let outcome = world.executor().execute(&tx).unwrap();
    assert_eq!(outcome.created, Some(ALICE.create(0)));
    assert_eq!(outcome.output, runtime);
    let failed = Tx::create(ALICE, 0, asm::assemble("PUSH0 PUSH0 REVERT")).fee(0, 0).build();
    assert_eq!(world.executor().execute(&failed).unwrap().created, None);
}

#[test]
fn secp256r1_verification_is_there_for_6900_gas() {
    // Calls 0x100 with an empty input, which returns nothing, and stores the gas of the call.
    let mut world = World::free();
    world.contract(
        CONTRACT,
        "GAS PUSH0 PUSH0 PUSH0 PUSH0 0x100 GAS STATICCALL PUSH0 SSTORE GAS SWAP1 SUB 1 SSTORE",
    );
    let mut block = world.executor();
    block.execute(&Tx::call(ALICE, 0, CONTRACT).fee(0, 0).build()).unwrap();
    use crate::testing::Peek;
    assert_eq!(block.pending().slot(CONTRACT, 0), U256::from(1));
    // 6,900 for it, 100 for a warm call, 22,100 for the slot, and 2 · 5 + 3 + 2 · 2 for the words around.
    assert_eq!(
        block.pending().slot(CONTRACT, 1),
        U256::from(6_900 + 100 + 22_100 + 8 + 3 + 2 + 2 + 2)
    );
}

/// Of numbers of a byte each, and of one that is longer than Osaka allows.
#[test]
fn modular_exponentiation_costs_what_it_does_in_osaka() {
    use crate::testing::Peek;
    let mut world = World::free();
    // Base, exponent and modulus of one byte: 3 to the power of 0xff modulo 7. Then a modulus of 1,025 bytes.
    world.contract(
        CONTRACT,
        "1 PUSH0 MSTORE 1 32 MSTORE 1 64 MSTORE 0x03 96 MSTORE8 0xff 97 MSTORE8 0x07 98 MSTORE8
         GAS PUSH0 PUSH0 99 PUSH0 5 GAS STATICCALL PUSH0 SSTORE GAS SWAP1 SUB 1 SSTORE
         1025 64 MSTORE PUSH0 PUSH0 2000 PUSH0 5 100000 STATICCALL 1 ADD 2 SSTORE",
    );
    let mut block = world.executor();
    block.execute(&Tx::call(ALICE, 0, CONTRACT).fee(0, 0).build()).unwrap();
    assert_eq!(block.pending().slot(CONTRACT, 0), U256::from(1));
    let around = 100 + 22_100 + 8 + 3 + 2 + 2 + 2 + 1;
    assert_eq!(block.pending().slot(CONTRACT, 1), U256::from(500 + around));
    assert_eq!(block.pending().slot(CONTRACT, 2), U256::from(1), "refused");
}

#[test]
fn a_transaction_that_asks_for_more_gas_than_one_may_is_none() {
    let raw = |gas| {
        let tx = Tx::call(ALICE, 0, BOB).gas(gas).build().tx;
        alloy_eips::Encodable2718::encoded_2718(&tx).into()
    };
    let most = protocol::TRANSACTION_GAS_MAX;
    let refused = RecoveredTransaction::decode(&raw(most + 1)).unwrap_err();
    assert!(matches!(refused, protocol::TransactionError::Gas(gas) if gas == most + 1));
    let taken = RecoveredTransaction::decode(&raw(most));
    assert!(!matches!(taken, Err(protocol::TransactionError::Gas(_))));
}
