//! Huffman tables of literals: their descriptions and streams (RFC 8878, 4.2).

use alloc::{vec, vec::Vec};

use super::{ZstdError, bits::BackwardBits, fse::FseTable};
use crate::bytes::Reader;

/// Longest code.
const CODE_BITS_MAX: u32 = 11;
/// Most symbols; the weight of the last one is not written.
const SYMBOLS_MAX: usize = 256;
/// Accuracy bound of compressed weights.
const WEIGHTS_ACCURACY_MAX: u32 = 6;

/// Symbol and length of the code that begins with an index.
#[derive(Clone, Copy, Debug, Default)]
struct Code {
    symbol: u8,
    bits: u8,
}

/// A decoding table, indexed by the next `code_bits` bits.
#[derive(Clone, Debug)]
pub(super) struct HuffmanTable {
    codes: Vec<Code>,
    code_bits: u32,
}

impl HuffmanTable {
    /// Takes a description.
    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, ZstdError> {
        let short = ZstdError::Truncated("huffman table");
        let header = usize::from(reader.u8().ok_or(short)?);
        let mut weights = Vec::with_capacity(SYMBOLS_MAX);
        if header >= 128 {
            let count = header - 127;
            let bytes = reader.take(count.div_ceil(2)).ok_or(short)?;
            weights.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(count));
        } else {
            compressed_weights(reader.take(header).ok_or(short)?, &mut weights)?;
        }
        Self::build(weights)
    }

    /// Builds the table; the last symbol gets the weight that completes the code.
    fn build(mut weights: Vec<u8>) -> Result<Self, ZstdError> {
        let wrong = ZstdError::Invalid("huffman weights");
        if weights.iter().any(|weight| u32::from(*weight) > CODE_BITS_MAX) {
            return Err(wrong);
        }
        let sum: u32 = weights.iter().filter(|w| **w > 0).map(|w| 1u32 << (w - 1)).sum();
        let code_bits = sum.checked_ilog2().ok_or(wrong)? + 1;
        let rest = (1u32 << code_bits) - sum;
        if code_bits > CODE_BITS_MAX || !rest.is_power_of_two() || weights.len() >= SYMBOLS_MAX {
            return Err(wrong);
        }
        weights.push(u8::try_from(rest.ilog2() + 1).map_err(|_| wrong)?);
        // A complete code has at least two of its longest codes.
        if weights.iter().filter(|weight| **weight == 1).count() < 2 {
            return Err(wrong);
        }
        let mut codes = vec![Code::default(); 1 << code_bits];
        let mut at = 0;
        for weight in 1..=code_bits {
            let bits = u8::try_from(code_bits + 1 - weight).map_err(|_| wrong)?;
            let len = 1usize << (weight - 1);
            for (symbol, _) in weights.iter().enumerate().filter(|(_, w)| u32::from(**w) == weight)
            {
                let symbol = u8::try_from(symbol).map_err(|_| wrong)?;
                codes.get_mut(at..at + len).ok_or(wrong)?.fill(Code { symbol, bits });
                at += len;
            }
        }
        if at == codes.len() { Ok(Self { codes, code_bits }) } else { Err(wrong) }
    }

    /// Decodes one stream of `count` symbols to the end of `out`.
    pub(super) fn decode(
        &self,
        stream: &[u8],
        count: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ZstdError> {
        let mut bits = BackwardBits::new(stream)?;
        for _ in 0..count {
            let index = usize::try_from(bits.peek(self.code_bits)).unwrap_or(0);
            let code = self.codes[index];
            bits.skip(u32::from(code.bits));
            out.push(code.symbol);
        }
        if bits.is_used_up() { Ok(()) } else { Err(ZstdError::Invalid("huffman stream")) }
    }
}

/// Weights behind an FSE table: two states take turns until the bits run out.
fn compressed_weights(bytes: &[u8], weights: &mut Vec<u8>) -> Result<(), ZstdError> {
    let (table, taken) = FseTable::read(bytes, usize::from(u8::MAX), WEIGHTS_ACCURACY_MAX)?;
    let stream = bytes.get(taken..).ok_or(ZstdError::Truncated("huffman weights"))?;
    let mut bits = BackwardBits::new(stream)?;
    let mut state = table.start(&mut bits);
    let mut other = table.start(&mut bits);
    if bits.is_overdrawn() {
        return Err(ZstdError::Truncated("huffman weights"));
    }
    loop {
        // Two more may follow, and one symbol's weight is not written.
        if weights.len() + 2 > SYMBOLS_MAX - 1 {
            return Err(ZstdError::Invalid("number of huffman weights"));
        }
        weights.push(table.symbol(state));
        let next = table.next(state, &mut bits);
        if bits.is_overdrawn() {
            weights.push(table.symbol(other));
            return Ok(());
        }
        (state, other) = (other, next);
    }
}
