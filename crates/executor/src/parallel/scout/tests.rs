//! Transfers whose accounts were looked for first are as in turn, whatever is among them.

use std::{collections::BTreeSet, sync::atomic::AtomicU32};

use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use protocol::predeploys;
use state::{Account, MemoryState};

use super::*;
use crate::{
    RecoveredTransaction,
    evm::Environment,
    parallel::{Choice, Engine, Predictor, tests::Case},
    testing::{World, tx::Tx},
};

const CONTRACT: Address = Address::repeat_byte(0xc0);
const USERS: u64 = 300;

fn user(number: u64) -> Address {
    Address::from_word(keccak256((number % USERS).to_be_bytes()))
}

/// Transfers in rounds over all users, and every twentieth something that is none, or none that can be made.
fn world(count: u64) -> (World, Vec<RecoveredTransaction>) {
    let mut world = World::free();
    world.contract(CONTRACT, "CALLVALUE CALLER SSTORE");
    (0..USERS).for_each(|number| world.fund(user(number), U256::from(1_000_000)));
    let mut nonces = vec![0; usize::try_from(USERS).unwrap()];
    let txs = (0..count).map(|index| {
        let (from, to) = (index % USERS, index * index + 1);
        let nonce = nonces[usize::try_from(from).unwrap()];
        let transfer = |to| Tx::call(user(from), nonce, to).fee(0, 0).gas(100_000).value(index);
        let (tx, is_valid) = match (index % 20, index / 20 % 5) {
            (7, 0) => (transfer(CONTRACT), true),
            (7, 1) => (transfer(predeploys::BASE_FEE_VAULT), true),
            (7, 2) => (transfer(user(to)).input([1]), true),
            (7, 3) => (Tx::call(user(from), nonce + 1, user(to)).fee(0, 0), false),
            (7, _) => (transfer(user(to)).value(2_000_000), false),
            _ => (transfer(user(to)), true),
        };
        nonces[usize::try_from(from).unwrap()] += u64::from(is_valid);
        tx.build()
    });
    let txs = txs.collect();
    (world, txs)
}

fn case(world: &World, txs: &[RecoveredTransaction]) -> Case {
    let mut context = world.context();
    context.gas_limit = u64::MAX / 4;
    let state = Arc::new(world.state.clone());
    Case { context, rules: Environment::of(&context), state, pieces: vec![txs.to_vec()] }
}

#[test]
fn whatever_is_among_transfers_is_executed_in_its_turn() {
    let count = 2 * WINDOW + 100;
    let (world, txs) = world(count as u64);
    let case = case(&world, &txs);
    let serial = case.serial();
    assert!(serial.verdicts.iter().filter(|verdict| verdict.is_err()).count() > count / 100);
    for workers in [2, 3] {
        let engine = Arc::new(Engine::start(workers, Choice::ByCost).unwrap());
        let (done, report) = case.with_report(&engine);
        assert_eq!(done, serial, "{workers} workers");
        assert_eq!(report.in_turn, count as u64);
        // So they were scouted.
        let windows = [WINDOW, WINDOW, 100].map(|len| expected(len, workers));
        assert_eq!(report.expected, Duration::from_nanos(windows.iter().sum()));
    }
}

#[test]
fn a_block_that_is_nearly_full_takes_what_fits() {
    let (world, txs) = world(1_100);
    let mut case = case(&world, &txs);
    case.context.gas_limit = 100_000 * 240;
    let engine = Arc::new(Engine::start(2, Choice::ByCost).unwrap());
    let done = case.parallel(&engine);
    assert_eq!(done, case.serial());
    let included = done.verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert!(included > 240 && included < 1_100, "{included}");
}

#[test]
fn few_transfers_and_those_among_much_else_are_not_scouted() {
    for (transfers, all, workers, expected) in [
        (SCOUTED_MIN, SCOUTED_MIN, 2, true),
        (SCOUTED_MIN - 1, SCOUTED_MIN - 1, 2, false),
        (7_000, 8_000, 2, true),
        (7_000, 8_001, 2, false),
        (8_000, 8_000, 1, false),
    ] {
        assert_eq!(is_worth_while(transfers, all, workers), expected, "{transfers} of {all}");
    }
}

