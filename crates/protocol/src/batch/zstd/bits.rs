//! The two bit readers of zstd: forward (table descriptions) and backward (everything else).

use super::ZstdError;

/// Reads from the first byte on, least significant bit first.
#[derive(Debug)]
pub(super) struct ForwardBits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> ForwardBits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Next `count` (at most 16) bits, without taking them; bits beyond the end are zero.
    pub(super) fn peek(&self, count: usize) -> u32 {
        let byte = |at| u32::from(self.bytes.get(at).copied().unwrap_or(0));
        let at = self.position / 8;
        let word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16;
        word >> (self.position % 8) & ((1 << count) - 1)
    }

    /// Takes bits that were looked at.
    pub(super) const fn skip(&mut self, count: usize) -> Result<(), ZstdError> {
        self.position += count;
        if self.position > self.bytes.len() * 8 {
            return Err(ZstdError::Truncated("table description"));
        }
        Ok(())
    }

    /// Bytes taken, the last one maybe in part.
    pub(super) const fn bytes_taken(&self) -> usize {
        self.position.div_ceil(8)
    }
}

/// Reads from the end mark (the highest set bit of the last byte) towards the first byte.
#[derive(Debug)]
pub(super) struct BackwardBits<'a> {
    bytes: &'a [u8],
    /// Bits not taken yet; negative when more were taken than there are.
    left: i64,
}

impl<'a> BackwardBits<'a> {
    /// Fails without an end mark.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ZstdError> {
        let last = bytes.last().copied().unwrap_or(0);
        let mark = last.checked_ilog2().ok_or(ZstdError::Invalid("end of bit stream"))?;
        let left = (bytes.len() - 1) * 8 + mark as usize;
        Ok(Self { bytes, left: i64::try_from(left).unwrap_or(i64::MAX) })
    }

    /// Next `count` (at most 56) bits, without taking them; bits before the first byte are zero.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u64 {
        let left = usize::try_from(self.left).unwrap_or(0);
        let end = left.div_ceil(8);
        let word = match self.bytes.get(..end).and_then(|bytes| bytes.last_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0; 8];
                chunk[8 - end..].copy_from_slice(&self.bytes[..end]);
                u64::from_le_bytes(chunk)
            }
        };
        let aligned = word << (end * 8 - left);
        // In two steps, because a shift by 64 is not one.
        aligned >> 1 >> (63 - count)
    }

    /// Takes bits that were looked at.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.left -= i64::from(count);
    }

    /// Takes the next `count` (at most 32) bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        u32::try_from(value).unwrap_or(u32::MAX)
    }

    /// More bits were taken than there are.
    pub(super) const fn is_overdrawn(&self) -> bool {
        self.left < 0
    }

    /// Exactly all bits were taken.
    pub(super) const fn is_used_up(&self) -> bool {
        self.left == 0
    }
}
