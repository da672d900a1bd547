//! The outbox as others than its senders see it: what carries a block to L1.

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
}
