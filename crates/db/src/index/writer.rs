//! Writing the truth: one INSERT and one COPY per sealed block, in one transaction under the leader's fence.
//!
//! The fence is checked last, just before the commit, with a lock that neither the journal's append nor a renewal waits
//! for: writing the index never delays the journal.

use sqlx::{PgConnection, Row};
use state::StateDiff;

use super::{
    BlockRecord, IndexError, PackedBlock, SealedHeader, WithdrawalNodes, block, withdrawals,
};
use crate::{
    Database,
    convert::{Big, Hash, Int},
    lease::{Fence, hold_fence},
    metrics::timed,
    transaction::Transaction,
};

/// What writing a block found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockWritten {
    /// The block was written.
    Written,
    /// An earlier attempt had written it.
    AlreadyThere,
}

/// The first tier of the index.
#[derive(Debug, Clone)]
pub struct Index {
    database: Database,
}

impl Index {
    /// The index of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The newest block; `None` before genesis is written.
    pub async fn tip(&self) -> Result<Option<SealedHeader>, IndexError> {
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count FROM blocks
             ORDER BY number DESC LIMIT 1",
        );
        let row = timed("index_tip", query.fetch_optional(self.database.pool()))
            .await
            .map_err(IndexError::ReadTip)?;
        row.map(|row| block::sealed_header(&row)).transpose()
    }

    /// Reads a block back, whole.
    pub async fn block(&self, number: u64) -> Result<Option<BlockRecord>, IndexError> {
        let failed = |source| IndexError::ReadBlock { number, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        block::read_block(&mut connection, number).await
    }

    /// One diff that leads from the state after block `newest` back to the state after block `floor`.
    pub async fn undo_between(&self, floor: u64, newest: u64) -> Result<StateDiff, IndexError> {
        let failed = |source| IndexError::ReadBlock { number: newest, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        super::undo_between(&mut connection, floor, newest).await
    }

    /// Writes the next block, with what proves its withdrawals later. Repeating it after an error that is temporary is
    /// safe.
    pub async fn write(
        &self,
        fence: Fence,
        block: &PackedBlock,
        kept: &WithdrawalNodes,
    ) -> Result<BlockWritten, IndexError> {
        let number = block.number;
        let failed = |source| IndexError::Write { number, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        match hash_at(&mut transaction, number).await.map_err(failed)? {
            Some(existing) if existing == Hash(block.hash) => {
                transaction.rollback().await.map_err(failed)?;
                return Ok(BlockWritten::AlreadyThere);
            }
            Some(Hash(existing)) => return Err(IndexError::Conflict { number, existing }),
            None => {}
        }
        if !follows(&mut transaction, block).await.map_err(failed)? {
            return Err(IndexError::NotNext { number });
        }
        if !is_journaled(&mut transaction, block).await.map_err(failed)? {
            return Err(IndexError::NotJournaled { number });
        }
        insert(&mut transaction, block).await.map_err(failed)?;
        let statement = "COPY transaction_positions (prefix, block_number, transaction_index)
                         FROM STDIN (FORMAT binary)";
        let copying = block.positions.send("index_copy_positions", &mut transaction, statement);
        copying.await.map_err(failed)?;
        withdrawals::insert(&mut transaction, number, kept).await.map_err(failed)?;
        if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
            return Err(IndexError::Deposed(fence));
        }
        transaction.commit("index_commit").await.map_err(failed)?;
        Ok(BlockWritten::Written)
    }

    /// Takes the index back so that `number` is its newest block. Where there is a journal, cutting that back does
    /// this too, in its own transaction.
    pub async fn unwind_to(&self, fence: Fence, number: u64) -> Result<(), IndexError> {
        let failed = |source| IndexError::Unwind { number, source };
        let _unwinding = self.database.unwinding();
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        super::unwind_to(&mut transaction, number).await?;
        if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
            return Err(IndexError::Deposed(fence));
        }
        transaction.commit("index_unwind_commit").await.map_err(failed)
    }
}

async fn hash_at(connection: &mut PgConnection, number: u64) -> Result<Option<Hash>, sqlx::Error> {
    let query = sqlx::query("SELECT hash FROM blocks WHERE number = $1").bind(Big(number));
    let row = timed("index_hash_at", query.fetch_optional(connection)).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Whether the block is the child of the newest one, or genesis in an empty index. The parent stays until we commit.
async fn follows(connection: &mut PgConnection, block: &PackedBlock) -> Result<bool, sqlx::Error> {
    if block.number == 0 {
        let query = sqlx::query("SELECT 1 FROM blocks LIMIT 1");
        let any = timed("index_any_block", query.fetch_optional(connection)).await?;
        return Ok(any.is_none());
    }
    let query = sqlx::query("SELECT 1 FROM blocks WHERE number = $1 AND hash = $2 FOR KEY SHARE")
        .bind(Big(block.number - 1))
        .bind(Hash(block.parent_hash));
    Ok(timed("index_parent", query.fetch_optional(connection)).await?.is_some())
}

/// Whether the journal has a row for each of the block's sub-blocks, with as many transactions.
async fn is_journaled(
    connection: &mut PgConnection,
    block: &PackedBlock,
) -> Result<bool, sqlx::Error> {
    if block.journaled.is_empty() {
        return Ok(true);
    }
    let query = sqlx::query(
        "SELECT transaction_count FROM journal WHERE block_number = $1 ORDER BY sub_index",
    )
    .bind(Big(block.number));
    let rows = timed("index_journal_counts", query.fetch_all(connection)).await?;
    let counts = rows.iter().map(|row| row.try_get::<Int, _>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(counts.into_iter().map(|count| count.0 as usize).eq(block.journaled.iter().copied()))
}

async fn insert(connection: &mut PgConnection, packed: &PackedBlock) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO blocks
             (number, hash, parent_hash, header, transaction_count, sub_blocks, body_offsets,
              body, receipt_offsets, receipts, diff, undo, access_list)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(Big(packed.number))
    .bind(Hash(packed.hash))
    .bind(Hash(packed.parent_hash))
    .bind(&packed.header)
    .bind(Int(packed.transaction_count))
    .bind(&packed.sub_blocks)
    .bind(&packed.body_offsets)
    .bind(&packed.body)
    .bind(&packed.receipt_offsets)
    .bind(&packed.receipts)
    .bind(&packed.diff)
    .bind(&packed.undo)
    .bind(packed.access_list.as_ref().map(|list| &list[..]));
    timed("index_insert_block", query.execute(connection)).await?;
    Ok(())
}
