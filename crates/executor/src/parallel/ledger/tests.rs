//! A ledger gives what revm's journal gives, and leaves the same changes behind.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use proptest::{collection::vec, prelude::*};
use revm::{
    bytecode::Bytecode,
    context::{
        Journal, JournalTr,
        journaled_state::{JournalCheckpoint, account::JournaledAccountTr as _},
    },
    primitives::hardfork::SpecId,
};
use state::{Account, AccountDiff, MemoryState, StateDiff};

use super::*;
use crate::parallel::{
    Key,
    memory::{Memory, Turn},
    view::{Vaults, Watch},
};

type Database = StateDatabase<View<Arc<MemoryState>>>;

const ACCOUNTS: u8 = 6;
const KEYS: u8 = 4;

/// What somebody does to a journal. Accounts and slots by number.
#[derive(Clone, Copy, Debug)]
enum Step {
    Look(u8),
    LookAtCode(u8),
    Read(u8, u8),
    ReadIfWarm(u8, u8),
    Write(u8, u8, u8),
    Pay(u8, u8, u8),
    RaiseNonce(u8),
    Create(u8, u8, u8),
    Destroy(u8, u8),
    Remember(u8, u8),
    Log(u8),
    Begin,
    Keep,
    Revert,
    /// The transaction comes through.
    End,
    /// It does not.
    Discard,
    /// What stands is written down, where a ledger has not done so.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let (account, key) = (0..ACCOUNTS, 0..KEYS);
    let two = (account.clone(), account.clone());
    prop_oneof![
        1 => account.clone().prop_map(Look),
        1 => account.clone().prop_map(LookAtCode),
        1 => (account.clone(), key.clone()).prop_map(|(a, k)| Read(a, k)),
        1 => (account.clone(), key.clone()).prop_map(|(a, k)| ReadIfWarm(a, k)),
        3 => (account.clone(), key.clone(), 0..3_u8).prop_map(|(a, k, v)| Write(a, k, v)),
        3 => (two.clone(), 0..4_u8).prop_map(|((a, b), v)| Pay(a, b, v)),
        1 => account.clone().prop_map(RaiseNonce),
        2 => (two.clone(), 0..3_u8).prop_map(|((a, b), v)| Create(a, b, v)),
        1 => two.prop_map(|(a, b)| Destroy(a, b)),
        1 => (key, 0..3_u8).prop_map(|(k, v)| Remember(k, v)),
        1 => account.prop_map(Log),
        2 => Just(Begin),
        1 => Just(Keep),
        1 => Just(Revert),
        2 => Just(End),
        1 => Just(Discard),
        1 => Just(Settle),
    ]
}

fn address(number: u8) -> Address {
    Address::repeat_byte(0xa0 + number)
}

/// Rich accounts, one that is empty but there, contracts with storage, and nothing.
fn store() -> Arc<MemoryState> {
    let mut accounts = std::collections::BTreeMap::new();
    let mut put = |number: u8, nonce: u64, balance: u64, code: &[u8]| {
        let code_hash = keccak256(code);
        let account = Account { nonce, balance: U256::from(balance), code_hash };
        let slots = (0..2).filter(|_| !code.is_empty());
        let storage = slots.map(|slot| (U256::from(slot), U256::from(1))).collect();
        let diff = AccountDiff { account: Some(account), storage_cleared: false, storage };
        accounts.insert(address(number), diff);
    };
    put(0, 3, 100, &[]);
    put(1, 0, 0, &[]);
    put(2, 1, 5, &[0]);
    put(3, 1, 0, &[0]);
    let codes = [(keccak256([0]), Bytes::from_static(&[0]))].into();
    let mut state = MemoryState::new();
    state.apply(&StateDiff { accounts, codes });
    Arc::new(state)
}

fn look<J: JournalTr<Database = Database>>(journal: &mut J, number: u8) -> String {
    let loaded = journal.load_account_with_code(address(number)).unwrap();
    let info = &loaded.data.info;
    let seen = (info.balance, info.nonce, info.code_hash, info.code.clone());
    format!("{seen:?} {} {}", loaded.is_cold, loaded.data.is_empty())
}

