//! Every question about a random chain is answered as the blocks themselves say.

use std::collections::{BTreeMap, BTreeSet};

use alloy_consensus::{Transaction as _, TxReceipt as _};
use alloy_primitives::{Address, B256, U256, keccak256};
use metrics_exporter_prometheus::PrometheusBuilder;
use op_alloy_consensus::OpTxReceipt as _;

use super::*;
use crate::{
    BlockRecord,
    index::{samples, tests::Fixture},
};

#[tokio::test]
async fn blocks_are_found_by_number_and_hash() {
    let fixture = Fixture::new(60, 9).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    for block in &fixture.blocks {
        let number = block.header.number;
        let header = reader.header(number).await.unwrap().unwrap();
        assert_eq!(header.header, block.header);
        assert_eq!(header.transaction_count as usize, block.bodies.len());
        assert_eq!(reader.header_by_hash(block.hash).await.unwrap(), Some(header));
        let body: Vec<_> = block.bodies.iter().cloned().collect();
        assert_eq!(reader.body(number).await.unwrap(), Some(body));
        assert_eq!(reader.receipts(number).await.unwrap().as_ref(), Some(&block.receipts));
    }
    let headers = reader.headers(3, 4).await.unwrap();
    let numbers: Vec<_> = headers.iter().map(|header| header.header.number).collect();
    assert_eq!(numbers, [3, 4, 5, 6]);
    assert_eq!(reader.newest_header().await.unwrap().unwrap().hash, fixture.blocks[8].hash);
    assert_eq!(reader.header(9).await.unwrap(), None);
    assert_eq!(reader.header_by_hash(B256::ZERO).await.unwrap(), None);
    assert_eq!(reader.body(9).await.unwrap(), None);
    assert_eq!(reader.receipts(9).await.unwrap(), None);
}

#[tokio::test]
async fn every_transaction_is_found_by_its_hash() {
    let fixture = Fixture::new(61, 12).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    let mut found = 0;
    for block in &fixture.blocks {
        let parts = block.bodies.iter().zip(&block.receipts).zip(0_u32..);
        for ((raw, receipt), index) in parts {
            let transaction = reader.transaction(keccak256(raw)).await.unwrap().unwrap();
            assert_eq!(transaction.block.hash, block.hash);
            assert_eq!((&transaction.raw, transaction.index), (raw, index));
            assert_eq!(&transaction.receipt, receipt);
            let journaled = !block.bodies.journaled.is_empty();
            assert_eq!(transaction.opening, journaled.then(|| b"opening".into()));
            let position = TransactionPosition { block: block.header.number, index };
            assert_eq!(reader.transaction_at(position).await.unwrap(), Some(transaction));
            found += 1;
        }
        let block = block.header.number;
        let past_the_end = TransactionPosition { block, index: 1_000 };
        assert_eq!(reader.transaction_at(past_the_end).await.unwrap(), None);
    }
    assert!(found > 30);
    assert_eq!(reader.transaction(B256::repeat_byte(3)).await.unwrap(), None);
}

#[tokio::test]
async fn a_transaction_takes_two_questions() {
    let fixture = Fixture::new(68, 4).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    // The runtime of a test has this thread alone.
    let _recording = metrics::set_default_local_recorder(&recorder);
    let questions = || -> u32 {
        let page = page.render();
        let counts =
            page.lines().filter(|line| line.starts_with("db_query_duration_seconds_count"));
        counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap()).sum()
    };
    let block = &fixture.blocks[3];
    let raws: Vec<_> = block.bodies.iter().collect();
    for (raw, index) in raws.iter().zip(0..) {
        let before = questions();
        let found = reader.transaction(keccak256(raw)).await.unwrap();
        assert_eq!((found.is_some(), questions() - before), (true, 2));
        let position = TransactionPosition { block: block.header.number, index };
        assert_eq!(reader.transaction_at(position).await.unwrap(), found);
        assert_eq!(questions() - before, 4);
    }
    assert!(raws.len() > 2, "{}", raws.len());
}

