//! One transaction: where its hash is found, and its bytes and receipt cut out of their block.
//!
//! A block may hold a hundred thousand transactions, so nothing here reads one whole: the offsets in the block's row say
//! which few bytes of it, or of a journal row, to fetch.

use alloy_primitives::{B256, Bytes, keccak256};
use sqlx::{PgConnection, Row, postgres::PgRow};

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
    /// What its block was opened with, as the journal has it; `None` where no journal has the block.
    pub opening: Option<Bytes>,
}

/// The places of transactions, from a query for positions. However little Postgres knows of the tables, it looks each
/// block up by its number.
macro_rules! places {
    ($positions:literal) => {
        concat!(
            "SELECT block.*, place.transaction_index FROM (",
            $positions,
            ") AS place CROSS JOIN LATERAL (
                 SELECT number, hash, header, transaction_count, sub_blocks,
                        substring(body_offsets FROM 4 * transaction_index + 1 FOR 8),
                        substring(receipt_offsets FROM 4 * transaction_index + 1 FOR 8)
                 FROM blocks
                 WHERE number = place.block_number AND transaction_count > place.transaction_index
                 LIMIT 1) AS block"
        )
    };
}

/// The parts of a transaction, the first with this query: its bytes, its receipt, and what its block was opened with.
macro_rules! parts {
    ($bytes:literal) => {
        concat!(
            "SELECT (",
            $bytes,
            "), (SELECT substring(receipts FROM $4::int FOR $5::int) FROM blocks WHERE number = $1),
                (SELECT opening FROM journal WHERE block_number = $1 AND sub_index = 0)"
        )
    };
}

impl ChainReader {
    /// The transaction with that hash. Two questions, where no other transaction shares the first bytes of its hash.
    pub async fn transaction(&self, hash: B256) -> Result<Option<IndexedTransaction>, ReadError> {
        let mut connection = self.database.pool().acquire().await.map_err(ReadError::Position)?;
        let query = sqlx::query(places!(
            "SELECT block_number, transaction_index FROM transaction_positions
             WHERE prefix = $1 ORDER BY block_number, transaction_index LIMIT $2"
        ))
        .bind(hash_prefix(&hash))
        .bind(CANDIDATES_MAX);
        let rows = timed("read_position", query.fetch_all(&mut *connection));
        for row in rows.await.map_err(ReadError::Position)? {
            let found = at_place(&mut connection, &row).await?;
            if let Some(found) = found.filter(|found| keccak256(&found.raw) == hash) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The transaction at that place. Two questions.
    pub async fn transaction_at(
        &self,
        position: TransactionPosition,
    ) -> Result<Option<IndexedTransaction>, ReadError> {
        let number = position.block;
        let failed = |source| ReadError::Body { number, source };
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        let query =
            sqlx::query(places!("SELECT $1::bigint AS block_number, $2::int AS transaction_index"))
                .bind(Big(number))
                .bind(Int(position.index));
        let row = timed("read_transaction_place", query.fetch_optional(&mut *connection));
        match row.await.map_err(failed)? {
            Some(row) => at_place(&mut connection, &row).await,
            None => Ok(None),
        }
    }
}

/// The transaction at a place; `None` when it has gone since: the block was unwound.
async fn at_place(
    connection: &mut PgConnection,
    row: &PgRow,
) -> Result<Option<IndexedTransaction>, ReadError> {
    let block = sealed_header(row).map_err(ReadError::Block)?;
    let number = block.header.number;
    let failed = |source| ReadError::Body { number, source };
    let corrupt = |source| ReadError::Corrupt { number, source };
    let counts = numbers(row.try_get(4).map_err(failed)?).map_err(corrupt)?;
    let bodies = numbers(row.try_get(5).map_err(failed)?).map_err(corrupt)?;
    let receipts = numbers(row.try_get(6).map_err(failed)?).map_err(corrupt)?;
    let index = row.try_get::<Int, _>(7).map_err(failed)?.0;
    let place = Place::new(index, &counts, &bodies).ok_or(DecodeError::Truncated);
    let place = place.map_err(corrupt)?;
    let receipt_start = *receipts.first().ok_or(DecodeError::Truncated).map_err(corrupt)?;
    let (receipt_start, receipt_length) = cut(receipt_start, receipts.get(1).copied());
    let (start, length) = cut(place.start, place.end);
    let query = sqlx::query(match place.sub_block {
        None => {
            parts!("SELECT substring(body FROM $2::int FOR $3::int) FROM blocks WHERE number = $1")
        }
        Some(_) => parts!(
            "SELECT substring(payload FROM $2::int FOR $3::int) FROM journal
             WHERE block_number = $1 AND sub_index = $6"
        ),
    })
    .bind(Big(number))
    .bind(start)
    .bind(length)
    .bind(receipt_start)
    .bind(receipt_length);
    let query = match place.sub_block {
        None => query,
        Some(sub_index) => query.bind(Int(sub_index)),
    };
    let row = timed("read_transaction", query.fetch_one(connection)).await.map_err(failed)?;
    let part = |column: usize| {
        let bytes = row.try_get::<Option<Vec<u8>>, _>(column).map_err(failed)?;
        Ok::<_, ReadError>(bytes.map(Bytes::from))
    };
    let (Some(slice), Some(receipt)) = (part(0)?, part(1)?) else { return Ok(None) };
    let raw = first_record(&slice).map_err(corrupt)?;
    let mut reader = Reader::new(&receipt);
    let receipt = decode_receipt(&mut reader).map_err(corrupt)?;
    reader.finish().map_err(corrupt)?;
    Ok(Some(IndexedTransaction { block, index, raw, receipt, opening: part(2)? }))
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
    fn new(index: u32, counts: &[u32], offsets: &[u32]) -> Option<Self> {
        let part = counts.iter().position(|count| index < *count)?;
        let next_is_in_it = index + 1 < *counts.get(part)?;
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
