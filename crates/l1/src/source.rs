//! Where L1 blocks come from: a node, or a recording that tests and replays feed.

mod recorded;

use std::sync::Arc;

use alloy::primitives::B256;
use derivation::L1Block;

pub use recorded::RecordedL1;

use crate::{blobs::Blobs, error::L1Error, evidence::L1Evidence, reader::L1Reader};

/// Gives L1 blocks by number.
#[derive(Clone, Debug)]
pub enum L1Source {
    /// A node of L1.
    Node(L1Reader),
    /// Recorded blocks.
    Recorded(Arc<RecordedL1>),
}

impl L1Source {
    /// The canonical block with this number; `None` if L1 has not come that far.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn block(&self, number: u64) -> Result<Option<L1Block>, L1Error> {
        Ok(self.block_with(number, &Blobs::new()).await?.map(|(block, _)| block))
    }

    /// The same, and the blobs of its postings. Nobody is asked for those in `kept`.
    ///
    /// # Errors
    /// When L1 does not answer, or lacks a blob.
    pub async fn block_with(
        &self,
        number: u64,
        kept: &Blobs,
    ) -> Result<Option<(L1Block, Blobs)>, L1Error> {
        match self {
            Self::Node(reader) => present(reader.block_with(number, kept).await),
            Self::Recorded(recorded) => recorded.block_with(number, kept),
        }
    }

    /// What disputes show of the same L1; a recording of blocks has none of it.
    pub fn evidence(&self) -> Option<L1Evidence> {
        match self {
            Self::Node(reader) => Some(L1Evidence::Node(reader.clone())),
            Self::Recorded(_) => None,
        }
    }

    /// The hash of the canonical block with this number.
    ///
    /// # Errors
    /// When L1 does not answer.
    pub async fn hash(&self, number: u64) -> Result<Option<B256>, L1Error> {
        match self {
            Self::Node(reader) => {
                let origin = present(reader.origin(number.into()).await)?;
                Ok(origin.map(|origin| origin.hash))
            }
            Self::Recorded(recorded) => Ok(recorded.block(number).map(|block| block.origin.hash)),
        }
    }
}

fn present<T>(result: Result<T, L1Error>) -> Result<Option<T>, L1Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(L1Error::BlockMissing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
