//! The payload around columns and signatures.
//!
//! ```text
//! version 1 │ compression 1 │ length of compressed columns (varint) │ compressed columns │ signatures
//! ```

use alloc::vec::Vec;

use alloy_primitives::Bytes;

use super::{BATCH_BYTES_MAX, BatchError, Compression, varint};
use crate::bytes::Reader;

/// Version byte of a payload.
pub const BATCH_VERSION: u8 = 1;

/// A payload taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) compression: Compression,
    pub(super) columns: &'a [u8],
    pub(super) signatures: &'a [u8],
}

/// Puts a payload together from columns, compressed as `compression` says, and signatures.
pub fn pack(compression: Compression, compressed_columns: &[u8], signatures: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(12 + compressed_columns.len() + signatures.len());
    out.push(BATCH_VERSION);
    out.push(compression as u8);
    varint::put_len(&mut out, compressed_columns.len());
    out.extend_from_slice(compressed_columns);
    out.extend_from_slice(signatures);
    out.into()
}

/// Takes a payload apart. Whether the number of signatures is right, only the columns know.
pub(super) fn split(payload: &[u8]) -> Result<Parts<'_>, BatchError> {
    let mut reader = Reader::new(payload);
    match reader.u8().ok_or(BatchError::Truncated("version"))? {
        BATCH_VERSION => {}
        version => return Err(BatchError::Version(version)),
    }
    let compression = reader.u8().ok_or(BatchError::Truncated("compression"))?;
    let compression =
        Compression::from_byte(compression).ok_or(BatchError::UnknownCompression(compression))?;
    let length = varint::take_bounded(&mut reader, "compressed columns", BATCH_BYTES_MAX)?;
    let columns = reader.take(length).ok_or(BatchError::Truncated("compressed columns"))?;
    Ok(Parts { compression, columns, signatures: reader.rest() })
}