#[tokio::test]
async fn a_hash_prefix_alone_finds_nothing() {
    let fixture = Fixture::new(62, 3).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    let raw = fixture.blocks[1].bodies.iter().next().unwrap();
    let mut similar = keccak256(raw);
    similar.0[31] ^= 1;
    assert_eq!(reader.transaction(similar).await.unwrap(), None);
    // Rows of another transaction under our prefix do not hide ours.
    sqlx::query("INSERT INTO transaction_positions SELECT prefix, 0, 0 FROM transaction_positions")
        .execute(fixture.test.database.pool())
        .await
        .unwrap();
    assert!(reader.transaction(keccak256(raw)).await.unwrap().is_some());
    // A body that was changed is never given out as the transaction.
    sqlx::raw_sql(
        "UPDATE blocks SET body = set_byte(body, 9, get_byte(body, 9) # 1) WHERE number = 1",
    )
    .execute(fixture.test.database.pool())
    .await
    .unwrap();
    assert_eq!(reader.transaction(keccak256(raw)).await.unwrap(), None);
}

fn expected(blocks: &[BlockRecord], filter: &LogFilter) -> Vec<IndexedLog> {
    let mut logs = Vec::new();
    for block in blocks {
        let number = block.header.number;
        let mut log_index = 0;
        for ((receipt, hash), index) in
            block.receipts.iter().zip(block.transaction_hashes()).zip(0..)
        {
            for log in receipt.receipt.logs() {
                let in_range = (filter.from_block..=filter.to_block).contains(&number);
                if in_range && filter.matches(log) {
                    logs.push(IndexedLog {
                        log: log.clone(),
                        block_number: number,
                        block_hash: block.hash,
                        block_timestamp: block.header.timestamp,
                        transaction_hash: hash,
                        transaction_index: index,
                        log_index,
                    });
                }
                log_index += 1;
            }
        }
    }
    logs
}

fn random_filter(random: &mut samples::Random, newest: u64) -> LogFilter {
    let from_block = random.below(newest + 1);
    let to_block = from_block + random.below(newest + 3);
    let some = |random: &mut samples::Random| random.below(3);
    let addresses = (0..some(random)).map(|_| samples::address(random.below(5))).collect();
    let topics = std::array::from_fn(|_| {
        if random.below(2) == 0 {
            return Vec::new();
        }
        (0..some(random)).map(|_| B256::from(U256::from(random.below(4)))).collect()
    });
    LogFilter { from_block, to_block, addresses, topics }
}

#[tokio::test]
async fn filters_find_what_a_walk_over_the_blocks_finds() {
    let fixture = Fixture::new(63, 16).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    let mut random = samples::Random::new(64);
    let mut found = 0;
    // Nothing is projected, half, everything.
    for blocks in [0, 7, 100] {
        fixture.projection().advance(blocks).await.unwrap();
        for _ in 0..40 {
            let filter = random_filter(&mut random, 15);
            let mut expected = expected(&fixture.blocks, &filter);
            assert_eq!(reader.logs(&filter, 1_000).await.unwrap(), expected, "{filter:?}");
            found += expected.len();
            let limit = u32::try_from(random.below(6)).unwrap();
            expected.truncate(limit as usize + 1);
            assert_eq!(reader.logs(&filter, limit).await.unwrap(), expected, "{filter:?}");
        }
    }
    assert!(found > 200, "the filters found {found} logs");
}

