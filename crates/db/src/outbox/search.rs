//! The outbox as others than its senders see it: what carries a block to L1, and what was proposed.

use alloy_primitives::Bytes;
use sqlx::postgres::PgRow;

use super::{OutboxEntry, OutboxError, read::entry};
use crate::{Database, convert::Big, metrics::timed};

/// The outbox of all senders of one database.
#[derive(Debug, Clone)]
pub struct OutboxSearch {
    database: Database,
}

impl OutboxSearch {
    /// That of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// The records that post this block or a part of it, newest first, at most `limit`.
    pub async fn postings_of(
        &self,
        block: u64,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, OutboxError> {
        // The first part of a block stands for the whole of it; keys of the others begin like its own, and '0' is the
        // character after '/'.
        let (from, to) = (format!("part/{block}/"), format!("part/{block}0"));
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender
             FROM outbox
             WHERE purpose = 'batch' AND int8range(first_block, last_block, '[]') @> $1
             UNION ALL
             SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender
             FROM outbox
             WHERE purpose = 'other' AND key COLLATE \"C\" >= $2 AND key COLLATE \"C\" < $3
             ORDER BY id DESC LIMIT $4",
        )
        .bind(Big(block))
        .bind(from)
        .bind(to)
        .bind(i64::from(limit));
        let rows = timed("outbox_postings_of", query.fetch_all(self.database.pool())).await;
        rows.map_err(OutboxError::Read)?.iter().map(entry).collect()
    }

    /// The record of the first proposal at or above this block that has landed or may still land, with its calldata.
    pub async fn proposal_of(
        &self,
        block: u64,
    ) -> Result<Option<(OutboxEntry, Bytes)>, OutboxError> {
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender, calldata
             FROM outbox
             WHERE purpose = 'proposal' AND last_block >= $1
               AND (outcome IS NULL OR outcome = 'confirmed')
             ORDER BY last_block, id DESC LIMIT 1",
        )
        .bind(Big(block));
        let row = timed("outbox_proposal_of", query.fetch_optional(self.database.pool())).await;
        row.map_err(OutboxError::Read)?.as_ref().map(proposal).transpose()
    }

    /// The newest proposals, by falling block, with their calldata: those that have landed or may still land.
    pub async fn proposals(&self, limit: u32) -> Result<Vec<(OutboxEntry, Bytes)>, OutboxError> {
        let query = sqlx::query(
            "SELECT id, key, purpose, first_block, last_block, nonce, cancel_requested,
                    mined_hash, mined_block, mined_block_hash, mined_success, outcome, reason,
                    sender, calldata
             FROM outbox
             WHERE purpose = 'proposal' AND (outcome IS NULL OR outcome = 'confirmed')
             ORDER BY last_block DESC, id DESC LIMIT $1",
        )
        .bind(i64::from(limit));
        let rows = timed("outbox_proposals", query.fetch_all(self.database.pool())).await;
        rows.map_err(OutboxError::Read)?.iter().map(proposal).collect()
    }
}

fn proposal(row: &PgRow) -> Result<(OutboxEntry, Bytes), OutboxError> {
    use sqlx::Row;
    let calldata: Vec<u8> = row.try_get("calldata").map_err(OutboxError::Read)?;
    Ok((entry(row)?, calldata.into()))
}
