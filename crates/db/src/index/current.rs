//! The state after some block, one row per account, slot and code: what the sequencer reads lazily.
//!
//! It follows the truth in chunks of merged diffs, because an upsert costs ten times an append and most hot accounts change
//! in every block. Whoever executes holds the diffs of the blocks in between in memory.
//! Invariant: the tables are the state after the cursor's block, exactly; both move in one transaction.

use alloy_primitives::{Address, B256, Bytes, U256};
use sqlx::{PgConnection, Row};
use state::{Account, StateDiff};

use super::{
    IndexError,
    cursor::{self, Follower},
};
use crate::{
    Database,
    convert::{Addr, Amount, Big, Hash, Slot},
    metrics::timed,
    transaction::Transaction,
};

/// Rows of one statement: enough to make the round trip cheap, few enough to stay in memory.
const ROWS_PER_CHUNK: usize = 5_000;

/// What consecutive blocks changed, as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateStep {
    first: u64,
    newest: u64,
    /// New code, with the block that brought it.
    codes: Vec<(u64, B256, Bytes)>,
    merged: StateDiff,
}

impl StateStep {
    /// Of blocks in their order; `None` where there are none.
    pub fn new<'a>(diffs: impl IntoIterator<Item = (u64, &'a StateDiff)>) -> Option<Self> {
        let diffs: Vec<_> = diffs.into_iter().collect();
        let ((first, _), (newest, _)) = (*diffs.first()?, *diffs.last()?);
        let codes = diffs.iter().flat_map(|(number, diff)| {
            diff.codes.iter().map(|(hash, code)| (*number, *hash, code.clone()))
        });
        let codes = codes.collect();
        let merged = StateDiff::merged(diffs.iter().map(|(_, diff)| *diff));
        Some(Self { first, newest, codes, merged })
    }

    /// From the state before the first block to the one after the newest.
    pub const fn merged(&self) -> &StateDiff {
        &self.merged
    }
}

/// The current-state tables.
#[derive(Debug, Clone)]
pub struct CurrentState {
    database: Database,
}

impl CurrentState {
    /// Those of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The block after which the tables stand; `None` before genesis.
    pub async fn cursor(&self) -> Result<Option<u64>, IndexError> {
        cursor::read(self.database.pool(), Follower::State).await.map_err(IndexError::ReadTip)
    }

    /// Brings the tables forward by at most `blocks_max` blocks of the index; gives the new cursor.
    pub async fn advance(&self, blocks_max: u32) -> Result<Option<u64>, IndexError> {
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let cursor = cursor::lock(&mut transaction, Follower::State).await.map_err(failed)?;
        let start = cursor.map_or(0, |cursor| cursor + 1);
        let diffs = diffs_between(&mut transaction, start, start + u64::from(blocks_max)).await?;
        let diffs = diffs.iter().map(|(number, diff)| (*number, diff));
        match StateStep::new(diffs) {
            Some(step) => {
                take(transaction, &step).await?;
                Ok(Some(step.newest))
            }
            None => {
                transaction.rollback().await.map_err(failed)?;
                Ok(cursor)
            }
        }
    }

    /// Brings the tables forward by a step that the caller has in memory, whose last block has `hash`: nothing has to be read
    /// again that was just written. After an error it is unknown whether it happened; doing it again finds out.
    ///
    /// # Errors
    /// Besides what Postgres says: where the tables do not stand right before the step, or the index has another block at its
    /// end. A hash stands for all blocks before it, so a caller that was deposed and holds other blocks cannot write them.
    pub async fn advance_by(&self, step: &StateStep, hash: B256) -> Result<(), IndexError> {
        let number = step.newest;
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let cursor = cursor::lock(&mut transaction, Follower::State).await.map_err(failed)?;
        let query = sqlx::query("SELECT hash FROM blocks WHERE number = $1").bind(Big(number));
        let row = timed("index_hash", query.fetch_optional(&mut *transaction)).await;
        let found = row.map_err(failed)?.ok_or(IndexError::NotNext { number })?;
        let found = found.try_get::<Hash, _>(0).map_err(failed)?.0;
        if found != hash {
            return Err(IndexError::Conflict { number, existing: found });
        }
        // An attempt that seemed to fail did it.
        if cursor == Some(number) {
            return transaction.rollback().await.map_err(failed);
        }
        if cursor.map_or(0, |cursor| cursor + 1) != step.first {
            return Err(IndexError::NotNext { number: step.first });
        }
        take(transaction, step).await
    }

