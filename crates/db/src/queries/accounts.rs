//! What an explorer asks about an account: its transactions, and who created it. From the projection, so the newest
//! blocks may be missing.

use alloy_primitives::{Address, KECCAK256_EMPTY};
use sqlx::{Row, postgres::PgRow};

use super::{ChainReader, ReadError, TransactionPosition};
use crate::{
    convert::{Addr, Big, Hash, Int},
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

    /// The transactions of an account in blocks before `block`, newest first: those it sent, received or was created by,
    /// and those that reached it otherwise (`transaction_accounts`).
    pub async fn transactions_before(
        &self,
        account: Address,
        block: u64,
        limit: u32,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        // The nonces before that block are known, so that a busy sender is not searched from its newest on.
        let query = sqlx::query(
            "(SELECT block_number, transaction_index FROM transactions
              WHERE sender = $1 AND nonce < (
                  SELECT nonce FROM account_versions WHERE address = $1 AND block_number < $2
                  ORDER BY block_number DESC LIMIT 1)
              ORDER BY nonce DESC LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE recipient = $1 AND block_number < $2
              ORDER BY block_number DESC, transaction_index DESC LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE created = $1 AND block_number < $2
              ORDER BY block_number DESC, transaction_index DESC LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transaction_accounts
              WHERE address = $1 AND block_number < $2
              ORDER BY block_number DESC, transaction_index DESC LIMIT $3)
             ORDER BY block_number DESC, transaction_index DESC LIMIT $3",
        )
        .bind(Addr(account))
        .bind(Big(block))
        .bind(i64::from(limit));
        let rows = timed("read_before", query.fetch_all(self.database.pool()));
        positions(rows.await)
    }

    /// The transactions of an account in blocks after `block`, oldest first.
    pub async fn transactions_after(
        &self,
        account: Address,
        block: u64,
        limit: u32,
    ) -> Result<Vec<TransactionPosition>, ReadError> {
        let query = sqlx::query(
            "(SELECT block_number, transaction_index FROM transactions
              WHERE sender = $1 AND nonce >= COALESCE((
                  SELECT nonce FROM account_versions WHERE address = $1 AND block_number <= $2
                  ORDER BY block_number DESC LIMIT 1), 0)
              ORDER BY nonce LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE recipient = $1 AND block_number > $2
              ORDER BY block_number, transaction_index LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transactions
              WHERE created = $1 AND block_number > $2
              ORDER BY block_number, transaction_index LIMIT $3)
             UNION
             (SELECT block_number, transaction_index FROM transaction_accounts
              WHERE address = $1 AND block_number > $2
              ORDER BY block_number, transaction_index LIMIT $3)
             ORDER BY block_number, transaction_index LIMIT $3",
        )
        .bind(Addr(account))
        .bind(Big(block))
        .bind(i64::from(limit));
        let rows = timed("read_after", query.fetch_all(self.database.pool()));
        positions(rows.await)
    }

    /// The block after which a contract had code first. Code never goes away again, but for a delegation.
    pub async fn first_code(&self, contract: Address) -> Result<Option<u64>, ReadError> {
        let query = sqlx::query(
            "SELECT block_number FROM account_versions
             WHERE address = $1 AND code_hash <> $2 ORDER BY block_number LIMIT 1",
        )
        .bind(Addr(contract))
        .bind(Hash(KECCAK256_EMPTY));
        let row = timed("read_first_code", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(ReadError::Account)?;
        let number = row.map(|row| Ok(row.try_get::<Big, _>(0)?.0)).transpose();
        number.map_err(ReadError::Account)
    }
}

fn positions(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<TransactionPosition>, ReadError> {
    let positions = rows.and_then(|rows| rows.iter().map(position).collect());
    positions.map_err(ReadError::Account)
}

fn position(row: &PgRow) -> Result<TransactionPosition, sqlx::Error> {
    Ok(TransactionPosition {
        block: row.try_get::<Big, _>(0)?.0,
        index: row.try_get::<Int, _>(1)?.0,
    })
}
