//! Blobs kept for disputes. L1 nodes have them for some 18 days, and a dispute may read them weeks later.
//!
//! ```text
//! L1 block ─▶ BlobKeeper::keep ─▶ kept_blobs ─▶ KeptL1: what a segment is made from, though L1 has forgotten it
//!                                   ▲ forgotten behind what is final, with a margin, while no dispute is open
//! ```
//! Not here: proofs of their elements, which are made from the bytes (`segment::machine`). Invariant: an L1 block counts as
//! processed only after its blobs were kept, unless there is no room; that is said aloud, and L1 has the newest ones for a
//! while yet.

use std::time::Duration;

use alloy::primitives::Bytes;
use db::{Fence, VerifierStore};
use derivation::L1Block;
use l1::{Blobs, L1Evidence, L1Source, PostedEntry, ProposalSource};
use protocol::{BlockId, blob::BLOB_BYTES};
use service::{Backoff, error_chain};

use crate::{SegmentError, VerifierConfig, VerifierError, metrics};

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// L1 blocks between two looks at what can be forgotten: each is a search among the proposals on L1.
const FORGET_EVERY_L1_BLOCKS: u64 = 32;

/// Keeps blobs, and forgets them when no dispute can need them.
#[derive(Debug)]
pub(crate) struct BlobKeeper {
    tables: VerifierStore,
    fence: Fence,
    blobs_max: u64,
    margin_l1_blocks: u64,
    /// How many are kept; `None` while that has to be counted.
    held: Option<u64>,
    /// L1 block from which on it is looked again what can be forgotten.
    look_again: u64,
}

impl BlobKeeper {
    pub(crate) const fn new(tables: VerifierStore, fence: Fence, config: &VerifierConfig) -> Self {
        Self {
            tables,
            fence,
            blobs_max: config.kept_blob_bytes_max / BLOB_BYTES as u64,
            margin_l1_blocks: config.kept_blobs_margin_l1_blocks,
            held: None,
            look_again: 0,
        }
    }

    /// Keeps the blobs of an L1 block; while Postgres is away, it waits.
    pub(crate) async fn keep(&mut self, l1: u64, blobs: &Blobs) -> Result<(), VerifierError> {
        if blobs.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.try_keep(l1, blobs).await {
                Err(error) if error.is_temporary() => {
                    tracing::warn!(error = %error_chain(&error), "cannot keep blobs, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                done => return done,
            }
        }
    }

    async fn try_keep(&mut self, l1: u64, blobs: &Blobs) -> Result<(), VerifierError> {
        let held = self.held().await?;
        if held.saturating_add(blobs.len() as u64) > self.blobs_max {
            metrics::blobs_not_kept(blobs.len());
            tracing::error!(
                l1_block = l1,
                blobs = blobs.len(),
                held,
                "no room to keep blobs: a dispute about them can be played only while L1 has them"
            );
            return Ok(());
        }
        let kept = self.tables.keep_blobs(self.fence, l1, blobs).await;
        self.holds(held.saturating_add(kept.map_err(VerifierError::Tables)?));
        Ok(())
    }

    /// L1 was reorganized: how many were taken back has to be counted.
    pub(crate) const fn unwound(&mut self) {
        self.held = None;
        self.look_again = 0;
    }

    /// Forgets what lies behind the newest final proposal, with a margin. While a dispute is open nothing goes, because one
    /// about a proposal that has fallen is played to its end too.
    pub(crate) async fn forget(
        &mut self,
        proposals: &ProposalSource,
        at: BlockId,
        is_disputed: bool,
    ) -> Result<(), VerifierError> {
        if is_disputed || at.number < self.look_again {
            return Ok(());
        }
        self.look_again = at.number.saturating_add(FORGET_EVERY_L1_BLOCKS);
        let Some(last) = newest_final(proposals, at).await? else { return Ok(()) };
        // What comes after a block reads nothing of L1 below the block's origin.
        let row = self.tables.derived(last).await.map_err(VerifierError::Tables)?;
        let Some(origin) = row.map(|row| row.block.origin.number) else { return Ok(()) };
        let below = origin.saturating_sub(self.margin_l1_blocks);
        let held = self.held().await?;
        let gone = self.tables.forget_blobs(self.fence, below).await;
        let gone = gone.map_err(VerifierError::Tables)?;
        if gone > 0 {
            tracing::debug!(gone, below_l1_block = below, "forgot blobs behind what is final");
        }
        self.holds(held.saturating_sub(gone));
        Ok(())
    }

    async fn held(&self) -> Result<u64, VerifierError> {
        match self.held {
            Some(held) => Ok(held),
            None => self.tables.count_blobs().await.map_err(VerifierError::Tables),
        }
    }

    fn holds(&mut self, held: u64) {
        self.held = Some(held);
        metrics::blobs_kept(held.saturating_mul(BLOB_BYTES as u64));
    }
}

/// The L2 block of the newest proposal that can no longer go; `None` if there are no proposals at all. What stands before a
/// final proposal is final, so it is found by halving.
async fn newest_final(
    proposals: &ProposalSource,
    at: BlockId,
) -> Result<Option<u64>, VerifierError> {
    let (mut finals, mut end) = (0, proposals.count(at).await.map_err(VerifierError::L1)?);
    while finals < end {
        let middle = finals.midpoint(end);
        match proposals.is_final(middle, at).await.map_err(VerifierError::L1)? {
            true => finals = middle + 1,
            false => end = middle,
        }
    }
    let Some(last) = finals.checked_sub(1) else { return Ok(None) };
    let found = proposals.list(last, 1, at).await.map_err(VerifierError::L1)?;
    Ok(found.first().map(|proposal| proposal.l2_block))
}

/// L1 as far as segments read it, with the blobs that were kept. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct KeptL1 {
    pub(crate) source: L1Source,
    pub(crate) tables: VerifierStore,
}

impl KeptL1 {
    /// The block with this number; `None` if L1 has not come that far.
    pub(crate) async fn block(&self, number: u64) -> Result<Option<L1Block>, SegmentError> {
        let kept = self.kept(number).await?;
        let read = self.source.block_with(number, &kept).await.map_err(SegmentError::L1)?;
        Ok(read.map(|(block, _)| block))
    }

    /// The blobs of a posting, in order.
    pub(crate) async fn blobs(
        &self,
        evidence: &L1Evidence,
        posted: &PostedEntry,
    ) -> Result<Vec<Bytes>, SegmentError> {
        let kept = self.kept(posted.entry.l1_number).await?;
        let found = posted.blob_hashes.iter().map(|hash| kept.get(hash).cloned());
        match found.collect() {
            Some(found) => Ok(found),
            // Derived before blobs were kept, or while there was no room.
            None => evidence.blobs(posted).await.map_err(SegmentError::L1),
        }
    }

    async fn kept(&self, l1_number: u64) -> Result<Blobs, SegmentError> {
        Ok(self.tables.kept_blobs(l1_number).await.map_err(VerifierError::Tables)?)
    }
}
