//! Where derivation begins after a restart, and after a reorg that is deeper than it remembers.
//!
//! For every processed L1 block it is kept which of our blocks it made safe; that gives the safe head after any of
//! them. The tables are those in which a verifier keeps the same. Invariant: derivation goes on only from an L1
//! block that is still part of L1, or from genesis.

use std::{sync::Arc, time::Duration};

use db::{
    Classify, DerivedRow, Fence, HeadsStore, JournalReader, Severity, VerifierError, VerifierStore,
};
use derivation::{Derivation, DerivedHead, L1Processed};
use l1::L1Source;
use protocol::{BlockId, Heads, RollupConfig};
use service::{Backoff, error_chain};

use super::{RETRY_PAUSE_MAX, RETRY_PAUSE_MIN, genesis::genesis_block, opening_of};
use crate::{SequencerError, node::SequencerParts};

/// L1 blocks that are compared with L1 at a time.
const COMPARED_AT_A_TIME: u32 = 64;

/// Pause before L1 is asked again while it is away.
const L1_PAUSE: Duration = Duration::from_millis(500);

/// Saves and finds the points from which derivation can go on.
#[derive(Debug)]
pub struct ResumePoints {
    rollup: Arc<RollupConfig>,
    journal: JournalReader,
    heads: HeadsStore,
    derived: VerifierStore,
    fence: Fence,
}

impl ResumePoints {
    pub(crate) fn new(parts: &SequencerParts, fence: Fence) -> Self {
        let database = &parts.database;
        Self {
            rollup: parts.rollup.clone(),
            journal: JournalReader::new(database.clone()),
            heads: HeadsStore::new(database.clone()),
            derived: VerifierStore::new(database.clone()),
            fence,
        }
    }

    /// Derivation from the newest point. If L1 no longer has it, the first blocks it asks for tell.
    pub(crate) async fn derivation(&self) -> Result<Derivation, SequencerError> {
        let newest = self.derived.l1_blocks(u64::MAX, 1).await.map_err(SequencerError::Derived)?;
        match newest.first() {
            Some(l1) => self.derivation_from(*l1).await,
            None => Ok(self.genesis()),
        }
    }

    /// Derivation from the newest point at or below this L1 block that L1 still has. What came after it is
    /// forgotten.
    pub(crate) async fn derivation_before(
        &self,
        l1_number: u64,
        source: &L1Source,
    ) -> Result<Derivation, SequencerError> {
        let mut highest = l1_number;
        loop {
            let blocks = self.derived.l1_blocks(highest, COMPARED_AT_A_TIME).await;
            let blocks = blocks.map_err(SequencerError::Derived)?;
            let Some(lowest) = blocks.last() else {
                self.unwind(0).await?;
                return Ok(self.genesis());
            };
            for block in &blocks {
                if hash_of(source, block.number).await == Some(block.hash) {
                    self.unwind(block.number).await?;
                    return self.derivation_from(*block).await;
                }
            }
            highest = lowest.number.saturating_sub(1);
        }
    }

    /// Remembers an L1 block and the blocks that it made safe. Waits while Postgres is away: no L1 block may be
    /// left out.
    pub(crate) async fn save(
        &self,
        processed: &L1Processed,
        derived: &[DerivedRow],
        heads: &Heads,
    ) -> Result<(), SequencerError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.derived.processed(self.fence, processed.l1, derived).await {
                Ok(()) => break,
                Err(error) => wait_out(error, &mut backoff).await?,
            }
        }
        match self.heads.save(self.fence, heads).await {
            Ok(()) => Ok(()),
            // The next L1 block writes them again.
            Err(error) if error.severity() == Severity::Temporary => {
                tracing::warn!(error = %error_chain(&error), "cannot save the heads");
                Ok(())
            }
            Err(error) => Err(SequencerError::Heads(error)),
        }
    }

    /// Forgets what came after this L1 block.
    pub(crate) async fn unwind(&self, l1_number: u64) -> Result<(), SequencerError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.derived.unwind(self.fence, l1_number).await {
                Ok(()) => return Ok(()),
                Err(error) => wait_out(error, &mut backoff).await?,
            }
        }
    }

    async fn derivation_from(&self, l1: BlockId) -> Result<Derivation, SequencerError> {
        let head = self.derived.head_at(l1.number).await.map_err(SequencerError::Derived)?;
        let head = match head {
            Some(row) => {
                let opening = opening_of(&self.journal, &self.rollup, row.block.number).await?;
                DerivedHead { block: row.block, system_config: opening.system_config }
            }
            None => DerivedHead::genesis(&self.rollup, genesis_block(&self.rollup).0.hash),
        };
        Derivation::resume(self.rollup.clone(), head, l1).map_err(SequencerError::Resume)
    }

    fn genesis(&self) -> Derivation {
        Derivation::genesis(self.rollup.clone(), genesis_block(&self.rollup).0.hash)
    }
}

async fn hash_of(source: &L1Source, number: u64) -> Option<alloy::primitives::B256> {
    loop {
        match source.hash(number).await {
            Ok(hash) => return hash,
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "cannot read L1, trying again");
                tokio::time::sleep(L1_PAUSE).await;
            }
        }
    }
}

async fn wait_out(error: VerifierError, backoff: &mut Backoff) -> Result<(), SequencerError> {
    if error.severity() != Severity::Temporary {
        return Err(SequencerError::Derived(error));
    }
    tracing::warn!(error = %error_chain(&error), "cannot keep what was derived, trying again");
    tokio::time::sleep(backoff.pause()).await;
    Ok(())
}
