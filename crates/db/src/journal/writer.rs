//! Appending to the journal and, after an L1 reorg, cutting it back.
//!
//! The writer holds one connection of its own: it waits for no pool and no COPY, and saves the pool's ping. One append is
//! one statement and one round trip: it locks the lease's row, so a takeover waits for its commit and it for the
//! takeover's; it compares the epoch and the end of the journal; and it inserts. No row inserted means that one of
//! these did not hold, and a second query says which.
//!
//! Invariant: an append whose outcome is unknown can be repeated until it is known; the row is never there twice.

use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};

use super::{JournalError, Position, SubBlock, reader::next_position};
use crate::{
    Classify, Database, Severity,
    convert::{Big, Int},
    lease::Fence,
    metrics::{timed, timed_within},
    severity::is_conflict,
};

/// How long one append may take before its connection is given up. Twice a bad checkpoint, and short enough for
/// back-pressure to be felt.
const APPEND_TIME_MAX: Duration = Duration::from_secs(10);

/// What an append found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The row was written.
    Written,
    /// An earlier attempt, whose outcome was not known, had written it.
    AlreadyThere,
}

/// What a cut removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// The new generation.
    pub generation: u64,
    /// Rows that moved to `journal_removed`.
    pub removed_sub_blocks: u64,
}

/// The writing end of the journal. There is one per leader.
#[derive(Debug)]
pub struct Journal {
    database: Database,
    /// Taken out while in use: a call that is dropped half-way takes its connection with it.
    connection: Option<PgConnection>,
}

impl Journal {
    /// The journal of `database`; connects at the first use.
    pub const fn new(database: Database) -> Self {
        Self { database, connection: None }
    }

    /// Appends the next sub-block. When this returns, the row is durable.
    ///
    /// After an error that [`Classify::is_unavailable`], append the same row again until the answer is another.
    pub async fn append(
        &mut self,
        fence: Fence,
        sub_block: &SubBlock,
    ) -> Result<Appended, JournalError> {
        let position = sub_block.position;
        if !sub_block.is_valid() {
            return Err(JournalError::Invalid { position });
        }
        let failed = |source| JournalError::Append { position, source };
        let mut connection = self.take_connection().await.map_err(failed)?;
        let inserting = insert(&mut connection, fence, sub_block);
        let outcome = match timed_within("journal_append", APPEND_TIME_MAX, inserting).await {
            Ok(true) => Ok(Appended::Written),
            Ok(false) => diagnose(&mut connection, fence, sub_block).await,
            Err(error) if is_conflict(&error) => diagnose(&mut connection, fence, sub_block).await,
            Err(error) => Err(failed(error)),
        };
        self.put_back(connection, &outcome);
        outcome
    }

    /// Cuts the journal back to before `from_block`, and the index with it, in one transaction. The removed rows
    /// are kept with the generation that removed them and its `cause`.
    pub async fn truncate_from(
        &mut self,
        fence: Fence,
        from_block: u64,
        cause: &str,
    ) -> Result<Truncated, JournalError> {
        let failed = |source| JournalError::Truncate { from_block, source };
        let mut connection = self.take_connection().await.map_err(failed)?;
        let _unwinding = self.database.unwinding();
        let outcome = truncate(&mut connection, fence, from_block, cause).await;
        self.put_back(connection, &outcome);
        outcome
    }

    async fn take_connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.database.connection().await,
        }
    }

    fn put_back<T>(&mut self, connection: PgConnection, outcome: &Result<T, JournalError>) {
        if !matches!(outcome, Err(error) if error.severity() == Severity::Temporary) {
            self.connection = Some(connection);
        }
    }
}

