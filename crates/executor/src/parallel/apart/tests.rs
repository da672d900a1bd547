//! Groups that touch nothing in common run side by side; those that meet leave nothing behind.

use std::sync::{Arc, atomic::AtomicUsize};

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, U256, keccak256};
use proptest::prelude::*;

use super::*;
use crate::{
    RecoveredTransaction,
    parallel::{Engine, Prediction, tests::Case},
    testing::{ALICE, BOB, World, tx::Tx},
};

const TOKEN: Address = Address::repeat_byte(0x70);

/// Counts up the caller's slot, or one that is everybody's if the first slot says so.
const TURNCOAT: &str = "PUSH0 SLOAD @common JUMPI CALLER SLOAD 1 ADD CALLER SSTORE STOP \
                        common: 7 SLOAD 1 ADD 7 SSTORE";

/// Limit of a call, which uses less.
const GAS: u64 = 100_000;

fn users(count: u64) -> Vec<Address> {
    (0..count).map(|i| Address::from_word(keccak256(i.to_be_bytes()))).collect()
}

/// Each user calls the contract twice.
fn world(code: &str) -> (World, Vec<RecoveredTransaction>) {
    let mut world = World::free();
    world.contract(TOKEN, code);
    let users = users(40);
    users.iter().for_each(|user| world.fund(*user, U256::from(1)));
    let call =
        |nonce| users.iter().map(move |user| Tx::call(*user, nonce, TOKEN).fee(0, 0).gas(GAS));
    (world, call(0).chain(call(1)).map(Tx::build).collect())
}

fn case(world: &World, txs: &[RecoveredTransaction]) -> Case {
    let context = world.context();
    let state = Arc::new(world.state.clone());
    Case { context, rules: Environment::of(&context), state, pieces: vec![txs.to_vec()] }
}

type TestEngine = Arc<Engine<Arc<state::MemoryState>>>;

fn engine(workers: usize, choice: Choice) -> TestEngine {
    Arc::new(Engine::start(workers, choice).unwrap())
}

/// An engine that knows the contract as it behaves in this world.
fn knowing(workers: usize, world: &World, tx: &RecoveredTransaction) -> TestEngine {
    let engine = engine(workers, Choice::Apart);
    let verdict = case(world, std::slice::from_ref(tx)).parallel(&engine).verdicts.remove(0);
    assert!(verdict.unwrap().receipt.status());
    assert!(engine.predictor().prepare(tx.clone()).prediction.is_known());
    engine
}

#[test]
fn what_touches_nothing_in_common_runs_apart() {
    let (world, txs) = world(TURNCOAT);
    for workers in [1, 2, 4] {
        let engine = knowing(workers, &world, &txs[0]);
        let (done, report) = case(&world, &txs).with_report(&engine);
        assert_eq!(done, case(&world, &txs).serial());
        // The last ones of 80 are fewer than a run.
        assert_eq!((report.apart, report.in_turn), (80, 0), "{report:?}");
        assert!(report.critical_gas < report.gas / 10, "{report:?}");
    }
}

#[test]
fn groups_that_meet_leave_nothing_behind() {
    let (mut world, txs) = world(TURNCOAT);
    for workers in [1, 2, 4] {
        world.set_slot(TOKEN, 0, 0);
        let engine = knowing(workers, &world, &txs[0]);
        world.set_slot(TOKEN, 0, 1);
        let (done, report) = case(&world, &txs).with_report(&engine);
        assert_eq!(done, case(&world, &txs).serial());
        assert_eq!((report.apart, report.in_turn), (0, 80), "{report:?}");
    }
}

#[test]
fn a_reader_and_a_writer_meet_as_well() {
    // Looks at the slot of the one before, or writes its own: the last byte of the caller says so.
    let (mut world, _) = world("CALLER 1 AND @write JUMPI 7 SLOAD POP STOP write: 1 7 SSTORE");
    let reader = Address::with_last_byte(0xf0);
    let writer = Address::with_last_byte(0xf1);
    let call = |from| Tx::call(from, 0, TOKEN).fee(0, 0).build();
    for user in [reader, writer] {
        world.fund(user, U256::from(1));
    }
    for order in [[reader, writer], [writer, reader]] {
        let engine = knowing(2, &world, &call(reader));
        let txs = order.map(call);
        let (done, report) = case(&world, &txs).with_report(&engine);
        assert_eq!(done, case(&world, &txs).serial());
        assert_eq!((report.apart, report.in_turn), (0, 2), "{order:?} {report:?}");
    }
}

#[test]
fn what_changes_more_than_a_place_is_not_for_a_group() {
    // Creates an empty contract, or looks at the beneficiary.
    for code in ["PUSH0 PUSH0 PUSH0 CREATE POP", "COINBASE BALANCE POP"] {
        let (world, txs) = world(code);
        let engine = engine(2, Choice::Apart);
        let (done, report) = case(&world, &txs).with_report(&engine);
        assert_eq!(done, case(&world, &txs).serial(), "{code}");
        assert_eq!((report.apart, report.in_turn), (0, 80), "{code} {report:?}");
    }
}

