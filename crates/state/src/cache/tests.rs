//! The cache against its reader: same answers after any changes, never more than allowed, nothing stale kept.

use alloy_primitives::{Address, Bytes, U256, keccak256};
use core::{convert::Infallible, sync::atomic::AtomicUsize};
use parking_lot::RwLock;
use proptest::prelude::*;
use std::collections::BTreeMap;

use super::*;
use crate::{AccountDiff, MemoryState};

/// A state that others change, that counts its questions, and that can be made to change inside a read.
#[derive(Default)]
struct Store {
    state: RwLock<MemoryState>,
    questions: AtomicUsize,
    in_read: RwLock<Option<Box<dyn Fn() + Send + Sync>>>,
}

impl Store {
    fn ask<T>(&self, read: impl FnOnce(&MemoryState) -> T) -> T {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let answer = read(&self.state.read());
        if let Some(act) = self.in_read.write().take() {
            act();
        }
        answer
    }

    fn questions(&self) -> usize {
        self.questions.swap(0, Ordering::Relaxed)
    }
}

impl StateReader for Store {
    type Error = Infallible;

    fn account(&self, address: &Address) -> Result<Option<Account>, Infallible> {
        Ok(self.ask(|state| state.account(address).unwrap()))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Infallible> {
        Ok(self.ask(|state| state.storage(address, slot).unwrap()))
    }

    fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, Infallible> {
        Ok(self.ask(|state| addresses.iter().map(|a| state.account(a).unwrap()).collect()))
    }

    fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, Infallible> {
        Ok(self.ask(|state| slots.iter().map(|(a, s)| state.storage(a, s).unwrap()).collect()))
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Infallible> {
        Ok(self.ask(|state| state.code(hash).unwrap()))
    }

    fn block_hash(&self, number: u64) -> Result<B256, Infallible> {
        Ok(self.ask(|state| state.block_hash(number).unwrap()))
    }
}

fn address(number: u64) -> Address {
    Address::from_word(B256::from(U256::from(number)))
}

fn put(number: u64, nonce: u64, storage: &[(u64, u64)]) -> StateDiff {
    let storage = storage.iter().map(|(slot, value)| (U256::from(*slot), U256::from(*value)));
    let account = Some(Account { nonce, ..Account::default() });
    let change = AccountDiff { account, storage_cleared: false, storage: storage.collect() };
    StateDiff { accounts: BTreeMap::from([(address(number), change)]), codes: BTreeMap::new() }
}

fn cleared(number: u64) -> StateDiff {
    let mut diff = put(number, 1, &[]);
    diff.accounts.values_mut().for_each(|change| change.storage_cleared = true);
    diff
}

const LIMITS: CacheLimits =
    CacheLimits { accounts_max: 6400, slots_max: 6400, code_bytes_max: 64_000 };

impl ReadCache<Store> {
    /// As the node does it: first the store, then the cache.
    fn store(&self, diff: &StateDiff) {
        self.reader.state.write().apply(diff);
        self.apply(diff);
    }
}

#[test]
fn what_is_held_is_given_without_a_question() {
    let cache = ReadCache::new(Store::default(), LIMITS);
    cache.reader.state.write().apply(&put(1, 7, &[]));
    for number in [1, 2] {
        assert_eq!(cache.held_account(&address(number)), None, "nobody has asked for it");
        let account = cache.account(&address(number)).unwrap();
        assert_eq!(cache.reader.questions(), 1);
        assert_eq!(cache.held_account(&address(number)), Some(account));
        assert_eq!(cache.reader.questions(), 0);
    }
    cache.store(&put(1, 8, &[]));
    assert_eq!(cache.held_account(&address(1)).unwrap().unwrap().nonce, 8);

    let slot = U256::from(3);
    assert_eq!(cache.held_storage(&address(1), &slot), None);
    assert_eq!(cache.storage(&address(1), &slot), Ok(U256::ZERO));
    assert_eq!(cache.held_storage(&address(1), &slot), Some(U256::ZERO));
    assert_eq!(cache.held_code(&B256::repeat_byte(1)), None);
}

#[test]
fn test_second_reads_do_not_ask() {
    let cache = ReadCache::new(Store::default(), LIMITS);
    let code = Bytes::from_static(b"code");
    let mut diff = put(1, 7, &[(1, 11)]);
    diff.codes.insert(keccak256(&code), code.clone());
    cache.reader.state.write().apply(&diff);
    for expected in [5, 0] {
        assert_eq!(cache.account(&address(1)).unwrap().unwrap().nonce, 7);
        assert_eq!(cache.account(&address(2)).unwrap(), None);
        assert_eq!(cache.storage(&address(1), &U256::from(1)).unwrap(), U256::from(11));
        assert_eq!(cache.storage(&address(1), &U256::from(2)).unwrap(), U256::ZERO);
        assert_eq!(cache.code(&keccak256(&code)).unwrap(), code);
        assert_eq!(cache.reader.questions(), expected);
    }
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (5, 5));
    assert_eq!((stats.accounts, stats.slots, stats.code_bytes), (2, 2, code.len()));
}

#[test]
fn test_a_cleared_or_gone_account_has_no_old_slots() {
    let gone = StateDiff {
        accounts: BTreeMap::from([(address(1), AccountDiff::gone())]),
        codes: BTreeMap::new(),
    };
    for diff in [cleared(1), gone] {
        let cache = ReadCache::new(Store::default(), LIMITS);
        cache.store(&put(1, 1, &[(1, 11), (2, 12)]));
        cache.store(&put(2, 1, &[(1, 21)]));
        cache.store(&diff);
        assert_eq!(cache.storage(&address(1), &U256::from(1)).unwrap(), U256::ZERO);
        assert_eq!(cache.storage(&address(1), &U256::from(2)).unwrap(), U256::ZERO);
        assert_eq!(cache.storage(&address(2), &U256::from(1)).unwrap(), U256::from(21));
    }
}

/// The reader answers with the old state, then the new one is stored and applied, then the old answer arrives.
#[test]
fn test_a_read_overtaken_by_a_change_is_not_kept() {
    let cache = std::sync::Arc::new(ReadCache::new(Store::default(), LIMITS));
    let overtaken_by = |diff: StateDiff| {
        let at = std::sync::Arc::downgrade(&cache);
        let act = move || at.upgrade().unwrap().store(&diff);
        *cache.reader.in_read.write() = Some(Box::new(act));
    };
    overtaken_by(put(1, 5, &[]));
    assert_eq!(cache.account(&address(1)).unwrap(), None, "read before the change");
    assert_eq!(cache.account(&address(1)).unwrap().unwrap().nonce, 5);

    overtaken_by(put(1, 5, &[(3, 33)]));
    assert_eq!(cache.storage(&address(1), &U256::from(3)).unwrap(), U256::ZERO);
    assert_eq!(cache.storage(&address(1), &U256::from(3)).unwrap(), U256::from(33));

    overtaken_by(put(2, 6, &[]));
    cache.prefetch(&[address(2)], &[]).unwrap();
    assert_eq!(cache.account(&address(2)).unwrap().unwrap().nonce, 6);
}

#[test]
fn test_prefetch_asks_once_per_kind_and_only_for_what_is_missing() {
    let cache = ReadCache::new(Store::default(), LIMITS);
    cache.reader.state.write().apply(&put(1, 7, &[(1, 11)]));
    let slots = [(address(1), U256::from(1)), (address(2), U256::from(1))];
    cache.prefetch(&[address(1), address(2)], &slots).unwrap();
    assert_eq!(cache.reader.questions(), 2);
    assert_eq!(cache.account(&address(1)).unwrap().unwrap().nonce, 7);
    assert_eq!(cache.storage(&address(1), &U256::from(1)).unwrap(), U256::from(11));
    assert_eq!(cache.storage(&address(2), &U256::from(1)).unwrap(), U256::ZERO);
    cache.prefetch(&[address(1), address(2)], &slots).unwrap();
    assert_eq!(cache.reader.questions(), 0);
}

#[test]
fn test_slots_of_one_account_may_fill_the_cache() {
    let cache = ReadCache::new(Store::default(), LIMITS);
    let storage: Vec<_> = (0..5_000).map(|slot| (slot, slot + 1)).collect();
    cache.apply(&put(1, 1, &storage));
    assert!(cache.stats().slots > 4_900, "{}", cache.stats().slots);
    cache.apply(&cleared(1));
    assert_eq!(cache.stats().slots, 0);
}

#[test]
fn test_limits_hold_and_what_is_in_use_stays() {
    let mut clock = Clock::new(8);
    for key in 0..8u64 {
        assert!(clock.insert(key, key, 1).is_empty());
    }
    for round in 8..100u64 {
        assert_eq!(clock.get(&3), Some(&3), "in use every round");
        assert_eq!(clock.insert(round, round, 1).len(), 1);
        assert_eq!((clock.len(), clock.weight()), (8, 8));
    }
    assert_eq!(clock.insert(200, 0, 7).len(), 7);
    assert_eq!(clock.insert(201, 0, 9).len(), 0, "too heavy to be held");
    assert!(!clock.contains(&201) && clock.contains(&200));

    let small = CacheLimits { accounts_max: 64, slots_max: 64, code_bytes_max: 6400 };
    let cache = ReadCache::new(Store::default(), small);
    for number in 0..2000 {
        cache.account(&address(number)).unwrap();
        cache.storage(&address(number % 7), &U256::from(number)).unwrap();
    }
    let stats = cache.stats();
    assert!(stats.accounts <= 64 && stats.slots <= 64, "{stats:?}");
    cache.clear();
    assert_eq!(cache.stats().accounts, 0);
}

fn step() -> impl Strategy<Value = StateDiff> {
    let slots = prop::collection::vec((0u64..6, 0u64..4), 0..4);
    let change =
        (0u64..12, 0u64..4, slots).prop_map(|(number, nonce, slots)| put(number, nonce, &slots));
    let gone = (0u64..12).prop_map(|number| StateDiff {
        accounts: BTreeMap::from([(address(number), AccountDiff::gone())]),
        codes: BTreeMap::new(),
    });
    prop_oneof![4 => change, 1 => (0u64..12).prop_map(cleared), 1 => gone]
}

proptest! {
    #[test]
    fn test_answers_equal_the_readers_after_every_step(
        steps in prop::collection::vec((step(), 0u64..12, 0u64..6), 1..60),
        entries_max in 1usize..400,
    ) {
        let limits = CacheLimits { accounts_max: entries_max, slots_max: entries_max, code_bytes_max: 64 };
        let cache = ReadCache::new(Store::default(), limits);
        for (diff, number, slot) in steps {
            cache.account(&address(number)).unwrap();
            cache.prefetch(&[], &[(address(number), U256::from(slot))]).unwrap();
            cache.store(&diff);
            for number in 0..12 {
                let known = cache.reader.state.read().account(&address(number)).unwrap();
                prop_assert_eq!(cache.account(&address(number)).unwrap(), known);
                for slot in (0..6).map(U256::from) {
                    let known = cache.reader.state.read().storage(&address(number), &slot).unwrap();
                    prop_assert_eq!(cache.storage(&address(number), &slot).unwrap(), known);
                }
            }
        }
    }
}

/// Many readers and one writer: whatever is left in the cache at the end is the last state.
#[test]
fn test_nothing_stale_stays_behind_concurrent_readers() {
    let cache = ReadCache::new(Store::default(), LIMITS);
    let done = core::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for number in 0..40 {
                        cache.account(&address(number)).unwrap();
                        cache.storage(&address(number), &U256::from(1)).unwrap();
                    }
                }
            });
        }
        for round in 0..300 {
            for number in 0..40 {
                if round % 10 == 3 {
                    cache.store(&cleared(number));
                } else {
                    cache.store(&put(number, round, &[(1, round)]));
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    for number in 0..40 {
        assert_eq!(cache.account(&address(number)).unwrap().unwrap().nonce, 299);
        assert_eq!(cache.storage(&address(number), &U256::from(1)).unwrap(), U256::from(299));
    }
}
