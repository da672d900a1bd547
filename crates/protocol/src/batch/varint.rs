//! Unsigned LEB128, seven bits per byte, least significant first, in its one shortest form.

use alloc::vec::Vec;

use super::BatchError;
use crate::bytes::Reader;

const CONTINUES: u8 = 0x80;

/// Appends a number below 2^128.
#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
pub(super) fn put_u128(out: &mut Vec<u8>, mut value: u128) {
    while value >= u128::from(CONTINUES) {
        out.push(value as u8 | CONTINUES);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number below 2^64.
#[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
pub(super) fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= u64::from(CONTINUES) {
        out.push(value as u8 | CONTINUES);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length.
pub(super) fn put_len(out: &mut Vec<u8>, len: usize) {
    // No target of this crate has more than 64 bits of memory.
    put_u64(out, len as u64);
}

/// Reads a number below 2^128; `field` names it in errors.
pub(super) fn take_u128(reader: &mut Reader<'_>, field: &'static str) -> Result<u128, BatchError> {
    let mut value = 0u128;
    let mut shift = 0;
    loop {
        let byte = reader.u8().ok_or(BatchError::Truncated(field))?;
        let bits = u128::from(byte & !CONTINUES);
        // The nineteenth byte has room for two bits; a last byte of zero would be a longer form.
        let fits = shift < 126 || (shift == 126 && bits < 4);
        if !fits || (byte == 0 && shift > 0) {
            return Err(BatchError::NotCanonical(field));
        }
        value |= bits << shift;
        if byte & CONTINUES == 0 {
            return Ok(value);
        }
        shift += 7;
    }
}

/// Reads a number below 2^64; `field` names it in errors.
#[inline]
pub(super) fn take_u64(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, BatchError> {
    let mut value = 0u64;
    let mut shift = 0;
    loop {
        let byte = reader.u8().ok_or(BatchError::Truncated(field))?;
        let bits = u64::from(byte & !CONTINUES);
        let fits = shift < 63 || (shift == 63 && bits < 2);
        if !fits || (byte == 0 && shift > 0) {
            return Err(BatchError::NotCanonical(field));
        }
        value |= bits << shift;
        if byte & CONTINUES == 0 {
            return Ok(value);
        }
        shift += 7;
    }
}

/// Reads a count or size and holds it to its bound, before anything is allocated for it.
pub(super) fn take_bounded(
    reader: &mut Reader<'_>,
    field: &'static str,
    max: usize,
) -> Result<usize, BatchError> {
    let actual = take_u64(reader, field)?;
    match usize::try_from(actual) {
        Ok(count) if count <= max => Ok(count),
        _ => Err(BatchError::TooMany { what: field, actual, max: max as u64 }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn u128_round_trips_and_has_one_form(value: u128, shift in 0u32..128) {
            let value = value >> shift;
            let mut out = Vec::new();
            put_u128(&mut out, value);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(take_u128(&mut reader, "value"), Ok(value));
            prop_assert!(reader.is_empty());
            // Any longer form is refused.
            if let Some(last) = out.last_mut() {
                *last |= CONTINUES;
            }
            out.push(0);
            prop_assert!(take_u128(&mut Reader::new(&out), "value").is_err());
        }

        #[test]
        fn u64_agrees_with_u128(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let (mut narrow, mut wide) = (Vec::new(), Vec::new());
            put_u64(&mut narrow, value);
            put_u128(&mut wide, u128::from(value));
            prop_assert_eq!(&narrow, &wide);
            prop_assert_eq!(take_u64(&mut Reader::new(&narrow), "value"), Ok(value));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let mut too_large = Vec::new();
        put_u128(&mut too_large, u128::from(u64::MAX) + 1);
        let refused = Err(BatchError::NotCanonical("value"));
        assert_eq!(take_u64(&mut Reader::new(&too_large), "value"), refused);
        let mut endless = alloc::vec![0xff; 18];
        endless.push(0x04);
        let refused = Err(BatchError::NotCanonical("value"));
        assert_eq!(take_u128(&mut Reader::new(&endless), "value"), refused);
        let cut = Err(BatchError::Truncated("value"));
        assert_eq!(take_u64(&mut Reader::new(&[0x80]), "value"), cut);
    }
}
