//! Calls without a signature, as RPC asks for them.

use alloy_primitives::{B256, address};
use revm::context_interface::result::HaltReason as EvmHalt;

use super::*;
use crate::{
    InvalidTransaction,
    testing::{
        ALICE, BOB, ETHER, GAS_LIMIT, Peek, World, asm,
        tx::{Key, Tx},
    },
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");
/// Exists nowhere.
const NOBODY: Address = address!("00000000000000000000000000000000000a0b0d");

fn call(from: Address) -> Call {
    Call { from, to: TxKind::Call(CONTRACT), gas_limit: 1_000_000, ..Call::default() }
}

fn run(world: &World, call: &Call) -> Simulation {
    try_run(world, call).unwrap()
}

fn try_run(
    world: &World,
    call: &Call,
) -> Result<Simulation, ExecuteError<state::MemoryStateError>> {
    let (state, block) = (StateOverrides::default(), BlockOverrides::default());
    simulate(&world.context(), &world.state, call, &state, &block)
}

/// The word that a call returns.
fn word(world: &World, state: &StateOverrides, block: &BlockOverrides) -> U256 {
    let simulation = simulate(&world.context(), &world.state, &call(NOBODY), state, block).unwrap();
    assert_eq!(simulation.status, SimulationStatus::Success);
    U256::from_be_slice(&simulation.output)
}

fn returning(source: &str) -> World {
    let mut world = World::new();
    world.contract(CONTRACT, &format!("{source} PUSH0 MSTORE 32 PUSH0 RETURN"));
    world
}

#[test]
fn a_call_from_nobody_needs_no_funds_and_sees_no_base_fee() {
    let world = returning("BASEFEE GASPRICE ADD");
    let simulation = run(&world, &call(NOBODY));
    assert_eq!(simulation.status, SimulationStatus::Success);
    assert_eq!(U256::from_be_slice(&simulation.output), U256::ZERO);
    let diff = simulation.diff;
    assert!(diff.accounts.keys().eq([&NOBODY]), "only the nonce of the caller has risen: {diff:?}");
}

#[test]
fn nonce_and_code_of_the_sender_do_not_matter() {
    let mut world = returning("CALLER");
    world.set_nonce(ALICE, 77);
    world.contract(BOB, "STOP");
    for sender in [ALICE, BOB, CONTRACT] {
        let output = run(&world, &call(sender)).output;
        assert_eq!(Address::from_word(B256::from_slice(&output)), sender);
    }
}

#[test]
fn whoever_names_a_price_or_a_value_must_have_it() {
    let world = returning("BASEFEE");
    let priced = Call { max_fee_per_gas: 2_000, ..call(ALICE) };
    assert_eq!(U256::from_be_slice(&run(&world, &priced).output), U256::from(1_000));
    let error = try_run(&world, &Call { from: NOBODY, ..priced.clone() }).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::InsufficientFunds(_))));
    let error = try_run(&world, &Call { max_fee_per_gas: 999, ..priced }).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::FeeCapTooLow { .. })));
    let error = try_run(&world, &Call { value: U256::from(1), ..call(NOBODY) }).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::InsufficientFunds(_))));
    let tip = Call { max_fee_per_gas: 2_000, max_priority_fee_per_gas: Some(2_001), ..call(ALICE) };
    let error = try_run(&world, &tip).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::TipAboveFeeCap { .. })));
}

#[test]
fn l1_and_operator_fee_are_not_charged() {
    let mut world = returning("ORIGIN BALANCE");
    world.opening.origin.base_fee = 1_000_000_000;
    world.opening.system_config.base_fee_scalar = 1_000_000;
    world.opening.system_config.operator_fee_constant = 12_345;
    let simulation = run(&world, &Call { max_fee_per_gas: 1_000, ..call(ALICE) });
    let left = ETHER - U256::from(1_000_000u64 * 1_000);
    assert_eq!(U256::from_be_slice(&simulation.output), left);
}

