//! What is learned from transactions, and what becomes of guesses that fail.

use std::sync::Arc;

use alloy_primitives::{Address, B256, address, keccak256};

use super::*;
use crate::{
    evm::Environment,
    parallel::{Choice, Engine, HotPlace, tests::Case},
    testing::{ALICE, BOB, CAROL, World, asm, tx::Tx},
};

const TOKEN: Address = address!("00000000000000000000000000000000000707e2");
const POOL: Address = address!("0000000000000000000000000000000000900100");
const ROUTER: Address = address!("0000000000000000000000000000000000400730");

type TestEngine = Engine<Arc<state::MemoryState>>;

fn mapping(key: Address, base: u64) -> U256 {
    keccak256([key.into_word(), B256::from(U256::from(base))].concat()).into()
}

/// Source that leaves the place of a key in the mapping at slot 1.
fn place(key: &str) -> String {
    format!("{key} PUSH0 MSTORE 1 32 MSTORE 64 PUSH0 KECCAK256")
}

/// Counts up the caller's entry and that of the address in the first word of the call data.
fn token() -> String {
    let count = |key| format!("{} DUP1 SLOAD 1 ADD SWAP1 SSTORE", place(key));
    format!("{} {} 5 SLOAD POP", count("CALLER"), count("4 CALLDATALOAD"))
}

fn input(words: &[Address]) -> Vec<u8> {
    let mut input = vec![1, 2, 3, 4];
    words.iter().for_each(|word| input.extend(word.into_word()));
    input
}

fn case(world: &World, txs: Vec<RecoveredTransaction>) -> Case {
    let context = world.context();
    let state = Arc::new(world.state.clone());
    Case { context, rules: Environment::of(&context), state, pieces: vec![txs] }
}

fn engine(workers: usize, choice: Choice) -> Arc<TestEngine> {
    Arc::new(Engine::start(workers, choice).unwrap())
}

fn keys(engine: &TestEngine, tx: &RecoveredTransaction) -> Vec<Key> {
    engine.predictor().prepare(tx.clone()).prediction.keys
}

#[test]
fn places_in_mappings_are_found_for_others_after_one() {
    let mut world = World::free();
    world.contract(TOKEN, &token());
    let tx = |from, to| Tx::call(from, 0, TOKEN).input(input(&[to])).fee(0, 0).build();
    let engine = engine(1, Choice::Serial);
    let unknown = keys(&engine, &tx(ALICE, BOB));
    assert!(
        unknown.contains(&Key::Contract { address: TOKEN }),
        "at first the contract as a whole"
    );

    case(&world, vec![tx(ALICE, BOB)]).check(&[("learning", engine.clone())], "first");
    let mut known = keys(&engine, &tx(CAROL, ALICE));
    let slot = |key| Key::Slot { address: TOKEN, slot: mapping(key, 1), writes: true };
    let expected = [
        Key::Account { address: CAROL, writes: true },
        Key::Account { address: TOKEN, writes: false },
        slot(CAROL),
        slot(ALICE),
        Key::Slot { address: TOKEN, slot: U256::from(5), writes: false },
    ];
    for key in &expected {
        let at = known.iter().position(|known| known == key);
        known.remove(at.unwrap_or_else(|| panic!("{key:?} is not among {known:?}")));
    }
    assert!(known.is_empty(), "{known:?}");
    let prediction = engine.predictor().prepare(tx(CAROL, ALICE)).prediction;
    assert_eq!(prediction.bottleneck, None, "nobody waits for all others");
    assert!(prediction.cost > 0);
}

#[test]
fn a_counter_is_a_bottleneck() {
    let mut world = World::free();
    world.contract(TOKEN, "PUSH0 SLOAD 1 ADD PUSH0 SSTORE");
    let tx = Tx::call(ALICE, 0, TOKEN).input(input(&[])).fee(0, 0).build();
    let engine = engine(1, Choice::Serial);
    case(&world, vec![tx.clone()]).check(&[("learning", engine.clone())], "counter");
    let prediction = engine.predictor().prepare(tx).prediction;
    assert!(prediction.is_known() && prediction.bottleneck.is_some());
}

#[test]
fn the_report_names_the_slot_that_all_wait_for() {
    let mut world = World::free();
    world.contract(TOKEN, "PUSH0 SLOAD 1 ADD PUSH0 SSTORE 1 CALLER SSTORE");
    let engine = engine(2, Choice::ByCost);
    case(&world, vec![Tx::call(CAROL, 0, TOKEN).fee(0, 0).build()]).with_report(&engine);
    let call = |(from, nonce)| Tx::call(from, nonce, TOKEN).input(input(&[])).fee(0, 0).build();
    let txs = [(ALICE, 0), (BOB, 0), (ALICE, 1), (BOB, 1)].map(call);
    let case = case(&world, txs.to_vec());
    let place = |slot, waits| HotPlace { address: TOKEN, slot, waits, aborts: 0 };
    let (_, report) = case.with_report(&engine);
    assert_eq!((report.in_turn, report.hot), (4, vec![place(None, 3)]), "not this function");
    let (_, report) = case.with_report(&engine);
    assert_eq!((report.in_turn, report.hot), (4, vec![place(Some(U256::ZERO), 3)]));
}