#[test]
fn what_is_not_for_a_group_is_passed_over() {
    let (world, mut txs) = world(TURNCOAT);
    txs.insert(40, Tx::create(BOB, 0, []).fee(0, 0).build());
    txs.insert(61, Tx::create(BOB, 1, []).fee(0, 0).build());
    let engine = engine(2, Choice::ByCost);
    case(&world, &txs[..1]).parallel(&engine);
    let serial = case(&world, &txs).serial();
    let run = |cost| {
        let state = Arc::new(world.state.clone());
        let mut block = ParallelExecutor::new(&world.context(), state, engine.clone()).unwrap();
        let prepared = txs.iter().map(|tx| {
            let mut prepared = engine.predictor().prepare(tx.clone());
            prepared.prediction.cost = cost;
            prepared
        });
        let execution = block.execute_all(prepared.collect(), || true);
        assert_eq!(execution.verdicts, serial.verdicts);
        let RunReport { apart, in_turn, .. } = execution.report;
        (apart, in_turn)
    };
    // Runs of 20, of which the second and the fourth end before the creation.
    assert_eq!(run(WINDOW_COST / 20), (80, 2));
}

#[test]
fn time_is_over_between_two_runs() {
    let (world, txs) = world(TURNCOAT);
    let engine = knowing(2, &world, &txs[0]);
    let mut block =
        ParallelExecutor::new(&world.context(), Arc::new(world.state), engine.clone()).unwrap();
    let asked = AtomicUsize::new(0);
    let go_on = move || asked.fetch_add(1, Ordering::Relaxed) < 2;
    let prepared = txs.iter().map(|tx| Arc::new(engine.predictor().prepare(tx.clone())));
    let execution = block.execute_all(prepared.collect(), go_on);
    assert_eq!(execution.verdicts.len(), 2 * FORCED_WINDOW);
    assert!(execution.failure.is_none());
    // It goes on where it was.
    let rest: Vec<_> = txs[2 * FORCED_WINDOW..].to_vec();
    let prepared = rest.into_iter().map(|tx| Arc::new(engine.predictor().prepare(tx)));
    let execution = block.execute_all(prepared.collect(), || true);
    assert_eq!(execution.verdicts.len(), 80 - 2 * FORCED_WINDOW);
    assert!(execution.verdicts.iter().all(Result::is_ok));
}

#[test]
fn a_block_that_is_nearly_full_takes_what_fits() {
    let (world, txs) = world(TURNCOAT);
    let mut case = case(&world, &txs);
    // Room for the limits of one run, and for less and less after it.
    case.context.gas_limit = GAS * 14;
    let engine = knowing(2, &world, &txs[0]);
    let (done, report) = case.with_report(&engine);
    assert_eq!(done, case.serial());
    assert!(report.apart > 0 && done.verdicts.iter().any(Result::is_err), "{report:?}");
}

#[test]
fn groups_rest_after_they_have_met() {
    let engine = engine(2, Choice::ByCost);
    let rests = |count| (0..count).filter(|_| engine.apart.is_on()).count();
    assert_eq!(rests(3), 0);
    for expected in [1, 2, 4, 8, 16, 32, 32] {
        engine.apart.was_of_use(false);
        assert_eq!(rests(100), expected);
    }
    engine.apart.was_of_use(true);
    engine.apart.was_of_use(false);
    assert_eq!(rests(100), 1);
}

/// A transaction that is expected to touch these accounts.
fn expecting(keys: &[(u8, bool)], cost: u64) -> PreparedTransaction {
    let key = |(number, writes): &(u8, bool)| Key::Account {
        address: Address::with_last_byte(*number),
        writes: *writes,
    };
    let prediction =
        Prediction { keys: keys.iter().map(key).collect(), cost, ..Prediction::default() };
    PreparedTransaction { tx: Tx::call(ALICE, 0, BOB).build(), prediction }
}

proptest! {
    #[test]
    fn groups_are_expected_to_touch_nothing_in_common(
        txs in prop::collection::vec(
            (prop::collection::vec((0..40_u8, prop::bool::weighted(0.3)), 0..4), 1..50_u64), 0..60,
        ),
        count in 1..9_usize,
    ) {
        let prepared: Vec<_> = txs.iter().map(|(keys, cost)| expecting(keys, *cost)).collect();
        let groups = Groups::new(&prepared, count);
        prop_assert_eq!(groups.count(), count);
        prop_assert_eq!(groups.total, txs.iter().map(|(_, cost)| cost).sum::<u64>());
        // Each one is in one group, in order.
        let mut group_of = vec![None; txs.len()];
        for group in 0..count {
            prop_assert!(groups.members(group).is_sorted());
            for member in groups.members(group) {
                prop_assert_eq!(group_of[*member as usize].replace(group), None);
            }
        }
        let named: Vec<_> = groups.kin_and_group().map(|(_, group)| Some(group)).collect();
        prop_assert_eq!(&named, &group_of);
        for (one, other) in (0..txs.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let meet = txs[one].0.iter().any(|(key, writes)| {
                txs[other].0.iter().any(|(of, wrote)| of == key && (*writes || *wrote))
            });
            prop_assert!(!meet || group_of[one] == group_of[other]);
        }
    }
}

#[test]
fn work_is_shared_out_evenly() {
    // Eight that hang together by tens, and a hundred small ones.
    let together = (0..80_u8).map(|i| expecting(&[(i % 8, true)], 100));
    let alone = (0..100_u8).map(|i| expecting(&[(i + 10, true)], 20));
    let txs: Vec<_> = together.chain(alone).collect();
    let groups = Groups::new(&txs, 4);
    assert_eq!((groups.total, groups.longest), (10_000, 1_000));
    let load = |group| {
        let cost = |member: &u32| txs[*member as usize].prediction.cost;
        groups.members(group).iter().map(cost).sum::<u64>()
    };
    assert!((0..4).map(load).all(|load| (2_400..=2_600).contains(&load)));
    let waits: Vec<_> = groups.hot.iter().map(|place| place.waits).collect();
    assert_eq!(waits, [9; 8]);
}
