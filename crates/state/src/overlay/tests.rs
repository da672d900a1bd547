//! The overlay against a complete state that gets the same diffs.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use proptest::prelude::*;

use super::*;
use crate::{MemoryState, MemoryStateError};

fn address(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn diff() -> impl Strategy<Value = StateDiff> {
    let slots = prop::collection::btree_map(
        (0u64..5).prop_map(U256::from),
        (0u64..3).prop_map(U256::from),
        0..4,
    );
    let account = (0u64..4).prop_map(|nonce| Account { nonce, ..Account::default() });
    let change = (prop::option::weighted(0.8, account), prop::bool::weighted(0.2), slots).prop_map(
        |(account, storage_cleared, storage)| match account {
            None => AccountDiff::gone(),
            Some(_) => AccountDiff { account, storage_cleared, storage },
        },
    );
    let accounts = prop::collection::btree_map((0u8..5).prop_map(address), change, 0..4);
    (accounts, prop::option::of(0u8..9)).prop_map(|(accounts, code)| {
        let code = code.map(|byte| Bytes::copy_from_slice(&[byte]));
        let codes = code.into_iter().map(|code| (keccak256(&code), code)).collect();
        StateDiff { accounts, codes }
    })
}

/// Reads every place that `diff` can touch.
fn reads<R: StateReader>(state: &R) -> Vec<(Option<Account>, Vec<U256>)> {
    let slots = |address| (0..5).map(move |slot| (address, U256::from(slot)));
    let read = |number| {
        let address = address(number);
        let account = state.account(&address).unwrap();
        (account, slots(address).map(|(a, s)| state.storage(&a, &s).unwrap()).collect())
    };
    (0..5).map(read).collect()
}

proptest! {
    #[test]
    fn test_reads_equal_a_state_with_the_same_diffs(
        base in diff(), diffs in prop::collection::vec(diff(), 0..10),
    ) {
        let mut state = MemoryState::new();
        state.apply(&base);
        let mut overlay = Overlay::new(state.clone());
        for diff in &diffs {
            overlay.apply(diff);
            state.apply(diff);
            prop_assert_eq!(reads(&overlay), reads(&state));
            for (hash, code) in state.codes() {
                prop_assert_eq!(&overlay.code(&hash).unwrap(), code);
            }
        }
        let (mut base, diff) = overlay.into_parts();
        base.apply(&diff);
        prop_assert_eq!(base, state);
    }

    #[test]
    fn test_the_diff_since_a_mark_leads_from_there_to_here(
        diffs in prop::collection::vec((diff(), any::<bool>()), 1..12),
    ) {
        let mut state = MemoryState::new();
        let mut overlay = Overlay::new(state.clone());
        let mut marks = Vec::from([(Mark::default(), state.clone())]);
        for (diff, mark) in &diffs {
            if *mark {
                marks.push((overlay.mark(), state.clone()));
            }
            overlay.apply(diff);
            state.apply(diff);
            for (mark, then) in &marks {
                let mut now = then.clone();
                now.apply(&overlay.diff_since(*mark));
                prop_assert_eq!(&now, &state);
            }
        }
        prop_assert_eq!(overlay.clone().into_diff(), overlay.diff());
    }

    #[test]
    fn test_forgetting_what_the_base_has_changes_no_read(
        diffs in prop::collection::vec(diff(), 2..12), stored in any::<prop::sample::Index>(),
    ) {
        let (stored, mut state) = (stored.index(diffs.len()), MemoryState::new());
        let mut overlay = Overlay::new(MemoryState::new());
        let mut until = Mark::default();
        for (index, diff) in diffs.iter().enumerate() {
            if index == stored {
                until = overlay.mark();
            }
            overlay.apply(diff);
            state.apply(diff);
        }
        let since = overlay.diff_since(until);
        diffs[..stored].iter().for_each(|diff| overlay.base.apply(diff));
        overlay.forget_before(until);
        prop_assert_eq!(reads(&overlay), reads(&state));
        prop_assert_eq!(&overlay.diff_since(until), &since);
        prop_assert_eq!(overlay.len(), since.accounts.len());
        let end = overlay.mark();
        overlay.forget_before(end);
        prop_assert!(overlay.is_empty());
    }
}

#[test]
fn test_block_hashes_come_from_the_overlay_first() {
    let mut base = MemoryState::new();
    base.set_block_hash(1, B256::repeat_byte(1));
    let mut overlay = Overlay::new(base);
    overlay.set_block_hash(2, B256::repeat_byte(2));
    assert_eq!(overlay.block_hash(1), Ok(B256::repeat_byte(1)));
    assert_eq!(overlay.block_hash(2), Ok(B256::repeat_byte(2)));
    overlay.forget_block_hashes_before(3);
    assert_eq!(overlay.block_hash(2), Err(MemoryStateError::BlockHashUnknown(2)));
}

#[test]
fn test_an_overlay_reads_through_overlays_and_pointers() {
    let account = Some(Account { nonce: 3, ..Account::default() });
    let change = AccountDiff { account, ..AccountDiff::default() };
    let mut below = Overlay::new(alloc::sync::Arc::new(MemoryState::new()));
    below.apply(&StateDiff {
        accounts: BTreeMap::from([(address(1), change)]),
        codes: BTreeMap::new(),
    });
    let above = Overlay::new(&below);
    assert_eq!(above.account(&address(1)), Ok(account));
    assert!(above.is_empty() && above.base().len() == 1);
}
