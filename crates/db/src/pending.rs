//! The mempool across a restart: raw transactions in the order of arrival. Nothing here is durable in the glossary's
//! sense: a crash between two savings loses what came in after the first.
//!
//! Invariant: what is loaded is one whole saving, never parts of two.

use alloy_primitives::Bytes;
use sqlx::Row;

use crate::{
    Classify, ConvertError, Database, Severity, convert::bigint, copy::BinaryRows, metrics::timed,
    transaction::Transaction,
};

/// Why the mempool could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum PendingError {
    /// Saving failed; the saving before it is still there.
    #[error("cannot save the pending transactions")]
    Save(#[source] sqlx::Error),
    /// Loading failed.
    #[error("cannot load the pending transactions")]
    Load(#[source] sqlx::Error),
    /// There are more of them than a column can count.
    #[error("too many pending transactions")]
    TooMany(#[source] ConvertError),
}

impl Classify for PendingError {
    fn severity(&self) -> Severity {
        match self {
            Self::Save(source) | Self::Load(source) => source.severity(),
            Self::TooMany(_) => Severity::Critical,
        }
    }
}

/// The pending transactions in one database.
#[derive(Debug, Clone)]
pub struct PendingTransactions {
    database: Database,
}

impl PendingTransactions {
    /// Those of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Replaces what was saved before.
    pub async fn replace<T: AsRef<[u8]>>(&self, transactions: &[T]) -> Result<(), PendingError> {
        let failed = PendingError::Save;
        let mut rows = BinaryRows::new();
        for (transaction, position) in transactions.iter().zip(0_u64..) {
            let position = bigint(position).map_err(PendingError::TooMany)?;
            rows.row(2).bigint(position).bytes(transaction.as_ref());
        }
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let emptying = sqlx::query("TRUNCATE pending_transactions").execute(&mut *transaction);
        timed("pending_truncate", emptying).await.map_err(failed)?;
        let statement = "COPY pending_transactions (position, raw) FROM STDIN (FORMAT binary)";
        rows.send("pending_copy", &mut transaction, statement).await.map_err(failed)?;
        transaction.commit("pending_commit").await.map_err(failed)
    }

    /// What was saved last, in order.
    pub async fn load(&self) -> Result<Vec<Bytes>, PendingError> {
        let query = sqlx::query("SELECT raw FROM pending_transactions ORDER BY position");
        let rows = timed("pending_load", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(PendingError::Load)?;
        let raw = rows.iter().map(|row| Ok(Bytes::from(row.try_get::<Vec<u8>, _>(0)?)));
        raw.collect::<Result<_, _>>().map_err(PendingError::Load)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn the_last_saving_is_loaded_whole_and_in_order() {
        let test = TestDatabase::create().await;
        let pending = PendingTransactions::new(test.database.clone());
        assert_eq!(pending.load().await.unwrap(), Vec::<Bytes>::new());
        let many: Vec<Bytes> =
            (0..500_u32).rev().map(|index| index.to_be_bytes().repeat(30).into()).collect();
        pending.replace(&many).await.unwrap();
        assert_eq!(pending.load().await.unwrap(), many);
        pending.replace(&many[..3]).await.unwrap();
        assert_eq!(pending.load().await.unwrap(), many[..3]);
        pending.replace::<Bytes>(&[]).await.unwrap();
        assert_eq!(pending.load().await.unwrap(), Vec::<Bytes>::new());
    }
}
