//! A rejected transaction leaves no trace, whoever runs it and however (faults P13 and P14 of other chains).
//!
//! `PROBE` reads the balances of the rejected sender and of an address in its access list. On a clean EVM that costs
//! 21,000 + 2 · 2,600 + 2 · (3 + 2) = 26,210 gas; every account that a rejected transaction left warm makes it 2,500 less.

use core::cell::Cell;

use alloy_primitives::{B256, address};
use protocol::predeploys;
use revm::inspector::NoOpInspector;
use state::{Account, MemoryState};

use super::*;
use crate::{
    BlockOverrides, Call, InvalidTransaction, StateOverrides, simulate,
    testing::{ALICE, BOB, CHAIN_ID, GAS_LIMIT, Peek, World, tx::Tx},
};

const PROBE: Address = address!("00000000000000000000000000000000000c0c0c");
/// In the access lists of rejected transactions.
const NAMED: Address = address!("0000000000000000000000000000000000000d0d");
/// Has code, so it may not send.
const CONTRACT: Address = address!("000000000000000000000000000000000000c0de");
/// Has too little for anything.
const POOR: Address = address!("000000000000000000000000000000000000dead");

const CLEAN_GAS: u64 = 26_210;

fn world(sender: Address) -> World {
    let mut world = World::new();
    world.contract(CONTRACT, "STOP");
    world.fund(CONTRACT, crate::testing::ETHER);
    world.fund(POOR, U256::from(1));
    world.contract(PROBE, &format!("{sender} BALANCE POP {NAMED} BALANCE POP"));
    world
}

fn probe() -> RecoveredTransaction {
    Tx::call(BOB, 0, PROBE).build()
}

/// Every way to be rejected that can be told apart.
fn rejected() -> Vec<(&'static str, RecoveredTransaction)> {
    let tx = |from, nonce| Tx::call(from, nonce, NAMED).warm(NAMED, &[1, 2]);
    vec![
        ("nonce too high", tx(ALICE, 7).build()),
        ("insufficient funds", tx(POOR, 0).build()),
        ("insufficient funds for the value", tx(ALICE, 0).value(crate::testing::ETHER).build()),
        ("sender with code", tx(CONTRACT, 1).build()),
        ("wrong chain id", tx(ALICE, 0).chain(CHAIN_ID + 1).build()),
        ("over the block gas limit", tx(ALICE, 0).gas(GAS_LIMIT + 1).build()),
        ("intrinsic gas", tx(ALICE, 0).gas(21_000).build()),
        ("floor gas", tx(ALICE, 0).input(vec![1; 100]).gas(24_900).build()),
        ("below the base fee", tx(ALICE, 0).fee(999, 0).build()),
        ("tip above the fee", tx(ALICE, 0).fee(1_000, 1_001).build()),
        ("empty authorization list", tx(ALICE, 0).set_code(Vec::new())),
    ]
}

fn is_clean<R: StateReader, I>(evm: &Evm<R, I>) -> bool {
    let journal = &evm.inner.ctx.journaled_state;
    journal.state.is_empty()
        && journal.journal.is_empty()
        && journal.logs.is_empty()
        && journal.transient_storage.is_empty()
        && journal.selfdestructed_addresses.is_empty()
        && journal.depth == 0
        && evm.inner.frame_stack.index().is_none()
}

#[test]
fn a_clean_probe_costs_what_the_schedule_says() {
    for (_, tx) in rejected() {
        let world = world(tx.sender);
        let executed = Evm::new(&world.context(), &world.state).run(&probe(), GAS_LIMIT).unwrap();
        assert_eq!(executed.result.tx_gas_used(), CLEAN_GAS);
    }
}

#[test]
fn p14_no_warm_account_survives_a_rejection_on_a_reused_evm() {
    for (reason, tx) in rejected() {
        let world = world(tx.sender);
        let mut evm = Evm::new(&world.context(), &world.state);
        for _ in 0..2 {
            let error = evm.run(&tx, GAS_LIMIT).unwrap_err();
            assert!(matches!(error, ExecuteError::Invalid(_)), "{reason}: {error:?}");
            assert!(is_clean(&evm), "{reason}");
        }
        let executed = evm.run(&probe(), GAS_LIMIT).unwrap();
        assert_eq!(executed.result.tx_gas_used(), CLEAN_GAS, "{reason}");
        assert!(is_clean(&evm), "{reason}");
    }
}