#[test]
fn no_block_gas_limit_holds() {
    let world = returning("GAS");
    let simulation = run(&world, &Call { gas_limit: 4 * GAS_LIMIT, ..call(NOBODY) });
    assert_eq!(U256::from_be_slice(&simulation.output), U256::from(4 * GAS_LIMIT - 21_000 - 2));
}

#[test]
fn reverts_and_halts_are_told_apart() {
    let mut world = World::new();
    world.contract(CONTRACT, "0xbad PUSH0 MSTORE 32 PUSH0 REVERT");
    let simulation = run(&world, &call(NOBODY));
    assert_eq!(simulation.status, SimulationStatus::Revert);
    assert_eq!(U256::from_be_slice(&simulation.output), U256::from(0xbad));

    let cases = [
        (
            "start: @start JUMP",
            EvmHalt::OutOfGas(revm::context_interface::result::OutOfGasError::Basic),
            "out of gas",
        ),
        ("INVALID", EvmHalt::InvalidFEOpcode, "invalid opcode: INVALID"),
        ("ADD", EvmHalt::StackUnderflow, "stack underflow"),
        ("1 JUMP", EvmHalt::InvalidJump, "invalid jump destination"),
    ];
    for (source, reason, text) in cases {
        world.contract(CONTRACT, source);
        let simulation = run(&world, &call(NOBODY));
        let SimulationStatus::Halt(halt) = simulation.status else { panic!("{source}") };
        assert_eq!(halt.to_string(), text);
        assert_eq!(halt, HaltReason::Evm(reason));
        assert_eq!(halt.is_out_of_gas(), text == "out of gas");
        assert_eq!((simulation.gas_used, simulation.output.len()), (1_000_000, 0));
    }
}

#[test]
fn gas_and_refund_are_those_of_a_transaction() {
    let mut world = World::free();
    world.contract(CONTRACT, "PUSH0 PUSH0 SSTORE");
    world.set_slot(CONTRACT, 0, 1);
    let simulation = run(&world, &call(ALICE));
    assert_eq!((simulation.gas_used, simulation.gas_refunded), (21_204, 4_800));
    let outcome =
        world.executor().execute(&Tx::call(ALICE, 0, CONTRACT).fee(0, 0).build()).unwrap();
    assert_eq!(outcome.gas_used, 21_204);
    // The gas that is refunded must be there first.
    let enough = Call { gas_limit: 26_004, ..call(ALICE) };
    assert_eq!(run(&world, &enough).status, SimulationStatus::Success);
    let short = Call { gas_limit: 26_003, ..call(ALICE) };
    assert!(
        matches!(run(&world, &short).status, SimulationStatus::Halt(reason) if reason.is_out_of_gas())
    );
}

#[test]
fn creations() {
    let world = World::new();
    let runtime = asm::assemble("STOP");
    let create = Call { to: TxKind::Create, input: asm::deployer(&runtime), ..call(NOBODY) };
    let simulation = run(&world, &create);
    assert_eq!(simulation.created, Some(NOBODY.create(0)));
    assert_eq!(simulation.output, runtime);
}

#[test]
fn access_lists_and_authorizations() {
    let key = Key::new(4);
    let world = returning("PUSH0 SLOAD POP ADDRESS");
    let plain = run(&world, &call(NOBODY));
    let access_list = alloy_eips::eip2930::AccessList(vec![alloy_eips::eip2930::AccessListItem {
        address: CONTRACT,
        storage_keys: vec![B256::ZERO],
    }]);
    let listed = run(&world, &Call { access_list: Some(access_list), ..call(NOBODY) });
    // 2,400 + 1,900 for the list, 100 instead of 2,100 for the slot.
    assert_eq!(listed.gas_used, plain.gas_used + 4_300 - 2_000);

    let delegated = Call {
        to: TxKind::Call(key.address()),
        authorizations: vec![key.authorize(CONTRACT, 0)],
        ..call(NOBODY)
    };
    let output = run(&world, &delegated).output;
    assert_eq!(Address::from_word(B256::from_slice(&output)), key.address());
}

