//! Packing of a batch payload into blobs (EIP-4844). Not commitments or proofs, and not the payload.
//!
//! A blob is 4,096 field elements of 32 bytes. The first byte of each element is zero, which keeps it
//! below the field's modulus; the other 31 carry data. The data of all blobs of a posting, one after the
//! other, is: length of the payload as `u32` big-endian, the payload, zeros.
//!
//! Invariant: a payload has exactly one packing. `unpack` refuses a non-zero first byte, non-zero padding
//! and more blobs than needed.

use alloc::{boxed::Box, vec, vec::Vec};

/// Size of a blob.
pub const BLOB_BYTES: usize = 131_072;
/// Bytes of a blob that carry data.
pub const BLOB_BYTES_USABLE: usize = BLOB_BYTES / ELEMENT_BYTES * ELEMENT_BYTES_USABLE;
/// Most blobs of one posting.
pub const BLOBS_PER_BATCH_MAX: usize = 6;
/// Longest payload that blobs carry.
pub const BLOB_PAYLOAD_BYTES_MAX: usize =
    BLOBS_PER_BATCH_MAX * BLOB_BYTES_USABLE - LENGTH_PREFIX_BYTES;

const ELEMENT_BYTES: usize = 32;
const ELEMENT_BYTES_USABLE: usize = 31;
/// Bytes of the length prefix in the first blob.
pub const LENGTH_PREFIX_BYTES: usize = 4;

/// Why data does not fit into blobs, or blobs hold no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Payload longer than the blobs of one posting carry.
    #[error("payload of {0} bytes, blobs carry at most {BLOB_PAYLOAD_BYTES_MAX}")]
    PayloadTooLong(usize),
    /// A blob of the wrong size.
    #[error("blob {index} has {bytes} bytes, not {BLOB_BYTES}")]
    BlobSize {
        /// Place of the blob.
        index: usize,
        /// Its size.
        bytes: usize,
    },
    /// No blob, or more than the payload's length calls for.
    #[error("{actual} blobs, the payload needs {needed}")]
    BlobCount {
        /// Blobs given.
        actual: usize,
        /// Blobs that the length prefix calls for.
        needed: usize,
    },
    /// First byte of an element is not zero.
    #[error("element {element} of blob {index} has a non-zero first byte")]
    ElementHead {
        /// Place of the blob.
        index: usize,
        /// Place of the element in it.
        element: usize,
    },
    /// Bytes after the payload are not all zero.
    #[error("bytes after the payload are not zero")]
    Padding,
}

/// Blobs that a payload of this length needs.
pub const fn blobs_needed(payload_bytes: usize) -> usize {
    payload_bytes.saturating_add(LENGTH_PREFIX_BYTES).div_ceil(BLOB_BYTES_USABLE)
}

/// Packs a payload into as few blobs as hold it.
pub fn pack(payload: &[u8]) -> Result<Vec<Box<[u8; BLOB_BYTES]>>, BlobError> {
    let too_long = || BlobError::PayloadTooLong(payload.len());
    if payload.len() > BLOB_PAYLOAD_BYTES_MAX {
        return Err(too_long());
    }
    let length = u32::try_from(payload.len()).map_err(|_| too_long())?.to_be_bytes();
    // The length prefix shifts the payload; splitting it off keeps the copy below in whole elements.
    let (head, tail) =
        payload.split_at(core::cmp::min(ELEMENT_BYTES_USABLE - LENGTH_PREFIX_BYTES, payload.len()));
    let mut first = [0u8; ELEMENT_BYTES];
    first[1..1 + LENGTH_PREFIX_BYTES].copy_from_slice(&length);
    first[1 + LENGTH_PREFIX_BYTES..1 + LENGTH_PREFIX_BYTES + head.len()].copy_from_slice(head);

    let mut blobs = Vec::with_capacity(blobs_needed(payload.len()));
    let mut chunks = tail.chunks(ELEMENT_BYTES_USABLE);
    for index in 0..blobs_needed(payload.len()) {
        let mut blob = zeroed_blob();
        let mut elements = blob.chunks_exact_mut(ELEMENT_BYTES);
        if index == 0
            && let Some(element) = elements.next()
        {
            element.copy_from_slice(&first);
        }
        for (element, chunk) in elements.zip(&mut chunks) {
            element[1..=chunk.len()].copy_from_slice(chunk);
        }
        blobs.push(blob);
    }
    Ok(blobs)
}

/// Reads the payload out of the blobs of one posting.
pub fn unpack(blobs: &[&[u8]]) -> Result<Vec<u8>, BlobError> {
    let actual = blobs.len();
    if actual == 0 || actual > BLOBS_PER_BATCH_MAX {
        return Err(BlobError::BlobCount { actual, needed: 1 });
    }
    let mut data = Vec::with_capacity(actual * BLOB_BYTES_USABLE);
    for (index, blob) in blobs.iter().enumerate() {
        if blob.len() != BLOB_BYTES {
            return Err(BlobError::BlobSize { index, bytes: blob.len() });
        }
        for (element, bytes) in blob.chunks_exact(ELEMENT_BYTES).enumerate() {
            match bytes.split_first() {
                Some((0, rest)) => data.extend_from_slice(rest),
                _ => return Err(BlobError::ElementHead { index, element }),
            }
        }
    }
    let Some((length, rest)) = data.split_first_chunk::<LENGTH_PREFIX_BYTES>() else {
        return Err(BlobError::BlobCount { actual, needed: 1 });
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let needed = blobs_needed(length);
    if needed != actual || length > rest.len() {
        return Err(BlobError::BlobCount { actual, needed });
    }
    if rest[length..].iter().any(|&byte| byte != 0) {
        return Err(BlobError::Padding);
    }
    data.truncate(LENGTH_PREFIX_BYTES + length);
    data.drain(..LENGTH_PREFIX_BYTES);
    Ok(data)
}

/// A zeroed blob on the heap, without passing 128 KiB over the stack.
fn zeroed_blob() -> Box<[u8; BLOB_BYTES]> {
    vec![0u8; BLOB_BYTES].into_boxed_slice().try_into().expect("the slice has the array's length")
}

#[cfg(test)]
mod tests;