    /// Drops the tables' contents and makes them again from the truth, up to its tip.
    pub async fn rebuild(&self, blocks_per_step: u32) -> Result<Option<u64>, IndexError> {
        let failed = |source| IndexError::Unwind { number: 0, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        cursor::lock(&mut transaction, Follower::State).await.map_err(failed)?;
        let emptying = sqlx::raw_sql("TRUNCATE accounts, slots, codes").execute(&mut *transaction);
        timed("state_truncate", emptying).await.map_err(failed)?;
        cursor::set(&mut transaction, Follower::State, None).await.map_err(failed)?;
        transaction.commit("state_commit").await.map_err(failed)?;
        let mut cursor = None;
        loop {
            let next = self.advance(blocks_per_step).await?;
            if next == cursor {
                return Ok(cursor);
            }
            cursor = next;
        }
    }
}

const fn failed(source: sqlx::Error) -> IndexError {
    IndexError::Advance { follower: Follower::State.name(), source }
}

/// Makes the changes of a step and moves the cursor.
async fn take(mut transaction: Transaction, step: &StateStep) -> Result<(), IndexError> {
    insert_codes(&mut transaction, &step.codes).await.map_err(failed)?;
    apply(&mut transaction, &step.merged).await.map_err(failed)?;
    let moved = cursor::set(&mut transaction, Follower::State, Some(step.newest));
    moved.await.map_err(failed)?;
    transaction.commit("state_commit").await.map_err(failed)
}

/// The diffs of blocks `start..end` that the index has.
pub(crate) async fn diffs_between(
    connection: &mut PgConnection,
    start: u64,
    end: u64,
) -> Result<Vec<(u64, StateDiff)>, IndexError> {
    let failed = |source| IndexError::ReadBlock { number: start, source };
    let query = sqlx::query(
        "SELECT number, diff FROM blocks WHERE number >= $1 AND number < $2 ORDER BY number",
    )
    .bind(Big(start))
    .bind(Big(end));
    let rows = timed("index_diffs", query.fetch_all(connection)).await.map_err(failed)?;
    rows.iter()
        .map(|row| {
            let number = row.try_get::<Big, _>(0).map_err(failed)?.0;
            let diff = StateDiff::decode(row.try_get(1).map_err(failed)?)
                .map_err(|source| IndexError::CorruptDiff { number, source })?;
            Ok((number, diff))
        })
        .collect()
}

/// Makes the changes of a diff, but for new code, which is kept by block.
pub(super) async fn apply(
    connection: &mut PgConnection,
    diff: &StateDiff,
) -> Result<(), sqlx::Error> {
    let cleared: Vec<Addr> = diff
        .accounts
        .iter()
        .filter(|(_, change)| change.clears_storage())
        .map(|(address, _)| Addr(*address))
        .collect();
    for chunk in cleared.chunks(ROWS_PER_CHUNK) {
        let query = sqlx::query("DELETE FROM slots WHERE address = ANY($1)").bind(chunk);
        timed("state_clear_slots", query.execute(&mut *connection)).await?;
    }
    let gone: Vec<Addr> = diff
        .accounts
        .iter()
        .filter(|(_, change)| change.account.is_none())
        .map(|(address, _)| Addr(*address))
        .collect();
    for chunk in gone.chunks(ROWS_PER_CHUNK) {
        let query = sqlx::query("DELETE FROM accounts WHERE address = ANY($1)").bind(chunk);
        timed("state_delete_accounts", query.execute(&mut *connection)).await?;
    }
    let accounts: Vec<(Address, Account)> = diff
        .accounts
        .iter()
        .filter_map(|(address, change)| Some((*address, change.account?)))
        .collect();
    for chunk in accounts.chunks(ROWS_PER_CHUNK) {
        upsert_accounts(connection, chunk).await?;
    }
    let slots: Vec<(Address, U256, U256)> = diff
        .accounts
        .iter()
        .flat_map(|(address, change)| {
            change.storage.iter().map(|(slot, value)| (*address, *slot, *value))
        })
        .collect();
    let (zero, set): (Vec<_>, Vec<_>) = slots.into_iter().partition(|slot| slot.2.is_zero());
    for chunk in zero.chunks(ROWS_PER_CHUNK) {
        delete_slots(connection, chunk).await?;
    }
    for chunk in set.chunks(ROWS_PER_CHUNK) {
        upsert_slots(connection, chunk).await?;
    }
    Ok(())
}

async fn upsert_accounts(
    connection: &mut PgConnection,
    accounts: &[(Address, Account)],
) -> Result<(), sqlx::Error> {
    let addresses: Vec<_> = accounts.iter().map(|(address, _)| Addr(*address)).collect();
    let nonces: Vec<_> = accounts.iter().map(|(_, account)| Big(account.nonce)).collect();
    let balances: Vec<_> = accounts.iter().map(|(_, account)| Amount(account.balance)).collect();
    let codes: Vec<_> = accounts.iter().map(|(_, account)| Hash(account.code_hash)).collect();
    let query = sqlx::query(
        "INSERT INTO accounts (address, nonce, balance, code_hash)
         SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])
         ON CONFLICT (address) DO UPDATE SET
             nonce = excluded.nonce, balance = excluded.balance, code_hash = excluded.code_hash",
    )
    .bind(addresses)
    .bind(nonces)
    .bind(balances)
    .bind(codes);
    timed("state_upsert_accounts", query.execute(connection)).await?;
    Ok(())
}

