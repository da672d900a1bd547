//! The verifier's own tables: which L1 blocks it derived from, what it derived, what it thinks of each proposal.
//!
//! They live in a database of their own, beside the verifier's index. Invariants: an L1 block and what was derived from it
//! are written in one transaction; L1 blocks are gapless; taking one back takes back everything that rests on it,
//! proposals and verdicts included.

mod blobs;
mod proposals;

use alloy_primitives::{B256, Bytes};
use protocol::{BlockId, L2BlockRef};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    Classify, Database, Severity,
    convert::{Big, Hash},
    heads::block_ref,
    lease::{Fence, hold_fence},
    metrics::timed,
    severity::is_conflict,
    transaction::Transaction,
};

pub use proposals::{DerivedRoots, ProposalVerdict, SeenProposal, StoredProposal};

/// A derived block, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedRow {
    /// The block.
    pub block: L2BlockRef,
    /// Its output root.
    pub output_root: B256,
    /// The L1 block that completed its inputs.
    pub derived_from: u64,
    /// What claims about it say besides its header; `None` where nobody makes claims, and in rows of earlier versions.
    pub claims: Option<StoredClaims>,
}

/// What the claims in a block and after it say besides its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClaims {
    /// The cursor of derivation after the block: the L1 block that it was derived from.
    pub cursor_l1: u64,
    /// How many inbox entries of that L1 block had been looked at.
    pub cursor_entries: u32,
    /// How many blocks of the last of them had been taken.
    pub cursor_blocks: u32,
    /// Preimages of the claims of the block's slices but the last, in order.
    pub slices: Vec<Bytes>,
}

/// The columns of a [`DerivedRow`], in the order in which it is read.
macro_rules! derived_columns {
    () => {
        "number, hash, parent_hash, timestamp, origin_number, origin_hash, sequence_number,
         output_root, derived_from, cursor_l1, cursor_entries, cursor_blocks, slices"
    };
}

