//! Diffs as values: merging, the way back, and their bytes.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use proptest::prelude::*;

use super::*;
use crate::MemoryState;

fn address(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn number() -> impl Strategy<Value = U256> {
    prop_oneof![
        Just(U256::ZERO),
        (0u64..6).prop_map(U256::from),
        any::<u64>().prop_map(U256::from),
        any::<[u8; 32]>().prop_map(U256::from_be_bytes),
        Just(U256::MAX),
    ]
}

fn change() -> impl Strategy<Value = AccountDiff> {
    let code = prop_oneof![Just(KECCAK), any::<[u8; 32]>().prop_map(B256::from)];
    let account = (prop_oneof![0u64..3, any::<u64>()], number(), code)
        .prop_map(|(nonce, balance, code_hash)| Account { nonce, balance, code_hash });
    let slots = prop::collection::btree_map(number(), number(), 0..5);
    (prop::option::weighted(0.8, account), any::<bool>(), slots).prop_map(
        |(account, storage_cleared, storage)| match account {
            None => AccountDiff::gone(),
            Some(_) => AccountDiff { account, storage_cleared, storage },
        },
    )
}

const KECCAK: B256 = alloy_primitives::KECCAK256_EMPTY;

fn diff() -> impl Strategy<Value = StateDiff> {
    let accounts = prop::collection::btree_map((0u8..6).prop_map(address), change(), 0..6);
    let codes = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..3);
    (accounts, codes).prop_map(|(accounts, codes)| {
        let codes = codes.into_iter().map(|code| (keccak256(&code), Bytes::from(code)));
        StateDiff { accounts, codes: codes.collect() }
    })
}

