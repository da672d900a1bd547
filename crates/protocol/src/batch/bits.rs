//! Columns of flags: `N` values of one or two bits each, packed from the least significant bit of each
//! byte on. Bits behind the last value are zero.

use alloc::vec::Vec;

use super::BatchError;
use crate::bytes::Reader;

/// Collects values of `WIDTH` bits (1 or 2).
#[derive(Debug, Default)]
pub(super) struct BitWriter<const WIDTH: usize> {
    bytes: Vec<u8>,
    count: usize,
}

impl<const WIDTH: usize> BitWriter<WIDTH> {
    const PER_BYTE: usize = 8 / WIDTH;

    pub(super) fn push(&mut self, value: u8) {
        let place = self.count % Self::PER_BYTE;
        if place == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= value << (place * WIDTH);
        }
        self.count += 1;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A column of values of `WIDTH` bits (1 or 2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a, const WIDTH: usize> {
    bytes: &'a [u8],
}

impl<'a, const WIDTH: usize> Bits<'a, WIDTH> {
    const PER_BYTE: usize = 8 / WIDTH;

    /// Takes a column of `count` values.
    pub(super) fn take(
        reader: &mut Reader<'a>,
        count: usize,
        field: &'static str,
    ) -> Result<Self, BatchError> {
        let bytes =
            reader.take(count.div_ceil(Self::PER_BYTE)).ok_or(BatchError::Truncated(field))?;
        let used = count % Self::PER_BYTE * WIDTH;
        match bytes.last() {
            Some(last) if used != 0 && last >> used != 0 => Err(BatchError::NotCanonical(field)),
            _ => Ok(Self { bytes }),
        }
    }

    /// Value at a place; places beyond the column read as zero.
    #[inline]
    pub(super) fn get(&self, index: usize) -> u8 {
        let byte = self.bytes.get(index / Self::PER_BYTE).copied().unwrap_or(0);
        byte >> (index % Self::PER_BYTE * WIDTH) & ((1 << WIDTH) - 1)
    }
}