/// Does one step, and says what was seen.
fn take<J: JournalTr<Database = Database>>(
    journal: &mut J,
    step: Step,
    checkpoints: &mut Vec<JournalCheckpoint>,
) -> String {
    match step {
        Step::Look(a) => {
            let loaded = journal.load_account(address(a)).unwrap();
            format!("{:?} {}", loaded.data.info.balance, loaded.is_cold)
        }
        Step::LookAtCode(a) => {
            let delegated = journal.load_account_delegated(address(a)).unwrap();
            format!("{delegated:?} {}", look(journal, a))
        }
        Step::Read(a, k) => {
            look(journal, a);
            format!("{:?}", journal.sload(address(a), U256::from(k)).unwrap())
        }
        Step::ReadIfWarm(a, k) => {
            look(journal, a);
            format!("{:?}", journal.sload_skip_cold_load(address(a), U256::from(k), true).ok())
        }
        Step::Write(a, k, v) => {
            let info = &journal.load_account(address(a)).unwrap().data.info;
            if info.code_hash == KECCAK_EMPTY {
                return String::new();
            }
            let stored = journal.sstore(address(a), U256::from(k), U256::from(v)).unwrap();
            format!("{stored:?}")
        }
        Step::Pay(a, b, v) => {
            let paid = journal.transfer(address(a), address(b), U256::from(v)).unwrap();
            format!("{paid:?} {} {}", look(journal, a), look(journal, b))
        }
        Step::RaiseNonce(a) => {
            let mut account = journal.load_account_mut(address(a)).unwrap();
            account.bump_nonce();
            account.nonce().to_string()
        }
        Step::Create(a, b, v) => {
            let mut payer = journal.load_account_mut(address(a)).unwrap();
            if *payer.balance() < U256::from(v) || a == b {
                return String::new();
            }
            // Whoever creates counts that first.
            payer.bump_nonce();
            drop(payer);
            journal.load_account(address(b)).unwrap();
            let (from, to, value) = (address(a), address(b), U256::from(v));
            match journal.create_account_checkpoint(from, to, value, SpecId::PRAGUE) {
                Ok(checkpoint) => {
                    checkpoints.push(checkpoint);
                    journal.set_code(to, Bytecode::new_legacy(Bytes::from(vec![0, v])));
                    look(journal, b)
                }
                Err(error) => format!("{error:?}"),
            }
        }
        Step::Destroy(a, b) => {
            // Whoever destroys itself was called.
            journal.transfer(address(b), address(a), U256::ZERO).unwrap();
            journal.touch_account(address(a));
            let done = journal.selfdestruct(address(a), address(b), false).unwrap();
            format!("{done:?} {} {}", look(journal, a), look(journal, b))
        }
        Step::Remember(k, v) => {
            let before = journal.tload(address(0), U256::from(k));
            journal.tstore(address(0), U256::from(k), U256::from(v));
            format!("{before} {}", journal.tload(address(0), U256::from(k)))
        }
        Step::Log(a) => {
            let data = LogData::new_unchecked(vec![B256::ZERO], Bytes::new());
            journal.log(Log { address: address(a), data });
            journal.logs().len().to_string()
        }
        step => turn(journal, step, checkpoints),
    }
}

/// A step from one frame or transaction to another.
fn turn<J: JournalTr<Database = Database>>(
    journal: &mut J,
    step: Step,
    checkpoints: &mut Vec<JournalCheckpoint>,
) -> String {
    match step {
        Step::Begin => {
            checkpoints.push(journal.checkpoint());
            journal.depth().to_string()
        }
        Step::Keep => {
            if checkpoints.pop().is_some() {
                journal.checkpoint_commit();
            }
            journal.depth().to_string()
        }
        Step::Revert => {
            if let Some(checkpoint) = checkpoints.pop() {
                journal.checkpoint_revert(checkpoint);
            }
            (0..ACCOUNTS).map(|a| look(journal, a)).collect()
        }
        _ => {
            checkpoints.clear();
            let logs = journal.take_logs();
            match step {
                Step::Discard => journal.discard_tx(),
                _ => journal.commit_tx(),
            }
            format!("{logs:?} {}", journal.depth())
        }
    }
}