/// A chain whose nonces rise as in a real one: a sender's order is the order of its nonces.
async fn with_nonces(seed: u64, blocks: usize) -> Fixture {
    let mut fixture = Fixture::new(seed, 0).await;
    let mut nonces = BTreeMap::new();
    for _ in 0..blocks {
        let mut block = fixture.chain.block();
        for (receipt, raw) in block.receipts.iter_mut().zip(block.bodies.iter()) {
            if raw[0] == 0x7e {
                let nonce = nonces.entry(receipt.sender).or_insert(0_u64);
                let before = receipt.receipt.as_receipt().clone();
                receipt.receipt = protocol::receipt_from_parts(
                    op_alloy_consensus::OpTxType::Deposit,
                    before.status.coerce_status(),
                    before.cumulative_gas_used,
                    before.logs,
                    (Some(*nonce), Some(1)),
                );
                *nonce += 1;
            } else {
                // Only deposits carry their nonce in the receipt; the others get a sender of their own.
                receipt.sender = Address::from_word(keccak256(raw));
                nonces
                    .insert(receipt.sender, protocol::decode_transaction(raw).unwrap().nonce() + 1);
            }
            block.diff.accounts.entry(receipt.sender).or_default();
        }
        for (address, change) in &mut block.diff.accounts {
            let nonce = nonces.get(address).copied().unwrap_or_default();
            change.account = Some(state::Account { nonce, ..Default::default() });
        }
        fixture.add(block).await;
    }
    fixture.projection().advance(100).await.unwrap();
    fixture
}

/// The accounts that the transaction at `index` of a block names or reached.
fn accounts_of(block: &BlockRecord, index: u32) -> BTreeSet<Address> {
    let (raw, receipt) =
        (block.bodies.iter().nth(index as usize).unwrap(), &block.receipts[index as usize]);
    let to = protocol::decode_transaction(raw).unwrap().to();
    let mut accounts: BTreeSet<_> =
        [Some(receipt.sender), to, receipt.created].into_iter().flatten().collect();
    accounts.extend(receipt.receipt.logs().iter().map(|log| log.address));
    let reached = crate::reached_accounts([].into_iter(), block.access_list.as_ref()).unwrap();
    accounts
        .extend(reached.iter().filter(|(place, _)| *place == index).map(|(_, account)| *account));
    accounts
}

#[tokio::test]
async fn an_account_finds_its_transactions() {
    let fixture = with_nonces(66, 14).await;
    let reader = ChainReader::new(fixture.test.database.clone());
    let mut positions = BTreeMap::<_, Vec<_>>::new();
    for block in &fixture.blocks {
        for ((raw, receipt), index) in block.bodies.iter().zip(&block.receipts).zip(0..) {
            let position = TransactionPosition { block: block.header.number, index };
            for account in accounts_of(block, index) {
                positions.entry(account).or_default().push(position);
            }
            let nonce = receipt.receipt.deposit_nonce();
            let nonce = nonce.unwrap_or(protocol::decode_transaction(raw).unwrap().nonce());
            let found = reader.transaction_by_nonce(receipt.sender, nonce).await.unwrap();
            assert_eq!(found, Some(position));
        }
    }
    let mut found = 0;
    for (account, expected) in positions {
        let mut newest = expected.clone();
        newest.reverse();
        assert_eq!(reader.transactions_before(account, 1_000, 1_000).await.unwrap(), newest);
        let two: Vec<_> = newest.iter().take(2).copied().collect();
        assert_eq!(reader.transactions_before(account, 1_000, 2).await.unwrap(), two);
        for block in 0..15 {
            let before: Vec<_> = newest.iter().filter(|at| at.block < block).copied().collect();
            assert_eq!(reader.transactions_before(account, block, 1_000).await.unwrap(), before);
            let after: Vec<_> =
                expected.iter().filter(|at| at.block > block).take(3).copied().collect();
            assert_eq!(reader.transactions_after(account, block, 3).await.unwrap(), after);
            found += before.len();
        }
    }
    assert!(found > 500, "{found}");
    let unknown = Address::repeat_byte(0xdd);
    assert_eq!(reader.transaction_by_nonce(unknown, 0).await.unwrap(), None);
    assert_eq!(reader.first_code(unknown).await.unwrap(), None);
}
