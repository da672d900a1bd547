//! A decoder for one zstd frame (RFC 8878), written for consensus: total, bounded and small. Not a
//! compressor, no dictionaries, no streaming.
//!
//! Why our own: a posted batch is hostile input to every verifier, so no frame may panic or spend memory
//! without bound. The pure Rust decoder at hand (ruzstd 0.8) checks neither the size that a block
//! decompresses to nor the sum behind one of its assertions: 128 KiB of input reach several GiB.
//!
//! What it accepts is RFC 8878, narrowed where the RFC leaves choices, and stated in `docs/spec/batch.md`:
//! one frame and nothing else, no dictionary, no checksum, reserved bits zero, every bit stream used up
//! exactly. The window size bounds blocks only; matches may reach back to the frame's first byte.
//!
//! Invariant: the output never passes `bytes_max`, and no other memory depends on the input.

mod bits;
mod fse;
mod huffman;
mod literals;
mod sequences;

use alloc::vec::Vec;

use crate::bytes::Reader;
use huffman::HuffmanTable;
use sequences::SequenceState;

/// Magic number of a frame, little-endian as it stands in the bytes.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Most bytes of a block, before and after decompression.
const BLOCK_BYTES_MAX: usize = 128 * 1024;

/// Why bytes are not a frame that the protocol accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZstdError {
    /// More comes out than allowed.
    #[error("too much comes out")]
    TooLarge,
    /// The bytes end inside a field.
    #[error("frame ends inside {0}")]
    Truncated(&'static str),
    /// Not what the format or the protocol allows.
    #[error("{0} is invalid")]
    Invalid(&'static str),
    /// Bytes follow the frame.
    #[error("{0} bytes follow the frame")]
    Trailing(usize),
}

/// Decompresses one frame into at most `bytes_max` bytes.
pub(super) fn decompress(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, ZstdError> {
    let mut reader = Reader::new(bytes);
    let header = FrameHeader::take(&mut reader)?;
    if header.content_size.is_some_and(|size| size > bytes_max as u64) {
        return Err(ZstdError::TooLarge);
    }
    let mut decoder = BlockDecoder {
        out: Vec::new(),
        bytes_max,
        block_max: header.block_max,
        huffman: None,
        sequences: SequenceState::default(),
        literals: Vec::new(),
    };
    while !decoder.block(&mut reader)? {}
    if !reader.is_empty() {
        return Err(ZstdError::Trailing(reader.rest().len()));
    }
    if header.content_size.is_some_and(|size| size != decoder.out.len() as u64) {
        return Err(ZstdError::Invalid("content size"));
    }
    Ok(decoder.out)
}

/// What the head of a frame says.
struct FrameHeader {
    content_size: Option<u64>,
    block_max: usize,
}

impl FrameHeader {
    fn take(reader: &mut Reader<'_>) -> Result<Self, ZstdError> {
        let short = ZstdError::Truncated("frame header");
        if reader.array().ok_or(short)? != MAGIC {
            return Err(ZstdError::Invalid("magic number"));
        }
        let descriptor = reader.u8().ok_or(short)?;
        let single_segment = descriptor & 0x20 != 0;
        if descriptor & 0x18 != 0 {
            return Err(ZstdError::Invalid("reserved bit"));
        }
        if descriptor & 0x04 != 0 {
            return Err(ZstdError::Invalid("checksum flag"));
        }
        if descriptor & 0x03 != 0 {
            return Err(ZstdError::Invalid("dictionary"));
        }
        let window = if single_segment { None } else { Some(reader.u8().ok_or(short)?) };
        let content_size = match descriptor >> 6 {
            0 if !single_segment => None,
            0 => Some(u64::from(reader.u8().ok_or(short)?)),
            1 => Some(u64::from(u16::from_le_bytes(reader.array().ok_or(short)?)) + 256),
            2 => Some(u64::from(u32::from_le_bytes(reader.array().ok_or(short)?))),
            _ => Some(u64::from_le_bytes(reader.array().ok_or(short)?)),
        };
        // Without a window of its own, a frame's window is its content.
        let window = match window {
            Some(byte) => {
                let base = 1u64 << (10 + (byte >> 3));
                base + base / 8 * u64::from(byte & 7)
            }
            None => content_size.unwrap_or(0),
        };
        let block_max = usize::try_from(window).unwrap_or(usize::MAX);
        Ok(Self { content_size, block_max: core::cmp::min(block_max, BLOCK_BYTES_MAX) })
    }
}

/// What carries over from block to block of a frame.
struct BlockDecoder {
    out: Vec<u8>,
    bytes_max: usize,
    block_max: usize,
    huffman: Option<HuffmanTable>,
    sequences: SequenceState,
    /// Literals of the block at hand; kept for its memory.
    literals: Vec<u8>,
}

impl BlockDecoder {
    /// Decodes one block and says whether it was the last.
    fn block(&mut self, reader: &mut Reader<'_>) -> Result<bool, ZstdError> {
        let short = ZstdError::Truncated("block");
        let [a, b, c] = reader.array().ok_or(short)?;
        let header = u32::from_le_bytes([a, b, c, 0]);
        let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
        if size > self.block_max {
            return Err(ZstdError::Invalid("block size"));
        }
        match header >> 1 & 3 {
            0 => {
                let bytes = reader.take(size).ok_or(short)?;
                self.reserve(size)?;
                self.out.extend_from_slice(bytes);
            }
            1 => {
                let byte = reader.u8().ok_or(short)?;
                self.reserve(size)?;
                self.out.resize(self.out.len() + size, byte);
            }
            2 => {
                let bytes = reader.take(size).ok_or(short)?;
                self.compressed(bytes)?;
            }
            _ => return Err(ZstdError::Invalid("block type")),
        }
        Ok(header & 1 == 1)
    }

    fn compressed(&mut self, bytes: &[u8]) -> Result<(), ZstdError> {
        let mut reader = Reader::new(bytes);
        literals::take(&mut reader, self.block_max, &mut self.huffman, &mut self.literals)?;
        let count = sequences::take_count(&mut reader)?;
        if count == 0 {
            if !reader.is_empty() {
                return Err(ZstdError::Invalid("sequences section"));
            }
            self.reserve(self.literals.len())?;
            self.out.extend_from_slice(&self.literals);
            return Ok(());
        }
        let room = core::cmp::min(self.block_max, self.bytes_max - self.out.len());
        let limit = self.out.len() + room;
        let result = self.sequences.run(&mut reader, count, &self.literals, &mut self.out, limit);
        match result {
            // The block's own bound is a matter of form, the frame's is one of size.
            Err(ZstdError::TooLarge) if room == self.block_max => {
                Err(ZstdError::Invalid("decompressed block size"))
            }
            other => other,
        }
    }

    /// Checks that `more` bytes may come out.
    fn reserve(&self, more: usize) -> Result<(), ZstdError> {
        if more > self.bytes_max - self.out.len() { Err(ZstdError::TooLarge) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
