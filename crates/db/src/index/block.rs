//! One sealed block as the index knows it, and its packed row.
//!
//! The transactions of a block are its own body (deposits, which the journal does not hold; in a database without a
//! journal, all of them) and then those of its journal rows. The row keeps where each transaction's record starts, so that
//! one body or receipt is read alone. Invariant: a block that is read back equals the one that was written.

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use lanes::Hasher;
use protocol::Header;
use sqlx::{PgConnection, Row, postgres::PgRow};
use state::StateDiff;

use super::{IndexError, IndexedReceipt, SealedHeader, receipts};
use crate::{
    SubBlock,
    codec::{DecodeError, Reader, Writer},
    convert::{Big, Hash, Int},
    journal::{decode_payload, encode_payload, read_sub_blocks, record_offsets},
    metrics::timed,
};

/// A block's raw transactions, by where they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// Kept in the block's own row: deposits, or everything where there is no journal.
    pub own: Vec<Bytes>,
    /// Kept in the journal: one list per sub-block, in order.
    pub journaled: Vec<Vec<Bytes>>,
}

impl Bodies {
    /// All transactions in the block's order.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.own.iter().chain(self.journaled.iter().flatten())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.own.len() + self.journaled.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Everything the index keeps about a sealed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRecord {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
    /// The raw transactions.
    pub bodies: Bodies,
    /// One receipt per transaction.
    pub receipts: Vec<IndexedReceipt>,
    /// From the state before to the state after.
    pub diff: StateDiff,
    /// From the state after to the state before.
    pub undo: StateDiff,
    /// The RLP of the block's access list (EIP-7928), where one was written.
    pub access_list: Option<Bytes>,
}

impl BlockRecord {
    /// The hash of each transaction, in order.
    pub fn transaction_hashes(&self) -> Vec<B256> {
        let raws: Vec<&[u8]> = self.bodies.iter().map(|raw| &raw[..]).collect();
        let mut hashes = Vec::with_capacity(raws.len());
        Hasher::new().hash(&raws, &mut hashes);
        hashes
    }

    /// Checks that the parts fit together, so that a mistake is found when it is made.
    pub(crate) fn check(&self) -> Result<(), IndexError> {
        let number = self.header.number;
        let inconsistent = |what| Err(IndexError::Inconsistent { number, what });
        if self.hash != self.header.hash_slow() {
            return inconsistent("the hash is not the header's");
        }
        if self.receipts.len() != self.bodies.len() {
            return inconsistent("as many receipts as transactions");
        }
        let (mut gas, mut logs) = (0_u64, 0_u64);
        for record in &self.receipts {
            gas = gas.saturating_add(record.gas_used);
            if record.receipt.cumulative_gas_used() != gas || record.first_log_index != logs {
                return inconsistent("cumulative gas or log places");
            }
            logs += record.receipt.logs().len() as u64;
        }
        if gas != self.header.gas_used {
            return inconsistent("gas used");
        }
        Ok(())
    }
}

/// A block's row, packed.
#[derive(Debug)]
pub(super) struct PackedBlock {
    pub(super) header: Vec<u8>,
    pub(super) transaction_count: u32,
    pub(super) sub_blocks: Vec<u8>,
    pub(super) body_offsets: Vec<u8>,
    pub(super) body: Vec<u8>,
    pub(super) receipt_offsets: Vec<u8>,
    pub(super) receipts: Vec<u8>,
    pub(super) diff: Vec<u8>,
    pub(super) undo: Vec<u8>,
}

impl PackedBlock {
    pub(super) fn new(block: &BlockRecord) -> Result<Self, DecodeError> {
        let mut total = 0;
        let mut sub_blocks = Vec::new();
        let mut body_offsets = Vec::new();
        for part in std::iter::once(&block.bodies.own).chain(&block.bodies.journaled) {
            total += u32::try_from(part.len()).map_err(|_| DecodeError::TooLong)?;
            sub_blocks.extend_from_slice(&total.to_be_bytes());
            let offsets = record_offsets(part)?;
            body_offsets.extend(offsets.into_iter().flat_map(u32::to_be_bytes));
        }
        let mut receipts = Writer::default();
        let mut receipt_offsets = Vec::new();
        for receipt in &block.receipts {
            let offset = u32::try_from(receipts.len()).map_err(|_| DecodeError::TooLong)?;
            receipt_offsets.extend_from_slice(&offset.to_be_bytes());
            receipts::encode(receipt, &mut receipts);
        }
        Ok(Self {
            header: alloy_rlp::encode(&block.header),
            transaction_count: total,
            sub_blocks,
            body_offsets,
            body: encode_payload(&block.bodies.own),
            receipt_offsets,
            receipts: receipts.finish(),
            diff: block.diff.encode(),
            undo: block.undo.encode(),
        })
    }
}

