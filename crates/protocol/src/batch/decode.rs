//! Payload → batch: the twin of `encode.rs`, total and with bounded memory.
//!
//! Every count is checked against its bound before anything is allocated for it, and the number of
//! transactions against the signatures that really stand in the payload. All raw transactions are rebuilt
//! in one buffer that they share: none is copied, and the buffer lives as long as any of them.

use alloc::vec::Vec;

use alloy_primitives::Bytes;

use super::{
    BATCH_BLOCKS_MAX, BATCH_DEPOSITS_MAX, BATCH_TRANSACTIONS_MAX, BLOCK_TRANSACTIONS_MAX, Batch,
    BatchBlock, BatchError, CHECK_BYTES, CarryError,
    bits::Bits,
    compression, payload,
    raw::{Fields, Kind},
    rlp,
    varint::{take_bounded, take_u64, take_u128},
};
use crate::{bytes::Reader, transaction::TRANSACTION_BYTES_MAX};

/// Bytes of `r‖s`.
const SIGNATURE_BYTES: usize = 64;
/// Most bytes of a value.
const VALUE_BYTES_MAX: usize = 32;

/// Decodes a payload for the L2 with this chain id.
///
/// ```
/// use protocol::{Batch, BatchBlock, Compression, decode_batch, pack};
/// let batch = Batch { first_block: 1, blocks: vec![BatchBlock::default()], ..Batch::default() };
/// let encoded = batch.encode(10)?;
/// let payload = pack(Compression::None, &encoded.columns, &encoded.signatures);
/// assert_eq!(decode_batch(&payload, 10)?, batch);
/// # Ok::<(), protocol::BatchError>(())
/// ```
pub fn decode_batch(payload: &[u8], chain_id: u64) -> Result<Batch, BatchError> {
    let parts = payload::split(payload)?;
    let columns = compression::decompress(parts.compression, parts.columns)
        .map_err(BatchError::Compression)?;
    decode_columns(&columns, parts.signatures, chain_id)
}

fn decode_columns(columns: &[u8], signatures: &[u8], chain_id: u64) -> Result<Batch, BatchError> {
    let mut reader = Reader::new(columns);
    let first_block = take_u64(&mut reader, "first block")?;
    let parent_check =
        reader.array::<CHECK_BYTES>().ok_or(BatchError::Truncated("parent check"))?;
    let origin_check =
        reader.array::<CHECK_BYTES>().ok_or(BatchError::Truncated("origin check"))?;
    let block_count = take_bounded(&mut reader, "blocks", BATCH_BLOCKS_MAX)?;
    if block_count == 0 {
        return Err(BatchError::NoBlocks);
    }
    if first_block.checked_add(block_count as u64 - 1).is_none() {
        return Err(BatchError::BlockNumberOverflow(first_block));
    }
    let (skip, unfinished) = part(&mut reader)?;

    let origins = Bits::<1>::take(&mut reader, block_count, "origin bits")?;
    let counts = transaction_counts(&mut reader, block_count)?;
    let total = counts.iter().sum::<usize>();
    if signatures.len() != total * SIGNATURE_BYTES {
        return Err(BatchError::NotCanonical("number of signatures"));
    }
    let hints = deposit_hints(&mut reader, block_count, &origins)?;
    let columns = TransactionColumns::take(&mut reader, total)?;
    if !reader.is_empty() {
        return Err(BatchError::Trailing { after: "columns", bytes: reader.rest().len() });
    }
    let mut transactions = columns.rebuild(signatures, chain_id)?.into_iter();

    let blocks = counts.iter().zip(hints).enumerate().map(|(index, (&count, hints))| BatchBlock {
        origin_advances: origins.get(index) == 1,
        deposit_log_indexes: hints,
        transactions: transactions.by_ref().take(count).collect(),
    });
    let blocks = blocks.collect();
    let batch = Batch { first_block, skip, unfinished, parent_check, origin_check, blocks };
    batch.check_part()?;
    Ok(batch)
}

/// How many transactions of the first block came before, and whether it goes on in the next batch.
fn part(reader: &mut Reader<'_>) -> Result<(u32, bool), BatchError> {
    let part = take_u64(reader, "part")?;
    let (actual, max) = (part >> 1, u64::from(BLOCK_TRANSACTIONS_MAX));
    match u32::try_from(actual) {
        Ok(skip) if actual <= max => Ok((skip, part & 1 == 1)),
        _ => Err(BatchError::TooMany { what: "skipped transactions", actual, max }),
    }
}

