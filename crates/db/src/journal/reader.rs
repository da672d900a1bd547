//! Reading the journal: at start, in a standby, and for the batcher. Reading needs no lease.
//!
//! Invariant: a row that fails its checksum is an error, never data.

use alloy_primitives::Bytes;
use sqlx::{PgConnection, PgExecutor, Row, postgres::PgRow};

use super::{JournalError, Position, SubBlock};
use crate::{
    Database,
    convert::{Big, Int},
    metrics::timed,
};

/// One time the journal was cut back; generation 0 is the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub generation: u64,
    /// The first block that was removed.
    pub from_block: u64,
    /// The leader that did it.
    pub epoch: u64,
    /// Why.
    pub cause: String,
    /// How many rows were removed.
    pub removed_sub_blocks: u64,
}

/// The reading end of the journal.
#[derive(Debug, Clone)]
pub struct JournalReader {
    database: Database,
}

impl JournalReader {
    /// The journal of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The newest row's place; `None` for an empty journal.
    pub async fn tail(&self) -> Result<Option<Position>, JournalError> {
        let failed = JournalError::ReadTail;
        let row = timed("journal_tail", tail(self.database.pool())).await.map_err(failed)?;
        row.map(|row| position(&row)).transpose().map_err(failed)
    }

    /// Rows from `from` on, in order, at most `limit` of them.
    pub async fn rows(&self, from: Position, limit: u32) -> Result<Vec<SubBlock>, JournalError> {
        let failed = |source| JournalError::Read { from, source };
        let query = sqlx::query(
            "SELECT block_number, sub_index, opening, payload, transaction_count, checksum
             FROM journal WHERE (block_number, sub_index) >= ($1, $2)
             ORDER BY block_number, sub_index LIMIT $3",
        )
        .bind(Big(from.block))
        .bind(Int(from.index))
        .bind(i64::from(limit));
        let rows = timed("journal_rows", query.fetch_all(self.database.pool()));
        sub_blocks(rows.await.map_err(failed)?, failed)
    }

