//! One transaction: where its hash is found, and its bytes and receipt cut out of their block.
//!
//! A block may hold a hundred thousand transactions, so nothing here reads one whole: the offsets in the block's row say
//! which few bytes of it, or of a journal row, to fetch.

use alloy_primitives::{B256, Bytes, keccak256};
use sqlx::{PgConnection, Row};

use super::{ChainReader, ReadError};
use crate::{
    IndexedReceipt, SealedHeader,
    codec::{DecodeError, Reader},
    convert::{Big, Int},
    index::{decode_receipt, hash_prefix, numbers, sealed_header},
    journal::first_record,
    metrics::timed,
};

/// Transactions that may share the first eight bytes of a hash. By accident there are no two; on purpose, nobody is
/// served more than this many reads.
const CANDIDATES_MAX: i64 = 16;
/// More bytes than any row has: `substring` then goes to the end.
const TO_THE_END: i32 = i32::MAX;

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionPosition {
    /// The block.
    pub block: u64,
    /// Its place in the block, deposits included.
    pub index: u32,
}

/// A transaction with its block and its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedTransaction {
    /// The block's header.
    pub block: SealedHeader,
    /// Its place in the block.
    pub index: u32,
    /// The raw transaction.
    pub raw: Bytes,
    /// How it ran.
    pub receipt: IndexedReceipt,
}

impl ChainReader {
    /// The transaction with that hash.
    pub async fn transaction(&self, hash: B256) -> Result<Option<IndexedTransaction>, ReadError> {
        let query = sqlx::query(
            "SELECT block_number, transaction_index FROM transaction_positions
             WHERE prefix = $1 ORDER BY block_number, transaction_index LIMIT $2",
        )
        .bind(hash_prefix(&hash))
        .bind(CANDIDATES_MAX);
        let rows = timed("read_position", query.fetch_all(self.database.pool()));
        for row in rows.await.map_err(ReadError::Position)? {
            let position = TransactionPosition {
                block: row.try_get::<Big, _>(0).map_err(ReadError::Position)?.0,
                index: row.try_get::<Int, _>(1).map_err(ReadError::Position)?.0,
            };
            let found = self.transaction_at(position).await?;
            if let Some(found) = found.filter(|found| keccak256(&found.raw) == hash) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The transaction at that place.
    pub async fn transaction_at(
        &self,
        position: TransactionPosition,
    ) -> Result<Option<IndexedTransaction>, ReadError> {
        let number = position.block;
        let failed = |source| ReadError::Body { number, source };
        let corrupt = |source| ReadError::Corrupt { number, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count, sub_blocks,
                    substring(body_offsets FROM 4 * $2 + 1 FOR 8),
                    substring(receipt_offsets FROM 4 * $2 + 1 FOR 8)
             FROM blocks WHERE number = $1 AND transaction_count > $2",
        )
        .bind(Big(number))
        .bind(Int(position.index));
        let row = timed("read_transaction_place", query.fetch_optional(&mut *connection));
        let Some(row) = row.await.map_err(failed)? else { return Ok(None) };
        let block = sealed_header(&row).map_err(ReadError::Block)?;
        let counts = numbers(row.try_get(4).map_err(failed)?).map_err(corrupt)?;
        let bodies = numbers(row.try_get(5).map_err(failed)?).map_err(corrupt)?;
        let receipts = numbers(row.try_get(6).map_err(failed)?).map_err(corrupt)?;
        let place = Place::new(position, &counts, &bodies).ok_or(DecodeError::Truncated);
        let place = place.map_err(corrupt)?;
        let Some(slice) = body_slice(&mut connection, number, &place).await.map_err(failed)? else {
            return Ok(None);
        };
        let raw = first_record(&slice).map_err(corrupt)?;
        let receipt = receipt(&mut connection, number, &receipts).await?;
        Ok(Some(IndexedTransaction { block, index: position.index, raw, receipt }))
    }
}

/// Which bytes hold a transaction.
struct Place {
    /// The journal row; `None`: the block's own body.
    sub_block: Option<u32>,
    start: u32,
    /// `None`: it is the last of its payload.
    end: Option<u32>,
}

impl Place {
    /// `counts` says up to which transaction each part of the body goes; `offsets` are those of the transaction and of
    /// the next one.
    fn new(position: TransactionPosition, counts: &[u32], offsets: &[u32]) -> Option<Self> {
        let part = counts.iter().position(|count| position.index < *count)?;
        let next_is_in_it = position.index + 1 < *counts.get(part)?;
        Some(Self {
            sub_block: part.checked_sub(1).and_then(|index| u32::try_from(index).ok()),
            start: *offsets.first()?,
            end: if next_is_in_it { Some(*offsets.get(1)?) } else { None },
        })
    }
}

/// Where `substring` starts and how much it takes.
fn cut(start: u32, end: Option<u32>) -> (i64, i64) {
    let length = end.map_or(i64::from(TO_THE_END), |end| i64::from(end) - i64::from(start));
    (i64::from(start) + 1, std::cmp::max(length, 0))
}

/// `None` when the journal row has gone since: the block was unwound.
async fn body_slice(
    connection: &mut PgConnection,
    number: u64,
    place: &Place,
) -> Result<Option<Bytes>, sqlx::Error> {
    let (start, length) = cut(place.start, place.end);
    let query = match place.sub_block {
        None => sqlx::query(
            "SELECT substring(body FROM $2::int FOR $3::int) FROM blocks WHERE number = $1",
        )
        .bind(Big(number))
        .bind(start)
        .bind(length),
        Some(sub_index) => sqlx::query(
            "SELECT substring(payload FROM $2::int FOR $3::int) FROM journal
             WHERE block_number = $1 AND sub_index = $4",
        )
        .bind(Big(number))
        .bind(start)
        .bind(length)
        .bind(Int(sub_index)),
    };
    let row = timed("read_transaction_body", query.fetch_optional(connection)).await?;
    row.map(|row| Ok(Bytes::from(row.try_get::<Vec<u8>, _>(0)?))).transpose()
}

async fn receipt(
    connection: &mut PgConnection,
    number: u64,
    offsets: &[u32],
) -> Result<IndexedReceipt, ReadError> {
    let failed = |source| ReadError::Receipts { number, source };
    let corrupt = |source| ReadError::Corrupt { number, source };
    let start = *offsets.first().ok_or(DecodeError::Truncated).map_err(corrupt)?;
    let (start, length) = cut(start, offsets.get(1).copied());
    let query = sqlx::query(
        "SELECT substring(receipts FROM $2::int FOR $3::int) FROM blocks WHERE number = $1",
    )
    .bind(Big(number))
    .bind(start)
    .bind(length);
    let row = timed("read_transaction_receipt", query.fetch_one(connection));
    let row = row.await.map_err(failed)?;
    let mut reader = Reader::new(row.try_get(0).map_err(failed)?);
    let receipt = decode_receipt(&mut reader).map_err(corrupt)?;
    reader.finish().map_err(corrupt)?;
    Ok(receipt)
}
