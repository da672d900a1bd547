//! Blocks of calls: one after the other on one state, with precompiled contracts moved and transfers watched.

use alloy_primitives::{Address, TxKind, U256, address};
use state::{MemoryState, Overlay};

use crate::{
    AccountOverride, BlockContext, BlockOverrides, BlockRules, BlockSimulator, Call, EthereumRules,
    ExecuteError, InvalidTransaction, OverrideError, SimulationStatus, SpecId, StateOverrides,
    testing::{ALICE, BOB, ETHER, Peek, World, asm},
};

const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");
const IDENTITY: Address = address!("0000000000000000000000000000000000000004");
const ELSEWHERE: Address = address!("00000000000000000000000000000000000e15e4");

fn open<'a>(
    context: BlockContext,
    world: &'a World,
    accounts: &StateOverrides,
    validation: bool,
) -> Result<BlockSimulator<&'a MemoryState>, OverrideError> {
    let (block, state) = (BlockOverrides::default(), Overlay::new(&world.state));
    BlockSimulator::open(context, &block, state, accounts, validation, true).unwrap()
}

fn call(from: Address, to: Address, value: u64) -> Call {
    let value = U256::from(value);
    Call { from, to: TxKind::Call(to), gas_limit: 100_000, value, ..Call::default() }
}

fn over(address: Address, change: AccountOverride) -> StateOverrides {
    StateOverrides { accounts: [(address, change)].into() }
}

#[test]
fn each_call_finds_what_the_one_before_left() {
    let world = World::new();
    let none = StateOverrides::default();
    let mut block = open(world.context(), &world, &none, false).unwrap();
    block.begin().unwrap();
    let first = block.call(&call(ALICE, BOB, 7), 0).unwrap();
    assert_eq!(first.logs.len(), 1, "the transfer");
    let second = block.call(&call(BOB, CONTRACT, 3), 0).unwrap();
    assert_eq!(second.logs[0].index, 1, "places are counted through the block");
    assert_eq!(block.state().balance(CONTRACT), U256::from(3));
    let (state, requests) = block.finish().unwrap();
    assert_eq!(state.balance(BOB), ETHER + U256::from(4));
    assert!(requests.is_empty());
}

#[test]
fn what_fails_logs_nothing_and_is_counted_all_the_same() {
    let mut world = World::new();
    world.contract(CONTRACT, "PUSH0 PUSH0 LOG0 PUSH0 PUSH0 REVERT");
    let none = StateOverrides::default();
    let mut block = open(world.context(), &world, &none, false).unwrap();
    let failed = block.call(&call(ALICE, CONTRACT, 1), 0).unwrap();
    assert_eq!((failed.simulation.status, failed.logs.len()), (SimulationStatus::Revert, 0));
    let next = block.call(&call(ALICE, BOB, 1), 0).unwrap();
    assert_eq!(next.logs[0].index, 2);
}

#[test]
fn precompiles_move_and_leave_nothing_behind() {
    let world = World::new();
    let change = AccountOverride { move_precompile_to: Some(ELSEWHERE), ..Default::default() };
    let mut block = open(world.context(), &world, &over(IDENTITY, change), false).unwrap();
    let input = asm::assemble("1 2 3");
    let mut output = |to| {
        let call = Call { input: input.clone(), ..call(ALICE, to, 0) };
        block.call(&call, 0).unwrap().simulation.output
    };
    assert_eq!(output(ELSEWHERE), input);
    assert!(output(IDENTITY).is_empty());
}

#[test]
fn overrides_that_cannot_be_done_are_told() {
    let world = World::new();
    let moved = |target| AccountOverride { move_precompile_to: Some(target), ..Default::default() };
    let refused = |accounts: StateOverrides| open(world.context(), &world, &accounts, false).err();
    let not = Some(OverrideError::NotPrecompile(ALICE));
    assert_eq!(refused(over(ALICE, moved(ELSEWHERE))), not);
    let mut both = over(IDENTITY, moved(ELSEWHERE));
    both.accounts.insert(ELSEWHERE, AccountOverride::default());
    assert_eq!(refused(both), Some(OverrideError::Occupied(ELSEWHERE)));
}

#[test]
fn with_validation_nonces_count_and_gas_is_paid() {
    let world = World::new();
    let none = StateOverrides::default();
    let mut block = open(world.context(), &world, &none, true).unwrap();
    let invalid = |error: ExecuteError<_>| error.invalid().cloned().unwrap();
    let wrong = invalid(block.call(&call(ALICE, BOB, 1), 5).unwrap_err());
    assert_eq!(wrong, InvalidTransaction::NonceTooHigh { next: 0, tx: 5 });
    let free = invalid(block.call(&call(ALICE, BOB, 1), 0).unwrap_err());
    assert!(matches!(free, InvalidTransaction::FeeCapTooLow { max_fee: 0, .. }));
    let paid = Call { max_fee_per_gas: 2_000, ..call(ALICE, BOB, 1) };
    assert_eq!(block.call(&paid, 0).unwrap().simulation.gas_used, 21_000);
    assert!(block.state().balance(ALICE) < ETHER - U256::from(1));
}

#[test]
fn ethereum_burns_base_fees_and_has_no_vaults() {
    let mut world = World::new();
    world.contract(CONTRACT, "COINBASE PUSH0 MSTORE 32 PUSH0 RETURN");
    let rules = EthereumRules {
        spec: SpecId::OSAKA,
        beneficiary: BOB,
        difficulty: U256::ZERO,
        blob_base_fee: 1,
    };
    let context = BlockContext { rules: BlockRules::Ethereum(rules), ..world.context() };
    let none = StateOverrides::default();
    let mut block = open(context, &world, &none, true).unwrap();
    let tip = Some(5);
    let paid =
        Call { max_fee_per_gas: 2_000, max_priority_fee_per_gas: tip, ..call(ALICE, CONTRACT, 0) };
    let done = block.call(&paid, 0).unwrap().simulation;
    assert_eq!(done.output[..], BOB.into_word()[..]);
    assert_eq!(block.state().balance(BOB), ETHER + U256::from(5 * done.gas_used));
    assert_eq!(done.diff.accounts.len(), 2, "sender and beneficiary alone: {:?}", done.diff);
}
