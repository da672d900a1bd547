//! What leaves memory when: blocks once they are written, their changes once the state of Postgres has them.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, U256};
use db::{PgStateReader, testing::TestDatabase};
use protocol::{BlockId, Header};
use state::{Account, AccountDiff, CacheLimits, StateReader};

use super::*;

const SENDER: Address = Address::repeat_byte(7);

/// A block after `parent` in which the account has as many transactions as the block's number.
fn block(number: u64, parent_hash: B256) -> Arc<ChainBlock> {
    let header = Header { number, parent_hash, ..Header::default() };
    let hash = header.hash_slow();
    let origin = BlockId { number: 0, hash: B256::ZERO };
    let reference =
        L2BlockRef { number, hash, parent_hash, timestamp: 0, origin, sequence_number: number };
    let account = Account { nonce: number, balance: U256::from(1), ..Account::default() };
    let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
    let accounts = BTreeMap::from([(SENDER, change)]);
    Arc::new(ChainBlock {
        header,
        hash,
        reference,
        opening: Default::default(),
        transactions: Default::default(),
        diff: Arc::new(StateDiff { accounts, ..StateDiff::default() }),
        sub_block_lengths: Vec::new(),
        raw: vec![Bytes::from_static(&[0; 10])],
        execution: Default::default(),
        ethereum: None,
        access_list: Default::default(),
        kept: Default::default(),
    })
}

fn nonce(store: &ChainStore, number: u64) -> Option<u64> {
    let account = store.state_after(number)?.account(&SENDER).unwrap();
    Some(account.unwrap().nonce)
}

#[tokio::test]
async fn blocks_leave_when_they_are_written_and_their_changes_when_the_state_has_them() {
    let database = TestDatabase::create().await;
    let reader = PgStateReader::start(database.database).unwrap();
    let base = Arc::new(BaseState::new(reader, CacheLimits::default(), 0));
    let limits = StoreLimits { recent_blocks_max: 2, recent_transactions_max: 1_000 };
    let genesis = block(0, B256::ZERO);
    let heads = Heads::new(genesis.reference, genesis.reference, genesis.reference).unwrap();
    let store = ChainStore::new(base, limits, vec![genesis.clone()], heads, 0);
    let mut parent = genesis.hash;
    for number in 1..=9 {
        let block = block(number, parent);
        parent = block.hash;
        store.push_sealed(block.clone());
        store.set_latest(block.reference);
    }
    store.let_go();
    assert_eq!(store.recent(), 0..=9, "nothing is written");
    assert_eq!(store.index_lag(), (9, 90));

    store.set_written(6);
    store.let_go();
    assert_eq!(store.recent(), 6..=9, "the newest that is written stays, and what is not");
    assert_eq!(store.index_lag(), (9, 90), "the state has none of them");
    for number in 1..=9 {
        assert_eq!(nonce(&store, number), Some(number), "all states are there as before");
    }
    assert_eq!(nonce(&store, 10), None);
    let (diffs, hash) = store.diffs_between(0, 4).unwrap();
    assert_eq!(diffs.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_ne!(hash, parent);
    assert_eq!(store.diffs_between(2, 9).map(|(_, hash)| hash), Some(parent));
    assert!(store.diffs_between(5, 10).is_none(), "there is no such block yet");

    let merged = StateDiff::merged(diffs.iter().map(|(_, diff)| &**diff));
    store.base().begin_move(4);
    assert_eq!(nonce(&store, 3), None, "Postgres may have passed it");
    store.base().apply(&merged);
    store.set_indexed(4);
    assert_eq!(store.index_lag(), (5, 50));
    assert_eq!((nonce(&store, 3), nonce(&store, 4), nonce(&store, 5)), (None, Some(4), Some(5)));
    assert!(store.diffs_between(3, 6).is_none(), "those of block 4 have left");
    assert!(store.diffs_between(4, 6).is_some());
}
