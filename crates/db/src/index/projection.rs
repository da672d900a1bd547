//! The second tier: rows per transaction, reached account, log, account version and slot version, by COPY.
//!
//! It may lag behind the truth, is never on the way to `durable`, and can be dropped and rebuilt. There is one way to
//! fill it, from the packed truth, so a rebuilt projection equals the one before.
//! Invariant: the tables hold exactly the blocks up to the cursor; both move in one transaction.

mod growth;
mod reached;
mod rows;

use std::sync::Arc;

use sqlx::PgConnection;

use super::{
    IndexError,
    block::read_block,
    cursor::{self, Follower},
};
use crate::{Database, convert::Big, metrics::timed, transaction::Transaction};
use growth::Growth;
pub use reached::{Reached, reached_accounts};
use rows::Rows;

/// A step ends early once it has gathered this many transactions: what a step may hold in memory.
const TRANSACTIONS_PER_STEP: usize = 20_000;

/// The projection tables.
#[derive(Debug, Clone)]
pub struct Projection {
    database: Database,
    growth: Arc<Growth>,
}

impl Projection {
    /// Those of `database`.
    pub fn new(database: Database) -> Self {
        Self { database, growth: Arc::default() }
    }

    /// The newest block the projection contains; `None` before genesis.
    pub async fn cursor(&self) -> Result<Option<u64>, IndexError> {
        let reading = cursor::read(self.database.pool(), Follower::Projection);
        reading.await.map_err(IndexError::ReadTip)
    }

    /// Projects at most `blocks_max` further blocks of the index; gives the new cursor.
    pub async fn advance(&self, blocks_max: u32) -> Result<Option<u64>, IndexError> {
        let failed = |source| IndexError::Advance { follower: Follower::Projection.name(), source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let before = cursor::lock(&mut transaction, Follower::Projection).await.map_err(failed)?;
        let mut cursor = before;
        let mut rows = Rows::new();
        for _ in 0..blocks_max {
            let next = cursor.map_or(0, |cursor| cursor + 1);
            let Some(block) = read_block(&mut transaction, next).await? else { break };
            rows.add(&block)?;
            cursor = Some(next);
            if rows.transactions() >= TRANSACTIONS_PER_STEP {
                break;
            }
        }
        if cursor == before {
            transaction.rollback().await.map_err(failed)?;
            return Ok(cursor);
        }
        let counts = rows.counts();
        rows.send(&mut transaction).await.map_err(failed)?;
        cursor::set(&mut transaction, Follower::Projection, cursor).await.map_err(failed)?;
        transaction.commit("projection_commit").await.map_err(failed)?;
        self.growth.add(self.database.pool(), counts).await.map_err(failed)?;
        Ok(cursor)
    }

    /// Drops every row from block `from` on and makes them again from the truth, up to its tip.
    pub async fn rebuild(
        &self,
        from: u64,
        blocks_per_step: u32,
    ) -> Result<Option<u64>, IndexError> {
        let kept = from.checked_sub(1);
        // Until they are made again, rows that were there are missing.
        let _unwinding = self.database.unwinding();
        let failed = |source| IndexError::Unwind { number: kept.unwrap_or_default(), source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let cursor = cursor::lock(&mut transaction, Follower::Projection).await.map_err(failed)?;
        match kept {
            None => empty(&mut transaction).await.map_err(failed)?,
            Some(kept) => {
                let cursor = cursor.unwrap_or_default();
                remove(&mut transaction, kept, cursor).await.map_err(failed)?;
            }
        }
        let kept = kept.and_then(|kept| cursor.map(|cursor| std::cmp::min(cursor, kept)));
        cursor::set(&mut transaction, Follower::Projection, kept).await.map_err(failed)?;
        transaction.commit("projection_commit").await.map_err(failed)?;
        self.growth.forget().await;
        let mut cursor = kept;
        loop {
            let next = self.advance(blocks_per_step).await?;
            if next == cursor {
                return Ok(cursor);
            }
            cursor = next;
        }
    }
}

async fn empty(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let statement = sqlx::raw_sql(
        "TRUNCATE transactions, transaction_accounts, logs, account_versions, slot_versions,
                  storage_clears",
    );
    timed("projection_truncate", statement.execute(connection)).await?;
    Ok(())
}

/// Deletes the rows of blocks above `kept`, up to `newest`.
pub(super) async fn remove(
    connection: &mut PgConnection,
    kept: u64,
    newest: u64,
) -> Result<(), sqlx::Error> {
    let statements = [
        "DELETE FROM transactions WHERE block_number > $1 AND block_number <= $2",
        "DELETE FROM transaction_accounts WHERE block_number > $1 AND block_number <= $2",
        "DELETE FROM logs WHERE block_number > $1 AND block_number <= $2",
        "DELETE FROM account_versions WHERE block_number > $1 AND block_number <= $2",
        "DELETE FROM slot_versions WHERE block_number > $1 AND block_number <= $2",
        "DELETE FROM storage_clears WHERE block_number > $1 AND block_number <= $2",
    ];
    for statement in statements {
        let removal = sqlx::query(statement).bind(Big(kept)).bind(Big(newest));
        timed("projection_remove", removal.execute(&mut *connection)).await?;
    }
    Ok(())
}
