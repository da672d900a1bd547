//! Whole blocks: headers, bodies, receipts.

use alloy_primitives::{B256, Bytes};
use sqlx::Row;

use super::{ChainReader, ReadError};
use crate::{
    IndexedReceipt, SealedHeader, SubBlock,
    convert::{Big, Hash, Int},
    index::{decode_receipts, numbers, sealed_header},
    journal::{decode_payload, read_sub_blocks},
    metrics::timed,
};

impl ChainReader {
    /// The header of the newest block.
    pub async fn newest_header(&self) -> Result<Option<SealedHeader>, ReadError> {
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count FROM blocks
             ORDER BY number DESC LIMIT 1",
        );
        let row = timed("read_newest_header", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(ReadError::Header)?;
        row.map(|row| sealed_header(&row)).transpose().map_err(ReadError::Block)
    }

    /// The header of one block; its transaction count is in it.
    pub async fn header(&self, number: u64) -> Result<Option<SealedHeader>, ReadError> {
        Ok(self.headers(number, 1).await?.pop())
    }

    /// Headers from block `first` on, at most `limit` of them, in order.
    pub async fn headers(&self, first: u64, limit: u32) -> Result<Vec<SealedHeader>, ReadError> {
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count FROM blocks
             WHERE number >= $1 AND number < $1 + $2 ORDER BY number",
        )
        .bind(Big(first))
        .bind(i64::from(limit));
        let rows = timed("read_headers", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(ReadError::Header)?;
        rows.iter().map(sealed_header).collect::<Result<_, _>>().map_err(ReadError::Block)
    }

    /// The header of the block with that hash.
    pub async fn header_by_hash(&self, hash: B256) -> Result<Option<SealedHeader>, ReadError> {
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count FROM blocks WHERE hash = $1",
        )
        .bind(Hash(hash));
        let row = timed("read_header_by_hash", query.fetch_optional(self.database.pool()));
        let row = row.await.map_err(ReadError::Header)?;
        row.map(|row| sealed_header(&row)).transpose().map_err(ReadError::Block)
    }

    /// All raw transactions of a block, in order; `None` for an unknown block.
    pub async fn body(&self, number: u64) -> Result<Option<Vec<Bytes>>, ReadError> {
        let failed = |source| ReadError::Body { number, source };
        let corrupt = |source| ReadError::Corrupt { number, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        let query = sqlx::query("SELECT sub_blocks, body FROM blocks WHERE number = $1");
        let row = query.bind(Big(number)).fetch_optional(&mut *connection);
        let Some(row) = timed("read_body", row).await.map_err(failed)? else { return Ok(None) };
        let counts = numbers(row.try_get(0).map_err(failed)?).map_err(corrupt)?;
        let own = Bytes::from(row.try_get::<Vec<u8>, _>(1).map_err(failed)?);
        let mut transactions = decode_payload(&own).map_err(corrupt)?;
        if counts.len() > 1 {
            let journal = |source| ReadError::Journal { number, source };
            let rows = read_sub_blocks(&mut connection, number).await.map_err(journal)?;
            for part in rows.iter().map(SubBlock::transactions) {
                transactions.extend(part.map_err(journal)?);
            }
        }
        Ok(Some(transactions))
    }

    /// All receipts of a block, in order; `None` for an unknown block.
    pub async fn receipts(&self, number: u64) -> Result<Option<Vec<IndexedReceipt>>, ReadError> {
        let failed = |source| ReadError::Receipts { number, source };
        let query = sqlx::query("SELECT transaction_count, receipts FROM blocks WHERE number = $1");
        let row = query.bind(Big(number)).fetch_optional(self.database.pool());
        let Some(row) = timed("read_receipts", row).await.map_err(failed)? else {
            return Ok(None);
        };
        let count = row.try_get::<Int, _>(0).map_err(failed)?.0;
        let receipts = decode_receipts(row.try_get(1).map_err(failed)?, count);
        receipts.map(Some).map_err(|source| ReadError::Corrupt { number, source })
    }
}
