//! Batch → columns. The order of columns is normative in `docs/spec/batch.md`; `decode.rs` reads it back.

use alloc::vec::Vec;

use alloy_primitives::map::HashMap;

use super::{
    BATCH_BLOCKS_MAX, BATCH_BYTES_MAX, BATCH_DEPOSITS_MAX, BATCH_TRANSACTIONS_MAX,
    BLOCK_TRANSACTIONS_MAX, Batch, BatchError, EncodedColumns,
    bits::BitWriter,
    raw::{Fields, Kind},
    varint::{put_len, put_u64, put_u128},
};

pub(super) fn encode(batch: &Batch, chain_id: u64) -> Result<EncodedColumns, BatchError> {
    check(batch)?;
    let mut columns = Vec::new();
    put_head(&mut columns, batch);
    put_blocks(&mut columns, batch);

    let mut transactions = TransactionColumns::default();
    let raw = batch.blocks.iter().flat_map(|block| &block.transactions);
    for (index, raw) in raw.enumerate() {
        let fields = Fields::parse(raw, chain_id)
            .map_err(|source| BatchError::Transaction { index, source })?;
        transactions.push(&fields);
    }
    transactions.append_to(&mut columns);
    if columns.len() > BATCH_BYTES_MAX {
        return Err(too_many("bytes", columns.len(), BATCH_BYTES_MAX));
    }
    Ok(EncodedColumns { columns, signatures: transactions.signatures })
}

/// The bounds that decoding will hold the batch to.
fn check(batch: &Batch) -> Result<(), BatchError> {
    if batch.blocks.is_empty() {
        return Err(BatchError::NoBlocks);
    }
    if batch.blocks.len() > BATCH_BLOCKS_MAX {
        return Err(too_many("blocks", batch.blocks.len(), BATCH_BLOCKS_MAX));
    }
    if batch.last_block().is_none() {
        return Err(BatchError::BlockNumberOverflow(batch.first_block));
    }
    let transactions = batch.transaction_count();
    if transactions > BATCH_TRANSACTIONS_MAX {
        return Err(too_many("transactions", transactions, BATCH_TRANSACTIONS_MAX));
    }
    let deposits = batch.blocks.iter().map(|block| block.deposit_log_indexes.len()).sum();
    if deposits > BATCH_DEPOSITS_MAX {
        return Err(too_many("deposits", deposits, BATCH_DEPOSITS_MAX));
    }
    for (index, block) in batch.blocks.iter().enumerate() {
        if !block.origin_advances && !block.deposit_log_indexes.is_empty() {
            return Err(BatchError::DepositsWithoutOrigin(index));
        }
        if !block.deposit_log_indexes.is_sorted_by(|a, b| a < b) {
            return Err(BatchError::DepositOrder(index));
        }
    }
    if batch.skip > BLOCK_TRANSACTIONS_MAX {
        let (actual, max) = (u64::from(batch.skip), u64::from(BLOCK_TRANSACTIONS_MAX));
        return Err(BatchError::TooMany { what: "skipped transactions", actual, max });
    }
    batch.check_part()
}

const fn too_many(what: &'static str, actual: usize, max: usize) -> BatchError {
    BatchError::TooMany { what, actual: actual as u64, max: max as u64 }
}

fn put_head(out: &mut Vec<u8>, batch: &Batch) {
    put_u64(out, batch.first_block);
    out.extend_from_slice(&batch.parent_check);
    out.extend_from_slice(&batch.origin_check);
    put_len(out, batch.blocks.len());
    put_u64(out, u64::from(batch.skip) << 1 | u64::from(batch.unfinished));
}

fn put_blocks(out: &mut Vec<u8>, batch: &Batch) {
    let mut origins = BitWriter::<1>::default();
    batch.blocks.iter().for_each(|block| origins.push(u8::from(block.origin_advances)));
    out.extend_from_slice(origins.bytes());
    for block in &batch.blocks {
        put_len(out, block.transactions.len());
    }
    for block in batch.blocks.iter().filter(|block| block.origin_advances) {
        put_len(out, block.deposit_log_indexes.len());
        // The smallest index that could come next; hints rise, so nothing is lost.
        let mut next = 0;
        for &index in &block.deposit_log_indexes {
            put_u64(out, u64::from(index) - next);
            next = u64::from(index) + 1;
        }
    }
}

/// The columns of the transactions, each growing on its own.
#[derive(Debug, Default)]
struct TransactionColumns<'a> {
    kinds: BitWriter<2>,
    parities: BitWriter<1>,
    protections: BitWriter<1>,
    nonces: Vec<u8>,
    gas_limits: Vec<u8>,
    max_fees: Vec<u8>,
    tips: Vec<u8>,
    recipients: Vec<u8>,
    addresses: Vec<u8>,
    value_lengths: Vec<u8>,
    values: Vec<u8>,
    data_lengths: Vec<u8>,
    data: Vec<u8>,
    access_lists: Vec<u8>,
    authorization_lists: Vec<u8>,
    signatures: Vec<u8>,
    /// Addresses in order of first use, from 1 on; 0 stands for a creation.
    dictionary: HashMap<&'a [u8; 20], u64>,
}

impl<'a> TransactionColumns<'a> {
    fn push(&mut self, fields: &Fields<'a>) {
        self.kinds.push(fields.kind as u8);
        self.parities.push(u8::from(fields.y_parity));
        if fields.kind == Kind::Legacy {
            self.protections.push(u8::from(fields.protected));
        }
        put_u64(&mut self.nonces, fields.nonce);
        put_u64(&mut self.gas_limits, fields.gas_limit);
        put_u128(&mut self.max_fees, fields.max_fee);
        if fields.kind.has_tip() {
            put_u128(&mut self.tips, fields.tip);
        }
        self.push_recipient(fields.to);
        put_len(&mut self.value_lengths, fields.value.len());
        self.values.extend_from_slice(fields.value);
        put_len(&mut self.data_lengths, fields.data.len());
        self.data.extend_from_slice(fields.data);
        self.access_lists.extend_from_slice(fields.access_list);
        self.authorization_lists.extend_from_slice(fields.authorization_list);
        put_word(&mut self.signatures, fields.r);
        put_word(&mut self.signatures, fields.s);
    }

    fn push_recipient(&mut self, to: Option<&'a [u8; 20]>) {
        let Some(to) = to else {
            put_u64(&mut self.recipients, 0);
            return;
        };
        let next = self.dictionary.len() as u64 + 1;
        let code = *self.dictionary.entry(to).or_insert(next);
        put_u64(&mut self.recipients, code);
        if code == next {
            self.addresses.extend_from_slice(to);
        }
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        let columns: [&[u8]; 15] = [
            self.kinds.bytes(),
            self.parities.bytes(),
            self.protections.bytes(),
            &self.nonces,
            &self.gas_limits,
            &self.max_fees,
            &self.tips,
            &self.recipients,
            &self.addresses,
            &self.value_lengths,
            &self.values,
            &self.data_lengths,
            &self.data,
            &self.access_lists,
            &self.authorization_lists,
        ];
        out.reserve(columns.iter().map(|column| column.len()).sum());
        columns.iter().for_each(|column| out.extend_from_slice(column));
    }
}

/// Appends a number as 32 bytes. `number` has at most 32, as [`Fields::parse`] checked.
fn put_word(out: &mut Vec<u8>, number: &[u8]) {
    out.resize(out.len() + 32usize.saturating_sub(number.len()), 0);
    out.extend_from_slice(number);
}