fn view() -> (Arc<Memory<Arc<MemoryState>>>, Database) {
    let memory = Arc::new(Memory::new(store(), Arc::default()));
    let mut view = View::new(Vaults([Address::ZERO; 4]));
    view.attach(memory.clone());
    view.begin(Turn::MAX, Watch::AtHead);
    (memory, StateDatabase::new(view))
}

fn check(spec: SpecId, steps: &[Step]) {
    let ((stock_memory, stock), (memory, database)) = (view(), view());
    let (mut stock, mut ledger) = (Journal::<Database>::new(stock), Ledger::new(database));
    stock.set_spec_id(spec);
    ledger.set_spec_id(spec);
    let (mut checkpoints, mut others) = (Vec::new(), Vec::new());
    for step in steps.iter().chain(&[Step::Settle]) {
        let seen = take(&mut ledger, *step, &mut checkpoints);
        assert_eq!(seen, take(&mut stock, *step, &mut others), "{step:?}");
        if let Step::End | Step::Discard | Step::Settle = step {
            stock_memory.write(&stock.finalize(), &stock.database.reader.notes());
            stock.database.reader.begin(Turn::MAX, Watch::AtHead);
            if ledger.is_due() || matches!(step, Step::Settle) {
                ledger.settle(|kept, _| memory.write_kept(kept));
            }
        }
    }
    assert_eq!(memory.take_diff(), stock_memory.take_diff());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_ledger_is_a_journal(steps in vec(step(), 1..60), is_old in any::<bool>()) {
        check(if is_old { SpecId::SHANGHAI } else { SpecId::PRAGUE }, &steps);
    }
}

#[test]
fn an_account_that_is_created_and_destroyed_at_once_was_never_there() {
    for spec in [SpecId::SHANGHAI, SpecId::PRAGUE] {
        let paid = [Step::Pay(0, 4, 1), Step::End];
        let gone = [Step::Create(0, 4, 1), Step::Write(4, 0, 1), Step::Destroy(4, 0), Step::End];
        check(spec, &gone);
        check(spec, &[&paid[..], &gone].concat());
        check(spec, &[&gone[..], &paid, &gone].concat());
    }
}

#[test]
fn a_slot_that_is_changed_back_by_another_transaction_was_changed() {
    check(SpecId::PRAGUE, &[Step::Write(2, 0, 2), Step::End, Step::Write(2, 0, 1), Step::End]);
}

#[test]
fn much_is_written_down_after_a_while() {
    let (memory, database) = view();
    let mut ledger = Ledger::new(database);
    for number in 0..=KEPT_ACCOUNTS_MAX {
        assert!(!ledger.is_due(), "{number}");
        let address = Address::from_word(keccak256(number.to_be_bytes()));
        ledger.balance_incr(address, U256::from(1)).unwrap();
        ledger.commit_tx();
    }
    assert!(ledger.is_due());
    ledger.settle(|kept, _| memory.write_kept(kept));
    assert!(ledger.is_empty() && !ledger.is_due());
    assert_eq!(memory.take_diff().accounts.len(), KEPT_ACCOUNTS_MAX + 1);
}

#[test]
fn however_much_is_expected_there_is_room_for_what_is_looked_at() {
    let (_, database) = view();
    let mut ledger = Ledger::new(database);
    let keys = (0..2_000_u64).flat_map(|number| {
        let other = Address::from_word(keccak256(number.to_be_bytes()));
        let slot = Key::Slot { address: address(2), slot: U256::from(number), writes: true };
        let account = |address| Key::Account { address, writes: false };
        [account(address(2)), slot, account(other)]
    });
    let keys: Vec<_> = keys.collect();
    ledger.preload(keys.iter());
    assert!(!ledger.is_empty() && !ledger.is_due());
    let (of, _) = ledger.load(&address(2), false).unwrap();
    assert!(ledger.kept.has_slot(of, &U256::ZERO));
    ledger.preload(keys[3_000..].iter());
    assert!(!ledger.is_due());
}
