//! Every state of a random chain, read back later, equals the state as it was; with the projection at any height.

use state::MemoryState;

use super::*;
use crate::index::{
    samples::{address, slot},
    tests::Fixture,
};

async fn compare(historical: &HistoricalState, memory: &MemoryState) {
    for address in (0..26).map(address) {
        let account = historical.account(&address).await.unwrap();
        assert_eq!(account, memory.account(&address).unwrap(), "{address}");
        if let Some(account) = account.filter(Account::has_code) {
            let code = historical.code(&account.code_hash).await.unwrap();
            assert_eq!(code, memory.code(&account.code_hash).unwrap());
        }
        for slot in (0..8).map(slot) {
            let value = historical.storage(&address, &slot).await.unwrap();
            assert_eq!(value, memory.storage(&address, &slot).unwrap(), "{address} {slot}");
        }
    }
}

#[tokio::test]
async fn every_earlier_state_can_be_read() {
    let mut fixture = Fixture::new(40, 0).await;
    let mut states = Vec::new();
    for _ in 0..9 {
        fixture.grow(1).await;
        states.push(fixture.chain.state.clone());
    }
    let database = fixture.test.database.clone();
    // Nothing is projected, half, everything, with the state tables before or behind: the answers are the same.
    for (state, projected) in [(0, 0), (0, 5), (7, 0), (0, 100), (100, 0)] {
        fixture.state().advance(state).await.unwrap();
        fixture.projection().advance(projected).await.unwrap();
        for ((memory, block), number) in states.iter().zip(&fixture.blocks).zip(0..) {
            let historical = HistoricalState::open(&database, number).await.unwrap();
            assert_eq!(historical.hash(), block.hash);
            compare(&historical, memory).await;
        }
    }
    let unknown = HistoricalState::open(&database, 9).await;
    assert!(matches!(unknown, Err(HistoryError::BlockUnknown(9))));
}

#[tokio::test]
async fn an_open_state_stays_what_it_is_while_the_projection_moves() {
    let mut fixture = Fixture::new(41, 10).await;
    fixture.state().advance(100).await.unwrap();
    fixture.projection().advance(4).await.unwrap();
    let memory = fixture.chain.state.clone();
    let historical = HistoricalState::open(&fixture.test.database, 9).await.unwrap();
    fixture.grow(10).await;
    fixture.projection().advance(100).await.unwrap();
    compare(&historical, &memory).await;
    let hash = fixture.blocks[3].hash;
    let reader = historical.blocking(Handle::current());
    tokio::task::spawn_blocking(move || {
        for address in (0..26).map(address) {
            assert_eq!(reader.account(&address).unwrap(), memory.account(&address).unwrap());
            let value = memory.storage(&address, &slot(1)).unwrap();
            assert_eq!(reader.storage(&address, &slot(1)).unwrap(), value);
        }
        assert_eq!(reader.block_hash(3).unwrap(), hash);
        assert_eq!(reader.code(&KECCAK256_EMPTY).unwrap(), Bytes::new());
        let unknown = B256::repeat_byte(1);
        assert!(matches!(reader.code(&unknown), Err(HistoryError::CodeUnknown(_))));
    })
    .await
    .unwrap();
}
