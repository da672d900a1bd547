//! What makes a look stale: another version of the place, and a clearing of the account that the slot belongs to.

use state::{AccountDiff, MemoryState, StateDiff};

use super::*;

const OWNER: Address = Address::repeat_byte(0x0e);

fn memory() -> Memory<MemoryState> {
    let owner = AccountDiff {
        account: Some(Account { nonce: 1, ..Account::default() }),
        storage: [(U256::from(7), U256::from(70))].into(),
        ..AccountDiff::default()
    };
    let mut store = MemoryState::new();
    store.apply(&StateDiff { accounts: [(OWNER, owner)].into(), ..StateDiff::default() });
    Memory::new(store, Arc::default())
}

const fn stamp(turn: Turn, incarnation: u32) -> Stamp {
    Stamp { turn, incarnation }
}

fn slot() -> SlotKey {
    (OWNER, U256::from(7))
}

/// The transaction at `turn` takes the account away, or only pays it.
fn publish(memory: &Memory<MemoryState>, stamp: Stamp, clears_storage: bool) -> Write {
    let place = memory.account_place(&OWNER, &Notes::default());
    let paid = Account { nonce: 1, balance: U256::from(stamp.turn), ..Account::default() };
    let after = (!clears_storage).then_some(paid);
    memory.publish_account(place, stamp, AccountChange { after, clears_storage })
}

#[test]
fn a_slot_is_stale_once_its_account_was_cleared_before_it_and_only_then() {
    let memory = memory();
    let (value, read) = memory.slot(&slot(), 3).unwrap();
    assert_eq!(value, U256::from(70));
    publish(&memory, stamp(2, 0), false);
    assert!(memory.still_holds(&read, 3), "being paid changes no slot");
    publish(&memory, stamp(4, 0), true);
    assert!(memory.still_holds(&read, 3), "what comes later does not count");
    let written = publish(&memory, stamp(1, 0), true);
    assert!(!memory.still_holds(&read, 3), "it was cleared before");

    let (value, read) = memory.slot(&slot(), 3).unwrap();
    assert_eq!(value, U256::ZERO);
    assert!(memory.still_holds(&read, 3));
    // The transaction did something else in the end.
    memory.retract(1, &[written], &[]);
    assert!(!memory.still_holds(&read, 3));
    assert_eq!(memory.slot(&slot(), 3).unwrap().0, U256::from(70));
}

#[test]
fn an_account_is_stale_once_another_version_is_before_it() {
    let memory = memory();
    let (_, read) = memory.account(&OWNER, 3).unwrap();
    publish(&memory, stamp(3, 0), false);
    assert!(memory.still_holds(&read, 3), "its own writes are behind its looks");
    publish(&memory, stamp(2, 0), false);
    assert!(!memory.still_holds(&read, 3));

    let (found, read) = memory.account(&OWNER, 3).unwrap();
    assert_eq!(found.unwrap().balance, U256::from(2));
    // The same again is the same version; something else is another.
    publish(&memory, stamp(2, 1), false);
    assert!(memory.still_holds(&read, 3));
    publish(&memory, stamp(2, 2), true);
    assert!(!memory.still_holds(&read, 3));
}

#[test]
fn what_stands_after_a_clearing_is_what_was_written_since() {
    let memory = memory();
    let (_, read) = memory.slot(&slot(), 5).unwrap();
    let Write::Slot(place) = read.place() else { panic!("a slot") };
    publish(&memory, stamp(1, 0), true);
    publish(&memory, stamp(2, 0), false);
    memory.slots.publish(place, stamp(2, 0), U256::from(9));
    memory.collapse(Turn::MAX);
    assert_eq!(memory.slot(&slot(), 1).unwrap().0, U256::from(9));
    assert_eq!(memory.slot(&(OWNER, U256::from(8)), 1).unwrap().0, U256::ZERO);
    let diff = memory.take_diff();
    let change = &diff.accounts[&OWNER];
    assert!(change.storage_cleared && change.account.is_some());
    assert_eq!(change.storage.iter().collect::<Vec<_>>(), [(&U256::from(7), &U256::from(9))]);
}
