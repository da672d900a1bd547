//! A block that is executed by its access list is as serial, and a wrong list does no harm.

use std::sync::{Arc, OnceLock};

use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, NonceChange, SlotChanges, StorageChange,
};
use alloy_primitives::{Address, Bytes, U256};
use protocol::predeploys;
use revm::primitives::hardfork::SpecId;
use state::MemoryState;

use super::{
    Case, Done,
    world::{Maker, Random},
};
use crate::{
    BlockAccessList, ExecutedBlock, RecoveredTransaction, SerialExecutor,
    parallel::{ListedError, ListedExecutor, ListedTransaction, Unusable},
    testing::{
        ETHER, World,
        tx::{Key, Tx},
    },
};

/// Wrong lists that each block is tried with.
const WRONG: u64 = 2;

fn executors() -> &'static [ListedExecutor] {
    static EXECUTORS: OnceLock<Vec<ListedExecutor>> = OnceLock::new();
    EXECUTORS.get_or_init(|| [1, 3].map(|workers| ListedExecutor::start(workers).unwrap()).into())
}

impl Case {
    /// Holds execution by the list against the definition: `done` says what is included. Gives whether the list can be
    /// used at all.
    pub(crate) fn check_listed(&self, done: &Done, what: &str) -> bool {
        let (txs, serial, list) = self.included(done);
        // What a list cannot say. Under the rules of today only an account that got its slots by hand can be cleared.
        let is_usable = self.rules.spec >= SpecId::CANCUN
            && !serial.diff.accounts.iter().any(|(address, change)| {
                change.clears_storage() && has_slots(&self.state, address)
            });
        for executor in executors() {
            match self.listed(executor, &txs, list.clone()) {
                Ok(block) => assert_eq!(block, serial, "{what}"),
                Err(unusable) => assert!(!is_usable, "{unusable}: {what}"),
            }
        }
        let mut random = Random::new(serial.gas_used ^ txs.len() as u64);
        for _ in 0..WRONG {
            let mut wrong = list.clone();
            spoil(&mut wrong, &mut random);
            if let Ok(block) = self.listed(&executors()[1], &txs, wrong) {
                assert_eq!(block, serial, "with a wrong list: {what}");
            }
        }
        is_usable
    }

    /// The transactions that are included, what they come to, and their access list.
    fn included(&self, done: &Done) -> (Vec<RecoveredTransaction>, ExecutedBlock, BlockAccessList) {
        let all = self.pieces.iter().flatten().zip(&done.verdicts);
        let txs: Vec<_> =
            all.filter(|(_, verdict)| verdict.is_ok()).map(|(tx, _)| tx.clone()).collect();
        let rules = self.rules.clone();
        let mut serial = SerialExecutor::with_environment(self.context, rules, &*self.state);
        for tx in &txs {
            serial.execute(tx).expect("included before");
        }
        let list = serial.take_access_list();
        (txs, serial.finish(), list)
    }

    fn listed(
        &self,
        executor: &ListedExecutor,
        txs: &[RecoveredTransaction],
        list: BlockAccessList,
    ) -> Result<ExecutedBlock, Unusable> {
        let recovered = |tx: &RecoveredTransaction| ListedTransaction::Recovered(tx.clone().into());
        let txs = txs.iter().map(recovered).collect();
        let rules = (self.context.gas_limit, self.rules.clone());
        match executor.execute_with_rules(rules, self.state.clone(), txs, list) {
            Ok(block) => Ok(block),
            Err(ListedError::Unusable(unusable)) => Err(unusable),
            Err(ListedError::State(error)) => panic!("{error}"),
        }
    }
}

fn has_slots(state: &MemoryState, address: &Address) -> bool {
    state.slots().any(|(of, _, value)| of == *address && !value.is_zero())
}

/// Makes something of a list different.
fn spoil(list: &mut BlockAccessList, random: &mut Random) {
    let Some(number) = (list.len() as u64).checked_sub(1).map(|last| random.below(last + 1)) else {
        return;
    };
    let number = usize::try_from(number).unwrap();
    let account = &mut list[number];
    let index = BlockAccessIndex::new(random.below(8));
    match random.below(9) {
        0 => drop(list.remove(number)),
        1 => account.balance_changes.clear(),
        2 => account.nonce_changes.clear(),
        3 => account.code_changes.clear(),
        4 => account.storage_changes.clear(),
        5 => account.storage_reads.clear(),
        6 => match account.storage_changes.first_mut().and_then(|slot| slot.changes.last_mut()) {
            Some(change) => change.new_value ^= U256::from(1),
            None => account
                .storage_changes
                .push(SlotChanges::new(U256::MAX, vec![StorageChange::new(index, U256::from(1))])),
        },
        7 => match account.balance_changes.first_mut() {
            Some(change) => change.post_balance ^= U256::from(1),
            None => account.balance_changes.push(BalanceChange::new(index, U256::from(7))),
        },
        _ => match account.code_changes.first_mut() {
            Some(change) => change.new_code = Bytes::from_static(&[0xfe]),
            None => account.address = Address::with_last_byte(1),
        },
    }
}

