//! Recording and changing. Each change is one transaction that ends with the fence.

use sqlx::PgConnection;

use super::{
    Coverage, Outbox, OutboxAttempt, OutboxError, OutboxInclusion, OutboxOutcome, OutboxRecord,
    OutboxRequest,
};
use crate::{
    convert::{Addr, Amount, Big, Hash},
    lease::{Fence, hold_fence},
    metrics::timed,
    severity::is_conflict,
    transaction::Transaction,
};

impl Outbox {
    /// Records what is to be sent, or gives the record that has this key already, unchanged.
    pub async fn insert(
        &self,
        fence: Fence,
        key: &str,
        coverage: Coverage,
        request: &OutboxRequest,
    ) -> Result<OutboxRecord, OutboxError> {
        let failed = |source| OutboxError::Insert { key: key.to_owned(), source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        match self.insert_row(&mut transaction, key, coverage, request).await {
            Err(error) if is_conflict(&error) => {
                return Err(OutboxError::Covered { key: key.to_owned() });
            }
            inserted => inserted.map_err(failed)?,
        }
        if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
            return Err(OutboxError::Deposed(fence));
        }
        transaction.commit("outbox_commit").await.map_err(failed)?;
        let recorded = self.by_key(key).await?;
        // Rows are never deleted.
        recorded.ok_or_else(|| failed(sqlx::Error::RowNotFound))
    }

