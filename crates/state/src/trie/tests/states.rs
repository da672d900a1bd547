//! Whole states, step by step: the incremental trie, the built one, and `alloy-trie` over the same flat state.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::{TrieAccount, root::state_root, root::storage_root};
use proptest::prelude::*;

use super::{super::threads, Numbers};
use crate::{
    Account, AccountDiff, EMPTY_ROOT, MemoryState, PartialState, StateDiff, StateReader, StateTrie,
    StateTrieBuilder,
};

/// The root of a flat state by `alloy-trie`.
fn alloy_root(state: &MemoryState) -> B256 {
    let accounts = state.accounts().map(|(address, account)| {
        let slots = state.slots_of(&address).into_iter();
        let slots = slots.map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value));
        let storage_root = storage_root(slots.collect::<BTreeMap<_, _>>());
        let Account { nonce, balance, code_hash } = account;
        (keccak256(address), TrieAccount { nonce, balance, storage_root, code_hash })
    });
    state_root(accounts.collect::<BTreeMap<_, _>>())
}

fn address(number: u64) -> Address {
    Address::from_word(B256::from(U256::from(number)))
}

fn account() -> impl Strategy<Value = Option<Account>> {
    let code = prop_oneof![3 => Just(Account::default().code_hash), 1 => Just(keccak256("code"))];
    let balance = prop_oneof![Just(U256::ZERO), Just(U256::MAX), any::<u64>().prop_map(U256::from)];
    let some = (0u64..3, balance, code)
        .prop_map(|(nonce, balance, code_hash)| Some(Account { nonce, balance, code_hash }));
    prop_oneof![1 => Just(None), 4 => some]
}

fn change() -> impl Strategy<Value = AccountDiff> {
    let value = prop_oneof![2 => Just(U256::ZERO), 2 => Just(U256::from(1)), 1 => Just(U256::MAX)];
    let slots = prop::collection::btree_map((0u64..10).prop_map(U256::from), value, 0..6);
    (account(), prop::bool::weighted(0.2), slots).prop_map(|(account, storage_cleared, storage)| {
        match account {
            None => AccountDiff::gone(),
            Some(_) => AccountDiff { account, storage_cleared, storage },
        }
    })
}

fn diff() -> impl Strategy<Value = StateDiff> {
    prop::collection::btree_map((0u64..24).prop_map(address), change(), 0..10)
        .prop_map(|accounts| StateDiff { accounts, codes: BTreeMap::new() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whoever has a witness and nothing else reads the same and finds the same root.
    #[test]
    fn test_a_witness_is_enough(
        diffs in prop::collection::vec(diff(), 1..6),
        way in diff(),
        next in diff(),
        reads in prop::collection::btree_map(
            (0u64..30).prop_map(address),
            prop::collection::btree_set((0u64..12).prop_map(U256::from), 0..4),
            0..6,
        ),
    ) {
        let (mut trie, mut state) = (StateTrie::new(), MemoryState::new());
        for diff in &diffs {
            trie.apply(diff);
            state.apply(diff);
        }
        state.apply(&way);
        let nodes = trie.witness_with(&way, &reads, &next);
        let known = PartialState::new(trie.root_with(&way), nodes, [], BTreeMap::new());
        for (address, slots) in &reads {
            prop_assert_eq!(known.account(address).unwrap(), state.account(address).unwrap());
            for slot in slots {
                prop_assert_eq!(known.storage(address, slot), Ok(state.storage(address, slot).unwrap()));
            }
        }
        let mut all = way.clone();
        all.merge(&next);
        prop_assert_eq!(known.root_after(&next), Ok(trie.root_with(&all)));
    }

    #[test]
    fn test_every_step_has_the_root_of_its_flat_state_and_leads_back(
        diffs in prop::collection::vec(diff(), 1..14),
    ) {
        let (mut trie, mut state) = (StateTrie::new(), MemoryState::new());
        for diff in &diffs {
            let (before, root_before) = (state.clone(), trie.root());
            state.apply(diff);
            let root = trie.apply(diff);
            prop_assert_eq!(root, alloy_root(&state));
            prop_assert_eq!(root, state.trie().root());

            let thought_of = before.trie();
            prop_assert_eq!(thought_of.root_with(diff), root);
            for (address, _) in before.accounts().chain(state.accounts()) {
                let slots: Vec<_> = (0u64..12).map(U256::from).collect();
                let proof = thought_of.proof_with(diff, &address, &slots);
                prop_assert_eq!(proof, trie.proof(&address, &slots));
                let storage_root = thought_of.storage_root_with(diff, &address);
                prop_assert_eq!(storage_root, trie.storage_root(&address));
            }

            let undo = diff.undo_with(&before, |address| Some(before.slots_of(address))).unwrap();
            let (mut back, mut state_back) = (trie.clone(), state.clone());
            prop_assert_eq!(back.apply(&undo), root_before);
            state_back.apply(&undo);
            prop_assert_eq!(&state_back, &before);
            prop_assert_eq!(back.apply(diff), root);
        }
        for (address, _) in state.accounts() {
            let slots = state.slots_of(&address).into_iter();
            let slots = slots.map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value));
            let expected = storage_root(slots.collect::<BTreeMap<_, _>>());
            prop_assert_eq!(trie.storage_root(&address), expected);
        }
    }

    #[test]
    fn test_merged_diffs_give_the_root_of_single_ones(diffs in prop::collection::vec(diff(), 1..8)) {
        let (mut step_by_step, mut at_once) = (StateTrie::new(), StateTrie::new());
        let mut merged = StateDiff::default();
        for diff in diffs {
            step_by_step.apply(&diff);
            merged.merge(&diff);
        }
        prop_assert_eq!(at_once.apply(&merged), step_by_step.root());
    }
}

