//! Recorded evidence, for tests and replays. It checks nothing: whatever it is fed is L1.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes};

use super::{PostedEntry, SentMessage};
use crate::{blobs::BlobError, error::L1Error};

/// What is known of L1.
#[derive(Clone, Debug, Default)]
pub struct RecordedEvidence {
    /// RLP of headers, by hash.
    pub headers: BTreeMap<B256, Bytes>,
    /// Hashes of the canonical L1 blocks, by number.
    pub canonical: BTreeMap<u64, B256>,
    /// What was posted, in order.
    pub entries: Vec<PostedEntry>,
    /// What was sent, in order.
    pub messages: Vec<SentMessage>,
    /// Payloads of batches in calldata, by hash.
    pub payloads: BTreeMap<B256, Bytes>,
    /// Blobs by versioned hash.
    pub blobs: BTreeMap<B256, Bytes>,
}

impl RecordedEvidence {
    pub(super) fn headers_between(&self, from: u64, to: u64) -> Vec<Bytes> {
        if from > to {
            return Vec::new();
        }
        let hashes = self.canonical.range(from..=to).map(|(_, hash)| hash);
        hashes.filter_map(|hash| self.headers.get(hash).cloned()).collect()
    }

    pub(super) fn entries_between(&self, from: u64, to: u64) -> Vec<PostedEntry> {
        let entries = self.entries.iter();
        entries.filter(|posted| (from..=to).contains(&posted.entry.l1_number)).cloned().collect()
    }

    pub(super) fn messages_between(&self, from: u64, to: u64) -> Vec<SentMessage> {
        let messages = self.messages.iter();
        messages.filter(|sent| (from..=to).contains(&sent.l1_number)).cloned().collect()
    }

    pub(super) fn blobs_of(&self, posted: &PostedEntry) -> Result<Vec<Bytes>, L1Error> {
        let number = posted.entry.l1_number;
        let blob = |hash: &B256| {
            let missing = BlobError::Missing { hash: *hash };
            self.blobs.get(hash).cloned().ok_or(L1Error::Blob { number, source: missing })
        };
        posted.blob_hashes.iter().map(blob).collect()
    }
}
