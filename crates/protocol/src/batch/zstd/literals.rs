//! The literals section of a block (RFC 8878, 3.1.1.3.1).

use alloc::vec::Vec;

use super::{ZstdError, huffman::HuffmanTable};
use crate::bytes::Reader;

const RAW: u8 = 0;
const REPEATED: u8 = 1;
const COMPRESSED: u8 = 2;

/// Takes the section and leaves its literals, at most `bytes_max`, in `out`.
pub(super) fn take(
    reader: &mut Reader<'_>,
    bytes_max: usize,
    huffman: &mut Option<HuffmanTable>,
    out: &mut Vec<u8>,
) -> Result<(), ZstdError> {
    let short = ZstdError::Truncated("literals");
    let head = *reader.rest().first().ok_or(short)?;
    let kind = head & 3;
    let format = head >> 2 & 3;
    out.clear();
    if kind == RAW || kind == REPEATED {
        let (bytes, shift) = match format {
            1 => (2, 4),
            3 => (3, 4),
            _ => (1, 3),
        };
        let size = little_endian(reader.take(bytes).ok_or(short)?) >> shift;
        let size = bounded(size, bytes_max)?;
        if kind == RAW {
            out.extend_from_slice(reader.take(size).ok_or(short)?);
        } else {
            out.resize(size, reader.u8().ok_or(short)?);
        }
        return Ok(());
    }

    let (bytes, width) = match format {
        0 | 1 => (3, 10),
        2 => (4, 14),
        _ => (5, 18),
    };
    let header = little_endian(reader.take(bytes).ok_or(short)?) >> 4;
    let size = bounded(header & ((1 << width) - 1), bytes_max)?;
    let compressed = usize::try_from(header >> width).unwrap_or(usize::MAX);
    let mut section = Reader::new(reader.take(compressed).ok_or(short)?);
    if kind == COMPRESSED {
        *huffman = Some(HuffmanTable::take(&mut section)?);
    }
    let table = huffman.as_ref().ok_or(ZstdError::Invalid("repeated huffman table"))?;
    if format == 0 {
        table.decode(section.rest(), size, out)
    } else {
        four(&mut section, table, size, out)
    }
}

/// Four streams, of which the first three give equally many literals.
fn four(
    section: &mut Reader<'_>,
    table: &HuffmanTable,
    size: usize,
    out: &mut Vec<u8>,
) -> Result<(), ZstdError> {
    let short = ZstdError::Truncated("literals streams");
    let [a, b, c, d, e, f] = section.array().ok_or(short)?;
    let each = size.div_ceil(4);
    let last = size.checked_sub(3 * each).ok_or(ZstdError::Invalid("literals size"))?;
    for length in [[a, b], [c, d], [e, f]] {
        let stream = section.take(usize::from(u16::from_le_bytes(length))).ok_or(short)?;
        table.decode(stream, each, out)?;
    }
    table.decode(section.rest(), last, out)
}

fn bounded(size: u64, bytes_max: usize) -> Result<usize, ZstdError> {
    match usize::try_from(size) {
        Ok(size) if size <= bytes_max => Ok(size),
        _ => Err(ZstdError::Invalid("literals size")),
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
