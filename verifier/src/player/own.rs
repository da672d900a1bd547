//! Our trees from what this verifier derived: claims out of its database, runs of segments made anew.
//!
//! What is true of a proposal is what follows from the L1 that it has pinned. Invariant: nothing is built before that is
//! derived, and nothing of another chain than the one that the proposal is on; [`Segments::pinned`] sees to it.

use std::sync::Arc;

use alloy::primitives::Bytes;
use dispute::{Need, Run};
use parking_lot::Mutex;

use super::{ClaimsPart, Part, Pinned, Trees};
use crate::{Pins, Segment, SegmentError, Segments, claims::PinnedInterval};

/// Why our trees cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum OwnTreesError {
    /// The claims of an interval cannot be made.
    #[error("cannot make the claims of the interval that ends with block {l2_block}")]
    Claims {
        /// Its last block.
        l2_block: u64,
        /// Why.
        #[source]
        source: Box<SegmentError>,
    },
    /// A run cannot be made.
    #[error("cannot run segment {segment}")]
    Segment {
        /// Of the interval.
        segment: u64,
        /// Why.
        #[source]
        source: Box<SegmentError>,
    },
}

/// Our trees.
#[derive(Debug)]
pub struct OwnTrees {
    segments: Segments,
    /// The newest segment that was run: its strides, the steps of one of them and a proof are asked for in a row.
    newest: Mutex<Option<(Pinned, u64, Arc<Segment>)>>,
}

impl OwnTrees {
    /// Builds them from a verifier's own data.
    pub const fn new(segments: Segments) -> Self {
        Self { segments, newest: Mutex::new(None) }
    }

    /// The claims that follow from the pinned L1; `None` while that is not derived.
    async fn judged(
        &self,
        about: &Pinned,
        earlier: Vec<Pins>,
    ) -> Result<Option<PinnedInterval>, OwnTreesError> {
        let l2_block = about.l2_block;
        let blocks = (about.parent_block, l2_block);
        let judged = self.segments.pinned(blocks, Pins::from(about), earlier).await;
        judged.map_err(|source| OwnTreesError::Claims { l2_block, source: Box::new(source) })
    }

    /// The run of a segment, or the one that was kept.
    async fn segment(
        &self,
        about: &Pinned,
        earlier: Vec<Pins>,
        segment: u64,
    ) -> Result<Option<Arc<Segment>>, OwnTreesError> {
        if let Some((of, number, kept)) = &*self.newest.lock()
            && (of, *number) == (about, segment)
        {
            return Ok(Some(kept.clone()));
        }
        let Some(judged) = self.judged(about, earlier).await? else { return Ok(None) };
        // Positions in a tree of height 30.
        let leaf = usize::try_from(segment).unwrap_or(usize::MAX);
        let made = self.segments.segment(judged.request(leaf)).await;
        let failed = |source| OwnTreesError::Segment { segment, source: Box::new(source) };
        let run = Arc::new(made.map_err(failed)?);
        *self.newest.lock() = Some((*about, segment, run.clone()));
        Ok(Some(run))
    }

    async fn claims(
        &self,
        about: &Pinned,
        earlier: Vec<Pins>,
    ) -> Result<Option<Part>, OwnTreesError> {
        let judged = self.judged(about, earlier).await?;
        Ok(judged.map(|judged| {
            Part::Claims(Box::new(ClaimsPart {
                parent: judged.parent().hash(),
                last: Some(judged.last().encode()),
                tree: judged.tree().clone(),
            }))
        }))
    }
}

impl Trees for OwnTrees {
    type Error = OwnTreesError;

    async fn build(
        &self,
        about: Pinned,
        earlier: Vec<Pins>,
        need: Need,
    ) -> Result<Option<Part>, OwnTreesError> {
        let (Need::Strides { segment } | Need::Steps { segment, .. } | Need::Proof { segment, .. }) =
            need
        else {
            return self.claims(&about, earlier).await;
        };
        let Some(run) = self.segment(&about, earlier, segment).await? else { return Ok(None) };
        let failed = |source| OwnTreesError::Segment { segment, source: Box::new(source) };
        let part = match need {
            Need::Segments => return Ok(None),
            Need::Strides { .. } => {
                let made = run.strides().await.map_err(failed)?;
                Part::Strides(Arc::new(Run { strides: Arc::new(made.strides), last: made.last }))
            }
            Need::Steps { stride, .. } => {
                Part::Steps(Arc::new(run.steps(stride).await.map_err(failed)?))
            }
            Need::Proof { stride, step, .. } => {
                let proof = run.step_proof(stride, step).await.map_err(failed)?;
                Part::Proof(Bytes::from(proof))
            }
        };
        Ok(Some(part))
    }
}
