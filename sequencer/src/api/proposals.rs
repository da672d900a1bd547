//! Proposals as L1 has them, for answers.
//!
//! They are read when somebody asks, in the state after the newest L1 block that is known, and kept until there is another:
//! one that stands can go by a dispute, without a reorg of L1. How many blocks one covers is its own affair, so which covers
//! a block is known of those that are kept and asked of L1 otherwise.
//!
//! Invariant: however many ask, they are read one at a time, and at most [`PROPOSALS_READ_MAX`] of them for each L1 block. All
//! that is kept is of the same L1 block.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use l1::{L1Error, L1Tip, Proposal, ProposalSource};
use protocol::BlockId;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::limits::PROPOSALS_READ_MAX;

/// Reads them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Proposals {
    source: ProposalSource,
    tip: watch::Receiver<L1Tip>,
    kept: Arc<Mutex<Kept>>,
}

/// A proposal and how it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) proposal: Proposal,
    /// Whether it can no longer go.
    pub(crate) is_final: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProposalsError {
    /// No head of L1 has been seen yet.
    #[error("nothing is known of L1 yet")]
    NoHead,
    /// So many different ones were asked for since the last L1 block.
    #[error(
        "{PROPOSALS_READ_MAX} proposals were read since the last L1 block, the rest waits for the next"
    )]
    Spent,
    /// L1 does not answer.
    #[error("cannot read proposals from L1")]
    Read(#[source] L1Error),
}

/// What was read after one L1 block.
#[derive(Debug, Default)]
struct Kept {
    at: BlockId,
    /// How many stand.
    count: u64,
    /// The L2 block that the newest of them is for.
    latest_block: u64,
    /// Those that were read, by index.
    known: BTreeMap<u64, Standing>,
}

impl Kept {
    /// Whether one covers this block. A recording may have none at all.
    const fn cover(&self, block: u64) -> bool {
        self.count > 0 && block <= self.latest_block
    }

    fn must_have_room(&self) -> Result<(), ProposalsError> {
        if self.known.len() >= PROPOSALS_READ_MAX { Err(ProposalsError::Spent) } else { Ok(()) }
    }
}

impl Proposals {
    /// Reads from `source` what stands at the tip.
    #[must_use]
    pub fn new(source: ProposalSource, tip: watch::Receiver<L1Tip>) -> Self {
        Self { source, tip, kept: Arc::default() }
    }

    /// Whether one covers this block.
    pub(crate) async fn cover(&self, block: u64) -> Result<bool, ProposalsError> {
        Ok(self.fresh().await?.cover(block))
    }

    /// The first that covers this block.
    pub(crate) async fn covering(&self, block: u64) -> Result<Option<Standing>, ProposalsError> {
        let mut kept = self.fresh().await?;
        if !kept.cover(block) {
            return Ok(None);
        }
        if let Some(known) = kept.known.values().find(|known| known.proposal.covers(block)) {
            return Ok(Some(*known));
        }
        kept.must_have_room()?;
        let index = self.source.covering(block, kept.at).await.map_err(ProposalsError::Read)?;
        match index {
            Some(index) => self.read(&mut kept, index).await.map(Some),
            None => Ok(None),
        }
    }

    /// The newest ones, newest first, at most so many.
    pub(crate) async fn newest(&self, count_max: u64) -> Result<Vec<Standing>, ProposalsError> {
        let mut kept = self.fresh().await?;
        let mut newest = Vec::new();
        for index in (kept.count.saturating_sub(count_max)..kept.count).rev() {
            newest.push(self.read(&mut kept, index).await?);
        }
        Ok(newest)
    }

    async fn fresh(&self) -> Result<MutexGuard<'_, Kept>, ProposalsError> {
        let mut kept = self.kept.lock().await;
        let at = self.tip.borrow().head.ok_or(ProposalsError::NoHead)?;
        if kept.at != at {
            let count = self.source.count(at).await.map_err(ProposalsError::Read)?;
            let latest = self.source.latest_block(at).await.map_err(ProposalsError::Read)?;
            *kept = Kept { at, count, latest_block: latest, known: BTreeMap::new() };
        }
        Ok(kept)
    }

    async fn read(&self, kept: &mut Kept, index: u64) -> Result<Standing, ProposalsError> {
        if let Some(known) = kept.known.get(&index) {
            return Ok(*known);
        }
        kept.must_have_room()?;
        let found = self.source.list(index, 1, kept.at).await.map_err(ProposalsError::Read)?;
        let missing = || L1Error::BlockMissing { block: kept.at.hash.to_string() };
        let proposal = *found.first().ok_or_else(|| ProposalsError::Read(missing()))?;
        let is_final = self.source.is_final(index, kept.at).await.map_err(ProposalsError::Read)?;
        let standing = Standing { proposal, is_final };
        kept.known.insert(index, standing);
        Ok(standing)
    }
}
