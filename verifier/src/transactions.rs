//! The transactions of a block with their senders, recovered many at a time.

use alloy::primitives::Bytes;
use executor::RecoveredTransaction;
use recovery::Decoded;

/// What users sent; `None` for bytes that are no transaction that anybody signed.
pub(crate) fn recovered(raws: &[Bytes]) -> Vec<Option<RecoveredTransaction>> {
    let decoded = recovery::decode(raws).into_iter().zip(raws);
    let with_size = |(decoded, raw): (Result<Decoded, _>, &Bytes)| {
        let Decoded { tx, sender, hash } = decoded.ok()?;
        Some(RecoveredTransaction { tx, sender, hash, data_size: protocol::data_size(raw) })
    };
    decoded.map(with_size).collect()
}

#[cfg(test)]
mod tests;