type Accounts = Vec<(Address, Account)>;
type Slots = Vec<(Address, U256, U256)>;

/// Accounts with storage, enough for every shard and for work on threads.
fn large_state(seed: u64) -> (Accounts, Slots) {
    let mut numbers = Numbers(seed);
    let (mut accounts, mut slots) = (Vec::new(), Vec::new());
    for number in 0..5000 {
        let balance = U256::from(numbers.below(u64::MAX));
        let code_hash =
            if number % 7 == 0 { keccak256(b"code") } else { Account::default().code_hash };
        accounts.push((address(number), Account { nonce: numbers.below(9), balance, code_hash }));
        for _ in 0..if number % 7 == 0 { numbers.below(12) } else { 0 } {
            let slot = U256::from(numbers.below(1 << 20));
            slots.push((address(number), slot, U256::from(numbers.below(1 << 60))));
        }
    }
    (accounts, slots)
}

#[test]
fn test_builds_and_large_diffs_are_equal_on_any_number_of_threads() {
    for seed in 0..3 {
        let (accounts, slots) = large_state(seed);
        let mut diff = StateDiff::default();
        for (address, account) in &accounts {
            let change = AccountDiff { account: Some(*account), ..AccountDiff::default() };
            diff.accounts.insert(*address, change);
        }
        for (address, slot, value) in &slots {
            let change = diff.accounts.get_mut(address).unwrap();
            change.storage.insert(*slot, *value);
        }
        let mut state = MemoryState::new();
        state.apply(&diff);
        let expected = alloy_root(&state);
        for count in [1, 2, 5, threads::available()] {
            let mut builder = StateTrieBuilder::new(count);
            accounts.iter().for_each(|(address, account)| builder.account(*address, *account));
            slots.iter().for_each(|(address, slot, value)| builder.slot(*address, *slot, *value));
            let built = builder.finish();
            assert_eq!(built.root(), expected, "built on {count} threads, seed {seed}");
            assert_eq!(built.size().accounts, accounts.len());

            let mut applied = StateTrie::new();
            applied.set_threads(count);
            assert_eq!(applied.apply(&diff), expected, "applied on {count} threads, seed {seed}");
            let gone = accounts.iter().map(|(address, _)| (*address, AccountDiff::gone()));
            let gone = StateDiff { accounts: gone.collect(), codes: BTreeMap::new() };
            assert_eq!(applied.apply(&gone), EMPTY_ROOT);
            assert_eq!((applied.size().accounts, applied.size().slots), (0, 0));
        }
    }
}

#[test]
fn test_builder_takes_slots_only_of_accounts_it_knows_and_the_last_of_equals() {
    let mut builder = StateTrieBuilder::new(1);
    builder.account(address(1), Account { nonce: 1, ..Account::default() });
    builder.account(address(1), Account { nonce: 2, ..Account::default() });
    builder.slot(address(1), U256::from(1), U256::from(1));
    builder.slot(address(1), U256::from(1), U256::from(2));
    builder.slot(address(1), U256::from(2), U256::ZERO);
    builder.slot(address(2), U256::from(1), U256::from(1));
    let built = builder.finish();
    let storage = BTreeMap::from([(U256::from(1), U256::from(2))]);
    let account = Some(Account { nonce: 2, ..Account::default() });
    let change = AccountDiff { account, storage_cleared: false, storage };
    let mut expected = StateTrie::new();
    expected.apply(&StateDiff {
        accounts: BTreeMap::from([(address(1), change)]),
        ..StateDiff::default()
    });
    assert_eq!(built.root(), expected.root());
    assert_eq!((built.size().accounts, built.size().slots), (1, 1));
}
