//! What the operator has told the sequencer about user transactions, across restarts and changes of the leader.

use sqlx::Row;

use crate::{Classify, Database, Severity, metrics::timed};

/// What becomes of user transactions. Deposits and what L1 forces are executed in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sequencing {
    /// They are taken and ordered.
    #[default]
    Active,
    /// No new ones are taken; those that wait are ordered.
    Draining,
    /// None are taken, none are ordered.
    Stopped,
}

impl Sequencing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Draining, Self::Stopped];

    /// The word in the table and for operators.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}

/// Why it could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SequencingError {
    /// Saving failed; what was saved before is still there.
    #[error("cannot record that sequencing is {}", .state.word())]
    Save {
        /// What was to be recorded.
        state: Sequencing,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Loading failed.
    #[error("cannot read whether the operator has stopped sequencing")]
    Load(#[source] sqlx::Error),
    /// A word that a newer version may know.
    #[error("sequencing is recorded as {0:?}, which means nothing here")]
    Unknown(String),
}

impl Classify for SequencingError {
    fn severity(&self) -> Severity {
        match self {
            Self::Save { source, .. } | Self::Load(source) => source.severity(),
            Self::Unknown(_) => Severity::Critical,
        }
    }
}

/// The record in one database.
#[derive(Debug, Clone)]
pub struct SequencingRecord {
    database: Database,
}

impl SequencingRecord {
    /// That of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Replaces what was recorded before.
    pub async fn set(&self, state: Sequencing) -> Result<(), SequencingError> {
        let query = sqlx::query(
            "INSERT INTO sequencing (state) VALUES ($1)
             ON CONFLICT (is_only) DO UPDATE SET state = excluded.state, since = now()",
        );
        let saving = query.bind(state.word()).execute(self.database.pool());
        let saved = timed("sequencing_set", saving).await;
        saved.map_err(|source| SequencingError::Save { state, source })?;
        Ok(())
    }

    /// What was recorded last; active where nothing was.
    pub async fn load(&self) -> Result<Sequencing, SequencingError> {
        let query = sqlx::query("SELECT state FROM sequencing");
        let row = timed("sequencing_load", query.fetch_optional(self.database.pool())).await;
        let Some(row) = row.map_err(SequencingError::Load)? else {
            return Ok(Sequencing::default());
        };
        let word: String = row.try_get(0).map_err(SequencingError::Load)?;
        let known = Sequencing::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or(SequencingError::Unknown(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn the_last_word_is_loaded() {
        let test = TestDatabase::create().await;
        let record = SequencingRecord::new(test.database.clone());
        assert_eq!(record.load().await.unwrap(), Sequencing::Active);
        for state in [Sequencing::Stopped, Sequencing::Draining, Sequencing::Active] {
            record.set(state).await.unwrap();
            assert_eq!(record.load().await.unwrap(), state);
        }
    }
}
