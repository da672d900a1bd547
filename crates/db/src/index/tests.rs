//! The index against a real server: what is written comes back, followers can be rebuilt, unwinding undoes.

use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::{
    Classify, Journal, JournalReader, Position, SubBlock, index::samples::Chain,
    journal::tests::lead, testing::TestDatabase,
};

const TRUTH: [&str; 4] =
    ["blocks", "transaction_positions", "withdrawal_nodes", "withdrawal_accounts"];
const STATE: [&str; 3] = ["accounts", "slots", "codes"];
const PROJECTION: [&str; 6] = [
    "transactions",
    "transaction_accounts",
    "logs",
    "account_versions",
    "slot_versions",
    "storage_clears",
];

/// A database with a chain in it that grows block by block, journal first.
pub(crate) struct Fixture {
    pub(crate) test: TestDatabase,
    pub(crate) fence: Fence,
    pub(crate) chain: Chain,
    pub(crate) blocks: Vec<BlockRecord>,
    journal: Journal,
}

impl Fixture {
    pub(crate) async fn new(seed: u64, blocks: usize) -> Self {
        let test = TestDatabase::create().await;
        let fence = lead(&test, "a").await;
        let journal = Journal::new(test.database.clone());
        let chain = Chain::new(seed);
        let mut fixture = Self { test, fence, chain, blocks: Vec::new(), journal };
        fixture.grow(blocks).await;
        fixture
    }

    pub(crate) fn index(&self) -> Index {
        Index::new(self.test.database.clone())
    }

    pub(crate) fn state(&self) -> CurrentState {
        CurrentState::new(self.test.database.clone())
    }

    pub(crate) fn projection(&self) -> Projection {
        Projection::new(self.test.database.clone())
    }

    pub(crate) async fn grow(&mut self, blocks: usize) {
        for _ in 0..blocks {
            let block = self.chain.block();
            self.add(block).await;
        }
    }

    pub(crate) async fn add(&mut self, block: BlockRecord) {
        self.journal(&block).await;
        let kept = samples::kept(&block);
        let written = self.index().write(self.fence, &block.pack().unwrap(), &kept).await.unwrap();
        assert_eq!(written, BlockWritten::Written);
        self.blocks.push(block);
    }

    pub(crate) async fn journal(&mut self, block: &BlockRecord) {
        for (transactions, index) in block.bodies.journaled.iter().zip(0..) {
            let position = Position { block: block.header.number, index };
            let opening = (index == 0).then(|| b"opening".into());
            let row = SubBlock::new(position, opening, transactions).unwrap();
            self.journal.append(self.fence, &row).await.unwrap();
        }
    }

    /// Takes the blocks from `from` on back, with their journal.
    pub(crate) async fn cut(&mut self, from: u64) {
        self.journal.truncate_from(self.fence, from, "reorg").await.unwrap();
    }

    async fn follow(&self) {
        let newest = self.blocks.last().map(|block| block.header.number);
        while self.state().advance(3).await.unwrap() != newest {}
        while self.projection().advance(2).await.unwrap() != newest {}
    }

    /// Every row of these tables, in an order of their own.
    async fn contents(&self, tables: &[&str]) -> Vec<String> {
        let mut contents = Vec::new();
        for table in tables {
            let sql = format!("SELECT '{table}: ' || t::text FROM {table} AS t ORDER BY t::text");
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(self.test.database.pool()).await;
            contents.extend(rows.unwrap().iter().map(|row| row.get::<String, _>(0)));
        }
        contents
    }
}

