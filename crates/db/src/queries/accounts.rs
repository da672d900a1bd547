//! What an explorer asks about an account: its transactions, and who created it. From the projection, so the newest
//! blocks may be missing.

use alloy_primitives::Address;
use sqlx::{Row, postgres::PgRow};

use super::{ChainReader, ReadError, TransactionPosition};
use crate::{
    convert::{Addr, Big, Int},
    metrics::timed,
};

impl ChainReader {
    /// Where the transaction with that nonce stands.
    pub async fn transaction_by_nonce(
        &self,
        sender: Address,
        nonce: u64,
    ) -> Result<Option<TransactionPosition>, ReadError> {
        let query = sqlx::query(
            "SELECT block_number, transaction_index FROM transactions
             WHERE sender = $1 AND nonce = $2
             ORDER BY block_number, transaction_index LIMIT 1",
        )
        .bind(Addr(sender))
        .bind(Big(nonce));
        let row = timed("read_by_nonce", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(ReadError::Account)?;
        row.map(|row| position(&row)).transpose().map_err(ReadError::Account)
    }

    /// The transactions that an account sent or received before a place in the chain, newest first.
    pub async fn transactions_before(
        &self,
        account: Address,
        before: TransactionPosition,
        limit: u32,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        let query = sqlx::query(
            "(SELECT block_number, transaction_index FROM transactions
              WHERE sender = $1 AND (block_number, transaction_index) < ($2, $3)
              ORDER BY nonce DESC LIMIT $4)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE recipient = $1 AND (block_number, transaction_index) < ($2, $3)
              ORDER BY block_number DESC, transaction_index DESC LIMIT $4)
             ORDER BY block_number DESC, transaction_index DESC LIMIT $4",
        )
        .bind(Addr(account))
        .bind(Big(before.block))
        .bind(Int(before.index))
        .bind(i64::from(limit));
        let rows = timed("read_before", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(ReadError::Account)?;
        rows.iter().map(position).collect::<Result<_, _>>().map_err(ReadError::Account)
    }

    /// The transactions that an account sent or received after a place in the chain, oldest first.
    pub async fn transactions_after(
        &self,
        account: Address,
        after: TransactionPosition,
        limit: u32,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        let query = sqlx::query(
            "(SELECT block_number, transaction_index FROM transactions
              WHERE sender = $1 AND (block_number, transaction_index) > ($2, $3)
              ORDER BY nonce LIMIT $4)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE recipient = $1 AND (block_number, transaction_index) > ($2, $3)
              ORDER BY block_number, transaction_index LIMIT $4)
             ORDER BY block_number, transaction_index LIMIT $4",
        )
        .bind(Addr(account))
        .bind(Big(after.block))
        .bind(Int(after.index))
        .bind(i64::from(limit));
        let rows = timed("read_after", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(ReadError::Account)?;
        rows.iter().map(position).collect::<Result<_, _>>().map_err(ReadError::Account)
    }

    /// The transaction that created a contract directly, the newest if there were several. A contract that another
    /// contract created has none.
    pub async fn creation(
        &self,
        contract: Address,
    ) -> Result<Option<TransactionPosition>, ReadError> {
        let query = sqlx::query(
            "SELECT block_number, transaction_index FROM transactions
             WHERE created = $1 AND success
             ORDER BY block_number DESC, transaction_index DESC LIMIT 1",
        )
        .bind(Addr(contract));
        let row = timed("read_creation", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(ReadError::Account)?;
        row.map(|row| position(&row)).transpose().map_err(ReadError::Account)
    }
}

fn position(row: &PgRow) -> Result<TransactionPosition, sqlx::Error> {
    Ok(TransactionPosition {
        block: row.try_get::<Big, _>(0)?.0,
        index: row.try_get::<Int, _>(1)?.0,
    })
}
