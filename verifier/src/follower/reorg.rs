//! Going back when L1 was reorganized.
//!
//! Invariant: after it, derivation, chain, database and verdicts all stand where they stood after the last L1 block that
//! old and new L1 share.

use protocol::BlockId;
use tokio::time::sleep;

use super::{Follower, RETRY_PAUSE_MIN};
use crate::{VerifierError, metrics, restart::StoredHead};

/// Remembered L1 blocks that are read at a time.
const L1_BLOCKS_PER_READ: u32 = 64;

impl Follower {
    /// L1 was reorganized at or below block `from`: goes back to the newest block that is still there.
    pub(super) async fn reorg(&mut self, from: u64) -> Result<(), VerifierError> {
        self.prefetch.clear();
        self.queue.flush().await?;
        let common = self.common_ancestor(from).await?;
        if common == self.derivation.processed().l1 {
            // Two requests were answered from two views of L1. Nothing is to be undone.
            sleep(RETRY_PAUSE_MIN).await;
            return Ok(());
        }
        let keep = match self.points.newest(common.number).await? {
            Some((_, keep)) => keep,
            None => 0,
        };
        metrics::reorg();
        let from_block = self.derivation.head().block.number;
        tracing::warn!(
            common_ancestor = common.number,
            from_block,
            to_block = keep,
            "L1 was reorganized"
        );
        let StoredHead { head, header, claim } = self.points.head(keep).await?;
        let undo = self.queue.unwind(common, keep).await?;
        let lost = || VerifierError::Lost { what: "unwinding of the state" };
        let mut unwinding = self.chain.take().ok_or_else(lost)?;
        let work = tokio::task::spawn_blocking(move || {
            unwinding.unwind((header, claim), &undo);
            unwinding
        });
        let unwound = work.await.map_err(|_| lost())?;
        let (computed, stored) = unwound.roots();
        if computed != stored {
            return Err(VerifierError::StateRoot { number: keep, computed, stored });
        }
        self.chain = Some(unwound);
        match self.derivation.unwind(common.number) {
            Ok(safe) if safe == head.block && self.derivation.processed().l1 == common => {}
            // Deeper than derivation remembers, or below where this process began.
            _ => {
                let start = (common != self.genesis_l1).then_some(common);
                self.derivation = self.points.derivation(start, head)?;
            }
        }
        self.judge.unwind(common.number, keep);
        self.blobs.unwound();
        self.show();
        Ok(())
    }

    /// The newest remembered L1 block at or below `from` that L1 still has; genesis at the least.
    async fn common_ancestor(&self, from: u64) -> Result<BlockId, VerifierError> {
        let mut below = from;
        loop {
            let known = self.tables.l1_blocks(below, L1_BLOCKS_PER_READ).await;
            let known = known.map_err(VerifierError::Tables)?;
            let Some(oldest) = known.last().copied() else { break };
            for block in known {
                if self.source.hash(block.number).await.map_err(VerifierError::L1)?
                    == Some(block.hash)
                {
                    return Ok(block);
                }
            }
            let Some(next) = oldest.number.checked_sub(1) else { break };
            below = next;
        }
        let genesis = self.genesis_l1;
        if self.source.hash(genesis.number).await.map_err(VerifierError::L1)? == Some(genesis.hash)
        {
            return Ok(genesis);
        }
        Err(VerifierError::GenesisGone { number: genesis.number })
    }
}
