//! Every state of a random chain, read back later, equals the state as it was; with the projection at any height.

use state::MemoryState;

use super::*;
use crate::index::{
    samples::{address, slot},
    tests::Fixture,
};

/// Enough for all that a test reads.
const PLENTY: u64 = 16 << 20;

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
    let history = History::new(fixture.test.database.clone(), PLENTY);
    // Nothing is projected, half, everything, with the state tables before or behind: the answers are the same.
    for (state, projected) in [(0, 0), (0, 5), (7, 0), (0, 100), (100, 0)] {
        fixture.state().advance(state).await.unwrap();
        fixture.projection().advance(projected).await.unwrap();
        for ((memory, block), number) in states.iter().zip(&fixture.blocks).zip(0..) {
            let historical = history.at(number).await.unwrap();
            assert_eq!(historical.block_hash(number).await.unwrap(), block.hash);
            compare(&historical, memory).await;
        }
    }
    let unknown = history.at(9).await;
    assert!(matches!(unknown, Err(HistoryError::BlockUnknown(9))));
}

#[tokio::test]
async fn an_open_state_stays_what_it_is_while_the_projection_moves() {
    let mut fixture = Fixture::new(41, 10).await;
    fixture.state().advance(100).await.unwrap();
    fixture.projection().advance(4).await.unwrap();
    let memory = fixture.chain.state.clone();
    let historical = History::new(fixture.test.database.clone(), PLENTY).at(9).await.unwrap();
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

fn any_of(random: &mut crate::index::samples::Random, count: usize) -> usize {
    usize::try_from(random.below(count as u64)).unwrap()
}

/// The states of a chain, by block.
async fn grow(fixture: &mut Fixture, states: &mut Vec<MemoryState>, blocks: usize) {
    for _ in 0..blocks {
        fixture.grow(1).await;
        states.push(fixture.chain.state.clone());
    }
}

#[tokio::test]
async fn what_is_kept_is_what_would_be_read_also_across_reorgs() {
    for (seed, bytes_max) in [(42, 1), (43, 20_000), (44, PLENTY)] {
        let mut fixture = Fixture::new(seed, 0).await;
        let history = History::new(fixture.test.database.clone(), bytes_max);
        let mut random = crate::index::samples::Random::new(seed);
        let (mut states, mut chains) = (Vec::new(), Vec::new());
        for step in 0..6 {
            grow(&mut fixture, &mut states, 4).await;
            chains.push((fixture.chain.clone(), fixture.blocks.len()));
            fixture.state().advance(u32::try_from(random.below(6)).unwrap()).await.unwrap();
            fixture.projection().advance(u32::try_from(random.below(6)).unwrap()).await.unwrap();
            for _ in 0..3 {
                let number = any_of(&mut random, states.len());
                let historical = history.at(number as u64).await.unwrap();
                // Twice: what was read now is kept then.
                compare(&historical, &states[number]).await;
                compare(&historical, &states[number]).await;
                assert!(history.bytes() <= bytes_max, "{} bytes", history.bytes());
            }
            if step % 3 != 2 {
                continue;
            }
            // Back to an earlier block, and on from there with other blocks.
            let opened = history.at(states.len() as u64 - 1).await.unwrap();
            let (chain, length) = chains[any_of(&mut random, chains.len())].clone();
            fixture.cut(length as u64).await;
            fixture.chain = chain;
            fixture.chain.random = crate::index::samples::Random::new(seed + step);
            fixture.blocks.truncate(length);
            states.truncate(length);
            chains.retain(|(_, blocks)| *blocks <= length);
            let stale = opened.account(&Address::repeat_byte(0xee)).await;
            assert!(matches!(stale, Err(HistoryError::TakenBack { .. }) | Ok(None)), "{stale:?}");
        }
    }
}

#[tokio::test]
async fn one_read_answers_for_the_blocks_in_which_nothing_changed() {
    let mut fixture = Fixture::new(45, 0).await;
    let mut states = Vec::new();
    grow(&mut fixture, &mut states, 20).await;
    fixture.state().advance(100).await.unwrap();
    fixture.projection().advance(100).await.unwrap();
    let history = History::new(fixture.test.database.clone(), PLENTY);
    for (memory, number) in states.iter().zip(0..) {
        compare(&history.at(number).await.unwrap(), memory).await;
    }
    // Postgres is not needed any more.
    fixture.test.database.close().await;
    for (memory, number) in states.iter().zip(0..) {
        let historical = history.at(number).await.unwrap();
        compare(&historical, memory).await;
        for address in (0..26).map(address) {
            let held = historical.held_account(&address);
            assert_eq!(held, Some(memory.account(&address).unwrap()));
            let code = held.unwrap().map(|account| account.code_hash);
            assert!(code.is_none_or(|hash| historical.held_code(&hash) == memory.code(&hash).ok()));
            for slot in (0..6).map(slot) {
                let value = memory.storage(&address, &slot).unwrap();
                assert_eq!(historical.held_storage(&address, &slot), Some(value));
            }
        }
    }
    // An account that nobody asked about is nowhere else.
    let unknown = Address::repeat_byte(0xee);
    let historical = history.at(3).await.unwrap();
    assert_eq!(historical.held_account(&unknown), None);
    assert!(matches!(historical.account(&unknown).await, Err(HistoryError::Read { .. })));
}
