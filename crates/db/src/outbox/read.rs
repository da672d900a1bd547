//! Reading: what is open after a restart, and what has become of a kind of record.

use alloy_primitives::Bytes;
use protocol::BlockId;
use sqlx::{Row, postgres::PgRow};

use super::{
    Coverage, Outbox, OutboxAttempt, OutboxEntry, OutboxError, OutboxInclusion, OutboxOutcome,
    OutboxRecord, OutboxRequest,
};
use crate::{
    convert::{Addr, Amount, Big, Hash},
    metrics::timed,
};

/// Columns of what an entry says, in the order that [`entry`] reads them.
const ENTRY_COLUMNS: usize = 14;

impl Outbox {
    /// All open records, by rising number, with their attempts.
    pub async fn open(&self) -> Result<Vec<OutboxRecord>, OutboxError> {
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender, destination, value, calldata, gas_limit, blob_data
             FROM outbox WHERE sender = $1 AND outcome IS NULL ORDER BY id",
        )
        .bind(Addr(self.sender));
        let rows = timed("outbox_open", query.fetch_all(self.database.pool()));
        self.records(rows.await.map_err(OutboxError::Read)?).await
    }

    /// The record with that key, open or closed.
    pub async fn by_key(&self, key: &str) -> Result<Option<OutboxRecord>, OutboxError> {
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender, destination, value, calldata, gas_limit, blob_data
             FROM outbox WHERE sender = $1 AND key = $2",
        )
        .bind(Addr(self.sender))
        .bind(key);
        let rows = timed("outbox_by_key", query.fetch_all(self.database.pool()));
        Ok(self.records(rows.await.map_err(OutboxError::Read)?).await?.pop())
    }

    /// The entries whose key starts with `prefix`, by rising number: the newest `limit` of them.
    pub async fn entries(&self, prefix: &str, limit: u32) -> Result<Vec<OutboxEntry>, OutboxError> {
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender
             FROM outbox WHERE sender = $1 AND starts_with(key, $2) ORDER BY id DESC LIMIT $3",
        )
        .bind(Addr(self.sender))
        .bind(prefix)
        .bind(i64::from(limit));
        let rows = timed("outbox_entries", query.fetch_all(self.database.pool()));
        rows.await.map_err(OutboxError::Read)?.iter().rev().map(entry).collect()
    }

    async fn records(&self, rows: Vec<PgRow>) -> Result<Vec<OutboxRecord>, OutboxError> {
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let entry = entry(&row)?;
            let request = request(&row).map_err(OutboxError::Read)?;
            let attempts = self.attempts(entry.id).await.map_err(OutboxError::Read)?;
            records.push(OutboxRecord { entry, request, attempts });
        }
        Ok(records)
    }

    async fn attempts(&self, id: u64) -> Result<Vec<OutboxAttempt>, sqlx::Error> {
        let query = sqlx::query(
            "SELECT hash, nonce, gas_limit, fee_per_gas, tip_per_gas, fee_per_blob_gas, cancels
             FROM outbox_attempts WHERE outbox_id = $1 ORDER BY attempt",
        )
        .bind(Big(id));
        let rows = timed("outbox_attempts", query.fetch_all(self.database.pool())).await?;
        rows.iter().map(attempt).collect()
    }
}

pub(super) fn entry(row: &PgRow) -> Result<OutboxEntry, OutboxError> {
    let failed = OutboxError::Read;
    let id = row.try_get::<Big, _>(0).map_err(failed)?.0;
    let corrupt = || OutboxError::Corrupt(id);
    let number = |column: usize| -> Result<Option<u64>, OutboxError> {
        Ok(row.try_get::<Option<Big>, _>(column).map_err(failed)?.map(|number| number.0))
    };
    let purpose: &str = row.try_get(2).map_err(failed)?;
    let coverage = match (purpose, number(3)?, number(4)?) {
        ("batch", Some(first), Some(last)) => Coverage::Batch { first, last },
        ("proposal", None, Some(block)) => Coverage::Proposal { block },
        ("other", None, None) => Coverage::Other,
        _ => return Err(corrupt()),
    };
    let inclusion = inclusion(row).map_err(failed)?;
    let outcome: Option<&str> = row.try_get(11).map_err(failed)?;
    let reason: Option<String> = row.try_get(12).map_err(failed)?;
    let outcome = match (outcome, inclusion, reason) {
        (None, _, None) => None,
        (Some("confirmed"), Some(inclusion), None) => Some(OutboxOutcome::Confirmed(inclusion)),
        (Some("reverted"), Some(inclusion), None) => Some(OutboxOutcome::Reverted(inclusion)),
        (Some("cancelled"), inclusion, None) => Some(OutboxOutcome::Cancelled(inclusion)),
        (Some("refused"), None, Some(reason)) => Some(OutboxOutcome::Refused { reason }),
        _ => return Err(corrupt()),
    };
    Ok(OutboxEntry {
        id,
        key: row.try_get(1).map_err(failed)?,
        coverage,
        nonce: number(5)?,
        inclusion,
        cancel_requested: row.try_get(6).map_err(failed)?,
        outcome,
    })
}

fn inclusion(row: &PgRow) -> Result<Option<OutboxInclusion>, sqlx::Error> {
    let Some(hash) = row.try_get::<Option<Hash>, _>(7)? else { return Ok(None) };
    let number = row.try_get::<Big, _>(8)?.0;
    let block = BlockId { number, hash: row.try_get::<Hash, _>(9)?.0 };
    Ok(Some(OutboxInclusion { hash: hash.0, block, succeeded: row.try_get(10)? }))
}

fn request(row: &PgRow) -> Result<OutboxRequest, sqlx::Error> {
    let bytes = |column: usize| row.try_get::<Option<Vec<u8>>, _>(column);
    Ok(OutboxRequest {
        to: row.try_get::<Addr, _>(ENTRY_COLUMNS)?.0,
        value: row.try_get::<Amount, _>(ENTRY_COLUMNS + 1)?.0,
        input: bytes(ENTRY_COLUMNS + 2)?.unwrap_or_default().into(),
        gas_limit: row.try_get::<Option<Big>, _>(ENTRY_COLUMNS + 3)?.map(|gas| gas.0),
        blob_data: bytes(ENTRY_COLUMNS + 4)?.map(Bytes::from),
    })
}

fn attempt(row: &PgRow) -> Result<OutboxAttempt, sqlx::Error> {
    let fee = |column: usize| {
        let amount = row.try_get::<Amount, _>(column)?.0;
        u128::try_from(amount).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(OutboxAttempt {
        hash: row.try_get::<Hash, _>(0)?.0,
        nonce: row.try_get::<Big, _>(1)?.0,
        gas_limit: row.try_get::<Big, _>(2)?.0,
        fee_per_gas: fee(3)?,
        tip_per_gas: fee(4)?,
        fee_per_blob_gas: fee(5)?,
        cancels: row.try_get(6)?,
    })
}