#[tokio::test]
async fn a_block_comes_back_as_it_was_written() {
    let fixture = Fixture::new(1, 8).await;
    let index = fixture.index();
    for block in &fixture.blocks {
        let read = index.block(block.header.number).await.unwrap();
        assert_eq!(read.as_ref(), Some(block));
    }
    assert_eq!(index.block(99).await.unwrap(), None);
    let tip = index.tip().await.unwrap().unwrap();
    let newest = fixture.blocks.last().unwrap();
    assert_eq!((tip.hash, tip.header), (newest.hash, newest.header.clone()));
    assert_eq!(tip.transaction_count as usize, newest.bodies.len());
    // The COPY of positions, read back: one row per transaction, where its hash says.
    let rows =
        sqlx::query("SELECT prefix, block_number, transaction_index FROM transaction_positions")
            .fetch_all(fixture.test.database.pool())
            .await
            .unwrap();
    let mut found: Vec<(i64, i64, i32)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let mut expected: Vec<(i64, i64, i32)> = Vec::new();
    for block in &fixture.blocks {
        let number = i64::try_from(block.header.number).unwrap();
        let places = block.transaction_hashes().into_iter().zip(0..);
        expected.extend(places.map(|(hash, index)| (hash_prefix(&hash), number, index)));
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(found.len() > 20, "the sample has transactions");
}

#[tokio::test]
async fn a_block_is_written_once_in_order_and_by_the_leader() {
    let mut fixture = Fixture::new(2, 4).await;
    let index = fixture.index();
    let newest = fixture.blocks[3].clone();
    let repeated = index
        .write(fixture.fence, &newest.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap();
    assert_eq!(repeated, BlockWritten::AlreadyThere);

    let mut other = newest.clone();
    other.header.timestamp += 1;
    other.hash = other.header.hash_slow();
    let error = index
        .write(fixture.fence, &other.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, IndexError::Conflict { number: 3, existing } if existing == newest.hash)
    );

    let next = fixture.chain.block();
    let error = index
        .write(fixture.fence, &next.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::NotJournaled { number: 4 }), "{error}");
    fixture.journal(&next).await;
    let mut orphan = next.clone();
    orphan.header.parent_hash = B256::ZERO;
    orphan.hash = orphan.header.hash_slow();
    let error = index
        .write(fixture.fence, &orphan.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap_err();
    assert_eq!(error.severity(), crate::Severity::Reset);
    let genesis = Chain::new(9).block();
    let error = index
        .write(fixture.fence, &genesis.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::Conflict { number: 0, .. }));

    let mut wrong = next.clone();
    wrong.receipts[0].gas_used += 1;
    assert!(matches!(wrong.pack(), Err(IndexError::Inconsistent { number: 4, .. })));

    let successor = lead(&fixture.test, "b").await;
    let error = index
        .write(fixture.fence, &next.pack().unwrap(), &WithdrawalNodes::default())
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::Deposed(fence) if fence == fixture.fence));
    assert_eq!(index.tip().await.unwrap().unwrap().hash, newest.hash);
    assert_eq!(
        index.write(successor, &next.pack().unwrap(), &WithdrawalNodes::default()).await.unwrap(),
        BlockWritten::Written
    );
}

