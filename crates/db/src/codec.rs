//! The packed form of what this crate keeps in BYTEA columns: varints, length-prefixed bytes, amounts.
//!
//! It is private to the database: nothing here reaches L1 or a client. Invariant: reading is total, bounded by the input
//! and canonical; no byte string panics, and two byte strings never mean the same.

use alloy_primitives::{Address, B256, U256};

use crate::convert::{amount, shortest};

/// Why bytes are not what this crate wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end in the middle of a value.
    #[error("the bytes end in the middle of a value")]
    Truncated,
    /// A number has a shorter form.
    #[error("a value is not in its shortest form")]
    NotShortest,
    /// A number or length is larger than its type.
    #[error("a number is too large")]
    TooLong,
    /// Bytes are left over.
    #[error("{0} bytes are left over")]
    Trailing(usize),
    /// A flag or type byte that does not exist.
    #[error("{0:#04x} is no known flag or type")]
    Unknown(u8),
}

/// Builds packed bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn varint(&mut self, value: u64) {
        self.wide_varint(value.into());
    }

    pub(crate) fn wide_varint(&mut self, mut value: u128) {
        loop {
            let low = value.to_le_bytes()[0] & 0x7f;
            value >>= 7;
            if value == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(crate) fn amount(&mut self, value: U256) {
        self.bytes(shortest(&value.to_be_bytes::<32>()));
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes packed bytes apart.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.raw(1)?[0])
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        u64::try_from(self.wide_varint()?).map_err(|_| DecodeError::TooLong)
    }

    pub(crate) fn wide_varint(&mut self) -> Result<u128, DecodeError> {
        let mut value = 0_u128;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            if (part << shift) >> shift != part {
                return Err(DecodeError::TooLong);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                let shortest = byte != 0 || shift == 0;
                return if shortest { Ok(value) } else { Err(DecodeError::NotShortest) };
            }
        }
        Err(DecodeError::TooLong)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::TooLong)?;
        self.raw(length)
    }

    pub(crate) fn amount(&mut self) -> Result<U256, DecodeError> {
        amount(self.bytes()?).map_err(|_| DecodeError::NotShortest)
    }

    pub(crate) fn address(&mut self) -> Result<Address, DecodeError> {
        self.raw(Address::len_bytes()).map(Address::from_slice)
    }

    pub(crate) fn hash(&mut self) -> Result<B256, DecodeError> {
        self.raw(B256::len_bytes()).map(B256::from_slice)
    }

    pub(crate) const fn finish(self) -> Result<(), DecodeError> {
        if self.0.is_empty() { Ok(()) } else { Err(DecodeError::Trailing(self.0.len())) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_round_trip(wide: u128, small: u64, bytes: Vec<u8>, limbs: [u64; 4]) {
            let value = U256::from_limbs(limbs);
            let mut writer = Writer::default();
            writer.wide_varint(wide);
            writer.varint(small);
            writer.bytes(&bytes);
            writer.amount(value);
            let packed = writer.finish();
            let mut reader = Reader::new(&packed);
            prop_assert_eq!(reader.wide_varint(), Ok(wide));
            prop_assert_eq!(reader.varint(), Ok(small));
            prop_assert_eq!(reader.bytes(), Ok(bytes.as_slice()));
            prop_assert_eq!(reader.amount(), Ok(value));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn a_varint_that_reads_is_the_one_that_is_written(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.wide_varint() {
                let mut writer = Writer::default();
                writer.wide_varint(value);
                prop_assert_eq!(writer.finish(), bytes[..bytes.len() - reader.0.len()].to_vec());
            }
        }
    }

    #[test]
    fn left_over_bytes_are_noticed() {
        assert_eq!(Reader::new(&[1, 2]).finish(), Err(DecodeError::Trailing(2)));
        assert_eq!(Reader::new(&[0xff; 10]).varint(), Err(DecodeError::Truncated));
        assert_eq!(Reader::new(&[0xff; 30]).varint(), Err(DecodeError::TooLong));
    }
}