#[test]
fn p14_with_a_used_nonce() {
    let mut world = world(ALICE);
    world.set_nonce(ALICE, 3);
    let mut evm = Evm::new(&world.context(), &world.state);
    let error =
        evm.run(&Tx::call(ALICE, 2, NAMED).warm(NAMED, &[]).build(), GAS_LIMIT).unwrap_err();
    assert_eq!(error.invalid(), Some(&InvalidTransaction::NonceTooLow { next: 3, tx: 2 }));
    assert!(is_clean(&evm));
    assert_eq!(evm.run(&probe(), GAS_LIMIT).unwrap().result.tx_gas_used(), CLEAN_GAS);
}

#[test]
fn p14_under_an_inspector() {
    for (reason, tx) in rejected() {
        let world = world(tx.sender);
        let mut evm = Evm::with_inspector(&world.context(), &world.state, NoOpInspector);
        assert!(evm.inspect(&tx, GAS_LIMIT).is_err(), "{reason}");
        assert!(is_clean(&evm), "{reason}");
        let executed = evm.inspect(&probe(), GAS_LIMIT).unwrap();
        assert_eq!(executed.result.tx_gas_used(), CLEAN_GAS, "{reason}");
    }
}

#[test]
fn p14_around_system_calls() {
    for (reason, tx) in rejected() {
        let mut world = world(tx.sender);
        // A system contract that touches the same accounts as the probe.
        let system = address!("0000000000000000000000000000000000005757");
        world.contract(system, &format!("{} BALANCE POP {NAMED} BALANCE POP", tx.sender));
        let mut evm = Evm::new(&world.context(), &world.state);
        assert!(evm.run(&tx, GAS_LIMIT).is_err(), "{reason}");
        let call = evm.system_call(predeploys::SYSTEM, system, Bytes::new(), 1_000_000);
        let (_, changes) = call.unwrap();
        assert!(state_diff(&changes).is_empty(), "{reason}: a call that writes nothing");
        assert!(is_clean(&evm), "{reason}");
        let executed = evm.run(&probe(), GAS_LIMIT).unwrap();
        assert_eq!(executed.result.tx_gas_used(), CLEAN_GAS, "{reason}");
    }
}

#[test]
fn p14_through_the_serial_executor() {
    for (reason, tx) in rejected() {
        let world = world(tx.sender);
        let mut with = world.executor();
        assert!(matches!(with.execute(&tx), Err(ExecuteError::Invalid(_))), "{reason}");
        let mut without = world.executor();
        let outcome = with.execute(&probe()).unwrap();
        assert_eq!(outcome, without.execute(&probe()).unwrap(), "{reason}");
        assert_eq!(outcome.gas_used, CLEAN_GAS, "{reason}");
        assert_eq!(with.finish(), without.finish(), "{reason}");
    }
}

#[test]
fn p14_through_simulate() {
    let world = world(POOR);
    let call = |from, value, gas_limit| Call {
        from,
        to: TxKind::Call(PROBE),
        gas_limit,
        value,
        ..Call::default()
    };
    let run = |call: &Call| {
        let (state, block) = (StateOverrides::default(), BlockOverrides::default());
        simulate(&world.context(), &world.state, call, &state, &block)
    };
    let funds = run(&call(POOR, U256::from(2), 100_000)).unwrap_err();
    assert!(matches!(funds.invalid(), Some(InvalidTransaction::InsufficientFunds(_))));
    let gas = run(&call(BOB, U256::ZERO, 20_999)).unwrap_err();
    let expected = InvalidTransaction::IntrinsicGas { gas_limit: 20_999, needed: 21_000 };
    assert_eq!(gas.invalid(), Some(&expected));
    assert_eq!(run(&call(BOB, U256::ZERO, 100_000)).unwrap().gas_used, CLEAN_GAS);
}

