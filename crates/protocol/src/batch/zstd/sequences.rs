//! The sequences section of a block (RFC 8878, 3.1.1.3.2) and its execution: literals copied to the output,
//! then bytes repeated from earlier output.

use alloc::vec::Vec;

use super::{ZstdError, bits::BackwardBits, fse::FseTable};
use crate::bytes::Reader;

/// What carries over between blocks: the tables last used, and the last three offsets.
#[derive(Debug)]
pub(super) struct SequenceState {
    literal_lengths: Option<FseTable>,
    offsets: Option<FseTable>,
    match_lengths: Option<FseTable>,
    recent: [usize; 3],
}

impl Default for SequenceState {
    fn default() -> Self {
        Self { literal_lengths: None, offsets: None, match_lengths: None, recent: [1, 4, 8] }
    }
}

/// One of the three kinds of codes.
struct CodeKind {
    symbol_max: usize,
    accuracy_max: u32,
    default_counts: &'static [i16],
    default_accuracy: u32,
}

const LITERAL_LENGTHS: CodeKind = CodeKind {
    symbol_max: 35,
    accuracy_max: 9,
    default_counts: &[
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1,
        1, 1, -1, -1, -1, -1,
    ],
    default_accuracy: 6,
};

const OFFSETS: CodeKind = CodeKind {
    symbol_max: 31,
    accuracy_max: 8,
    default_counts: &[
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ],
    default_accuracy: 5,
};

const MATCH_LENGTHS: CodeKind = CodeKind {
    symbol_max: 52,
    accuracy_max: 9,
    default_counts: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    default_accuracy: 6,
};

/// Smallest length and number of further bits of each literal length code.
const LITERAL_LENGTH_CODES: [(u32, u32); 36] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];

/// Smallest length and number of further bits of match length codes from 32 on; below, it is code + 3.
const LONG_MATCH_CODES: [(u32, u32); 21] = [
    (35, 1),
    (37, 1),
    (39, 1),
    (41, 1),
    (43, 2),
    (47, 2),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 5),
    (131, 7),
    (259, 8),
    (515, 9),
    (1027, 10),
    (2051, 11),
    (4099, 12),
    (8195, 13),
    (16387, 14),
    (32771, 15),
    (65539, 16),
];

/// Takes the number of sequences.
pub(super) fn take_count(reader: &mut Reader<'_>) -> Result<usize, ZstdError> {
    let short = ZstdError::Truncated("sequences");
    let mut byte = || reader.u8().map(usize::from).ok_or(short);
    match byte()? {
        0 => Ok(0),
        head @ 1..=127 => Ok(head),
        head @ 128..=254 => match (head - 128) << 8 | byte()? {
            0 => Err(ZstdError::Invalid("number of sequences")),
            count => Ok(count),
        },
        _ => Ok(byte()? + (byte()? << 8) + 0x7f00),
    }
}