#[tokio::test]
async fn followers_are_the_same_after_a_rebuild() {
    let fixture = Fixture::new(3, 30).await;
    fixture.follow().await;
    let before = fixture.contents(&[&STATE[..], &PROJECTION, &["cursors"]].concat()).await;
    for table in PROJECTION {
        let rows = before.iter().filter(|row| row.starts_with(&format!("{table}: "))).count();
        assert!(rows > 10, "{table} is part of the comparison: {rows} rows");
    }
    // Something went wrong with them.
    for damage in ["DELETE FROM logs WHERE block_number > 3", "UPDATE slots SET value = '\\x07'"] {
        sqlx::raw_sql(damage).execute(fixture.test.database.pool()).await.unwrap();
    }
    assert_eq!(fixture.state().rebuild(7).await.unwrap(), Some(29));
    assert_eq!(fixture.projection().rebuild(0, 7).await.unwrap(), Some(29));
    let after = fixture.contents(&[&STATE[..], &PROJECTION, &["cursors"]].concat()).await;
    assert_eq!(after, before);
    // And from the middle.
    assert_eq!(fixture.projection().rebuild(11, 100).await.unwrap(), Some(29));
    assert_eq!(fixture.contents(&PROJECTION).await, fixture.contents(&PROJECTION).await);
    let after = fixture.contents(&[&STATE[..], &PROJECTION, &["cursors"]].concat()).await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn unwinding_gives_back_what_was_there() {
    // The first goes beyond what is undone at once.
    for (seed, kept, more) in [(4, 10, 70), (5, 1, 9), (6, 0, 9)] {
        let mut fixture = Fixture::new(seed, kept + 1).await;
        fixture.follow().await;
        let tables = [&TRUTH[..], &STATE, &PROJECTION, &["cursors", "journal"]].concat();
        let before = fixture.contents(&tables).await;
        let (chain, blocks) = (fixture.chain.clone(), fixture.blocks.clone());
        fixture.grow(more).await;
        fixture.follow().await;
        assert_ne!(fixture.contents(&tables).await, before);

        // With the journal, in its transaction.
        let from = kept as u64 + 1;
        let fence = fixture.fence;
        fixture.journal.truncate_from(fence, from, "reorg").await.unwrap();
        assert_eq!(fixture.contents(&tables).await, before);

        // The chain goes on, as it did before or otherwise.
        (fixture.chain, fixture.blocks) = (chain, blocks);
        fixture.chain.random = samples::Random::new(seed + 100);
        fixture.grow(5).await;
        fixture.follow().await;
        let tip = fixture.index().tip().await.unwrap().unwrap();
        assert_eq!(tip.hash, fixture.blocks.last().unwrap().hash);
    }
}

#[tokio::test]
async fn a_step_from_memory_is_the_one_from_the_index() {
    let fixture = Fixture::new(12, 14).await;
    let state = fixture.state();
    let step = |first: usize, end: usize| {
        let blocks = fixture.blocks[first..end].iter();
        StateStep::new(blocks.map(|block| (block.header.number, &block.diff))).unwrap()
    };
    let hash = |number: usize| fixture.blocks[number].hash;
    assert!(StateStep::new([]).is_none());
    for (first, end) in [(0, 1), (1, 4), (4, 12), (12, 14)] {
        state.advance_by(&step(first, end), hash(end - 1)).await.unwrap();
        assert_eq!(state.cursor().await.unwrap(), Some(end as u64 - 1));
    }
    let taken = fixture.contents(&STATE).await;
    state.rebuild(5).await.unwrap();
    assert_eq!(fixture.contents(&STATE).await, taken);

    // Done again, as after an answer that was lost, it does nothing; begun elsewhere, it is refused.
    state.advance_by(&step(12, 14), hash(13)).await.unwrap();
    let error = state.advance_by(&step(3, 6), hash(5)).await.unwrap_err();
    assert!(matches!(error, IndexError::NotNext { number: 3 }), "{error}");
    assert_eq!(fixture.contents(&STATE).await, taken);
    assert_eq!(state.cursor().await.unwrap(), Some(13));

    // Nor does one leave a trace whose end the index does not have.
    fixture.index().unwind_to(fixture.fence, 8).await.unwrap();
    let before = fixture.contents(&STATE).await;
    let error = state.advance_by(&step(9, 12), hash(11)).await.unwrap_err();
    assert!(matches!(error, IndexError::NotNext { number: 11 }), "{error}");
    assert_eq!(fixture.contents(&STATE).await, before);
    assert_eq!(state.cursor().await.unwrap(), Some(8));
}

#[tokio::test]
async fn a_step_of_other_blocks_than_those_of_the_index_is_refused() {
    let fixture = Fixture::new(13, 6).await;
    let state = fixture.state();
    state.advance(4).await.unwrap();
    let blocks = fixture.blocks[4..6].iter();
    let step = StateStep::new(blocks.map(|block| (block.header.number, &block.diff))).unwrap();
    let error = state.advance_by(&step, fixture.blocks[4].hash).await.unwrap_err();
    assert!(
        matches!(error, IndexError::Conflict { number: 5, existing } if existing == fixture.blocks[5].hash)
    );
    assert_eq!(state.cursor().await.unwrap(), Some(3));
    state.advance_by(&step, fixture.blocks[5].hash).await.unwrap();
    assert_eq!(state.cursor().await.unwrap(), Some(5));
}

#[tokio::test]
async fn unwinding_below_a_follower_that_lags_leaves_it_alone() {
    let fixture = Fixture::new(7, 20).await;
    assert_eq!(fixture.state().advance(5).await.unwrap(), Some(4));
    assert_eq!(fixture.projection().advance(12).await.unwrap(), Some(11));
    let state = fixture.contents(&STATE).await;
    fixture.index().unwind_to(fixture.fence, 8).await.unwrap();
    assert_eq!(fixture.state().cursor().await.unwrap(), Some(4));
    assert_eq!(fixture.projection().cursor().await.unwrap(), Some(8));
    assert_eq!(fixture.contents(&STATE).await, state);
    assert_eq!(fixture.index().tip().await.unwrap().unwrap().header.number, 8);
    // A deposed leader unwinds nothing.
    lead(&fixture.test, "b").await;
    let error = fixture.index().unwind_to(fixture.fence, 2).await.unwrap_err();
    assert!(matches!(error, IndexError::Deposed(_)));
    assert_eq!(fixture.index().tip().await.unwrap().unwrap().header.number, 8);
}

#[tokio::test]
async fn a_damaged_block_is_an_error_and_not_data() {
    let fixture = Fixture::new(8, 5).await;
    for damage in [
        "UPDATE blocks SET receipts = substring(receipts FROM 2) WHERE number = 4",
        "UPDATE blocks SET body = body || '\\x05' WHERE number = 3",
        "UPDATE blocks SET diff = diff || '\\x00' WHERE number = 2",
        "UPDATE blocks SET header = substring(header FROM 1 FOR 80) WHERE number = 1",
        "UPDATE blocks SET sub_blocks = '\\x00' WHERE number = 0",
    ] {
        sqlx::raw_sql(damage).execute(fixture.test.database.pool()).await.unwrap();
    }
    for number in 0..5 {
        let error = fixture.index().block(number).await.unwrap_err();
        assert_eq!(error.severity(), crate::Severity::Critical, "{number}: {error}");
    }
    assert!(fixture.projection().advance(1).await.is_err());
    assert_eq!(fixture.projection().cursor().await.unwrap(), None);
}

#[tokio::test]
async fn writing_the_index_does_not_hold_up_the_journal() {
    let mut fixture = Fixture::new(10, 2).await;
    // An index writer that is about to commit.
    let mut transaction = fixture.test.database.pool().begin().await.unwrap();
    assert!(crate::lease::hold_fence(&mut transaction, fixture.fence).await.unwrap());
    let next = fixture.chain.block();
    let appending = fixture.journal(&next);
    tokio::time::timeout(std::time::Duration::from_secs(5), appending).await.unwrap();
    transaction.commit().await.unwrap();
    let reader = JournalReader::new(fixture.test.database.clone());
    assert_eq!(reader.block(2).await.unwrap().len(), next.bodies.journaled.len());
}
