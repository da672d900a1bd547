//! What the reader shows is what a complete state in memory has, after every block and from many threads.

use std::thread;

use super::*;
use crate::index::{
    samples::{self, address, slot},
    tests::Fixture,
};
use state::MemoryState;

fn compare(reader: &PgStateReader, memory: &MemoryState) {
    let addresses: Vec<_> = (0..26).map(address).collect();
    let slots: Vec<_> =
        addresses.iter().flat_map(|address| (0..8).map(|index| (*address, slot(index)))).collect();
    let accounts = reader.accounts(&addresses).unwrap();
    for (address, account) in addresses.iter().zip(accounts) {
        assert_eq!(account, memory.account(address).unwrap());
        if let Some(account) = account.filter(Account::has_code) {
            let code = reader.code(&account.code_hash).unwrap();
            assert_eq!(code, memory.code(&account.code_hash).unwrap());
        }
    }
    let values = reader.slots(&slots).unwrap();
    for ((address, slot), value) in slots.iter().zip(values) {
        assert_eq!(value, memory.storage(address, slot).unwrap());
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn it_shows_the_state_after_each_block() {
    for seed in 20..24 {
        let mut fixture = Fixture::new(seed, 0).await;
        let reader = PgStateReader::start(fixture.test.database.clone()).unwrap();
        for _ in 0..12 {
            fixture.grow(1).await;
            fixture.state().advance(10).await.unwrap();
            let (reader, memory) = (reader.clone(), fixture.chain.state.clone());
            blocking(move || compare(&reader, &memory)).await;
        }
        let block = fixture.blocks[5].clone();
        blocking(move || {
            assert_eq!(reader.block_hash(5).unwrap(), block.hash);
            assert!(matches!(reader.block_hash(12), Err(StateReadError::BlockUnknown(12))));
            let unknown = B256::repeat_byte(1);
            assert!(matches!(reader.code(&unknown), Err(StateReadError::CodeUnknown(_))));
        })
        .await;
    }
}

#[tokio::test]
async fn many_threads_ask_at_once_and_each_gets_its_own_answers() {
    let fixture = Fixture::new(30, 12).await;
    fixture.state().advance(100).await.unwrap();
    let reader = PgStateReader::start(fixture.test.database.clone()).unwrap();
    let memory = Arc::new(fixture.chain.state.clone());
    let threads: Vec<_> = (0..8_u64)
        .map(|seed| {
            let (reader, memory) = (reader.clone(), memory.clone());
            thread::spawn(move || {
                let mut random = samples::Random::new(seed);
                for _ in 0..200 {
                    let (at, key) = (address(random.below(26)), slot(random.below(8)));
                    assert_eq!(reader.account(&at).unwrap(), memory.account(&at).unwrap());
                    let value = memory.storage(&at, &key).unwrap();
                    assert_eq!(reader.storage(&at, &key).unwrap(), value);
                }
            })
        })
        .collect();
    blocking(move || threads.into_iter().for_each(|thread| thread.join().unwrap())).await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let fixture = Fixture::new(31, 3).await;
    fixture.state().advance(100).await.unwrap();
    let reader = PgStateReader::start(fixture.test.database.clone()).unwrap();
    for _ in 0..3 {
        let (reader, memory) = (reader.clone(), fixture.chain.state.clone());
        blocking(move || compare(&reader, &memory)).await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(fixture.test.database.pool())
        .await
        .unwrap();
    }
    // What does not pass by itself is not repeated.
    sqlx::raw_sql("ALTER TABLE accounts RENAME TO elsewhere")
        .execute(fixture.test.database.pool())
        .await
        .unwrap();
    let error = blocking(move || reader.account(&address(0)).unwrap_err()).await;
    assert!(matches!(error, StateReadError::Query(_)) && !error.is_unavailable());
}
