//! Tries every compression and keeps the smallest payload; decodes it again before anyone pays for posting it.

use alloy::primitives::Bytes;
use protocol::{Batch, BatchError, Compression, batch::BROTLI_BYTES_MAX, decode_batch, pack};
use serde::Deserialize;

/// More costs seconds per megabyte and saves one or two percent: signatures do not compress.
const ZSTD_LEVEL: i32 = 9;
/// Quality of brotli, of 11; from 10 on it costs a hundred times as much for one percent.
const BROTLI_QUALITY: u32 = 6;
/// Log2 of brotli's window in bytes.
const BROTLI_WINDOW_BITS: u32 = 22;
/// Buffer of the brotli encoder in bytes.
const BROTLI_BUFFER_BYTES: usize = 4_096;

/// Which compressions are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompressionPolicy {
    /// All of them; the smallest payload wins.
    #[default]
    Smallest,
    /// zstd only: the cheapest in CPU time.
    Zstd,
}

/// Why a batch has no payload.
#[derive(Debug, thiserror::Error)]
pub enum CompressError {
    /// The batch holds something that the format cannot carry.
    #[error("the batch cannot be encoded")]
    Encode(#[source] BatchError),
    /// An encoder failed.
    #[error("cannot compress the batch with {compression:?}")]
    Compress {
        /// Which one.
        compression: Compression,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The payload does not decode; it must not be posted.
    #[error("the payload does not decode again")]
    Decode(#[source] BatchError),
    /// The payload decodes to something else; it must not be posted.
    #[error("the payload decodes to a different batch")]
    Different,
}

/// The smallest payload that carries `batch`.
///
/// # Errors
/// When the batch cannot be encoded, or the payload does not decode to the same batch.
pub fn payload(
    batch: &Batch,
    chain_id: u64,
    policy: CompressionPolicy,
) -> Result<Bytes, CompressError> {
    let encoded = batch.encode(chain_id).map_err(CompressError::Encode)?;
    let tries: &[Compression] = match policy {
        CompressionPolicy::Smallest => &[Compression::Zstd, Compression::Brotli, Compression::None],
        CompressionPolicy::Zstd => &[Compression::Zstd],
    };
    let mut best: Option<Bytes> = None;
    let is_long = encoded.columns.len() > BROTLI_BYTES_MAX;
    for &compression in tries {
        if compression == Compression::Brotli && is_long {
            continue;
        }
        let columns = compress(compression, &encoded.columns)
            .map_err(|source| CompressError::Compress { compression, source })?;
        let payload = pack(compression, &columns, &encoded.signatures);
        if best.as_ref().is_none_or(|best| payload.len() < best.len()) {
            best = Some(payload);
        }
    }
    let payload = best.ok_or(CompressError::Different)?;
    let decoded = decode_batch(&payload, chain_id).map_err(CompressError::Decode)?;
    if decoded == *batch { Ok(payload) } else { Err(CompressError::Different) }
}

fn compress(compression: Compression, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
        Compression::Brotli => {
            let mut out = Vec::new();
            let mut reader = brotli::CompressorReader::new(
                bytes,
                BROTLI_BUFFER_BYTES,
                BROTLI_QUALITY,
                BROTLI_WINDOW_BITS,
            );
            std::io::copy(&mut reader, &mut out)?;
            Ok(out)
        }
    }
}
