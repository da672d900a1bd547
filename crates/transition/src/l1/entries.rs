//! The inbox entries that the next block can depend on, found by walking the accumulator back from its pinned value.
//!
//! Invariant: entries stand in the order of the inbox, and none is left out between two of them.

use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, Bytes};
use protocol::{
    BLOBS_PER_BATCH_MAX, Carrier, InboxEntry, PostedBatch,
    blob::{self, BLOB_BYTES},
};

use super::{Headers, Pin};
use crate::{
    Invalid, Missing, PreimageKey, Preimages,
    halt::{Halt, keccak},
};

/// Bytes of a link of the accumulator.
const LINK_BYTES: usize = 129;
/// Bytes of an element of a blob.
const ELEMENT_BYTES: usize = 32;

/// An entry, and whether its bytes can matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) entry: InboxEntry,
    pub(crate) is_wanted: bool,
}

/// The entries of a range of L1 blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries(pub(crate) Vec<Entry>);

impl Entries {
    /// Walks the accumulator back. Keeps the entries of L1 blocks above `after`, up to `last`; each entry makes the hash of
    /// the L1 block before its own trusted.
    pub(crate) fn walk(
        host: &impl Preimages,
        pin: &Pin,
        after: u64,
        last: u64,
        headers: &mut Headers,
    ) -> Result<Self, Halt> {
        let mut entries = Vec::new();
        let mut accumulator = pin.batch_accumulator;
        while accumulator != B256::ZERO {
            let link = keccak(host, &accumulator)?;
            let malformed = Halt::Invalid(Invalid::Accumulator("inbox"));
            let (before, entry) = decode(&link).ok_or(malformed)?;
            if entry.l1_number <= after {
                break;
            }
            headers.trust(entry.l1_number.saturating_sub(1), entry.l1_parent_hash);
            if entry.l1_number <= last {
                entries.push(Entry { entry, is_wanted: false });
            }
            accumulator = before;
        }
        entries.reverse();
        Ok(Self(entries))
    }

    /// Those of one L1 block, as derivation takes them. Whose bytes cannot matter comes without them, which makes it absent
    /// as it would be with them.
    pub(crate) fn posted_in(
        &self,
        host: &impl Preimages,
        l1_number: u64,
    ) -> Result<Vec<PostedBatch>, Halt> {
        let from = self.0.partition_point(|entry| entry.entry.l1_number < l1_number);
        let to = self.0.partition_point(|entry| entry.entry.l1_number <= l1_number);
        let mut posted = Vec::with_capacity(to.saturating_sub(from));
        for Entry { entry, is_wanted } in self.0.get(from..to).unwrap_or_default() {
            let data = if *is_wanted { payload(host, entry)? } else { None };
            let InboxEntry { first_block, last_block, carrier, .. } = *entry;
            posted.push(PostedBatch { index: 0, first_block, last_block, carrier, data });
        }
        Ok(posted)
    }
}

/// The accumulator before an entry, and the entry.
fn decode(link: &[u8]) -> Option<(B256, InboxEntry)> {
    if link.len() != LINK_BYTES {
        return None;
    }
    let word = |at: usize| link.get(at..at + 32).map(B256::from_slice);
    let number = |at: usize| Some(u64::from_be_bytes(link.get(at..at + 8)?.try_into().ok()?));
    let entry = InboxEntry {
        carrier: match link.get(32)? {
            0 => Carrier::Calldata,
            1 => Carrier::Blobs,
            _ => return None,
        },
        data_hash: word(33)?,
        first_block: number(65)?,
        last_block: number(73)?,
        l1_number: number(81)?,
        l1_timestamp: number(89)?,
        l1_parent_hash: word(97)?,
    };
    Some((word(0)?, entry))
}

/// The payload of an entry; `None` if its blobs hold none.
fn payload(host: &impl Preimages, entry: &InboxEntry) -> Result<Option<Bytes>, Halt> {
    let carried = keccak(host, &entry.data_hash)?;
    if entry.carrier == Carrier::Calldata {
        return Ok(Some(carried));
    }
    let (hashes, rest) = carried.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(Invalid::Accumulator("inbox").into());
    }
    // More blobs than a posting can have hold no payload, whatever is in them.
    if hashes.len() > BLOBS_PER_BATCH_MAX {
        return Ok(None);
    }
    let blobs = hashes.iter().map(|hash| blob(host, B256::new(*hash)));
    let blobs = blobs.collect::<Result<Vec<_>, _>>()?;
    let blobs: Vec<&[u8]> = blobs.iter().map(|blob| &blob[..]).collect();
    Ok(blob::unpack(&blobs).ok().map(Bytes::from))
}

fn blob(host: &impl Preimages, versioned_hash: B256) -> Result<Vec<u8>, Halt> {
    let mut blob = vec![0; BLOB_BYTES];
    for (index, place) in (0..).zip(blob.chunks_exact_mut(ELEMENT_BYTES)) {
        let key = PreimageKey::BlobElement { versioned_hash, index };
        let element = host.blob_element(&versioned_hash, index);
        let element = element.ok_or(Halt::Missing(Missing(key)))?;
        place.copy_from_slice(element.as_slice());
    }
    Ok(blob)
}
