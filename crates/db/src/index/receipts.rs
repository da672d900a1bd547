//! The packed form of a block's receipts: per transaction one self-contained record, so that one of them can be read
//! without the others. Blooms are left out, because they follow from the logs.
//!
//! ```text
//! record = type ‖ flags ‖ gas after it ‖ gas used ‖ first log index ‖ sender ‖ [created]
//!          ‖ [deposit nonce] ‖ [deposit version] ‖ [state root] ‖ gas price ‖ l1 fee ‖ operator fee ‖ count ‖ log*
//! log    = address ‖ topic count ‖ topic* ‖ length ‖ data
//! ```
//!
//! Invariant: decoding is total, and what decodes encodes to the same bytes.

use alloy_consensus::{Eip658Value, Receipt as EthereumReceipt, TxReceipt as _};
use alloy_primitives::{Address, Bytes, Log, LogData, U256};
use op_alloy_consensus::OpTxReceipt as _;
use op_alloy_consensus::OpTxType;
use protocol::{Receipt, receipt_from_parts};

use crate::codec::{DecodeError, Reader, Writer};

const SUCCESS: u8 = 1;
const CREATED: u8 = 1 << 1;
const DEPOSIT_NONCE: u8 = 1 << 2;
const DEPOSIT_VERSION: u8 = 1 << 3;
/// The receipt has a state root instead of a status, as Ethereum's had before Byzantium.
const STATE_ROOT: u8 = 1 << 4;
const FLAGS: u8 = SUCCESS | CREATED | DEPOSIT_NONCE | DEPOSIT_VERSION | STATE_ROOT;
/// A log has at most four topics.
const TOPICS_MAX: u8 = 4;

/// A receipt and what else is known about how its transaction ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedReceipt {
    /// The receipt that the block's receipts root commits to.
    pub receipt: Receipt,
    /// Who sent the transaction, so that nobody needs to recover it again.
    pub sender: Address,
    /// The contract it created, if it is a creation.
    pub created: Option<Address>,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// What it paid per gas.
    pub effective_gas_price: u128,
    /// The L1 data fee.
    pub l1_fee: U256,
    /// The operator fee.
    pub operator_fee: U256,
    /// The place of its first log in the block.
    pub first_log_index: u64,
}

pub(crate) fn encode(record: &IndexedReceipt, writer: &mut Writer) {
    let receipt = &record.receipt;
    let (nonce, version) = (receipt.deposit_nonce(), receipt.deposit_receipt_version());
    let state_root = match receipt.status_or_post_state() {
        Eip658Value::PostState(root) => Some(root),
        Eip658Value::Eip658(_) => None,
    };
    let flag = |flag: u8, set: bool| if set { flag } else { 0 };
    writer.byte(u8::from(receipt.tx_type()));
    writer.byte(
        flag(SUCCESS, receipt.status())
            | flag(CREATED, record.created.is_some())
            | flag(DEPOSIT_NONCE, nonce.is_some())
            | flag(DEPOSIT_VERSION, version.is_some())
            | flag(STATE_ROOT, state_root.is_some()),
    );
    writer.varint(receipt.cumulative_gas_used());
    writer.varint(record.gas_used);
    writer.varint(record.first_log_index);
    writer.raw(record.sender.as_slice());
    if let Some(created) = record.created {
        writer.raw(created.as_slice());
    }
    for value in [nonce, version].into_iter().flatten() {
        writer.varint(value);
    }
    if let Some(root) = state_root {
        writer.raw(root.as_slice());
    }
    writer.wide_varint(record.effective_gas_price);
    writer.amount(record.l1_fee);
    writer.amount(record.operator_fee);
    writer.varint(receipt.logs().len() as u64);
    for log in receipt.logs() {
        writer.raw(log.address.as_slice());
        let topics = log.topics();
        writer.byte(u8::try_from(topics.len()).expect("LogData holds at most four topics"));
        for topic in topics {
            writer.raw(topic.as_slice());
        }
        writer.bytes(&log.data.data);
    }
}

pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<IndexedReceipt, DecodeError> {
    let type_byte = reader.byte()?;
    let tx_type = OpTxType::try_from(type_byte).map_err(|_| DecodeError::Unknown(type_byte))?;
    let flags = reader.byte()?;
    let deposit_flags = DEPOSIT_NONCE | DEPOSIT_VERSION;
    if flags & !FLAGS != 0 || (tx_type != OpTxType::Deposit && flags & deposit_flags != 0) {
        return Err(DecodeError::Unknown(flags));
    }
    let cumulative_gas_used = reader.varint()?;
    let gas_used = reader.varint()?;
    let first_log_index = reader.varint()?;
    let sender = reader.address()?;
    let created = (flags & CREATED != 0).then(|| reader.address()).transpose()?;
    let nonce = (flags & DEPOSIT_NONCE != 0).then(|| reader.varint()).transpose()?;
    let version = (flags & DEPOSIT_VERSION != 0).then(|| reader.varint()).transpose()?;
    let state_root = (flags & STATE_ROOT != 0).then(|| reader.hash()).transpose()?;
    if state_root.is_some() && (flags & SUCCESS == 0 || tx_type != OpTxType::Legacy) {
        return Err(DecodeError::Unknown(flags));
    }
    let effective_gas_price = reader.wide_varint()?;
    let l1_fee = reader.amount()?;
    let operator_fee = reader.amount()?;
    let count = reader.varint()?;
    // Not reserved ahead: the count is not trusted, and every log takes bytes of the input.
    let logs = (0..count).map(|_| decode_log(reader)).collect::<Result<Vec<_>, _>>()?;
    let success = flags & SUCCESS != 0;
    let receipt = match state_root {
        Some(root) => {
            let status = Eip658Value::PostState(root);
            Receipt::Legacy(EthereumReceipt { status, cumulative_gas_used, logs })
        }
        None => receipt_from_parts(tx_type, success, cumulative_gas_used, logs, (nonce, version)),
    };
    Ok(IndexedReceipt {
        receipt,
        sender,
        created,
        gas_used,
        effective_gas_price,
        l1_fee,
        operator_fee,
        first_log_index,
    })
}

fn decode_log(reader: &mut Reader<'_>) -> Result<Log, DecodeError> {
    let address = reader.address()?;
    let count = reader.byte()?;
    if count > TOPICS_MAX {
        return Err(DecodeError::Unknown(count));
    }
    let topics = (0..count).map(|_| reader.hash()).collect::<Result<Vec<_>, _>>()?;
    let data = Bytes::copy_from_slice(reader.bytes()?);
    Ok(Log { address, data: LogData::new_unchecked(topics, data) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::samples;

    fn receipts(seed: u64) -> Vec<IndexedReceipt> {
        let mut chain = samples::Chain::new(seed);
        chain.block(); // genesis has none
        chain.block().receipts
    }

    proptest! {
        #[test]
        fn receipts_round_trip(seed: u64) {
            for record in receipts(seed) {
                let mut writer = Writer::default();
                encode(&record, &mut writer);
                let packed = writer.finish();
                let mut reader = Reader::new(&packed);
                prop_assert_eq!(decode(&mut reader), Ok(record));
                prop_assert_eq!(reader.finish(), Ok(()));
            }
        }

        #[test]
        fn decoding_is_total_and_canonical(seed: u64, at: proptest::sample::Index, bit in 0..8_u8) {
            let record = receipts(seed).pop().unwrap();
            let mut writer = Writer::default();
            encode(&record, &mut writer);
            let mut damaged = writer.finish();
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
            let mut reader = Reader::new(&damaged);
            if let Ok(record) = decode(&mut reader) && reader.is_empty() {
                let mut writer = Writer::default();
                encode(&record, &mut writer);
                prop_assert_eq!(writer.finish(), damaged);
            }
        }
    }
}