/// A state that has one account which cannot be read, and counts how often it was tried.
#[derive(Debug)]
struct Torn {
    state: MemoryState,
    hole: Address,
    tried: AtomicU32,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot be read")]
struct Unreadable;

impl StateReader for Torn {
    type Error = Unreadable;

    fn account(&self, address: &Address) -> Result<Option<Account>, Unreadable> {
        if *address == self.hole {
            self.tried.fetch_add(1, Ordering::Relaxed);
            return Err(Unreadable);
        }
        self.state.account(address).map_err(|_| Unreadable)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Unreadable> {
        self.state.storage(address, slot).map_err(|_| Unreadable)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Unreadable> {
        self.state.code(hash).map_err(|_| Unreadable)
    }

    fn block_hash(&self, _: u64) -> Result<B256, Unreadable> {
        Err(Unreadable)
    }
}

fn prepare(predictor: &Predictor, txs: &[RecoveredTransaction]) -> Vec<Arc<PreparedTransaction>> {
    txs.iter().map(|tx| Arc::new(predictor.prepare(tx.clone()))).collect()
}

#[test]
fn a_store_that_fails_ends_it_where_serial_execution_would() {
    let (world, txs) = world(2_000);
    let case = case(&world, &txs);
    let at = 1_234;
    let hole = Address::repeat_byte(0xee);
    let mut txs = txs;
    txs[at] = Tx::call(txs[at].sender, txs[at].tx.nonce(), hole).fee(0, 0).build();
    let state = Arc::new(Torn { state: world.state, hole, tried: AtomicU32::new(0) });
    let engine = Arc::new(Engine::start(2, Choice::ByCost).unwrap());
    let open = || {
        ParallelExecutor::with_rules(
            case.rules.clone(),
            u64::MAX / 4,
            state.clone(),
            engine.clone(),
        )
    };
    let execution = open().unwrap().execute_all(prepare(engine.predictor(), &txs), || true);
    assert_eq!(execution.verdicts.len(), at);
    assert!(execution.failure.is_some());
    assert!(state.tried.load(Ordering::Relaxed) >= 2, "by the scout, and in turn");
    let serial = case.serial().verdicts;
    assert_eq!(execution.verdicts, serial[..at]);
}

#[test]
fn time_is_over_between_two_windows() {
    let (world, txs) = world(3 * WINDOW as u64);
    let case = case(&world, &txs);
    let engine = Arc::new(Engine::start(2, Choice::ByCost).unwrap());
    let mut block =
        ParallelExecutor::with_rules(case.rules.clone(), u64::MAX / 4, case.state, engine.clone())
            .unwrap();
    let asked = AtomicUsize::new(0);
    let go_on = move || asked.fetch_add(1, Ordering::Relaxed) < 2;
    let execution = block.execute_all(prepare(engine.predictor(), &txs), go_on);
    assert_eq!(execution.verdicts.len(), 2 * WINDOW);
    assert!(execution.failure.is_none());
}

proptest::proptest! {
    #[test]
    fn many_places_are_those_of_one_look_each(
        rounds in proptest::collection::vec(proptest::collection::vec(0..60_u8, 0..200), 1..5),
    ) {
        let (world, _) = world(0);
        let (many, one) = (
            Memory::new(world.state.clone(), Arc::default()),
            Memory::new(world.state, Arc::default()),
        );
        for round in rounds {
            let keys: Vec<_> = round.iter().map(|number| user(u64::from(*number))).collect();
            let places = many.look(&keys).unwrap();
            let distinct = |places: &[Place]| places.iter().copied().collect::<BTreeSet<_>>().len();
            proptest::prop_assert_eq!(distinct(&places), round.iter().collect::<BTreeSet<_>>().len());
            for (key, place) in keys.iter().zip(&places) {
                let (account, _) = one.account(key, 1).unwrap();
                let (found, at) = many.known_account(key, 1);
                proptest::prop_assert_eq!((found, at), (account, *place));
            }
        }
    }
}