async fn insert(
    connection: &mut PgConnection,
    fence: Fence,
    sub_block: &SubBlock,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "WITH held AS MATERIALIZED (
             SELECT epoch FROM leases
             WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL
             FOR NO KEY UPDATE
         ), tail AS (
             SELECT block_number, sub_index FROM journal
             ORDER BY block_number DESC, sub_index DESC LIMIT 1
         ), generation AS (
             SELECT from_block FROM journal_generations ORDER BY generation DESC LIMIT 1
         )
         INSERT INTO journal
             (block_number, sub_index, epoch, opening, payload, transaction_count, checksum)
         SELECT $3, $4, held.epoch, $5, $6, $7, $8
         FROM held CROSS JOIN generation LEFT JOIN tail ON TRUE
         WHERE CASE
             WHEN tail.block_number IS NULL OR tail.block_number < generation.from_block
                 THEN $3 = generation.from_block AND $4 = 0
             WHEN $4 = 0 THEN $3 = tail.block_number + 1
             ELSE $3 = tail.block_number AND $4 = tail.sub_index + 1
         END",
    )
    .bind(fence.role.name())
    .bind(Big(fence.epoch))
    .bind(Big(sub_block.position.block))
    .bind(Int(sub_block.position.index))
    .bind(sub_block.opening.as_ref().map(|opening| &opening[..]))
    .bind(&sub_block.payload[..])
    .bind(Int(sub_block.transaction_count))
    .bind(i64::from(sub_block.checksum()));
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Why nothing was inserted.
async fn diagnose(
    connection: &mut PgConnection,
    fence: Fence,
    sub_block: &SubBlock,
) -> Result<Appended, JournalError> {
    let position = sub_block.position;
    let failed = |source| JournalError::Append { position, source };
    let query = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM leases
                        WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL),
                (SELECT epoch = $2 AND opening IS NOT DISTINCT FROM $5 AND payload = $6
                        AND transaction_count = $7
                 FROM journal WHERE block_number = $3 AND sub_index = $4)",
    )
    .bind(fence.role.name())
    .bind(Big(fence.epoch))
    .bind(Big(position.block))
    .bind(Int(position.index))
    .bind(sub_block.opening.as_ref().map(|opening| &opening[..]))
    .bind(&sub_block.payload[..])
    .bind(Int(sub_block.transaction_count));
    let row = timed("journal_diagnose", query.fetch_one(&mut *connection)).await.map_err(failed)?;
    let held: bool = row.try_get(0).map_err(failed)?;
    let same: Option<bool> = row.try_get(1).map_err(failed)?;
    match (same, held) {
        // Durable is durable, even if the epoch ended right after.
        (Some(true), _) => Ok(Appended::AlreadyThere),
        (_, false) => Err(JournalError::Deposed(fence)),
        (Some(false), true) => Err(JournalError::Conflict(position)),
        (None, true) => {
            let expected = next_position(connection).await.map_err(failed)?;
            Err(JournalError::NotNext { position, expected })
        }
    }
}

async fn truncate(
    connection: &mut PgConnection,
    fence: Fence,
    from_block: u64,
    cause: &str,
) -> Result<Truncated, JournalError> {
    let failed = |source| JournalError::Truncate { from_block, source };
    let begun = timed("journal_truncate_begin", connection.begin()).await;
    let mut transaction = begun.map_err(failed)?;
    if !lock_lease(&mut transaction, fence).await.map_err(failed)? {
        return Err(JournalError::Deposed(fence));
    }
    let expected = next_position(&mut transaction).await.map_err(failed)?;
    let position = Position { block: from_block, index: 0 };
    // Inside a block the journal may go on with its next sub-block or with the next block: then there is nothing to
    // cut, and the cut is recorded all the same.
    let next_block = expected.block + u64::from(expected.index > 0);
    if from_block == 0 || from_block > next_block {
        return Err(JournalError::NotNext { position, expected });
    }
    let truncated = move_rows(&mut transaction, fence, from_block, cause).await.map_err(failed)?;
    crate::index::unwind_to(&mut transaction, from_block - 1)
        .await
        .map_err(|source| JournalError::UnwindIndex(Box::new(source)))?;
    timed("journal_truncate_commit", transaction.commit()).await.map_err(failed)?;
    Ok(truncated)
}

async fn lock_lease(connection: &mut PgConnection, fence: Fence) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "SELECT 1 FROM leases WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL
         FOR NO KEY UPDATE",
    )
    .bind(fence.role.name())
    .bind(Big(fence.epoch));
    Ok(timed("journal_lock_lease", query.fetch_optional(connection)).await?.is_some())
}

async fn move_rows(
    connection: &mut PgConnection,
    fence: Fence,
    from_block: u64,
    cause: &str,
) -> Result<Truncated, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO journal_generations (generation, from_block, epoch, cause, removed_sub_blocks)
         SELECT (SELECT max(generation) + 1 FROM journal_generations), $1, $2, $3, count(*)
         FROM journal WHERE block_number >= $1
         RETURNING generation, removed_sub_blocks",
    )
    .bind(Big(from_block))
    .bind(Big(fence.epoch))
    .bind(cause);
    let row = timed("journal_new_generation", query.fetch_one(&mut *connection)).await?;
    let generation = row.try_get::<Big, _>(0)?;
    let query = sqlx::query(
        "WITH removed AS (
             DELETE FROM journal WHERE block_number >= $2
             RETURNING block_number, sub_index, epoch, opening, payload, transaction_count,
                       checksum, created_at
         )
         INSERT INTO journal_removed
             (generation, block_number, sub_index, epoch, opening, payload, transaction_count,
              checksum, created_at)
         SELECT $1, removed.* FROM removed",
    )
    .bind(generation)
    .bind(Big(from_block));
    timed("journal_move_removed", query.execute(connection)).await?;
    Ok(Truncated { generation: generation.0, removed_sub_blocks: row.try_get::<Big, _>(1)?.0 })
}
