//! The claims of an interval as a dispute about one proposal has them: what follows from the L1 that the proposal has pinned.
//!
//! A proposal can be made before the blocks that it is about were posted. Whatever is derived later, in its view the chain
//! ends before them: the claim of the last block that follows is repeated to the end, and that is what an honest player says.
//! Invariant: the tree's leaves are those that the transition gives with these pins.

use std::sync::Arc;

use alloy::primitives::B256;
use fault_proof::commitment::Commitment;
use transition::{BlockClaim, Claim, PLACES_PER_BLOCK};

use super::{BlockClaims, INTERVAL_MAX, SEGMENTS_HEIGHT, runs, split};
use crate::segment::{Pins, SegmentRequest};

/// An interval in the view of one proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedInterval {
    parent: BlockClaim,
    /// Those that follow.
    blocks: Vec<BlockClaims>,
    /// Blocks of the interval, those that do not follow too.
    length: u64,
    tree: Arc<Commitment>,
    pins: Pins,
    earlier: Vec<Pins>,
}

impl PinnedInterval {
    /// The interval of `length` blocks of which these follow from the pins, and no others. `None` if there is no tree for it.
    pub fn new(
        parent: BlockClaim,
        blocks: Vec<BlockClaims>,
        length: u64,
        pins: Pins,
        earlier: Vec<Pins>,
    ) -> Option<Self> {
        if blocks.len() as u64 > length || length > INTERVAL_MAX {
            return None;
        }
        // The last word is repeated.
        let nothing = blocks.is_empty().then(|| (parent.hash(), 1));
        let words = blocks.iter().flat_map(runs).chain(nothing);
        let tree = Arc::new(Commitment::of_runs(SEGMENTS_HEIGHT, words)?);
        Some(Self { parent, blocks, length, tree, pins, earlier })
    }

    /// The same of which no more than the first `count` blocks follow.
    pub fn cut(self, count: usize) -> Option<Self> {
        if count >= self.blocks.len() {
            return Some(self);
        }
        let Self { parent, mut blocks, length, pins, earlier, .. } = self;
        blocks.truncate(count);
        Self::new(parent, blocks, length, pins, earlier)
    }

    /// The claim that the interval begins after.
    pub const fn parent(&self) -> &BlockClaim {
        &self.parent
    }

    /// The tree over the claims.
    pub const fn tree(&self) -> &Arc<Commitment> {
        &self.tree
    }

    /// The claim of the last block that follows; the parent's if none does.
    pub fn last(&self) -> &BlockClaim {
        self.blocks.last().map_or(&self.parent, |block| &block.claim)
    }

    /// Whether all blocks of the interval follow.
    pub const fn is_whole(&self) -> bool {
        self.blocks.len() as u64 == self.length
    }

    /// The run for a leaf.
    pub fn request(&self, leaf: usize) -> SegmentRequest {
        let (block, place) = split(leaf);
        let place = if (block as u64) < self.length { place as u64 } else { PLACES_PER_BLOCK };
        let (previous, claims) = match leaf.checked_sub(1) {
            None => (self.parent.hash(), vec![Claim::Block(self.parent)]),
            Some(before) => self.claims_at(before),
        };
        let (pins, earlier) = (self.pins, self.earlier.clone());
        SegmentRequest { previous, claims, place, pins, earlier }
    }

    /// The run for the first leaf of a block.
    pub(crate) fn request_of_block(&self, block: usize) -> SegmentRequest {
        self.request(block.saturating_mul(super::PLACES))
    }

    /// A leaf, and what a run after it may read of claims.
    fn claims_at(&self, leaf: usize) -> (B256, Vec<Claim>) {
        let (number, place) = split(leaf);
        let Some(block) = self.blocks.get(number) else {
            let last = self.last();
            return (last.hash(), vec![Claim::Block(*last)]);
        };
        let Some(slice) = block.slices.get(place) else {
            return (block.claim.hash(), vec![Claim::Block(block.claim)]);
        };
        let before = number.checked_sub(1).and_then(|before| self.blocks.get(before));
        let before = before.map_or(self.parent, |before| before.claim);
        (slice.hash(), vec![Claim::Slice(Box::new(slice.clone())), Claim::Block(before)])
    }
}
