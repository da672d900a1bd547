//! The claims of an interval as a dispute about one proposal has them: what follows from the L1 that the proposal has pinned.
//!
//! A proposal can be made before the blocks that it is about were posted. Whatever is derived later, nothing can be claimed in
//! its view then: leaves from there on are INVALID, and that is what an honest player says. Invariant: the tree's leaves
//! are those that the transition gives with these pins.

use std::sync::Arc;

use alloy::primitives::B256;
use fault_proof::commitment::Commitment;
use transition::{BlockClaim, Claim, INVALID, PLACES_PER_BLOCK};

use super::{BlockClaims, PLACES, SEGMENTS_HEIGHT, leaves, split};
use crate::segment::{Pins, SegmentRequest};

/// An interval in the view of one proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedInterval {
    parent: BlockClaim,
    /// Those that follow.
    blocks: Vec<BlockClaims>,
    /// Blocks of the interval, those that do not follow too.
    length: usize,
    tree: Arc<Commitment>,
    pins: Pins,
    earlier: Vec<Pins>,
}

impl PinnedInterval {
    /// The interval of `length` blocks of which these follow from the pins, and no others. `None` if there is no tree for it.
    pub fn new(
        parent: BlockClaim,
        blocks: Vec<BlockClaims>,
        length: usize,
        pins: Pins,
        earlier: Vec<Pins>,
    ) -> Option<Self> {
        if blocks.len() > length || length > (1 << SEGMENTS_HEIGHT) / PLACES {
            return None;
        }
        let end = (blocks.len() < length).then_some(INVALID);
        let words = blocks.iter().flat_map(leaves).chain(end).collect();
        let tree = Arc::new(Commitment::new(SEGMENTS_HEIGHT, words)?);
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

    /// The last claim; `None` where that is INVALID.
    pub fn last(&self) -> Option<&BlockClaim> {
        let is_whole = self.blocks.len() == self.length;
        self.blocks.last().filter(|_| is_whole).map(|block| &block.claim)
    }

    /// The run for a leaf.
    pub fn request(&self, leaf: usize) -> SegmentRequest {
        let (block, place) = split(leaf);
        let place = if block < self.length { place as u64 } else { PLACES_PER_BLOCK };
        let (previous, claims) = match leaf.checked_sub(1) {
            None => (self.parent.hash(), vec![Claim::Block(self.parent)]),
            Some(before) => self.claims_at(before),
        };
        let (pins, earlier) = (self.pins, self.earlier.clone());
        SegmentRequest { previous, claims, place, pins, earlier }
    }

    /// The run for the first leaf of a block.
    pub(crate) fn request_of_block(&self, block: usize) -> SegmentRequest {
        self.request(block.saturating_mul(PLACES))
    }

    /// A leaf, and what a run after it may read of claims.
    fn claims_at(&self, leaf: usize) -> (B256, Vec<Claim>) {
        let (number, place) = split(leaf);
        let Some(block) = self.blocks.get(number) else {
            return match self.last() {
                Some(last) => (last.hash(), vec![Claim::Block(*last)]),
                None => (INVALID, Vec::new()),
            };
        };
        let Some(slice) = block.slices.get(place) else {
            return (block.claim.hash(), vec![Claim::Block(block.claim)]);
        };
        let before = number.checked_sub(1).and_then(|before| self.blocks.get(before));
        let before = before.map_or(self.parent, |before| before.claim);
        (slice.hash(), vec![Claim::Slice(Box::new(slice.clone())), Claim::Block(before)])
    }
}