/// Why the verifier's tables could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// Writing failed; whether it happened is unknown. Every write may be repeated.
    #[error("cannot {act}")]
    Write {
        /// What was attempted.
        act: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading failed.
    #[error("cannot {act}")]
    Read {
        /// What was attempted.
        act: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// An L1 block does not follow the newest one, or contradicts one that is stored.
    #[error("L1 block {number} does not follow what was derived before")]
    NotNext {
        /// Which.
        number: u64,
    },
    /// A derived block does not follow the newest one.
    #[error("derived block {number} does not follow the one before")]
    BlockNotNext {
        /// Which.
        number: u64,
    },
    /// A proposal's row says what none can say.
    #[error("the row of proposal {0} is damaged")]
    Corrupt(u64),
    /// Another leader has taken over; nothing was written.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
}

impl Classify for VerifierError {
    fn severity(&self) -> Severity {
        match self {
            Self::Write { source, .. } | Self::Read { source, .. } => source.severity(),
            Self::NotNext { .. } | Self::BlockNotNext { .. } => Severity::Reset,
            Self::Corrupt(_) | Self::Deposed(_) => Severity::Critical,
        }
    }
}

/// The verifier's tables in one database.
#[derive(Debug, Clone)]
pub struct VerifierStore {
    database: Database,
}

impl VerifierStore {
    /// Those of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// An L1 block was processed, and gave these blocks, in order; often none. Repeating it changes nothing.
    pub async fn processed(
        &self,
        fence: Fence,
        l1: BlockId,
        derived: &[DerivedRow],
    ) -> Result<(), VerifierError> {
        const ACT: &str = "store what an L1 block gave";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        match place(&mut transaction, l1).await.map_err(failed)? {
            Place::Stored => return transaction.rollback().await.map_err(failed),
            Place::Elsewhere => return Err(VerifierError::NotNext { number: l1.number }),
            Place::Next => {}
        }
        let query = sqlx::query("INSERT INTO derivation_l1_blocks (number, hash) VALUES ($1, $2)")
            .bind(Big(l1.number))
            .bind(Hash(l1.hash));
        timed("verifier_insert_l1", query.execute(&mut *transaction)).await.map_err(failed)?;
        for row in derived {
            let number = row.block.number;
            match insert_derived(&mut transaction, row).await {
                Ok(true) => {}
                Ok(false) => return Err(VerifierError::BlockNotNext { number }),
                Err(error) if is_conflict(&error) => {
                    return Err(VerifierError::BlockNotNext { number });
                }
                Err(error) => return Err(failed(error)),
            }
        }
        commit(transaction, fence, ACT).await
    }

    /// Takes back every L1 block above `l1_number`, and what rests on it.
    pub async fn unwind(&self, fence: Fence, l1_number: u64) -> Result<(), VerifierError> {
        const ACT: &str = "take back what L1 blocks gave";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let statements = [
            // A verdict that rests on a block that goes is no verdict.
            "UPDATE proposals SET verdict = 'unchecked', derived_root = NULL,
                 derived_segments_root = NULL, checked_at = NULL
             WHERE l2_block IN (SELECT number FROM derived_blocks WHERE derived_from > $1)",
            "DELETE FROM proposals WHERE l1_block > $1",
            "DELETE FROM derived_blocks WHERE derived_from > $1",
            "DELETE FROM derivation_l1_blocks WHERE number > $1",
            "DELETE FROM kept_blobs WHERE l1_number > $1",
        ];
        for statement in statements {
            let query = sqlx::query(statement).bind(Big(l1_number));
            timed("verifier_unwind", query.execute(&mut *transaction)).await.map_err(failed)?;
        }
        commit(transaction, fence, ACT).await
    }

    /// The processed L1 blocks at or below `highest`, newest first, at most `limit` of them.
    pub async fn l1_blocks(&self, highest: u64, limit: u32) -> Result<Vec<BlockId>, VerifierError> {
        let failed = |source| VerifierError::Read { act: "read the processed L1 blocks", source };
        let query = sqlx::query(
            "SELECT number, hash FROM derivation_l1_blocks
             WHERE number <= $1 ORDER BY number DESC LIMIT $2",
        )
        // A height that no column holds is above every row.
        .bind(i64::try_from(highest).unwrap_or(i64::MAX))
        .bind(i64::from(limit));
        let rows = timed("verifier_l1_blocks", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(failed)?;
        let block = |row: &PgRow| {
            Ok(BlockId { number: row.try_get::<Big, _>(0)?.0, hash: row.try_get::<Hash, _>(1)?.0 })
        };
        rows.iter().map(block).collect::<Result<_, _>>().map_err(failed)
    }

    /// The newest block that was derived when L1 block `l1_number` had been processed.
    pub async fn head_at(&self, l1_number: u64) -> Result<Option<DerivedRow>, VerifierError> {
        let failed = |source| VerifierError::Read { act: "read a derived head", source };
        // `derived_from` rises with `number`, so walking down from the newest finds it soon.
        let query = sqlx::query(concat!(
            "SELECT ",
            derived_columns!(),
            " FROM derived_blocks WHERE derived_from <= $1 ORDER BY number DESC LIMIT 1"
        ))
        .bind(Big(l1_number));
        let row = timed("verifier_head_at", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(failed)?;
        row.map(|row| derived_row(&row)).transpose().map_err(failed)
    }

    /// A derived block by its number.
    pub async fn derived(&self, number: u64) -> Result<Option<DerivedRow>, VerifierError> {
        Ok(self.derived_blocks(number, number).await?.pop())
    }

    /// The derived blocks `first..=last`, in order; fewer where some are not derived.
    pub async fn derived_blocks(
        &self,
        first: u64,
        last: u64,
    ) -> Result<Vec<DerivedRow>, VerifierError> {
        let failed = |source| VerifierError::Read { act: "read derived blocks", source };
        let query = sqlx::query(concat!(
            "SELECT ",
            derived_columns!(),
            " FROM derived_blocks WHERE number BETWEEN $1 AND $2 ORDER BY number"
        ))
        .bind(Big(first))
        // A height that no column holds is above every row.
        .bind(i64::try_from(last).unwrap_or(i64::MAX));
        let rows = timed("verifier_derived_blocks", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(failed)?;
        rows.iter().map(derived_row).collect::<Result<_, _>>().map_err(failed)
    }

    /// Whether the derived blocks can be claimed. If the oldest can, all can: who makes claims begins with the first block.
    pub async fn has_claims(&self) -> Result<bool, VerifierError> {
        let failed = |source| VerifierError::Read { act: "look for claims", source };
        let query =
            sqlx::query("SELECT cursor_l1 IS NOT NULL FROM derived_blocks ORDER BY number LIMIT 1");
        let row = timed("verifier_has_claims", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(failed)?;
        row.map_or(Ok(true), |row| row.try_get(0)).map_err(failed)
    }
}

/// Where an L1 block stands to the stored ones.
enum Place {
    Next,
    Stored,
    Elsewhere,
}

async fn place(connection: &mut PgConnection, l1: BlockId) -> Result<Place, sqlx::Error> {
    let query = sqlx::query(
        "SELECT max(number), (SELECT hash FROM derivation_l1_blocks WHERE number = $1)
         FROM derivation_l1_blocks",
    )
    .bind(Big(l1.number));
    let row = timed("verifier_l1_place", query.fetch_one(connection)).await?;
    let newest = row.try_get::<Option<Big>, _>(0)?.map(|newest| newest.0);
    let stored = row.try_get::<Option<Hash>, _>(1)?.map(|stored| stored.0);
    Ok(match (newest, stored) {
        (_, Some(stored)) if stored == l1.hash => Place::Stored,
        (None, _) => Place::Next,
        (Some(newest), None) if newest + 1 == l1.number => Place::Next,
        _ => Place::Elsewhere,
    })
}

/// Inserts a block whose parent is the newest one, or the first of all.
async fn insert_derived(
    connection: &mut PgConnection,
    row: &DerivedRow,
) -> Result<bool, sqlx::Error> {
    let (block, claims) = (&row.block, row.claims.as_ref());
    let slices = claims.map(|claims| claims.slices.iter().map(AsRef::as_ref));
    let query = sqlx::query(concat!(
        "INSERT INTO derived_blocks (",
        derived_columns!(),
        ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
         WHERE CASE WHEN EXISTS (SELECT 1 FROM derived_blocks)
             THEN EXISTS (SELECT 1 FROM derived_blocks
                          WHERE number = $1 - 1 AND hash = $3 AND derived_from <= $9)
             ELSE $1 = 1 END"
    ))
    .bind(Big(block.number))
    .bind(Hash(block.hash))
    .bind(Hash(block.parent_hash))
    .bind(Big(block.timestamp))
    .bind(Big(block.origin.number))
    .bind(Hash(block.origin.hash))
    .bind(Big(block.sequence_number))
    .bind(Hash(row.output_root))
    .bind(Big(row.derived_from))
    .bind(claims.map(|claims| Big(claims.cursor_l1)))
    .bind(claims.map(|claims| i64::from(claims.cursor_entries)))
    .bind(claims.map(|claims| i64::from(claims.cursor_blocks)))
    .bind(slices.map(Iterator::collect::<Vec<&[u8]>>));
    let done = timed("verifier_insert_derived", query.execute(connection)).await?;
    Ok(done.rows_affected() == 1)
}

fn derived_row(row: &PgRow) -> Result<DerivedRow, sqlx::Error> {
    Ok(DerivedRow {
        block: block_ref(row, 0)?,
        output_root: row.try_get::<Hash, _>(7)?.0,
        derived_from: row.try_get::<Big, _>(8)?.0,
        claims: stored_claims(row)?,
    })
}

fn stored_claims(row: &PgRow) -> Result<Option<StoredClaims>, sqlx::Error> {
    let Some(Big(cursor_l1)) = row.try_get(9)? else { return Ok(None) };
    let number = |column| {
        let number: i64 = row.try_get(column)?;
        u32::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    let slices = row.try_get::<Vec<Vec<u8>>, _>(12)?;
    Ok(Some(StoredClaims {
        cursor_l1,
        cursor_entries: number(10)?,
        cursor_blocks: number(11)?,
        slices: slices.into_iter().map(Bytes::from).collect(),
    }))
}

async fn commit(
    mut transaction: Transaction,
    fence: Fence,
    act: &'static str,
) -> Result<(), VerifierError> {
    let failed = |source| VerifierError::Write { act, source };
    if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
        return Err(VerifierError::Deposed(fence));
    }
    transaction.commit("verifier_commit").await.map_err(failed)
}

#[cfg(test)]
mod tests;