fn transaction_counts(reader: &mut Reader<'_>, blocks: usize) -> Result<Vec<usize>, BatchError> {
    let mut left = BATCH_TRANSACTIONS_MAX;
    let mut counts = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        let count = take_bounded(reader, "transactions", left)?;
        left -= count;
        counts.push(count);
    }
    Ok(counts)
}

fn deposit_hints(
    reader: &mut Reader<'_>,
    blocks: usize,
    origins: &Bits<'_, 1>,
) -> Result<Vec<Vec<u32>>, BatchError> {
    let mut left = BATCH_DEPOSITS_MAX;
    let mut hints = Vec::with_capacity(blocks);
    for block in 0..blocks {
        if origins.get(block) == 0 {
            hints.push(Vec::new());
            continue;
        }
        let count = take_bounded(reader, "deposits", left)?;
        left -= count;
        // A hint takes at least a byte, so a count beyond the bytes left is cut short here.
        let mut indexes = Vec::with_capacity(core::cmp::min(count, reader.rest().len()));
        let mut next = 0u64;
        for _ in 0..count {
            let delta = take_u64(reader, "deposit log index")?;
            let index = next.checked_add(delta).and_then(|index| u32::try_from(index).ok());
            let index = index.ok_or(BatchError::NotCanonical("deposit log index"))?;
            indexes.push(index);
            next = u64::from(index) + 1;
        }
        hints.push(indexes);
    }
    Ok(hints)
}

/// The columns of the transactions, checked one by one, not yet against one another.
struct TransactionColumns<'a> {
    kinds: Bits<'a, 2>,
    parities: Bits<'a, 1>,
    protections: Bits<'a, 1>,
    nonces: Vec<u64>,
    gas_limits: Vec<u64>,
    max_fees: Vec<u128>,
    tips: Vec<u128>,
    /// Place in `addresses` plus one; 0 creates.
    recipients: Vec<usize>,
    addresses: &'a [[u8; 20]],
    values: Vec<&'a [u8]>,
    data: Vec<&'a [u8]>,
    access_lists: Vec<&'a [u8]>,
    authorization_lists: Vec<&'a [u8]>,
}

impl<'a> TransactionColumns<'a> {
    fn take(reader: &mut Reader<'a>, total: usize) -> Result<Self, BatchError> {
        let kinds = Bits::<2>::take(reader, total, "types")?;
        let kind = |index| Kind::from_code(kinds.get(index));
        let count = |wanted: fn(Kind) -> bool| (0..total).filter(|&i| wanted(kind(i))).count();
        let legacy = count(|kind| kind == Kind::Legacy);
        let with_tip = count(Kind::has_tip);
        let with_code = count(|kind| kind == Kind::SetCode);

        let parities = Bits::<1>::take(reader, total, "parities")?;
        let protections = Bits::<1>::take(reader, legacy, "protections")?;
        let nonces = column(total, || take_u64(reader, "nonce"))?;
        let gas_limits = column(total, || take_u64(reader, "gas limit"))?;
        let max_fees = column(total, || take_u128(reader, "fee"))?;
        let tips = column(with_tip, || take_u128(reader, "tip"))?;
        let (recipients, addresses) = recipients(reader, total)?;
        let lengths = column(total, || take_bounded(reader, "value", VALUE_BYTES_MAX))?;
        let values = slices(reader, &lengths, "value")?;
        if values.iter().any(|value| value.first() == Some(&0)) {
            return Err(BatchError::NotCanonical("value"));
        }
        let lengths = column(total, || take_bounded(reader, "data", TRANSACTION_BYTES_MAX))?;
        let data = slices(reader, &lengths, "data")?;
        let access_lists = lists(reader, total - legacy, rlp::access_list, "access list")?;
        let authorization_lists =
            lists(reader, with_code, rlp::authorization_list, "authorization list")?;
        Ok(Self {
            kinds,
            parities,
            protections,
            nonces,
            gas_limits,
            max_fees,
            tips,
            recipients,
            addresses,
            values,
            data,
            access_lists,
            authorization_lists,
        })
    }