proptest! {
    #[test]
    fn test_encoded_diffs_decode_to_themselves(diff in diff()) {
        prop_assert_eq!(StateDiff::decode(&diff.encode()), Ok(diff));
    }

    #[test]
    fn test_what_decodes_is_what_would_be_encoded(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(diff) = StateDiff::decode(&bytes) {
            prop_assert_eq!(diff.encode(), bytes);
        }
    }

    #[test]
    fn test_altered_bytes_fail_or_are_another_canonical_diff(
        diff in diff(), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let mut bytes = diff.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = StateDiff::decode(&bytes) {
            prop_assert_ne!(&other, &diff);
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn test_every_shorter_or_longer_string_fails(diff in diff()) {
        let mut bytes = diff.encode();
        for length in 0..bytes.len() {
            prop_assert!(StateDiff::decode(&bytes[..length]).is_err());
        }
        bytes.push(0);
        prop_assert_eq!(StateDiff::decode(&bytes), Err(DiffDecodeError::Trailing(1)));
    }

    #[test]
    fn test_a_merged_diff_does_what_its_parts_do_and_undoes_them(diffs in prop::collection::vec(diff(), 1..8)) {
        let (start, mut state) = (MemoryState::new(), MemoryState::new());
        let all_at_once = StateDiff::merged(&diffs);
        let mut merged = StateDiff::default();
        for diff in diffs {
            let before = state.clone();
            state.apply(&diff);
            let undo = diff.undo_with(&before, |address| Some(before.slots_of(address))).unwrap();
            let mut back = state.clone();
            back.apply(&undo);
            prop_assert!(back.accounts().eq(before.accounts()) && back.slots().eq(before.slots()));
            merged.merge(&diff);
        }
        prop_assert_eq!(&all_at_once, &merged);
        let mut at_once = start;
        at_once.apply(&merged);
        prop_assert_eq!(at_once, state);
    }
}

/// More accounts and slots than are read at once.
#[test]
fn test_a_large_way_back_is_found_in_parts_and_packed_while_it_is() {
    let many = u64::try_from(READ_AT_ONCE).unwrap() * 2 + 3;
    let diff_of = |nonce: u64| {
        let account = Some(Account { nonce, ..Account::default() });
        let change = |slots: u64| {
            let storage = (0..slots).map(|slot| (U256::from(slot), U256::from(slot + nonce)));
            AccountDiff { account, storage_cleared: false, storage: storage.collect() }
        };
        let others = (0..many)
            .map(|number| (Address::left_padding_from(&number.to_be_bytes()), change(number % 3)));
        let accounts = others.chain([(address(0xff), change(many))]).collect();
        StateDiff { accounts, codes: BTreeMap::new() }
    };
    let (first, second) = (diff_of(1), diff_of(2));
    let mut before = MemoryState::new();
    before.apply(&first);
    let undo = second.undo(&before).unwrap();
    assert_eq!(undo, first, "what was written first comes back");
    let packed = PackedDiff::undo(&second, &before).unwrap();
    assert_eq!(packed, PackedDiff::from(&undo));
    assert_eq!(StateDiff::decode(&packed.into_bytes()), Ok(undo));
}

#[test]
fn test_an_account_made_again_after_it_was_gone_has_no_old_slots() {
    let account = Some(Account { nonce: 1, ..Account::default() });
    let slot = |value: u64| BTreeMap::from([(U256::from(1), U256::from(value))]);
    let at = |change| StateDiff {
        accounts: BTreeMap::from([(address(1), change)]),
        ..StateDiff::default()
    };
    let written = AccountDiff { account, storage_cleared: false, storage: slot(5) };
    let again = AccountDiff { account, storage_cleared: false, storage: BTreeMap::new() };

    let mut diff = at(written.clone());
    diff.merge(&at(AccountDiff::gone()));
    assert_eq!(diff, at(AccountDiff::gone()));
    diff.merge(&at(again));
    let made = AccountDiff { account, storage_cleared: true, storage: BTreeMap::new() };
    assert_eq!(diff, at(made));
    diff.merge(&at(written));
    assert_eq!(diff, at(AccountDiff { account, storage_cleared: true, storage: slot(5) }));
}

#[test]
fn test_undo_says_when_cleared_slots_are_not_known() {
    let account = Account { nonce: 1, ..Account::default() };
    let storage = BTreeMap::from([(U256::from(1), U256::from(5))]);
    let change = AccountDiff { account: Some(account), storage_cleared: false, storage };
    let made =
        StateDiff { accounts: BTreeMap::from([(address(1), change)]), codes: BTreeMap::new() };
    let gone = StateDiff {
        accounts: BTreeMap::from([(address(1), AccountDiff::gone())]),
        codes: BTreeMap::new(),
    };

    let mut state = MemoryState::new();
    assert_eq!(made.undo(&state).unwrap(), gone);
    assert_eq!(gone.undo(&state).unwrap(), gone, "it was not there before");
    state.apply(&made);
    let unknown = gone.undo(&state).unwrap_err();
    assert!(matches!(unknown, UndoError::StorageUnknown { address: at } if at == address(1)));

    // An account with balance alone has no slots to lose.
    let funded = Account { balance: U256::from(1), ..Account::default() };
    let change = AccountDiff { account: Some(funded), ..AccountDiff::default() };
    let mut state = MemoryState::new();
    state.apply(&StateDiff {
        accounts: BTreeMap::from([(address(1), change)]),
        codes: BTreeMap::new(),
    });
    let undo = gone.undo(&state).unwrap();
    assert_eq!(undo.accounts[&address(1)].account, Some(funded));
}

#[test]
fn test_refused_encodings() {
    let flags = |flags: u8| [&[1][..], &[0; 20], &[flags], &[0]].concat();
    assert_eq!(StateDiff::decode(&flags(CLEARED)), Ok(only_gone()));
    for wrong in [0, CLEARED | 4, 16 | CLEARED, 17] {
        assert_eq!(StateDiff::decode(&flags(wrong)), Err(DiffDecodeError::Flags(wrong)));
    }
    let of_account = |tail: &[u8]| StateDiff::decode(&[&[1][..], &[0; 20], tail].concat());
    assert!(of_account(&[1, 0, 0, 0]).is_ok());
    assert_eq!(of_account(&[1, 0x80, 0, 0, 0]), Err(DiffDecodeError::NumberTooLong));
    assert_eq!(of_account(&[1, 0, 1, 0, 0]), Err(DiffDecodeError::NumberTooLong));
    assert_eq!(of_account(&[1, 0, 33, 0, 0]), Err(DiffDecodeError::NumberTooLong));
    assert_eq!(of_account(&[9, 0, 0, 0, 0]), Err(DiffDecodeError::Flags(9)), "no slots after all");
    let mut no_code = Vec::from([5, 0, 0]);
    no_code.extend_from_slice(KECCAK.as_slice());
    assert_eq!(of_account(&no_code), Err(DiffDecodeError::Flags(5)));
    let twice = [1, 0, 0, 1, 1, 1, 1, 1, 1, 1];
    let slots_twice = [&[9, 0, 0, 2][..], &[1, 1, 1, 1], &[1, 1, 1, 1], &[0]].concat();
    assert_eq!(of_account(&slots_twice), Err(DiffDecodeError::OutOfOrder));
    assert!(of_account(&twice).is_err());
    let huge = [&[0xff; 9][..], &[1]].concat();
    assert_eq!(
        StateDiff::decode(&huge),
        Err(DiffDecodeError::Truncated),
        "a count is not believed"
    );
    let code = [&[0, 1][..], &[0; 32], &[1, 0x60]].concat();
    assert_eq!(StateDiff::decode(&code), Err(DiffDecodeError::CodeHash(B256::ZERO)));
}

const CLEARED: u8 = 2;

fn only_gone() -> StateDiff {
    let accounts = BTreeMap::from([(Address::ZERO, AccountDiff::gone())]);
    StateDiff { accounts, codes: BTreeMap::new() }
}
