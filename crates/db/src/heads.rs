//! The heads by safety level, and how far the life-cycle words that L1 decides have come.
//!
//! Invariant: what is stored is a possible set of heads (`finalized ≤ safe ≤ unsafe`), all three of one moment.

use protocol::{BlockId, Heads, HeadsError, L2BlockRef, LifeCycle, SafetyLevel};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    Classify, Database, Severity,
    convert::{Big, Hash},
    lease::{Fence, hold_fence},
    metrics::timed,
    transaction::Transaction,
};

/// Why the heads could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum HeadsStoreError {
    /// Writing failed.
    #[error("cannot store the heads")]
    Write(#[source] sqlx::Error),
    /// Reading failed.
    #[error("cannot read the heads")]
    Read(#[source] sqlx::Error),
    /// What is stored cannot be.
    #[error("the stored heads contradict each other")]
    Impossible(#[source] HeadsError),
    /// Another leader has taken over; nothing was written.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
    /// L1 does not decide that life-cycle word.
    #[error("`{0}` is not decided by L1")]
    NotAStage(LifeCycle),
}

impl Classify for HeadsStoreError {
    fn severity(&self) -> Severity {
        match self {
            Self::Write(source) | Self::Read(source) => source.severity(),
            Self::Impossible(_) | Self::Deposed(_) | Self::NotAStage(_) => Severity::Critical,
        }
    }
}

/// The heads in one database.
#[derive(Debug, Clone)]
pub struct HeadsStore {
    database: Database,
}

impl HeadsStore {
    /// Those of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Replaces all three heads.
    pub async fn save(&self, fence: Fence, heads: &Heads) -> Result<(), HeadsStoreError> {
        let failed = HeadsStoreError::Write;
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        for level in LEVELS {
            save_one(&mut transaction, level, &heads.head(level)).await.map_err(failed)?;
        }
        if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
            return Err(HeadsStoreError::Deposed(fence));
        }
        transaction.commit("heads_commit").await.map_err(failed)
    }

    /// The heads; `None` before they were first stored.
    pub async fn load(&self) -> Result<Option<Heads>, HeadsStoreError> {
        let failed = HeadsStoreError::Read;
        let query = sqlx::query(
            "SELECT level, number, hash, parent_hash, timestamp, origin_number, origin_hash,
                    sequence_number FROM heads",
        );
        let rows = timed("heads_load", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(failed)?;
        let head = |level: SafetyLevel| {
            let name = level.to_string();
            let row = rows.iter().find(|row| row.try_get(0).is_ok_and(|found: &str| found == name));
            row.map(|row| block_ref(row, 1)).transpose().map_err(failed)
        };
        let [unsafe_head, safe_head, finalized_head] = LEVELS.map(head);
        match (unsafe_head?, safe_head?, finalized_head?) {
            (Some(unsafe_head), Some(safe_head), Some(finalized_head)) => {
                let heads = Heads::new(unsafe_head, safe_head, finalized_head);
                heads.map(Some).map_err(HeadsStoreError::Impossible)
            }
            _ => Ok(None),
        }
    }

    /// Says up to which block the chain is posted, proposed or final. It may go back when L1 reorganizes.
    pub async fn set_progress(
        &self,
        stage: LifeCycle,
        block_number: u64,
    ) -> Result<(), HeadsStoreError> {
        let query = sqlx::query(
            "INSERT INTO progress (stage, block_number) VALUES ($1, $2)
             ON CONFLICT (stage) DO UPDATE SET block_number = excluded.block_number",
        )
        .bind(stage_name(stage)?)
        .bind(Big(block_number));
        let done = timed("heads_set_progress", query.execute(self.database.pool()));
        done.await.map_err(HeadsStoreError::Write)?;
        Ok(())
    }

    /// Up to which block the chain is posted, proposed or final; `None` when nothing is yet.
    pub async fn progress(&self, stage: LifeCycle) -> Result<Option<u64>, HeadsStoreError> {
        let failed = HeadsStoreError::Read;
        let query = sqlx::query("SELECT block_number FROM progress WHERE stage = $1");
        let row = query.bind(stage_name(stage)?).fetch_optional(self.database.pool());
        let row = timed("heads_progress", row).await.map_err(failed)?;
        row.map(|row| Ok(row.try_get::<Big, _>(0)?.0)).transpose().map_err(failed)
    }
}

const LEVELS: [SafetyLevel; 3] = [SafetyLevel::Unsafe, SafetyLevel::Safe, SafetyLevel::Finalized];

fn stage_name(stage: LifeCycle) -> Result<String, HeadsStoreError> {
    match stage {
        LifeCycle::Posted | LifeCycle::Proposed | LifeCycle::Final => Ok(stage.to_string()),
        LifeCycle::Received | LifeCycle::Ordered | LifeCycle::Executed | LifeCycle::Durable => {
            Err(HeadsStoreError::NotAStage(stage))
        }
    }
}

async fn save_one(
    connection: &mut PgConnection,
    level: SafetyLevel,
    head: &L2BlockRef,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO heads (level, number, hash, parent_hash, timestamp, origin_number,
                            origin_hash, sequence_number)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (level) DO UPDATE SET
             number = excluded.number, hash = excluded.hash, parent_hash = excluded.parent_hash,
             timestamp = excluded.timestamp, origin_number = excluded.origin_number,
             origin_hash = excluded.origin_hash, sequence_number = excluded.sequence_number",
    )
    .bind(level.to_string())
    .bind(Big(head.number))
    .bind(Hash(head.hash))
    .bind(Hash(head.parent_hash))
    .bind(Big(head.timestamp))
    .bind(Big(head.origin.number))
    .bind(Hash(head.origin.hash))
    .bind(Big(head.sequence_number));
    timed("heads_save", query.execute(connection)).await?;
    Ok(())
}

/// Seven columns from `first` on: number, hash, parent hash, timestamp, origin number and hash, sequence number.
pub(crate) fn block_ref(row: &PgRow, first: usize) -> Result<L2BlockRef, sqlx::Error> {
    Ok(L2BlockRef {
        number: row.try_get::<Big, _>(first)?.0,
        hash: row.try_get::<Hash, _>(first + 1)?.0,
        parent_hash: row.try_get::<Hash, _>(first + 2)?.0,
        timestamp: row.try_get::<Big, _>(first + 3)?.0,
        origin: BlockId {
            number: row.try_get::<Big, _>(first + 4)?.0,
            hash: row.try_get::<Hash, _>(first + 5)?.0,
        },
        sequence_number: row.try_get::<Big, _>(first + 6)?.0,
    })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;
    use crate::{journal::tests::lead, testing::TestDatabase};

    pub(crate) fn block(number: u8) -> L2BlockRef {
        L2BlockRef {
            number: number.into(),
            hash: B256::repeat_byte(number),
            parent_hash: B256::repeat_byte(number.wrapping_sub(1)),
            timestamp: 1_000 + u64::from(number),
            origin: BlockId { number: 7, hash: B256::repeat_byte(0x77) },
            sequence_number: 3,
        }
    }

    #[tokio::test]
    async fn heads_come_back_and_impossible_ones_are_noticed() {
        let test = TestDatabase::create().await;
        let fence = lead(&test, "a").await;
        let store = HeadsStore::new(test.database.clone());
        assert_eq!(store.load().await.unwrap(), None);
        for (first, second, third) in [(3, 2, 1), (9, 9, 4)] {
            let heads = Heads::new(block(first), block(second), block(third)).unwrap();
            store.save(fence, &heads).await.unwrap();
            assert_eq!(store.load().await.unwrap(), Some(heads));
        }
        lead(&test, "b").await;
        let error = store.save(fence, &Heads::at(block(1))).await.unwrap_err();
        assert!(matches!(error, HeadsStoreError::Deposed(_)));
        assert_eq!(store.load().await.unwrap().unwrap().unsafe_head(), block(9));
        sqlx::raw_sql("UPDATE heads SET number = 20 WHERE level = 'safe'")
            .execute(test.database.pool())
            .await
            .unwrap();
        let error = store.load().await.unwrap_err();
        assert_eq!(error.severity(), Severity::Critical);
    }

    #[tokio::test]
    async fn progress_is_kept_by_stage() {
        let test = TestDatabase::create().await;
        let store = HeadsStore::new(test.database.clone());
        assert_eq!(store.progress(LifeCycle::Posted).await.unwrap(), None);
        store.set_progress(LifeCycle::Posted, 12).await.unwrap();
        store.set_progress(LifeCycle::Final, 5).await.unwrap();
        store.set_progress(LifeCycle::Posted, 10).await.unwrap();
        assert_eq!(store.progress(LifeCycle::Posted).await.unwrap(), Some(10));
        assert_eq!(store.progress(LifeCycle::Proposed).await.unwrap(), None);
        assert_eq!(store.progress(LifeCycle::Final).await.unwrap(), Some(5));
        let error = store.set_progress(LifeCycle::Executed, 1).await.unwrap_err();
        assert!(matches!(error, HeadsStoreError::NotAStage(LifeCycle::Executed)));
    }
}