#[test]
fn what_a_call_leads_to_is_learned_for_each_way() {
    let mut world = World::free();
    let other = Address::repeat_byte(0x99);
    // The router asks the pool that the call data name, which keeps the price in slot 3.
    let ask = asm::call("4 CALLDATALOAD", "PUSH0", 0);
    world.contract(ROUTER, &format!("{ask} POP"));
    world.contract(POOL, "3 SLOAD 1 ADD 3 SSTORE");
    world.contract(other, "3 SLOAD 1 ADD 3 SSTORE");
    let tx = |pool| Tx::call(ALICE, 0, ROUTER).input(input(&[pool])).fee(0, 0).build();
    let engine = engine(1, Choice::Serial);
    case(&world, vec![tx(POOL)]).check(&[("learning", engine.clone())], "a pool");
    let slot = |address| Key::Slot { address, slot: U256::from(3), writes: true };
    assert!(keys(&engine, &tx(POOL)).contains(&slot(POOL)));
    assert!(
        keys(&engine, &tx(other)).contains(&slot(other)),
        "the pool is a word of the call data"
    );
}

/// The pool of two tokens, whose address follows from theirs, and what is hashed on the way.
fn pool_of(one: Address, other: Address) -> (Address, [Vec<u8>; 2]) {
    let (first, second) = (std::cmp::min(one, other), std::cmp::max(one, other));
    let salt_of = [first.as_slice(), second.as_slice()].concat();
    let salt = keccak256(&salt_of);
    let made_of = [&[0xff], ROUTER.as_slice(), salt.as_slice(), &[7; 32]].concat();
    (Address::from_word(keccak256(&made_of)), [salt_of, made_of])
}

#[test]
fn a_pool_is_found_by_its_tokens() {
    let tokens = [1, 2, 3, 4].map(|number: u8| Address::from_word(keccak256([number])));
    let [one, other, third, fourth] = tokens;
    let (pool, hashed) = pool_of(one, other);
    let held = |pool| mapping(pool, 1);
    let mut preimages = HashMap::default();
    let pair = [pool.into_word(), B256::from(U256::from(1))].concat();
    for bytes in hashed.into_iter().chain([pair]) {
        preimages.insert(keccak256(&bytes).into(), bytes);
    }
    let sample = Sample {
        accounts: vec![(pool, true, false)],
        slots: vec![(pool, U256::from(8), true), (one, held(pool), true)],
        preimages,
        ..Sample::default()
    };
    let tx = |tokens: &[Address]| Tx::call(ALICE, 0, ROUTER).input(input(tokens)).build();
    let template = Template::new(&tx(&[one, other]), ROUTER, &sample);
    assert!(template.is_general() && !template.is_bottleneck());
    for pair in [[one, other], [third, fourth], [fourth, third]] {
        let mut keys = Vec::new();
        assert!(template.keys(&tx(&pair), &mut keys));
        let (pool, _) = pool_of(pair[0], pair[1]);
        let slot = |address, slot| Key::Slot { address, slot, writes: true };
        let expected = [
            Key::Account { address: pool, writes: false },
            slot(pool, U256::from(8)),
            slot(pair[0], held(pool)),
        ];
        assert_eq!(keys, expected);
    }
}

/// Looks harmless, or touches one place with all others, as its first slot says.
fn turncoat() -> String {
    format!(
        "4 CALLDATALOAD POP PUSH0 SLOAD @bad JUMPI {} DUP1 SLOAD 1 ADD SWAP1 SSTORE STOP \
         bad: 7 SLOAD 1 ADD 7 SSTORE",
        place("CALLER")
    )
}

#[test]
fn guesses_that_fail_on_purpose_cost_little_and_are_given_up() {
    let mut world = World::free();
    world.contract(TOKEN, &turncoat());
    let users: Vec<_> =
        (0..600_u64).map(|i| Address::from_word(keccak256(i.to_be_bytes()))).collect();
    let call = |from: &Address| Tx::call(*from, 0, TOKEN).input(input(&[BOB])).fee(0, 0).build();
    let txs: Vec<_> = users.iter().map(call).collect();
    users.iter().for_each(|user| world.fund(*user, U256::from(1)));
    let engine = engine(2, Choice::Parallel);
    let harmless = case(&world, txs.clone());
    harmless.check(&[("learning", engine.clone()), ("knowing", engine.clone())], "harmless");
    assert!(engine.predictor().prepare(txs[0].clone()).prediction.is_known());

    world.set_slot(TOKEN, 0, 1);
    // Six are in flight when the third fails.
    let case = case(&world, txs.clone());
    let (result, report) = case.in_order(&engine, &[6, 5, 4, 3, 2, 1]);
    assert_eq!(result, case.serial());
    assert_eq!((report.again, report.at_head), (5, 594), "{report:?}");
    assert_eq!(report.transactions(), 600);
    let after = engine.predictor().prepare(txs[0].clone()).prediction;
    assert!(!after.is_known(), "the template is given up");
    assert!(!engine.predictor().wants(&txs[0]), "and another does not come at once");
}

#[test]
fn memory_for_guesses_is_bounded() {
    let predictor = Predictor::default();
    let mut sample = Sample::default();
    for number in 0..u64::try_from(KINDS_MAX).unwrap() + 10 {
        let to = Address::from_word(B256::from(U256::from(number + 1)));
        sample.code_hash = Some(keccak256(number.to_be_bytes()));
        predictor.learn(&Tx::call(ALICE, 0, to).input(input(&[])).build(), &sample);
    }
    assert!(predictor.kinds.read().len() <= KINDS_MAX);
    assert!(predictor.contracts.read().len() <= CONTRACTS_MAX);
}