async fn upsert_slots(
    connection: &mut PgConnection,
    slots: &[(Address, U256, U256)],
) -> Result<(), sqlx::Error> {
    let values: Vec<_> = slots.iter().map(|slot| Amount(slot.2)).collect();
    let (addresses, keys) = slot_keys(slots);
    let query = sqlx::query(
        "INSERT INTO slots (address, slot, value)
         SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bytea[])
         ON CONFLICT (address, slot) DO UPDATE SET value = excluded.value",
    )
    .bind(addresses)
    .bind(keys)
    .bind(values);
    timed("state_upsert_slots", query.execute(connection)).await?;
    Ok(())
}

async fn delete_slots(
    connection: &mut PgConnection,
    slots: &[(Address, U256, U256)],
) -> Result<(), sqlx::Error> {
    let (addresses, keys) = slot_keys(slots);
    let query = sqlx::query(
        "DELETE FROM slots USING UNNEST($1::bytea[], $2::bytea[]) AS zero (address, slot)
         WHERE slots.address = zero.address AND slots.slot = zero.slot",
    )
    .bind(addresses)
    .bind(keys);
    timed("state_delete_slots", query.execute(connection)).await?;
    Ok(())
}

fn slot_keys(slots: &[(Address, U256, U256)]) -> (Vec<Addr>, Vec<Slot>) {
    slots.iter().map(|(address, slot, _)| (Addr(*address), Slot(*slot))).unzip()
}

/// Keeps the code that blocks brought, with the first block that did.
async fn insert_codes(
    connection: &mut PgConnection,
    codes: &[(u64, B256, Bytes)],
) -> Result<(), sqlx::Error> {
    for chunk in codes.chunks(ROWS_PER_CHUNK) {
        let hashes: Vec<_> = chunk.iter().map(|(_, hash, _)| Hash(*hash)).collect();
        let bytes: Vec<&[u8]> = chunk.iter().map(|(_, _, code)| &code[..]).collect();
        let numbers: Vec<_> = chunk.iter().map(|(number, ..)| Big(*number)).collect();
        // Where two blocks brought the same, the row of the first comes first.
        let query = sqlx::query(
            "INSERT INTO codes (hash, code, block_number)
             SELECT * FROM UNNEST($1::bytea[], $2::bytea[], $3::bigint[])
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(hashes)
        .bind(bytes)
        .bind(numbers);
        timed("state_insert_codes", query.execute(&mut *connection)).await?;
    }
    Ok(())
}
