//! What the executor has learned of contracts, across a restart. Bytes of its own form; losing them costs time alone.

use sqlx::Row;

use crate::{Classify, Database, Severity, metrics::timed};

/// Why it could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum PredictionsError {
    /// Saving failed; the saving before it is still there.
    #[error("cannot save the predictions")]
    Save(#[source] sqlx::Error),
    /// Loading failed.
    #[error("cannot load the predictions")]
    Load(#[source] sqlx::Error),
}

impl Classify for PredictionsError {
    fn severity(&self) -> Severity {
        match self {
            Self::Save(source) | Self::Load(source) => source.severity(),
        }
    }
}

/// The predictions in one database.
#[derive(Debug, Clone)]
pub struct Predictions {
    database: Database,
}

impl Predictions {
    /// Those of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Replaces what was saved before.
    pub async fn replace(&self, learned: &[u8]) -> Result<(), PredictionsError> {
        let query = sqlx::query(
            "INSERT INTO predictions (learned) VALUES ($1)
             ON CONFLICT (is_only) DO UPDATE SET learned = excluded.learned",
        );
        let saving = query.bind(learned).execute(self.database.pool());
        timed("predictions_replace", saving).await.map_err(PredictionsError::Save)?;
        Ok(())
    }

    /// What was saved last, if anything was.
    pub async fn load(&self) -> Result<Option<Vec<u8>>, PredictionsError> {
        let query = sqlx::query("SELECT learned FROM predictions");
        let row = timed("predictions_load", query.fetch_optional(self.database.pool())).await;
        let row = row.map_err(PredictionsError::Load)?;
        row.map(|row| row.try_get(0)).transpose().map_err(PredictionsError::Load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn the_last_saving_is_loaded() {
        let test = TestDatabase::create().await;
        let predictions = Predictions::new(test.database.clone());
        assert_eq!(predictions.load().await.unwrap(), None);
        for learned in [&[1, 2, 3][..], &[], &[7; 100_000]] {
            predictions.replace(learned).await.unwrap();
            assert_eq!(predictions.load().await.unwrap().as_deref(), Some(learned));
        }
    }
}