impl SequenceState {
    /// Reads `count` sequences and executes them onto `out`, up to `limit` bytes of it.
    pub(super) fn run(
        &mut self,
        reader: &mut Reader<'_>,
        count: usize,
        literals: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), ZstdError> {
        let modes = reader.u8().ok_or(ZstdError::Truncated("sequences"))?;
        if modes & 3 != 0 {
            return Err(ZstdError::Invalid("reserved mode bits"));
        }
        let Self { literal_lengths, offsets, match_lengths, recent } = self;
        let literal_lengths = table(literal_lengths, &LITERAL_LENGTHS, modes >> 6, reader)?;
        let offsets = table(offsets, &OFFSETS, modes >> 4 & 3, reader)?;
        let match_lengths = table(match_lengths, &MATCH_LENGTHS, modes >> 2 & 3, reader)?;

        let mut bits = BackwardBits::new(reader.rest())?;
        let mut literal_state = literal_lengths.start(&mut bits);
        let mut offset_state = offsets.start(&mut bits);
        let mut match_state = match_lengths.start(&mut bits);
        let mut literals = Reader::new(literals);
        for index in 0..count {
            let offset_code = u32::from(offsets.symbol(offset_state));
            let offset_value = (1u64 << offset_code) + u64::from(bits.take(offset_code));
            let (base, more) = match_length_code(match_lengths.symbol(match_state));
            let match_length = (base + bits.take(more)) as usize;
            let (base, more) = literal_length_code(literal_lengths.symbol(literal_state));
            let literal_length = (base + bits.take(more)) as usize;
            if index + 1 < count {
                literal_state = literal_lengths.next(literal_state, &mut bits);
                match_state = match_lengths.next(match_state, &mut bits);
                offset_state = offsets.next(offset_state, &mut bits);
            }
            if bits.is_overdrawn() {
                return Err(ZstdError::Truncated("sequences"));
            }
            let copied =
                literals.take(literal_length).ok_or(ZstdError::Invalid("literal length"))?;
            if literal_length + match_length > limit - out.len() {
                return Err(ZstdError::TooLarge);
            }
            out.extend_from_slice(copied);
            let offset = resolve_offset(recent, offset_value, literal_length == 0);
            repeat(out, offset, match_length)?;
        }
        if !bits.is_used_up() {
            return Err(ZstdError::Invalid("end of sequences"));
        }
        if literals.rest().len() > limit - out.len() {
            return Err(ZstdError::TooLarge);
        }
        out.extend_from_slice(literals.rest());
        Ok(())
    }
}

/// The table that a mode names; it stays for blocks that repeat it.
fn table<'t>(
    last: &'t mut Option<FseTable>,
    kind: &CodeKind,
    mode: u8,
    reader: &mut Reader<'_>,
) -> Result<&'t FseTable, ZstdError> {
    let fresh = match mode {
        0 => FseTable::build(kind.default_counts, kind.default_accuracy)?,
        1 => {
            let symbol = reader.u8().ok_or(ZstdError::Truncated("sequence table"))?;
            if usize::from(symbol) > kind.symbol_max {
                return Err(ZstdError::Invalid("sequence code"));
            }
            FseTable::single(symbol)
        }
        2 => {
            let bytes = reader.rest();
            let (table, taken) = FseTable::read(bytes, kind.symbol_max, kind.accuracy_max)?;
            reader.take(taken).ok_or(ZstdError::Truncated("sequence table"))?;
            table
        }
        _ => return last.as_ref().ok_or(ZstdError::Invalid("repeated sequence table")),
    };
    Ok(last.insert(fresh))
}

fn literal_length_code(code: u8) -> (u32, u32) {
    LITERAL_LENGTH_CODES.get(usize::from(code)).copied().unwrap_or((0, 0))
}

fn match_length_code(code: u8) -> (u32, u32) {
    match usize::from(code).checked_sub(32) {
        None => (u32::from(code) + 3, 0),
        Some(long) => LONG_MATCH_CODES.get(long).copied().unwrap_or((3, 0)),
    }
}

/// The offset that a value means, and the three last offsets after it. Zero is never valid.
fn resolve_offset(recent: &mut [usize; 3], value: u64, no_literals: bool) -> usize {
    let value = usize::try_from(value).unwrap_or(usize::MAX);
    let Some(index) = (value <= 3).then(|| value - 1 + usize::from(no_literals)) else {
        *recent = [value - 3, recent[0], recent[1]];
        return value - 3;
    };
    let offset = match index {
        0..=2 => recent[index],
        _ => recent[0] - 1,
    };
    match index {
        0 => {}
        1 => *recent = [offset, recent[0], recent[2]],
        _ => *recent = [offset, recent[0], recent[1]],
    }
    offset
}

/// Repeats `length` bytes that begin `offset` bytes before the end; they may overlap with what they make.
fn repeat(out: &mut Vec<u8>, offset: usize, length: usize) -> Result<(), ZstdError> {
    let start = match out.len().checked_sub(offset) {
        Some(start) if offset > 0 => start,
        _ => return Err(ZstdError::Invalid("offset")),
    };
    let mut left = length;
    while left > 0 {
        // What is there from `start` on is a whole number of periods, and doubles with each copy.
        let step = core::cmp::min(left, out.len() - start);
        out.extend_from_within(start..start + step);
        left -= step;
    }
    Ok(())
}
