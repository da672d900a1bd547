//! Keys chosen to make every shape: deep forks, long extensions, nodes short enough to stand inside their parents.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{B256, keccak256};
use alloy_trie::{HashBuilder, Nibbles};
use proptest::prelude::*;

use super::{Numbers, Plain, Values, oracle};
use crate::EMPTY_ROOT;

/// Zeros but for a few nibbles: keys that fork anywhere, also at the very end.
fn key() -> impl Strategy<Value = B256> {
    prop::collection::vec((0usize..64, 1u8..4), 0..4).prop_map(|nibbles| {
        let mut key = B256::ZERO;
        for (index, nibble) in nibbles {
            key[index / 2] |= nibble << (4 * (1 - index % 2));
        }
        key
    })
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let short = prop::collection::vec(1u8..=255, 1..3);
    let long = prop::collection::vec(any::<u8>(), 30..120);
    prop_oneof![2 => Just(None), 3 => short.prop_map(Some), 1 => long.prop_map(Some)]
}

fn steps() -> impl Strategy<Value = Vec<BTreeMap<B256, Option<Vec<u8>>>>> {
    prop::collection::vec(prop::collection::btree_map(key(), value(), 0..12), 1..12)
}

fn alloy_root(values: &Values) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in values {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root()
}

fn advance(values: &mut Values, step: &BTreeMap<B256, Option<Vec<u8>>>) {
    for (key, value) in step {
        match value {
            Some(value) => values.insert(*key, value.clone()),
            None => values.remove(key),
        };
    }
}

/// The step that leads back.
fn inverse(
    values: &Values,
    step: &BTreeMap<B256, Option<Vec<u8>>>,
) -> BTreeMap<B256, Option<Vec<u8>>> {
    step.keys().map(|key| (*key, values.get(key).cloned())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn test_roots_equal_the_definition_and_alloy_after_every_step(steps in steps()) {
        let (mut trie, mut values) = (Plain::new(), Values::new());
        for step in &steps {
            advance(&mut values, step);
            let root = trie.apply(step);
            prop_assert_eq!(root, oracle::root(&oracle::pairs(&values)));
            prop_assert_eq!(root, alloy_root(&values));
            trie.forest.check(trie.top);
        }
    }

    #[test]
    fn test_many_looks_equal_one_look_each(
        steps in steps(),
        keys in prop::collection::vec(key(), 0..20),
    ) {
        let mut trie = Plain::new();
        for step in &steps {
            trie.apply(step);
            let keys = step.keys().chain(&keys);
            let found: Vec<_> = trie.forest.get_all(trie.top, keys.clone()).collect();
            let one_by_one: Vec<_> = keys.map(|key| trie.forest.get(trie.top, key)).collect();
            prop_assert_eq!(found, one_by_one);
        }
    }

    #[test]
    fn test_steps_undone_give_the_roots_before(steps in steps()) {
        let (mut trie, mut values) = (Plain::new(), Values::new());
        let mut way = Vec::from([(EMPTY_ROOT, BTreeMap::new())]);
        for step in &steps {
            let back = inverse(&values, step);
            advance(&mut values, step);
            way.push((trie.apply(step), back));
        }
        while let Some((root, back)) = way.pop() {
            prop_assert_eq!(trie.apply(&BTreeMap::new()), root);
            trie.apply(&back);
            trie.forest.check(trie.top);
        }
        prop_assert_eq!(trie.forest.len(), 0);
    }
}

proptest! {
    // The oracle encodes the whole trie again for every node of every proof.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn test_proofs_list_the_nodes_of_the_definition(steps in steps(), keys in prop::collection::vec(key(), 8)) {
        let (mut trie, mut values) = (Plain::new(), Values::new());
        for step in &steps {
            advance(&mut values, step);
            trie.apply(step);
        }
        let pairs = oracle::pairs(&values);
        for key in values.keys().chain(&keys) {
            let expected = oracle::proof(&pairs, &oracle::nibbles(key.as_slice()));
            let got: Vec<Vec<u8>> = trie.proof(key).into_iter().map(|node| node.to_vec()).collect();
            prop_assert_eq!(got, expected);
        }
    }
}

/// Random keys in large steps, up to full branches and down to nothing, with all nodes given back.
#[test]
fn test_large_random_tries_grow_and_shrink_to_nothing() {
    for seed in 0..6 {
        let mut numbers = Numbers(seed);
        let (mut trie, mut values) = (Plain::new(), Values::new());
        for round in 0..12u64 {
            // Rounds put first, then remove more than they put.
            let removals_of_ten = if round < 6 { 1 } else { 8 };
            let mut step = BTreeMap::new();
            for _ in 0..1500 {
                let key = keccak256(numbers.below(3000).to_be_bytes());
                let remove = numbers.below(10) < removals_of_ten;
                let value = || alloc::vec![7; 1 + usize::try_from(round).unwrap()];
                step.insert(key, (!remove).then(value));
            }
            advance(&mut values, &step);
            assert_eq!(trie.apply(&step), alloy_root(&values), "seed {seed}, round {round}");
            trie.forest.check(trie.top);
        }
        let nothing = values.keys().map(|key| (*key, None)).collect();
        assert_eq!(trie.apply(&nothing), EMPTY_ROOT);
        trie.forest.check(trie.top);
        assert_eq!(trie.forest.len(), 0);
    }
}

#[test]
fn test_removing_what_is_not_there_changes_nothing() {
    let mut trie = Plain::new();
    let put = |byte: u8, value| (B256::repeat_byte(byte), value);
    let root = trie
        .apply(&BTreeMap::from([put(0x11, Some(alloc::vec![1])), put(0x12, Some(alloc::vec![2]))]));
    let mut near = B256::repeat_byte(0x11);
    near[31] = 0x12;
    let absent = BTreeMap::from([(near, None), put(0x13, None), put(0x22, None), put(0, None)]);
    assert_eq!(trie.apply(&absent), root);
    trie.forest.check(trie.top);
}

/// Values are compared as they were put, whichever thread or order made the trie.
#[test]
fn test_one_step_and_many_steps_give_one_root() {
    let mut numbers = Numbers(99);
    let all: BTreeMap<_, _> = (0..2000u64)
        .map(|i| (keccak256(i.to_be_bytes()), Some(numbers.below(u64::MAX).to_be_bytes().to_vec())))
        .collect();
    let mut at_once = Plain::new();
    let root = at_once.apply(&all);
    let mut one_by_one = Plain::new();
    let mut last = EMPTY_ROOT;
    for (key, value) in &all {
        last = one_by_one.apply(&BTreeMap::from([(*key, value.clone())]));
    }
    assert_eq!(last, root);
}
