//! Blobs that were derived from, kept for disputes: L1 forgets them sooner than a dispute may be over.
//!
//! Invariant: what is given out for an L1 block was read for it. Nothing is checked against its hash here: whoever read it
//! from L1 did.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use sqlx::Row;

use super::{VerifierError, VerifierStore, commit};
use crate::{
    convert::{Big, Hash},
    lease::Fence,
    metrics::timed,
    transaction::Transaction,
};

impl VerifierStore {
    /// Keeps the blobs of an L1 block; gives how many of them were not kept yet. Repeating it changes nothing.
    pub async fn keep_blobs(
        &self,
        fence: Fence,
        l1_number: u64,
        blobs: &BTreeMap<B256, Bytes>,
    ) -> Result<u64, VerifierError> {
        const ACT: &str = "keep blobs";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let mut kept = 0;
        for (hash, blob) in blobs {
            let query = sqlx::query(
                "INSERT INTO kept_blobs (l1_number, versioned_hash, blob) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING",
            )
            .bind(Big(l1_number))
            .bind(Hash(*hash))
            .bind(&blob[..]);
            let done = timed("verifier_keep_blob", query.execute(&mut *transaction));
            kept += done.await.map_err(failed)?.rows_affected();
        }
        commit(transaction, fence, ACT).await?;
        Ok(kept)
    }

    /// The kept blobs of an L1 block, by versioned hash.
    pub async fn kept_blobs(&self, l1_number: u64) -> Result<BTreeMap<B256, Bytes>, VerifierError> {
        let failed = |source| VerifierError::Read { act: "read kept blobs", source };
        let query = sqlx::query("SELECT versioned_hash, blob FROM kept_blobs WHERE l1_number = $1")
            // A height that no column holds has no blobs.
            .bind(i64::try_from(l1_number).unwrap_or(-1));
        let rows = timed("verifier_kept_blobs", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(failed)?;
        let blob = |row: &sqlx::postgres::PgRow| {
            Ok((row.try_get::<Hash, _>(0)?.0, Bytes::from(row.try_get::<Vec<u8>, _>(1)?)))
        };
        rows.iter().map(blob).collect::<Result<_, _>>().map_err(failed)
    }

    /// How many blobs are kept.
    pub async fn count_blobs(&self) -> Result<u64, VerifierError> {
        let failed = |source| VerifierError::Read { act: "count kept blobs", source };
        let query = sqlx::query_scalar("SELECT count(*) FROM kept_blobs");
        let counted = timed("verifier_count_blobs", query.fetch_one(self.database.pool()));
        let counted: i64 = counted.await.map_err(failed)?;
        Ok(u64::try_from(counted).unwrap_or_default())
    }

    /// Forgets the blobs of L1 blocks below `l1_number`; gives how many there were.
    pub async fn forget_blobs(&self, fence: Fence, l1_number: u64) -> Result<u64, VerifierError> {
        const ACT: &str = "forget blobs";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let query = sqlx::query("DELETE FROM kept_blobs WHERE l1_number < $1").bind(Big(l1_number));
        let done = timed("verifier_forget_blobs", query.execute(&mut *transaction));
        let gone = done.await.map_err(failed)?.rows_affected();
        commit(transaction, fence, ACT).await?;
        Ok(gone)
    }
}
