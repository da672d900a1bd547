//! One sealed block as the index knows it, and its packed row.
//!
//! The transactions of a block are its own body (deposits, which the journal does not hold; in a database without a
//! journal, all of them) and then those of its journal rows. The row keeps where each transaction's record starts, so that
//! one body or receipt is read alone. Invariant: a block that is read back equals the one that was written.

use std::borrow::Borrow;

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use lanes::Hasher;
use protocol::Header;
use sqlx::{PgConnection, Row, postgres::PgRow};
use state::{PackedDiff, StateDiff};

use super::{IndexError, IndexedReceipt, SealedHeader, hash_prefix, receipts};
use crate::{
    SubBlock,
    codec::{DecodeError, Reader, Writer},
    convert::{Big, Hash, Int, bigint, integer},
    copy::BinaryRows,
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

    /// The rows of the block.
    ///
    /// # Errors
    /// When its parts do not fit together.
    pub fn pack(&self) -> Result<PackedBlock, IndexError> {
        PackedBlock::new(BlockParts {
            header: &self.header,
            hash: self.hash,
            own: &self.bodies.own,
            journaled: self.bodies.journaled.iter().map(|part| &part[..]).collect(),
            receipts: self.transaction_hashes().into_iter().zip(&self.receipts),
            diff: &self.diff,
            undo: PackedDiff::from(&self.undo),
            access_list: self.access_list.as_ref(),
        })
    }
}

/// What the rows of a block are made of: of a [`BlockRecord`], without holding one.
#[derive(Debug)]
pub struct BlockParts<'a, R> {
    /// The header.
    pub header: &'a Header,
    /// Its hash.
    pub hash: B256,
    /// Raw transactions that are kept in the block's own row.
    pub own: &'a [Bytes],
    /// Those that are kept in the journal: one list per sub-block, in order.
    pub journaled: Vec<&'a [Bytes]>,
    /// The hash and the receipt of each transaction, in order. They are taken one by one and not kept.
    pub receipts: R,
    /// From the state before to the state after.
    pub diff: &'a StateDiff,
    /// From the state after to the state before.
    pub undo: PackedDiff,
    /// The RLP of the block's access list, where one was written.
    pub access_list: Option<&'a Bytes>,
}

/// The rows of a block: one of its own, and one for each transaction that says where it is.
#[derive(Debug)]
pub struct PackedBlock {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) parent_hash: B256,
    pub(super) header: Vec<u8>,
    pub(super) transaction_count: u32,
    /// Transactions of each sub-block that is in the journal.
    pub(super) journaled: Vec<usize>,
    pub(super) sub_blocks: Vec<u8>,
    pub(super) body_offsets: Vec<u8>,
    pub(super) body: Vec<u8>,
    pub(super) receipt_offsets: Vec<u8>,
    pub(super) receipts: Vec<u8>,
    pub(super) diff: Vec<u8>,
    pub(super) undo: Vec<u8>,
    pub(super) access_list: Option<Bytes>,
    pub(super) positions: BinaryRows,
}

impl PackedBlock {
    /// Packs a block, and checks that its parts fit together, so that a mistake is found when it is made.
    ///
    /// # Errors
    /// When they do not.
    pub fn new<R, T>(parts: BlockParts<'_, R>) -> Result<Self, IndexError>
    where
        R: IntoIterator<Item = (B256, T)>,
        T: Borrow<IndexedReceipt>,
    {
        let BlockParts { header, hash, own, journaled, receipts, diff, undo, access_list } = parts;
        let number = header.number;
        let corrupt = |source| IndexError::Corrupt { number, source };
        if hash != header.hash_slow() {
            let what = "the hash is not the header's";
            return Err(IndexError::Inconsistent { number, what });
        }
        let mut total = 0;
        let mut sub_blocks = Vec::new();
        let mut body_offsets = Vec::new();
        for part in std::iter::once(own).chain(journaled.iter().copied()) {
            let count = u32::try_from(part.len()).map_err(|_| corrupt(DecodeError::TooLong))?;
            total += count;
            sub_blocks.extend_from_slice(&total.to_be_bytes());
            let offsets = record_offsets(part).map_err(corrupt)?;
            body_offsets.extend(offsets.into_iter().flat_map(u32::to_be_bytes));
        }
        let packed = pack_receipts(header, total, receipts)?;
        Ok(Self {
            number,
            hash,
            parent_hash: header.parent_hash,
            header: alloy_rlp::encode(header),
            transaction_count: total,
            journaled: journaled.iter().map(|part| part.len()).collect(),
            sub_blocks,
            body_offsets,
            body: encode_payload(own),
            receipt_offsets: packed.offsets,
            receipts: packed.bytes,
            diff: diff.encode(),
            undo: undo.into_bytes(),
            access_list: access_list.cloned(),
            positions: position_rows(number, packed.prefixes)?,
        })
    }

    /// Its number.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

struct PackedReceipts {
    bytes: Vec<u8>,
    offsets: Vec<u8>,
    /// Of the hashes, each with the place of its transaction.
    prefixes: Vec<(i64, u32)>,
}

fn pack_receipts(
    header: &Header,
    count: u32,
    receipts: impl IntoIterator<Item = (B256, impl Borrow<IndexedReceipt>)>,
) -> Result<PackedReceipts, IndexError> {
    let number = header.number;
    let inconsistent = |what| Err(IndexError::Inconsistent { number, what });
    let too_long = |_| IndexError::Corrupt { number, source: DecodeError::TooLong };
    let mut bytes = Writer::default();
    let (mut offsets, mut prefixes) = (Vec::new(), Vec::new());
    let (mut gas, mut logs, mut place) = (0_u64, 0_u64, 0_u32);
    for (hash, record) in receipts {
        let record: &IndexedReceipt = record.borrow();
        gas = gas.saturating_add(record.gas_used);
        if record.receipt.cumulative_gas_used() != gas || record.first_log_index != logs {
            return inconsistent("cumulative gas or log places");
        }
        logs += record.receipt.logs().len() as u64;
        let offset = u32::try_from(bytes.len()).map_err(too_long)?;
        offsets.extend_from_slice(&offset.to_be_bytes());
        receipts::encode(record, &mut bytes);
        prefixes.push((hash_prefix(&hash), place));
        place += 1;
    }
    if place != count {
        return inconsistent("as many receipts as transactions");
    }
    if gas != header.gas_used {
        return inconsistent("gas used");
    }
    Ok(PackedReceipts { bytes: bytes.finish(), offsets, prefixes })
}

/// Rows sorted by prefix: neighbours in the btree, which halves what inserting them costs.
fn position_rows(number: u64, mut prefixes: Vec<(i64, u32)>) -> Result<BinaryRows, IndexError> {
    let convert = |source| IndexError::Convert { number, source };
    prefixes.sort_unstable();
    let mut rows = BinaryRows::new();
    let block_number = bigint(number).map_err(convert)?;
    for (prefix, index) in prefixes {
        let index = integer(index).map_err(convert)?;
        rows.row(3).bigint(prefix).bigint(block_number).integer(index);
    }
    Ok(rows)
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