#[test]
fn block_overrides() {
    let block = BlockOverrides {
        number: Some(1_234),
        timestamp: Some(99),
        gas_limit: Some(5),
        base_fee: Some(3),
        fee_recipient: Some(BOB),
        prev_randao: Some(B256::with_last_byte(8)),
        block_hashes: [(1_230, B256::with_last_byte(9))].into(),
        ..BlockOverrides::default()
    };
    let none = StateOverrides::default();
    let cases = [
        ("NUMBER", U256::from(1_234)),
        ("TIMESTAMP", U256::from(99)),
        ("GASLIMIT", U256::from(5)),
        ("COINBASE", U256::from_be_slice(BOB.as_slice())),
        ("DIFFICULTY", U256::from(8)),
        ("1230 BLOCKHASH", U256::from(9)),
        // A call that pays nothing sees no base fee, as in geth, also where one is asked for.
        ("BASEFEE", U256::ZERO),
        ("CHAINID", U256::from(901)),
        ("BLOBBASEFEE", U256::from(1)),
    ];
    for (source, expected) in cases {
        assert_eq!(word(&returning(source), &none, &block), expected, "{source}");
    }
}

#[test]
fn state_overrides() {
    let mut world = returning(&format!("1 SLOAD 2 SLOAD ADD {BOB} BALANCE ADD"));
    world.set_slot(CONTRACT, 1, 100);
    world.set_slot(CONTRACT, 2, 1_000);
    let block = BlockOverrides::default();
    let over = |change: AccountOverride, address: Address| {
        let rich = AccountOverride { balance: Some(U256::from(7)), ..Default::default() };
        StateOverrides { accounts: [(BOB, rich), (address, change)].into() }
    };
    let slot = |key: u64, value: u64| [(U256::from(key), U256::from(value))].into();
    let nothing = over(AccountOverride::default(), CONTRACT);
    assert_eq!(word(&world, &nothing, &block), U256::from(1_107));
    let change = AccountOverride { storage_diff: slot(1, 5), ..Default::default() };
    assert_eq!(word(&world, &over(change, CONTRACT), &block), U256::from(1_012));
    let change = AccountOverride { storage: Some(slot(1, 5)), ..Default::default() };
    assert_eq!(word(&world, &over(change, CONTRACT), &block), U256::from(12));
    let code = asm::assemble("3 PUSH0 MSTORE 32 PUSH0 RETURN");
    let change = AccountOverride { code: Some(code), ..Default::default() };
    assert_eq!(word(&world, &over(change, CONTRACT), &block), U256::from(3));
    assert_eq!(world.state.balance(BOB), ETHER, "an override stays in its simulation");

    // Code that starts like a delegation and is none does not stop anything.
    let odd =
        AccountOverride { code: Some(Bytes::from_static(&[0xef, 0x01, 0])), ..Default::default() };
    let simulation =
        simulate(&world.context(), &world.state, &call(NOBODY), &over(odd, CONTRACT), &block)
            .unwrap();
    assert!(matches!(simulation.status, SimulationStatus::Halt(_)));
    // No code at all.
    let none = AccountOverride { code: Some(Bytes::new()), ..Default::default() };
    let simulation =
        simulate(&world.context(), &world.state, &call(NOBODY), &over(none, CONTRACT), &block)
            .unwrap();
    assert_eq!((simulation.gas_used, simulation.output.len()), (21_000, 0));
}

#[test]
fn a_simulation_can_stand_on_another() {
    let mut world = World::new();
    world.contract(CONTRACT, "PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE PUSH0 MSTORE 32 PUSH0 RETURN");
    let mut state = Overlay::new(&world.state);
    for expected in 1..4u64 {
        let (overrides, block) = (StateOverrides::default(), BlockOverrides::default());
        let simulation =
            simulate(&world.context(), &state, &call(NOBODY), &overrides, &block).unwrap();
        assert_eq!(U256::from_be_slice(&simulation.output), U256::from(expected));
        state.apply(&simulation.diff);
    }
    assert_eq!(world.state.slot(CONTRACT, 0), U256::ZERO);
}
