//! Reading the whole current state in order, to rebuild the trie at start.
//!
//! One connection, one snapshot: what it gives is the state after one block, even while the tables move on. It reads in
//! chunks, so ten million accounts need no more memory here than one chunk.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, U256};
use sqlx::{PgConnection, Row};
use state::Account;

use crate::{
    Classify, Database, Severity,
    convert::{Addr, Amount, Big, Hash, Slot},
    index::{Follower, read_cursor},
    metrics::timed,
};

/// How often people hear how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Rows of one chunk.
const ROWS_PER_CHUNK: i64 = 20_000;

/// Why a scan broke off.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The snapshot could not be taken.
    #[error("cannot start a scan of the state")]
    Begin(#[source] sqlx::Error),
    /// The accounts could not be read on.
    #[error("cannot read the accounts")]
    Accounts(#[source] sqlx::Error),
    /// The slots could not be read on.
    #[error("cannot read the slots")]
    Slots(#[source] sqlx::Error),
}

impl Classify for ScanError {
    fn severity(&self) -> Severity {
        match self {
            Self::Begin(source) | Self::Accounts(source) | Self::Slots(source) => source.severity(),
        }
    }
}

/// A pass over the whole current state. Read accounts and slots to their ends, in any order.
#[derive(Debug)]
pub struct StateScan {
    /// In a read-only transaction with one snapshot, which ends with it.
    connection: PgConnection,
    block: Option<u64>,
    account: Option<Address>,
    slot: Option<(Address, U256)>,
    progress: Progress,
}

/// How far a scan is.
#[derive(Debug)]
struct Progress {
    accounts: usize,
    slots: usize,
    told: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { accounts: 0, slots: 0, told: Instant::now() }
    }

    fn read(&mut self, accounts: usize, slots: usize) {
        self.accounts += accounts;
        self.slots += slots;
        if self.told.elapsed() >= PROGRESS_INTERVAL {
            self.told = Instant::now();
            tracing::info!(accounts = self.accounts, slots = self.slots, "reading the state");
        }
    }
}

impl StateScan {
    /// Takes the snapshot.
    pub async fn begin(database: &Database) -> Result<Self, ScanError> {
        let mut connection = database.connection().await.map_err(ScanError::Begin)?;
        let begin = sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        timed("scan_begin", begin.execute(&mut connection)).await.map_err(ScanError::Begin)?;
        let block = read_cursor(&mut connection, Follower::State).await;
        let block = block.map_err(ScanError::Begin)?;
        Ok(Self { connection, block, account: None, slot: None, progress: Progress::new() })
    }

    /// The block after which the state stands; `None` before genesis.
    pub const fn block(&self) -> Option<u64> {
        self.block
    }

    /// The next accounts, by address; empty at the end.
    pub async fn accounts(&mut self) -> Result<Vec<(Address, Account)>, ScanError> {
        let failed = ScanError::Accounts;
        let query = sqlx::query(
            "SELECT address, nonce, balance, code_hash FROM accounts
             WHERE address > $1 ORDER BY address LIMIT $2",
        )
        // The empty string is below every address.
        .bind(self.account.as_ref().map_or(&[][..], |address| address.as_slice()))
        .bind(ROWS_PER_CHUNK);
        let rows = timed("scan_accounts", query.fetch_all(&mut self.connection));
        let rows = rows.await.map_err(failed)?;
        let account = |row: &sqlx::postgres::PgRow| {
            let account = Account {
                nonce: row.try_get::<Big, _>(1)?.0,
                balance: row.try_get::<Amount, _>(2)?.0,
                code_hash: row.try_get::<Hash, _>(3)?.0,
            };
            Ok((row.try_get::<Addr, _>(0)?.0, account))
        };
        let accounts: Vec<_> =
            rows.iter().map(account).collect::<Result<_, _>>().map_err(failed)?;
        self.account = accounts.last().map(|(address, _)| *address).or(self.account);
        self.progress.read(accounts.len(), 0);
        Ok(accounts)
    }

    /// The next slots, by address and key; empty at the end.
    pub async fn slots(&mut self) -> Result<Vec<(Address, U256, U256)>, ScanError> {
        let failed = ScanError::Slots;
        let (address, slot) = match self.slot {
            Some((address, slot)) => (address.to_vec(), slot.to_be_bytes_vec()),
            None => (Vec::new(), Vec::new()),
        };
        let query = sqlx::query(
            "SELECT address, slot, value FROM slots
             WHERE (address, slot) > ($1, $2) ORDER BY address, slot LIMIT $3",
        )
        .bind(address)
        .bind(slot)
        .bind(ROWS_PER_CHUNK);
        let rows = timed("scan_slots", query.fetch_all(&mut self.connection));
        let rows = rows.await.map_err(failed)?;
        let slot = |row: &sqlx::postgres::PgRow| {
            let key = (row.try_get::<Addr, _>(0)?.0, row.try_get::<Slot, _>(1)?.0);
            Ok((key.0, key.1, row.try_get::<Amount, _>(2)?.0))
        };
        let slots: Vec<_> = rows.iter().map(slot).collect::<Result<_, _>>().map_err(failed)?;
        self.slot = slots.last().map(|(address, slot, _)| (*address, *slot)).or(self.slot);
        self.progress.read(0, slots.len());
        Ok(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::tests::Fixture;

    #[tokio::test]
    async fn a_scan_sees_one_state_whole_while_it_moves_on() {
        let mut fixture = Fixture::new(50, 15).await;
        let database = fixture.test.database.clone();
        let mut empty = StateScan::begin(&database).await.unwrap();
        assert_eq!(empty.block(), None);
        assert_eq!(empty.accounts().await.unwrap(), []);
        drop(empty);
        fixture.state().advance(100).await.unwrap();
        let memory = fixture.chain.state.clone();
        let mut scan = StateScan::begin(&database).await.unwrap();
        assert_eq!(scan.block(), Some(14));
        fixture.grow(5).await;
        fixture.state().advance(100).await.unwrap();
        let (mut accounts, mut slots) = (Vec::new(), Vec::new());
        loop {
            let chunk = scan.accounts().await.unwrap();
            if chunk.is_empty() {
                break;
            }
            accounts.extend(chunk);
        }
        loop {
            let chunk = scan.slots().await.unwrap();
            if chunk.is_empty() {
                break;
            }
            slots.extend(chunk);
        }
        assert_eq!(accounts, memory.accounts().collect::<Vec<_>>());
        assert_eq!(slots, memory.slots().collect::<Vec<_>>());
        assert!(accounts.len() > 5 && slots.len() > 5);
    }

    #[tokio::test]
    async fn chunks_join_without_gap_or_double() {
        let fixture = Fixture::new(51, 1).await;
        let rows = ROWS_PER_CHUNK * 2 + 7;
        sqlx::query(
            "INSERT INTO accounts SELECT decode(lpad(to_hex(i), 40, '0'), 'hex'), i, '', decode(repeat('aa', 32), 'hex')
             FROM generate_series(1, $1) AS i",
        )
        .bind(rows)
        .execute(fixture.test.database.pool())
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO slots SELECT decode(lpad(to_hex(i % 3), 40, '0'), 'hex'),
             decode(lpad(to_hex(i), 64, '0'), 'hex'), '\\x01' FROM generate_series(1, $1) AS i",
        )
        .bind(rows)
        .execute(fixture.test.database.pool())
        .await
        .unwrap();
        let mut scan = StateScan::begin(&fixture.test.database).await.unwrap();
        let (mut accounts, mut slots) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            accounts.extend(scan.accounts().await.unwrap());
            slots.extend(scan.slots().await.unwrap());
        }
        assert!(
            scan.accounts().await.unwrap().is_empty() && scan.slots().await.unwrap().is_empty()
        );
        assert!(accounts.is_sorted_by(|left, right| left.0 < right.0));
        assert!(slots.is_sorted_by(|left, right| (left.0, left.1) < (right.0, right.1)));
        let rows = usize::try_from(rows).unwrap();
        assert_eq!((accounts.len(), slots.len()), (rows, rows));
    }
}
