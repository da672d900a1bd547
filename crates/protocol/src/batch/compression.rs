//! Decompression of columns: one decoder for node and fault-proof program, so that both read the same
//! bytes out of every input, well-formed or not. Compressors are the batcher's choice and not here.
//!
//! Invariant: at most [`BATCH_BYTES_MAX`] bytes come out, of brotli [`BROTLI_BYTES_MAX`], memory is bounded by a small multiple of that,
//! and every input byte is used.

use alloc::{borrow::Cow, boxed::Box, vec, vec::Vec};

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

use super::{
    BATCH_BYTES_MAX, BROTLI_BYTES_MAX,
    zstd::{self, ZstdError},
};

/// How columns are compressed; the number is the byte in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Compression {
    /// As they are.
    None = 0,
    /// One zstd frame (RFC 8878) without dictionary and checksum, window at most 16 MiB.
    Zstd = 1,
    /// One brotli stream (RFC 7932), no large window.
    Brotli = 2,
}

/// Why columns do not decompress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// More comes out than a batch may have.
    #[error("more comes out than {BATCH_BYTES_MAX} bytes, or {BROTLI_BYTES_MAX} of brotli")]
    TooLarge,
    /// Not a zstd frame as the protocol allows it.
    #[error("invalid zstd frame")]
    Zstd(#[source] ZstdError),
    /// Not a brotli stream.
    #[error("invalid brotli stream")]
    Brotli,
    /// The stream wants more bytes than there are.
    #[error("brotli stream ends early")]
    BrotliTruncated,
    /// Bytes follow the stream.
    #[error("{0} bytes follow the compressed columns")]
    Trailing(usize),
}

impl Compression {
    /// The compression that a payload's byte names.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::None),
            1 => Some(Self::Zstd),
            2 => Some(Self::Brotli),
            _ => None,
        }
    }
}

pub(super) fn decompress(
    compression: Compression,
    bytes: &[u8],
) -> Result<Cow<'_, [u8]>, CompressionError> {
    match compression {
        Compression::None if bytes.len() > BATCH_BYTES_MAX => Err(CompressionError::TooLarge),
        Compression::None => Ok(Cow::Borrowed(bytes)),
        Compression::Zstd => match zstd::decompress(bytes, BATCH_BYTES_MAX) {
            Ok(columns) => Ok(Cow::Owned(columns)),
            Err(ZstdError::TooLarge) => Err(CompressionError::TooLarge),
            Err(error) => Err(CompressionError::Zstd(error)),
        },
        Compression::Brotli => brotli(bytes).map(Cow::Owned),
    }
}

/// Bytes that are decompressed between two checks of the bound.
const BROTLI_STEP_BYTES: usize = 64 * 1024;

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut state = BrotliState::new_strict(Heap, Heap, Heap);
    let mut available_in = bytes.len();
    let mut input_offset = 0;
    let mut total_out = 0;
    let mut step = vec![0u8; BROTLI_STEP_BYTES];
    let mut out = Vec::new();
    loop {
        let mut available_out = step.len();
        let mut output_offset = 0;
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut input_offset,
            bytes,
            &mut available_out,
            &mut output_offset,
            &mut step,
            &mut total_out,
            &mut state,
        );
        if out.len() + output_offset > BROTLI_BYTES_MAX {
            return Err(CompressionError::TooLarge);
        }
        out.extend_from_slice(&step[..output_offset]);
        match result {
            BrotliResult::ResultSuccess if input_offset == bytes.len() => return Ok(out),
            BrotliResult::ResultSuccess => {
                return Err(CompressionError::Trailing(bytes.len() - input_offset));
            }
            BrotliResult::NeedsMoreInput => return Err(CompressionError::BrotliTruncated),
            BrotliResult::ResultFailure => return Err(CompressionError::Brotli),
            BrotliResult::NeedsMoreOutput => {}
        }
    }
}

/// The decoder's memory, from the global allocator, with and without `std`.
#[derive(Clone, Copy, Debug, Default)]
struct Heap;

/// A piece of the decoder's memory.
#[derive(Debug)]
struct HeapSlice<T>(Box<[T]>);

impl<T> Default for HeapSlice<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T> SliceWrapper<T> for HeapSlice<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for HeapSlice<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Clone + Default> Allocator<T> for Heap {
    type AllocatedMemory = HeapSlice<T>;

    fn alloc_cell(&mut self, len: usize) -> HeapSlice<T> {
        HeapSlice(vec![T::default(); len].into_boxed_slice())
    }

    fn free_cell(&mut self, _: HeapSlice<T>) {}
}

#[cfg(test)]
mod tests;