    async fn insert_row(
        &self,
        connection: &mut PgConnection,
        key: &str,
        coverage: Coverage,
        request: &OutboxRequest,
    ) -> Result<(), sqlx::Error> {
        let (purpose, first, last) = match coverage {
            Coverage::Batch { first, last } => ("batch", Some(Big(first)), Some(Big(last))),
            Coverage::Proposal { block } => ("proposal", None, Some(Big(block))),
            Coverage::Other => ("other", None, None),
        };
        let query = sqlx::query(
            "INSERT INTO outbox (sender, key, purpose, first_block, last_block, destination,
                                 value, calldata, gas_limit, blob_data)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
             WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE sender = $1 AND key = $2)",
        )
        .bind(Addr(self.sender))
        .bind(key)
        .bind(purpose)
        .bind(first)
        .bind(last)
        .bind(Addr(request.to))
        .bind(Amount(request.value))
        .bind(&request.input[..])
        .bind(request.gas_limit.map(Big))
        .bind(request.blob_data.as_ref().map(|data| &data[..]));
        timed("outbox_insert", query.execute(connection)).await?;
        Ok(())
    }

    /// Adds an attempt and gives its nonce to the record. Repeating it changes nothing.
    pub async fn record_attempt(
        &self,
        fence: Fence,
        id: u64,
        attempt: &OutboxAttempt,
    ) -> Result<(), OutboxError> {
        const ACT: &str = "add an attempt to";
        let failed = |source| OutboxError::Change { id, act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let query = sqlx::query(
            "UPDATE outbox SET nonce = $3 WHERE id = $1 AND sender = $2 AND outcome IS NULL",
        )
        .bind(Big(id))
        .bind(Addr(self.sender))
        .bind(Big(attempt.nonce));
        let changed = timed("outbox_hold_nonce", query.execute(&mut *transaction)).await;
        match changed {
            Err(error) if is_conflict(&error) => {
                return Err(OutboxError::NonceTaken { id, nonce: attempt.nonce });
            }
            changed if changed.as_ref().is_ok_and(|changed| changed.rows_affected() == 0) => {
                return Err(OutboxError::NotOpen(id));
            }
            changed => changed.map_err(failed)?,
        };
        insert_attempt(&mut transaction, id, attempt).await.map_err(failed)?;
        self.commit(transaction, fence, id, ACT).await
    }

    /// Takes the nonce away from a record; its attempts stay.
    pub async fn release_nonce(&self, fence: Fence, id: u64) -> Result<(), OutboxError> {
        const ACT: &str = "take the nonce from";
        let query = sqlx::query(
            "UPDATE outbox SET nonce = NULL WHERE id = $1 AND sender = $2 AND outcome IS NULL",
        );
        self.change(fence, id, ACT, query.bind(Big(id)).bind(Addr(self.sender))).await
    }

    /// Notes where a record was mined, or with `None` that a reorg took it out again.
    pub async fn set_inclusion(
        &self,
        fence: Fence,
        id: u64,
        inclusion: Option<&OutboxInclusion>,
    ) -> Result<(), OutboxError> {
        const ACT: &str = "note the inclusion of";
        let query = sqlx::query(
            "UPDATE outbox SET mined_hash = $3, mined_block = $4, mined_block_hash = $5,
                               mined_success = $6
             WHERE id = $1 AND sender = $2 AND outcome IS NULL",
        )
        .bind(Big(id))
        .bind(Addr(self.sender))
        .bind(inclusion.map(|inclusion| Hash(inclusion.hash)))
        .bind(inclusion.map(|inclusion| Big(inclusion.block.number)))
        .bind(inclusion.map(|inclusion| Hash(inclusion.block.hash)))
        .bind(inclusion.map(|inclusion| inclusion.succeeded));
        self.change(fence, id, ACT, query).await
    }

    /// Notes that a record is no longer wanted.
    pub async fn request_cancel(&self, fence: Fence, id: u64) -> Result<(), OutboxError> {
        const ACT: &str = "cancel";
        let query = sqlx::query(
            "UPDATE outbox SET cancel_requested = TRUE
             WHERE id = $1 AND sender = $2 AND outcome IS NULL",
        );
        self.change(fence, id, ACT, query.bind(Big(id)).bind(Addr(self.sender))).await
    }

    /// Closes a record for good. Closing it again the same way changes nothing.
    pub async fn close(
        &self,
        fence: Fence,
        id: u64,
        outcome: &OutboxOutcome,
    ) -> Result<(), OutboxError> {
        const ACT: &str = "close";
        let (name, inclusion, reason) = match outcome {
            OutboxOutcome::Confirmed(inclusion) => ("confirmed", Some(inclusion), None),
            OutboxOutcome::Reverted(inclusion) => ("reverted", Some(inclusion), None),
            OutboxOutcome::Cancelled(inclusion) => ("cancelled", inclusion.as_ref(), None),
            OutboxOutcome::Refused { reason } => ("refused", None, Some(reason)),
        };
        let query = sqlx::query(
            "UPDATE outbox SET outcome = $3, reason = $4, closed_at = COALESCE(closed_at, now()),
                               mined_hash = $5, mined_block = $6, mined_block_hash = $7,
                               mined_success = $8
             WHERE id = $1 AND sender = $2 AND (outcome IS NULL OR outcome = $3)",
        )
        .bind(Big(id))
        .bind(Addr(self.sender))
        .bind(name)
        .bind(reason)
        .bind(inclusion.map(|inclusion| Hash(inclusion.hash)))
        .bind(inclusion.map(|inclusion| Big(inclusion.block.number)))
        .bind(inclusion.map(|inclusion| Hash(inclusion.block.hash)))
        .bind(inclusion.map(|inclusion| inclusion.succeeded));
        self.change(fence, id, ACT, query).await
    }

    /// Runs one UPDATE of one record under the fence.
    async fn change(
        &self,
        fence: Fence,
        id: u64,
        act: &'static str,
        update: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
    ) -> Result<(), OutboxError> {
        let failed = |source| OutboxError::Change { id, act, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let changed = timed("outbox_change", update.execute(&mut *transaction)).await;
        if changed.map_err(failed)?.rows_affected() == 0 {
            return Err(OutboxError::NotOpen(id));
        }
        self.commit(transaction, fence, id, act).await
    }

    async fn commit(
        &self,
        mut transaction: Transaction,
        fence: Fence,
        id: u64,
        act: &'static str,
    ) -> Result<(), OutboxError> {
        let failed = |source| OutboxError::Change { id, act, source };
        if !hold_fence(&mut transaction, fence).await.map_err(failed)? {
            return Err(OutboxError::Deposed(fence));
        }
        transaction.commit("outbox_commit").await.map_err(failed)
    }
}

async fn insert_attempt(
    connection: &mut PgConnection,
    id: u64,
    attempt: &OutboxAttempt,
) -> Result<(), sqlx::Error> {
    let fee = |fee: u128| Amount(alloy_primitives::U256::from(fee));
    let query = sqlx::query(
        "INSERT INTO outbox_attempts (outbox_id, attempt, hash, nonce, gas_limit, fee_per_gas,
                                      tip_per_gas, fee_per_blob_gas, cancels)
         SELECT $1, (SELECT count(*) FROM outbox_attempts WHERE outbox_id = $1),
                $2, $3, $4, $5, $6, $7, $8
         ON CONFLICT (outbox_id, hash) DO NOTHING",
    )
    .bind(Big(id))
    .bind(Hash(attempt.hash))
    .bind(Big(attempt.nonce))
    .bind(Big(attempt.gas_limit))
    .bind(fee(attempt.fee_per_gas))
    .bind(fee(attempt.tip_per_gas))
    .bind(fee(attempt.fee_per_blob_gas))
    .bind(attempt.cancels);
    timed("outbox_insert_attempt", query.execute(connection)).await?;
    Ok(())
}
