//! What a dispute shows of L1 besides what derivation takes: headers as bytes, and the links of the two hash chains.
//!
//! Not here: which of it a run asks for. Nothing of it needs an old state of L1, only its logs, headers and blobs, so any
//! full node answers. Invariant: a header has the hash that was asked for, a payload and a blob too. Links are as the logs say;
//! whether they add up to a pinned accumulator is for who knows that to check.

mod recorded;

use std::sync::Arc;

use alloy::primitives::{B256, Bytes};
use protocol::{InboxEntry, L1Message};

pub use recorded::RecordedEvidence;

use crate::{error::L1Error, reader::L1Reader};

/// A posting as the inbox accumulates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedEntry {
    /// What is hashed.
    pub entry: InboxEntry,
    /// Versioned hashes of its blobs; none for calldata.
    pub blob_hashes: Vec<B256>,
}

/// A message as the Portal accumulates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// L1 block in which it was sent.
    pub l1_number: u64,
    /// Timestamp of that block, in seconds.
    pub l1_timestamp: u64,
    /// The message.
    pub message: L1Message,
}

/// Where it comes from.
#[derive(Clone, Debug)]
pub enum L1Evidence {
    /// A node of L1.
    Node(L1Reader),
    /// A recording.
    Recorded(Arc<RecordedEvidence>),
}

impl L1Evidence {
    /// The RLP of the header with this hash; `None` if L1 does not know it.
    ///
    /// # Errors
    /// When L1 does not answer, or its header has fields that this program does not know.
    pub async fn header(&self, hash: B256) -> Result<Option<Bytes>, L1Error> {
        match self {
            Self::Node(reader) => reader.header_bytes(hash).await,
            Self::Recorded(recorded) => Ok(recorded.headers.get(&hash).cloned()),
        }
    }

    /// The RLP of the canonical headers of a range, in order; ends early where L1 does.
    ///
    /// # Errors
    /// As [`Self::header`].
    pub async fn headers(&self, from: u64, to: u64) -> Result<Vec<Bytes>, L1Error> {
        match self {
            Self::Node(reader) => reader.headers_bytes(from, to).await,
            Self::Recorded(recorded) => Ok(recorded.headers_between(from, to)),
        }
    }

    /// What was posted in L1 blocks `from..=to`.
    ///
    /// # Errors
    /// When L1 does not answer, or its answers do not fit each other.
    pub async fn entries(&self, from: u64, to: u64) -> Result<Vec<PostedEntry>, L1Error> {
        match self {
            Self::Node(reader) => reader.entries(from, to).await,
            Self::Recorded(recorded) => Ok(recorded.entries_between(from, to)),
        }
    }

    /// What was sent in L1 blocks `from..=to`.
    ///
    /// # Errors
    /// As [`Self::entries`].
    pub async fn messages(&self, from: u64, to: u64) -> Result<Vec<SentMessage>, L1Error> {
        match self {
            Self::Node(reader) => reader.messages(from, to).await,
            Self::Recorded(recorded) => Ok(recorded.messages_between(from, to)),
        }
    }

    /// The payload of a batch in calldata; `None` if the L1 block of the entry holds no such posting.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn payload(&self, entry: &InboxEntry) -> Result<Option<Bytes>, L1Error> {
        match self {
            Self::Node(reader) => reader.payload(entry).await,
            Self::Recorded(recorded) => Ok(recorded.payloads.get(&entry.data_hash).cloned()),
        }
    }

    /// The blobs of a posting, in order.
    ///
    /// # Errors
    /// When they are not to be had.
    pub async fn blobs(&self, posted: &PostedEntry) -> Result<Vec<Bytes>, L1Error> {
        match self {
            Self::Node(reader) => reader.blobs(posted).await,
            Self::Recorded(recorded) => recorded.blobs_of(posted),
        }
    }
}