/// The numbers of one of a row's u32 columns.
pub(crate) fn numbers(bytes: &[u8]) -> Result<Vec<u32>, DecodeError> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if rest.is_empty() {
        Ok(numbers.iter().map(|number| u32::from_be_bytes(*number)).collect())
    } else {
        Err(DecodeError::Trailing(rest.len()))
    }
}

pub(crate) fn header(bytes: &[u8]) -> Result<Header, DecodeError> {
    let mut rest = bytes;
    let header = Header::decode(&mut rest).map_err(|_| DecodeError::Truncated)?;
    if rest.is_empty() { Ok(header) } else { Err(DecodeError::Trailing(rest.len())) }
}

/// Columns 0 to 3 of a query: number, hash, header, transaction count.
pub(crate) fn sealed_header(row: &PgRow) -> Result<SealedHeader, IndexError> {
    let read = |source| IndexError::ReadBlock { number: 0, source };
    let number = row.try_get::<Big, _>(0).map_err(read)?.0;
    let failed = |source| IndexError::ReadBlock { number, source };
    let corrupt = |source| IndexError::Corrupt { number, source };
    Ok(SealedHeader {
        hash: row.try_get::<Hash, _>(1).map_err(failed)?.0,
        header: header(row.try_get(2).map_err(failed)?).map_err(corrupt)?,
        transaction_count: row.try_get::<Int, _>(3).map_err(failed)?.0,
    })
}

/// Reads a block back, whole, with its body from the journal.
pub(crate) async fn read_block(
    connection: &mut PgConnection,
    number: u64,
) -> Result<Option<BlockRecord>, IndexError> {
    let failed = |source| IndexError::ReadBlock { number, source };
    let query = sqlx::query(
        "SELECT number, hash, header, transaction_count, sub_blocks, body, receipts, diff, undo,
                access_list
         FROM blocks WHERE number = $1",
    )
    .bind(Big(number));
    let row = timed("index_read_block", query.fetch_optional(&mut *connection));
    let Some(row) = row.await.map_err(failed)? else { return Ok(None) };
    let sealed = sealed_header(&row)?;
    let corrupt = |source| IndexError::Corrupt { number, source };
    let sub_blocks = numbers(row.try_get(4).map_err(failed)?).map_err(corrupt)?;
    let own = Bytes::from(row.try_get::<Vec<u8>, _>(5).map_err(failed)?);
    let own = decode_payload(&own).map_err(corrupt)?;
    let journaled = if sub_blocks.len() > 1 {
        let body = |source| IndexError::Body { number, source: Box::new(source) };
        let rows = read_sub_blocks(connection, number).await.map_err(body)?;
        rows.iter().map(SubBlock::transactions).collect::<Result<_, _>>().map_err(body)?
    } else {
        Vec::new()
    };
    let bodies = Bodies { own, journaled };
    if cumulative_counts(&bodies) != sub_blocks {
        return Err(IndexError::NotJournaled { number });
    }
    let diff = |column: usize| {
        let bytes = row.try_get(column).map_err(failed)?;
        StateDiff::decode(bytes).map_err(|source| IndexError::CorruptDiff { number, source })
    };
    let receipts = row.try_get(6).map_err(failed)?;
    let receipts = decode_receipts(receipts, sealed.transaction_count).map_err(corrupt)?;
    let access_list: Option<Vec<u8>> = row.try_get(9).map_err(failed)?;
    let block = BlockRecord {
        header: sealed.header,
        hash: sealed.hash,
        bodies,
        receipts,
        diff: diff(7)?,
        undo: diff(8)?,
        access_list: access_list.map(Bytes::from),
    };
    Ok(Some(block))
}

fn cumulative_counts(bodies: &Bodies) -> Vec<u32> {
    let mut total = 0_usize;
    std::iter::once(&bodies.own)
        .chain(&bodies.journaled)
        .map(|part| {
            total += part.len();
            u32::try_from(total).unwrap_or(u32::MAX)
        })
        .collect()
}

/// All receipts of a block.
pub(crate) fn decode_receipts(
    bytes: &[u8],
    count: u32,
) -> Result<Vec<IndexedReceipt>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let receipts = (0..count).map(|_| receipts::decode(&mut reader)).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(receipts)
}