    /// All rows of one block, in order; empty when it is not in the journal.
    pub async fn block(&self, number: u64) -> Result<Vec<SubBlock>, JournalError> {
        let from = Position { block: number, index: 0 };
        let failed = |source| JournalError::Read { from, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        read_sub_blocks(&mut connection, number).await
    }

    /// Bytes of the payloads of all blocks above this one.
    pub async fn payload_bytes_above(&self, number: u64) -> Result<usize, JournalError> {
        let from = Position { block: number.saturating_add(1), index: 0 };
        let failed = |source| JournalError::Read { from, source };
        // The length of a value that is stored uncompressed and out of line is read without the value.
        let query = sqlx::query(
            "SELECT COALESCE(sum(octet_length(payload)), 0)::bigint FROM journal
             WHERE block_number > $1",
        )
        .bind(Big(number));
        let row = timed("journal_payload_bytes", query.fetch_one(self.database.pool())).await;
        let bytes = row.map_err(failed)?.try_get::<Big, _>(0).map_err(failed)?.0;
        Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// User transactions of a block; zero where the journal does not have it.
    pub async fn transaction_count(&self, number: u64) -> Result<u64, JournalError> {
        let from = Position { block: number, index: 0 };
        let failed = |source| JournalError::Read { from, source };
        let query = sqlx::query(
            "SELECT COALESCE(sum(transaction_count), 0)::bigint FROM journal
             WHERE block_number = $1",
        )
        .bind(Big(number));
        let row = timed("journal_transaction_count", query.fetch_one(self.database.pool())).await;
        Ok(row.map_err(failed)?.try_get::<Big, _>(0).map_err(failed)?.0)
    }

    /// Every cut so far, oldest first.
    pub async fn generations(&self) -> Result<Vec<Generation>, JournalError> {
        let failed = JournalError::ReadGenerations;
        let query = sqlx::query(
            "SELECT generation, from_block, epoch, cause, removed_sub_blocks
             FROM journal_generations ORDER BY generation",
        );
        let rows = timed("journal_generations", query.fetch_all(self.database.pool()))
            .await
            .map_err(failed)?;
        rows.iter().map(generation).collect::<Result<_, _>>().map_err(failed)
    }

    /// What one cut removed, in order: the transactions that go back to the mempool.
    pub async fn removed(&self, generation: u64) -> Result<Vec<SubBlock>, JournalError> {
        let failed = JournalError::ReadGenerations;
        let query = sqlx::query(
            "SELECT block_number, sub_index, opening, payload, transaction_count, checksum
             FROM journal_removed WHERE generation = $1 ORDER BY block_number, sub_index",
        )
        .bind(Big(generation));
        let rows = timed("journal_removed", query.fetch_all(self.database.pool()));
        sub_blocks(rows.await.map_err(failed)?, failed)
    }
}

/// All rows of one block, over a connection that the caller holds.
pub(crate) async fn read_sub_blocks(
    connection: &mut PgConnection,
    number: u64,
) -> Result<Vec<SubBlock>, JournalError> {
    let failed = |source| JournalError::Read { from: Position { block: number, index: 0 }, source };
    let query = sqlx::query(
        "SELECT block_number, sub_index, opening, payload, transaction_count, checksum
         FROM journal WHERE block_number = $1 ORDER BY sub_index",
    )
    .bind(Big(number));
    let rows = timed("journal_block", query.fetch_all(connection)).await.map_err(failed)?;
    sub_blocks(rows, failed)
}

async fn tail(executor: impl PgExecutor<'_>) -> Result<Option<PgRow>, sqlx::Error> {
    sqlx::query(
        "SELECT block_number, sub_index FROM journal
         ORDER BY block_number DESC, sub_index DESC LIMIT 1",
    )
    .fetch_optional(executor)
    .await
}

/// Where the journal goes on: inside the newest block, or, after a cut or at the beginning, with a new one.
pub(super) async fn next_position(connection: &mut PgConnection) -> Result<Position, sqlx::Error> {
    let tail = timed("journal_tail", tail(&mut *connection)).await?;
    let query =
        sqlx::query("SELECT from_block FROM journal_generations ORDER BY generation DESC LIMIT 1");
    let row = timed("journal_generation", query.fetch_one(connection)).await?;
    let start = Position { block: row.try_get::<Big, _>(0)?.0, index: 0 };
    match tail.map(|row| position(&row)).transpose()? {
        Some(tail) if tail.block >= start.block => Ok(Position { index: tail.index + 1, ..tail }),
        _ => Ok(start),
    }
}

fn position(row: &PgRow) -> Result<Position, sqlx::Error> {
    Ok(Position { block: row.try_get::<Big, _>(0)?.0, index: row.try_get::<Int, _>(1)?.0 })
}

fn generation(row: &PgRow) -> Result<Generation, sqlx::Error> {
    Ok(Generation {
        generation: row.try_get::<Big, _>(0)?.0,
        from_block: row.try_get::<Big, _>(1)?.0,
        epoch: row.try_get::<Big, _>(2)?.0,
        cause: row.try_get(3)?,
        removed_sub_blocks: row.try_get::<Big, _>(4)?.0,
    })
}

fn sub_blocks(
    rows: Vec<PgRow>,
    failed: impl Fn(sqlx::Error) -> JournalError,
) -> Result<Vec<SubBlock>, JournalError> {
    let mut sub_blocks = Vec::with_capacity(rows.len());
    for row in rows {
        let (sub_block, checksum) = sub_block(&row).map_err(&failed)?;
        if i64::from(sub_block.checksum()) != checksum || !sub_block.is_valid() {
            return Err(JournalError::Corrupt { position: sub_block.position });
        }
        sub_blocks.push(sub_block);
    }
    Ok(sub_blocks)
}

fn sub_block(row: &PgRow) -> Result<(SubBlock, i64), sqlx::Error> {
    let sub_block = SubBlock {
        position: position(row)?,
        opening: row.try_get::<Option<Vec<u8>>, _>(2)?.map(Bytes::from),
        payload: Bytes::from(row.try_get::<Vec<u8>, _>(3)?),
        transaction_count: row.try_get::<Int, _>(4)?.0,
    };
    Ok((sub_block, row.try_get(5)?))
}