    /// Puts all raw transactions together in one buffer.
    fn rebuild(&self, signatures: &[u8], chain_id: u64) -> Result<Vec<Bytes>, BatchError> {
        let (signatures, _) = signatures.as_chunks::<SIGNATURE_BYTES>();
        let mut legacy = 0;
        let mut tips = self.tips.iter();
        let mut access_lists = self.access_lists.iter();
        let mut authorization_lists = self.authorization_lists.iter();

        let mut buffer = Vec::new();
        let mut ends = Vec::with_capacity(signatures.len());
        for (index, signature) in signatures.iter().enumerate() {
            let kind = Kind::from_code(self.kinds.get(index));
            let protected = kind != Kind::Legacy || {
                legacy += 1;
                self.protections.get(legacy - 1) == 1
            };
            let to = self.recipients[index].checked_sub(1).and_then(|at| self.addresses.get(at));
            if to.is_none() && kind == Kind::SetCode {
                let source = CarryError::Encoding("recipient");
                return Err(BatchError::Transaction { index, source });
            }
            let (r, s) = signature.split_at(SIGNATURE_BYTES / 2);
            let fields = Fields {
                kind,
                protected,
                y_parity: self.parities.get(index) == 1,
                nonce: self.nonces[index],
                gas_limit: self.gas_limits[index],
                max_fee: self.max_fees[index],
                tip: if kind.has_tip() { next(&mut tips) } else { 0 },
                to,
                value: self.values[index],
                data: self.data[index],
                access_list: if kind == Kind::Legacy { &[] } else { next(&mut access_lists) },
                authorization_list: match kind {
                    Kind::SetCode => next(&mut authorization_lists),
                    _ => &[],
                },
                r: rlp::trim(r),
                s: rlp::trim(s),
            };
            let start = buffer.len();
            fields.write(chain_id, &mut buffer);
            if buffer.len() - start > TRANSACTION_BYTES_MAX {
                let source = CarryError::TooLarge(buffer.len() - start);
                return Err(BatchError::Transaction { index, source });
            }
            ends.push(buffer.len());
        }
        let buffer = Bytes::from(buffer);
        let starts = core::iter::once(0).chain(ends.iter().copied());
        Ok(starts.zip(&ends).map(|(start, &end)| buffer.slice(start..end)).collect())
    }
}

/// Next value of a column that only some kinds have; `take` counted them by the same kinds.
fn next<T: Copy + Default>(column: &mut core::slice::Iter<'_, T>) -> T {
    column.next().copied().unwrap_or_default()
}

/// A column of `count` values; `count` is bounded by the signatures in the payload.
fn column<T>(
    count: usize,
    mut take: impl FnMut() -> Result<T, BatchError>,
) -> Result<Vec<T>, BatchError> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(take()?);
    }
    Ok(values)
}

/// Bytes of a column whose lengths stand before it.
fn slices<'a>(
    reader: &mut Reader<'a>,
    lengths: &[usize],
    field: &'static str,
) -> Result<Vec<&'a [u8]>, BatchError> {
    let mut lengths = lengths.iter();
    column(lengths.len(), || {
        let length = lengths.next().copied().unwrap_or_default();
        reader.take(length).ok_or(BatchError::Truncated(field))
    })
}

/// A column of RLP lists.
fn lists<'a>(
    reader: &mut Reader<'a>,
    count: usize,
    take: impl Fn(&mut &'a [u8]) -> Option<&'a [u8]>,
    field: &'static str,
) -> Result<Vec<&'a [u8]>, BatchError> {
    let mut rest = reader.rest();
    let lists = column(count, || take(&mut rest).ok_or(BatchError::NotCanonical(field)))?;
    *reader = Reader::new(rest);
    Ok(lists)
}

/// Recipients as places in the dictionary, and the dictionary: addresses in order of first use, each once.
fn recipients<'a>(
    reader: &mut Reader<'a>,
    total: usize,
) -> Result<(Vec<usize>, &'a [[u8; 20]]), BatchError> {
    let mut known = 0;
    let codes = column(total, || {
        // The number after the last known address introduces the next one.
        let code = take_bounded(reader, "recipient", known + 1)?;
        known = core::cmp::max(known, code);
        Ok(code)
    })?;
    let bytes = reader.take(known * 20).ok_or(BatchError::Truncated("addresses"))?;
    let (addresses, _) = bytes.as_chunks::<20>();
    // Sorting, not hashing: nobody can choose addresses that make it slow.
    let mut sorted: Vec<&[u8; 20]> = addresses.iter().collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(BatchError::NotCanonical("addresses"));
    }
    Ok((codes, addresses))
}
