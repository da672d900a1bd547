//! What a view says is what a whole state has after the same diffs, one by one and many at once.

use std::collections::BTreeMap;

use db::{PgStateReader, testing::TestDatabase};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use state::{AccountDiff, CacheLimits, MemoryState, StateDiff};

use super::*;

/// Few accounts and few slots, so that layers say something of the same ones.
fn diff() -> impl Strategy<Value = StateDiff> {
    let storage = proptest::collection::btree_map(0_u64..6, 0_u64..4, 0..4);
    let change = (proptest::option::weighted(0.8, 0_u64..4), any::<bool>(), storage);
    let change = change.prop_map(|(nonce, storage_cleared, storage)| {
        let Some(nonce) = nonce else { return AccountDiff::gone() };
        let storage =
            storage.into_iter().map(|(slot, value)| (U256::from(slot), U256::from(value)));
        let account = Some(Account { nonce, ..Account::default() });
        AccountDiff { account, storage_cleared, storage: storage.collect() }
    });
    let accounts =
        proptest::collection::btree_map((0_u8..12).prop_map(Address::repeat_byte), change, 0..8);
    accounts.prop_map(|accounts| StateDiff { accounts, codes: BTreeMap::new() })
}

async fn base() -> (Arc<BaseState>, TestDatabase) {
    let database = TestDatabase::create().await;
    let reader = PgStateReader::start(database.database.clone()).unwrap();
    (Arc::new(BaseState::new(reader, CacheLimits::default(), 0)), database)
}

#[tokio::test]
async fn many_are_read_as_each_alone_and_as_from_a_whole_state() {
    let (base, _database) = base().await;
    let compare = move || {
        let mut runner = TestRunner::deterministic();
        let addresses: Vec<_> = (0_u8..14).map(Address::repeat_byte).collect();
        let slots = addresses.iter().flat_map(|of| (0_u64..7).map(|slot| (*of, U256::from(slot))));
        let slots: Vec<_> = slots.collect();
        for _ in 0..300 {
            let diffs = proptest::collection::vec(diff(), 0..6).new_tree(&mut runner).unwrap();
            let (mut state, mut layers) = (MemoryState::new(), Vec::new());
            for diff in diffs.current() {
                state.apply(&diff);
                layers.insert(0, Layer::new(Arc::new(diff)));
            }
            let view = StateView::new(base.clone(), 0, layers);
            let accounts = view.accounts(&addresses).unwrap();
            for (address, account) in addresses.iter().zip(accounts) {
                assert_eq!(account, state.account(address).unwrap());
                assert_eq!(account, view.account(address).unwrap());
            }
            let values = view.slots(&slots).unwrap();
            for ((address, slot), value) in slots.iter().zip(values) {
                assert_eq!(value, state.storage(address, slot).unwrap());
                assert_eq!(value, view.storage(address, slot).unwrap());
            }
        }
    };
    tokio::task::spawn_blocking(compare).await.unwrap();
}

#[tokio::test]
async fn a_view_that_the_base_has_passed_says_so_for_many_too() {
    let (base, _database) = base().await;
    let compare = move || {
        let (known, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let accounts = BTreeMap::from([(known, AccountDiff::gone())]);
        let layer = Layer::new(Arc::new(StateDiff { accounts, ..StateDiff::default() }));
        let view = StateView::new(base.clone(), 3, vec![layer]);
        assert_eq!(view.accounts(&[known, other]).unwrap(), [None, None]);
        base.begin_move(4);
        let passed = view.accounts(&[known, other]).unwrap_err();
        assert!(matches!(passed, ReadError::Passed { number: 3 }), "{passed:?}");
        let passed = view.slots(&[(other, U256::ZERO)]).unwrap_err();
        assert!(matches!(passed, ReadError::Passed { number: 3 }), "{passed:?}");
        // What the layers say is right whatever the base has.
        assert_eq!(view.account(&known).unwrap(), None);
        assert_eq!(view.accounts(&[known]).unwrap(), [None]);
    };
    tokio::task::spawn_blocking(compare).await.unwrap();
}
