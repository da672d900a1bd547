//! The payload of a journal row: raw transactions, each behind its length, in order.
//!
//! ```text
//! payload = (varint(length) ‖ transaction)*        varint: LEB128, shortest form
//! ```
//!
//! Invariant: decoding is total and canonical: what decodes encodes to the same bytes, so a payload has one reading.

use alloy_primitives::Bytes;

use crate::codec::{DecodeError, Reader, Writer};

/// Packs raw transactions.
pub fn encode_payload<T: AsRef<[u8]>>(transactions: &[T]) -> Vec<u8> {
    let bytes = transactions.iter().map(|transaction| transaction.as_ref().len() + 3).sum();
    let mut writer = Writer::with_capacity(bytes);
    for transaction in transactions {
        writer.bytes(transaction.as_ref());
    }
    writer.finish()
}

/// Unpacks them without copying.
pub fn decode_payload(payload: &Bytes) -> Result<Vec<Bytes>, DecodeError> {
    let mut reader = Reader::new(payload);
    let mut transactions = Vec::new();
    while !reader.is_empty() {
        transactions.push(payload.slice_ref(reader.bytes()?));
    }
    Ok(transactions)
}

/// Where each transaction's record starts, for reading one of them alone.
pub(crate) fn record_offsets<T: AsRef<[u8]>>(transactions: &[T]) -> Result<Vec<u32>, DecodeError> {
    let mut writer = Writer::with_capacity(0);
    let mut offset = 0_usize;
    let mut offsets = Vec::with_capacity(transactions.len());
    for transaction in transactions {
        offsets.push(u32::try_from(offset).map_err(|_| DecodeError::TooLong)?);
        let bytes = transaction.as_ref();
        writer.clear();
        writer.varint(bytes.len() as u64);
        offset += writer.len() + bytes.len();
    }
    Ok(offsets)
}

/// The first transaction of a slice that starts at a record.
pub(crate) fn first_record(slice: &Bytes) -> Result<Bytes, DecodeError> {
    Ok(slice.slice_ref(Reader::new(slice).bytes()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn payloads_round_trip(transactions: Vec<Vec<u8>>) {
            let payload = Bytes::from(encode_payload(&transactions));
            let decoded = decode_payload(&payload).unwrap();
            prop_assert_eq!(&decoded, &transactions);
            let offsets = record_offsets(&transactions).unwrap();
            prop_assert_eq!(offsets.len(), transactions.len());
            for (offset, transaction) in offsets.into_iter().zip(&transactions) {
                let slice = payload.slice(offset as usize..);
                prop_assert_eq!(&first_record(&slice).unwrap(), transaction);
            }
        }

        #[test]
        fn decoding_is_total_and_canonical(payload: Vec<u8>) {
            if let Ok(transactions) = decode_payload(&Bytes::from(payload.clone())) {
                prop_assert_eq!(encode_payload(&transactions), payload);
            }
        }
    }

    #[test]
    fn what_is_cut_or_padded_is_refused() {
        assert_eq!(decode_payload(&Bytes::from_static(&[3, 1, 2])), Err(DecodeError::Truncated));
        assert_eq!(decode_payload(&Bytes::from_static(&[0x80, 0])), Err(DecodeError::NotShortest));
        let beyond_u64 = [&[0xff; 10][..], &[1]].concat();
        assert_eq!(decode_payload(&Bytes::from(beyond_u64)), Err(DecodeError::TooLong));
    }
}
