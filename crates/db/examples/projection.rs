//! What the projection costs with the indexes of later topics and without, and what a search of logs costs then. Starts
//! a server of its own in a temporary directory.
//!
//! `cargo run --release -p db --example projection [blocks] [transfers of each]`

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::{collections::BTreeMap, error::Error, time::Duration};

use alloy_consensus::Header;
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Log, LogData, TxKind, U256, keccak256};
use db::{
    Acquisition, BlockRecord, Bodies, ChainReader, Cluster, ClusterOptions, Database,
    DatabaseOptions, Fence, Index, IndexedReceipt, Leases, LogFilter, Projection, Role,
    WithdrawalNodes,
};
use op_alloy_consensus::OpTxType;
use protocol::{Transaction, TxDeposit, receipt_from_parts};
use sqlx::Executor as _;
use state::{Account, AccountDiff, StateDiff};
use tokio::time::Instant;

const HOLDERS: u64 = 100_000;
const SEARCHES: u32 = 50;
const TOPICS_ASKED: u64 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let blocks = arguments.next().transpose()?.unwrap_or(2_000);
    let transfers = arguments.next().transpose()?.unwrap_or(100);
    let options = ClusterOptions { shared_buffers_mib: 1_024, ..ClusterOptions::default() };
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(&options)).await??;
    let database = Database::connect(&cluster.url("postgres"), &DatabaseOptions::default()).await?;
    database.migrate().await?;
    let leases = Leases::new(database.clone());
    let acquired = leases.acquire(Role::Sequencer, "figures", Duration::from_secs(3_600)).await?;
    let Acquisition::Acquired(fence) = acquired else { return Err("somebody else leads".into()) };
    write(&database, fence, blocks, transfers).await?;

    let pool = sqlx::PgPool::connect(&cluster.url("postgres")).await?;
    for topics in [true, false, true, false] {
        let indexes = match topics {
            true => include_str!("../../../migrations/0008_log_topics.sql"),
            false => "",
        };
        pool.execute(
            "DROP INDEX IF EXISTS logs_topic1, logs_topic2, logs_topic3;
             DROP STATISTICS IF EXISTS logs_topic1_keys, logs_topic2_keys, logs_topic3_keys",
        )
        .await?;
        let indexes = indexes.split_once("CREATE INDEX").map_or("", |(_, rest)| rest);
        if !indexes.is_empty() {
            pool.execute(sqlx::AssertSqlSafe(format!("CREATE INDEX {indexes}"))).await?;
        }
        pool.execute("CHECKPOINT").await?;
        let start = Instant::now();
        Projection::new(database.clone()).rebuild(0, 1_000).await?;
        let each = start.elapsed().as_secs_f64() * 1e6 / (blocks * transfers) as f64;
        println!("indexes of later topics: {topics:<5}  projection {each:.1} µs a transfer");
        pool.execute("VACUUM ANALYZE").await?;
        search(&database, blocks).await?;
    }
    database.close().await;
    pool.close().await;
    tokio::task::spawn_blocking(|| cluster.stop()).await??;
    Ok(())
}

/// Searches all blocks and says how long one search takes.
async fn search(database: &Database, blocks: u64) -> Result<(), Box<dyn Error>> {
    let reader = ChainReader::new(database.clone());
    let holders: Vec<B256> = (0..TOPICS_ASKED).map(|holder| account(holder).into_word()).collect();
    let all = LogFilter { to_block: blocks, ..LogFilter::default() };
    let topics = |topic1: &[B256], topic2: &[B256]| {
        let topics = [vec![], topic1.to_vec(), topic2.to_vec(), vec![]];
        LogFilter { topics, ..all.clone() }
    };
    let filters = [
        ("sent by one", topics(&holders[..1], &[])),
        ("received by one", topics(&[], &holders[..1])),
        ("sent by one of 100", topics(&holders, &[])),
        ("sent by one of 100 to one of 100", topics(&holders, &holders)),
        ("of the token, sent by one", {
            LogFilter { addresses: vec![token()], ..topics(&holders[..1], &[]) }
        }),
    ];
    for (name, filter) in filters {
        let start = Instant::now();
        let mut found = 0;
        for _ in 0..SEARCHES {
            found = reader.logs(&filter, 20_000).await?.len();
        }
        let each = start.elapsed().as_secs_f64() * 1e3 / f64::from(SEARCHES);
        println!("    {name:<34} {found:>6} logs  {each:>8.2} ms");
    }
    Ok(())
}

/// Blocks of token transfers between random holders.
async fn write(
    database: &Database,
    fence: Fence,
    blocks: u64,
    transfers: u64,
) -> Result<(), Box<dyn Error>> {
    let index = Index::new(database.clone());
    let (mut parent_hash, mut seed) = (B256::ZERO, 0_u64);
    for number in 0..=blocks {
        let (mut own, mut receipts, mut diff) = (Vec::new(), Vec::new(), StateDiff::default());
        let mut balances = BTreeMap::new();
        for place in 0..if number == 0 { 0 } else { transfers } {
            seed += 1;
            let [from, to] = [0, 1].map(|end: u8| {
                let random =
                    U256::from_be_bytes(keccak256([&seed.to_be_bytes()[..], &[end]].concat()).0);
                account((random % U256::from(HOLDERS)).to())
            });
            let transaction = TxDeposit {
                source_hash: keccak256(seed.to_be_bytes()),
                from,
                to: TxKind::Call(token()),
                gas_limit: 100_000,
                input: vec![7; 68].into(),
                ..TxDeposit::default()
            };
            own.push(Transaction::from(transaction).encoded_2718().into());
            receipts.push(receipt(from, to, place));
            let account = Account { nonce: seed, balance: U256::from(seed), ..Account::default() };
            let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
            diff.accounts.insert(from, change);
            for holder in [from, to] {
                balances.insert(U256::from_be_bytes(keccak256(holder).0), U256::from(seed));
            }
        }
        let account = Some(Account { nonce: 1, ..Account::default() });
        let change = AccountDiff { account, storage: balances, ..AccountDiff::default() };
        diff.accounts.insert(token(), change);
        let header = Header {
            number,
            parent_hash,
            gas_used: 50_000 * own.len() as u64,
            ..Header::default()
        };
        let hash = header.hash_slow();
        let bodies = Bodies { own, journaled: Vec::new() };
        let undo = StateDiff::default();
        let block = BlockRecord { header, hash, bodies, receipts, diff, undo, access_list: None };
        index.write(fence, &block.pack()?, &WithdrawalNodes::default()).await?;
        parent_hash = hash;
    }
    Ok(())
}

fn receipt(from: Address, to: Address, place: u64) -> IndexedReceipt {
    let topics = vec![keccak256("Transfer"), from.into_word(), to.into_word()];
    let data = LogData::new_unchecked(topics, B256::with_last_byte(1).into());
    let logs = vec![Log { address: token(), data }];
    let (gas_used, gas) = (50_000, 50_000 * (place + 1));
    let nonce = (Some(place), Some(1));
    IndexedReceipt {
        receipt: receipt_from_parts(OpTxType::Deposit, true, gas, logs, nonce),
        sender: from,
        created: None,
        gas_used,
        effective_gas_price: 0,
        l1_fee: U256::ZERO,
        operator_fee: U256::ZERO,
        first_log_index: place,
    }
}

fn token() -> Address {
    Address::repeat_byte(0x70)
}

fn account(number: u64) -> Address {
    Address::from_slice(&keccak256(number.to_be_bytes())[12..])
}