#[test]
fn what_is_wrong_with_a_list_is_named() {
    let case = Maker::new(7).case(60);
    let (txs, serial, list) = case.included(&case.serial());
    let listed = |txs: &[_], list| case.listed(&executors()[1], txs, list);
    assert_eq!(listed(&txs, list.clone()), Ok(serial));

    let unlisted = listed(&txs, Vec::new()).unwrap_err();
    assert!(matches!(unlisted, Unusable::Unlisted { .. }), "{unlisted}");

    let reversed = list.iter().rev().cloned().collect();
    let malformed = listed(&txs, reversed).unwrap_err();
    assert!(matches!(malformed, Unusable::Malformed(_)), "{malformed}");

    let last = txs.len() as u64;
    let again = [&txs[..], &txs[..1]].concat();
    let longer = listed(&again, list.clone()).unwrap_err();
    assert!(
        [Unusable::Excluded { index: last + 1 }, Unusable::Differs { index: last + 1 }]
            .contains(&longer),
        "{longer}"
    );
    let shorter = listed(&txs[..txs.len() - 1], list.clone()).unwrap_err();
    assert_eq!(shorter, Unusable::Differs { index: last });

    let mut invented = list;
    let quiet = |account: &&mut AccountChanges| account.nonce_changes.is_empty();
    let account = invented.iter_mut().find(quiet).unwrap();
    account.nonce_changes.push(NonceChange::new(BlockAccessIndex::new(3), 77));
    let differs = listed(&txs, invented).unwrap_err();
    assert!(matches!(differs, Unusable::Differs { .. } | Unusable::Excluded { .. }), "{differs}");
}

/// With system calls and real signatures, as a verifier has it.
#[test]
fn a_block_is_executed_from_what_stands_in_a_batch() {
    const COUNTER: Address = Address::with_last_byte(0xc0);
    let key = Key::new(1);
    let mut world = World::new();
    world.fund(key.address(), ETHER);
    world.contract(COUNTER, "1 PUSH0 SLOAD ADD PUSH0 SSTORE");
    world.contract(predeploys::HISTORY_STORAGE, "PUSH0 CALLDATALOAD PUSH0 SSTORE");
    let signed = |nonce| Tx::call(key.address(), nonce, COUNTER).sign(&key);
    let mut raw: Vec<Bytes> = (0..20).map(signed).collect();
    let context = world.context();
    let mut serial = SerialExecutor::recording(context, &world.state).unwrap();
    for raw in &raw {
        serial.execute(&RecoveredTransaction::decode(raw).unwrap()).unwrap();
    }
    let list = serial.take_access_list();
    let serial = serial.finish();

    let state = Arc::new(world.state.clone());
    let execute = |raw: &[Bytes], list| {
        let txs = raw.iter().cloned().map(ListedTransaction::Raw).collect();
        match executors()[1].execute(&context, state.clone(), txs, list) {
            Ok(block) => Ok(block),
            Err(ListedError::Unusable(unusable)) => Err(unusable),
            Err(ListedError::State(error)) => panic!("{error}"),
        }
    };
    assert_eq!(execute(&raw, list.clone()), Ok(serial));

    // The opening of the block is looked at as closely as its transactions.
    let mut other_opening = list.clone();
    let slots = other_opening.iter_mut().flat_map(|account| &mut account.storage_changes);
    let mut changes = slots.flat_map(|slot| &mut slot.changes);
    let opening = changes.find(|change| change.block_access_index.get() == 0).unwrap();
    opening.new_value ^= U256::from(1);
    assert_eq!(execute(&raw, other_opening), Err(Unusable::Differs { index: 0 }));

    raw[5] = Bytes::from_static(b"nothing");
    assert_eq!(execute(&raw, list), Err(Unusable::Excluded { index: 6 }));
}
