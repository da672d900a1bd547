//! Finite state entropy tables: their descriptions and how a state moves (RFC 8878, 4.1).

use alloc::{vec, vec::Vec};

use super::{
    ZstdError,
    bits::{BackwardBits, ForwardBits},
};

/// Least accuracy log; descriptions count from here.
const ACCURACY_MIN: u32 = 5;
/// Most symbols of any table in the format.
const SYMBOLS_MAX: usize = 256;

/// One state: the symbol it stands for, and where to go from it.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    symbol: u8,
    bits: u8,
    base: u16,
}

/// A decoding table.
#[derive(Clone, Debug)]
pub(super) struct FseTable {
    cells: Vec<Cell>,
    accuracy: u32,
}

/// A place in a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct FseState(usize);

impl FseTable {
    /// The table with one state, which takes no bits.
    pub(super) fn single(symbol: u8) -> Self {
        Self { cells: vec![Cell { symbol, bits: 0, base: 0 }], accuracy: 0 }
    }

    /// Reads a description, for symbols 0 to `symbol_max`. Also says how many bytes it took.
    pub(super) fn read(
        bytes: &[u8],
        symbol_max: usize,
        accuracy_max: u32,
    ) -> Result<(Self, usize), ZstdError> {
        let mut bits = ForwardBits::new(bytes);
        let accuracy = bits.peek(4) + ACCURACY_MIN;
        bits.skip(4)?;
        if accuracy > accuracy_max {
            return Err(ZstdError::Invalid("accuracy"));
        }
        let mut counts = [0i16; SYMBOLS_MAX];
        let mut symbol = 0;
        let mut left = 1i32 << accuracy;
        while left > 0 {
            let count = take_count(&mut bits, left)?;
            if symbol > symbol_max {
                return Err(ZstdError::Invalid("number of symbols"));
            }
            counts[symbol] = count;
            symbol += 1;
            left -= i32::from(count.abs());
            if count == 0 {
                symbol += take_zeros(&mut bits, symbol_max)?;
            }
        }
        if left != 0 || symbol > symbol_max + 1 {
            return Err(ZstdError::Invalid("symbol counts"));
        }
        Ok((Self::build(&counts[..symbol], accuracy)?, bits.bytes_taken()))
    }

    /// Builds the table of normalized counts; −1 is a symbol with less than one state's probability.
    pub(super) fn build(counts: &[i16], accuracy: u32) -> Result<Self, ZstdError> {
        let size = 1usize << accuracy;
        let wrong = ZstdError::Invalid("symbol counts");
        let mut cells = vec![Cell::default(); size];
        let mut high = size;
        for (symbol, _) in counts.iter().enumerate().filter(|(_, count)| **count == -1) {
            high = high.checked_sub(1).ok_or(wrong)?;
            cells[high].symbol = symbol_byte(symbol);
        }
        let step = (size >> 1) + (size >> 3) + 3;
        let mut position = 0;
        for (symbol, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            for _ in 0..count {
                cells[position].symbol = symbol_byte(symbol);
                position = (position + step) & (size - 1);
                // The cells from `high` on are taken; at least one below is not, or the counts are wrong.
                for _ in 0..size {
                    if position < high {
                        break;
                    }
                    position = (position + step) & (size - 1);
                }
                if position >= high {
                    return Err(wrong);
                }
            }
        }
        if position != 0 {
            return Err(wrong);
        }
        let mut next = [0u32; SYMBOLS_MAX];
        for (next, &count) in next.iter_mut().zip(counts) {
            *next = u32::from(count.unsigned_abs());
        }
        for cell in &mut cells {
            let next = &mut next[usize::from(cell.symbol)];
            let bits = accuracy - next.checked_ilog2().ok_or(wrong)?;
            let base = (*next << bits).checked_sub(1 << accuracy).ok_or(wrong)?;
            cell.bits = u8::try_from(bits).map_err(|_| wrong)?;
            cell.base = u16::try_from(base).map_err(|_| wrong)?;
            *next += 1;
        }
        Ok(Self { cells, accuracy })
    }

    /// First state of a bit stream.
    pub(super) fn start(&self, bits: &mut BackwardBits<'_>) -> FseState {
        FseState(bits.take(self.accuracy) as usize)
    }

    /// Symbol of a state.
    #[inline]
    pub(super) fn symbol(&self, state: FseState) -> u8 {
        self.cells[state.0].symbol
    }

    /// The state after this one.
    #[inline]
    pub(super) fn next(&self, state: FseState, bits: &mut BackwardBits<'_>) -> FseState {
        let cell = self.cells[state.0];
        FseState(usize::from(cell.base) + bits.take(u32::from(cell.bits)) as usize)
    }
}

/// One normalized count, in as few bits as what is `left` allows.
fn take_count(bits: &mut ForwardBits<'_>, left: i32) -> Result<i16, ZstdError> {
    let left = left.unsigned_abs();
    let width = (left + 1).ilog2() as usize + 1;
    let value = bits.peek(width);
    let low = value & ((1 << (width - 1)) - 1);
    let threshold = (1 << width) - 1 - (left + 1);
    let value = if low < threshold {
        bits.skip(width - 1)?;
        low
    } else {
        bits.skip(width)?;
        if value >= 1 << (width - 1) { value - threshold } else { value }
    };
    i16::try_from(value).map(|value| value - 1).map_err(|_| ZstdError::Invalid("symbol count"))
}

/// How many more symbols without states follow one.
fn take_zeros(bits: &mut ForwardBits<'_>, symbol_max: usize) -> Result<usize, ZstdError> {
    let mut zeros = 0;
    loop {
        let more = bits.peek(2) as usize;
        bits.skip(2)?;
        zeros += more;
        if zeros > symbol_max {
            return Err(ZstdError::Invalid("number of symbols"));
        }
        if more != 3 {
            return Ok(zeros);
        }
    }
}

/// Symbols are below [`SYMBOLS_MAX`].
fn symbol_byte(symbol: usize) -> u8 {
    u8::try_from(symbol).unwrap_or(u8::MAX)
}