#[test]
fn p13_the_nonce_does_not_rise_before_the_funds_are_checked() {
    let mut world = World::free();
    world.fund(POOR, U256::ZERO);
    let mut executor = world.executor();
    let send = Tx::call(POOR, 0, NAMED).value(5).fee(0, 0).build();
    let error = executor.execute(&send).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::InsufficientFunds(_))));
    assert_eq!(executor.pending().nonce(POOR), 0);
    executor.execute(&Tx::call(ALICE, 0, POOR).value(5).fee(0, 0).build()).unwrap();
    executor.execute(&send).unwrap();
    assert_eq!(executor.pending().nonce(POOR), 1);
    assert_eq!(executor.pending().balance(NAMED), U256::from(5));
    assert_eq!(executor.finish().outcomes.len(), 2);
}

#[test]
fn p13_on_one_evm_without_committing() {
    let mut world = World::free();
    world.fund(POOR, U256::ZERO);
    let mut evm = Evm::new(&world.context(), &world.state);
    let send = Tx::call(POOR, 0, NAMED).value(5).fee(0, 0).build();
    assert!(evm.run(&send, GAS_LIMIT).is_err());
    assert!(is_clean(&evm));
    // Rejected for the same reason again, not for a nonce that rose in between.
    let error = evm.run(&send, GAS_LIMIT).unwrap_err();
    assert!(matches!(error.invalid(), Some(InvalidTransaction::InsufficientFunds(_))));
}

/// Fails the n-th read.
#[derive(Debug)]
struct Flaky<'a> {
    inner: &'a MemoryState,
    reads_until_failure: Cell<u32>,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the store is away")]
struct Away;

impl Flaky<'_> {
    fn tick(&self) -> Result<(), Away> {
        let left = self.reads_until_failure.get();
        self.reads_until_failure.set(left.wrapping_sub(1));
        if left == 0 { Err(Away) } else { Ok(()) }
    }
}

impl StateReader for Flaky<'_> {
    type Error = Away;

    fn account(&self, address: &Address) -> Result<Option<Account>, Away> {
        self.tick()?;
        Ok(self.inner.account(address).unwrap())
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Away> {
        self.tick()?;
        Ok(self.inner.storage(address, slot).unwrap())
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Away> {
        self.tick()?;
        Ok(self.inner.code(hash).unwrap())
    }

    fn block_hash(&self, _: u64) -> Result<B256, Away> {
        self.tick()?;
        Ok(B256::ZERO)
    }
}

#[test]
fn a_failed_read_leaves_the_evm_clean_wherever_it_happens() {
    let mut world = world(ALICE);
    world.contract(CONTRACT, "PUSH0 SLOAD 1 ADD PUSH0 SSTORE 1 BLOCKHASH POP");
    let call = Tx::call(ALICE, 0, CONTRACT).warm(NAMED, &[1]).fee(2_000, 7).build();
    let deposit = RecoveredTransaction::deposit(crate::testing::tx::deposit(
        ALICE,
        TxKind::Call(CONTRACT),
        5,
        2,
    ));
    for tx in [call, deposit] {
        let mut failures = 0;
        for reads in 0.. {
            let state = Flaky { inner: &world.state, reads_until_failure: Cell::new(reads) };
            let mut evm = Evm::new(&world.context(), state);
            match evm.run(&tx, GAS_LIMIT) {
                Ok(_) => break,
                Err(error) => assert_eq!(error, ExecuteError::State(Away)),
            }
            failures += 1;
            assert!(is_clean(&evm), "after {reads} reads");
            // The store is back: the same transaction now does what it does on a fresh EVM.
            evm.state_mut().reads_until_failure.set(u32::MAX);
            let again = evm.run(&tx, GAS_LIMIT).unwrap();
            let fresh = Evm::new(
                &world.context(),
                Flaky { inner: &world.state, reads_until_failure: Cell::new(u32::MAX) },
            )
            .run(&tx, GAS_LIMIT)
            .unwrap();
            assert_eq!((again.result, again.fees), (fresh.result.clone(), fresh.fees));
            assert_eq!(state_diff(&again.changes), fresh.diff());
        }
        assert!(
            failures > 4,
            "{failures}: sender, contract, its code, slot and block hash are read"
        );
    }
}
