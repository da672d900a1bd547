//! The claims of the derived chain, and the tree over those of an interval: what a proposal has to say, and what a
//! dispute about one is fought with. The bytes are in `docs/spec/claims.md`.
//!
//! ```text
//! headers, cursors, slices ─▶ ClaimReader::interval(last block) ─▶ Interval: parent, claims per block, tree
//! ```
//! Not here: executing a block slice by slice (`slices`), and where its claims are kept (`db::DerivedRow`).
//! Invariant: leaf `32 · b + s` of a tree is what the transition gives there: the claim after slice `s` of block `b` of
//! the interval, or, if the block is over by then, the claim after the block; behind the last block its claim. So most words
//! are the same as the one before, and a tree costs a few hashes for each block, however wide it is.

mod pinned;
mod slices;
mod stored;

use alloy::primitives::B256;
use derivation::Cursor;
use fault_proof::commitment::Commitment;
use protocol::{Header, L2BlockRef};
use transition::{BlockClaim, PLACES_PER_BLOCK, SliceClaim};

pub use pinned::PinnedInterval;
pub use slices::{Cut, Sliced, execute_in_slices};
pub use stored::ClaimReader;
pub(crate) use stored::claims_of;

/// Height of the tree over an interval, whatever its length.
pub const SEGMENTS_HEIGHT: usize = 30;
/// L2 blocks that an interval has at most: 32 places for each of them.
pub const INTERVAL_MAX: u64 = (1 << SEGMENTS_HEIGHT) / PLACES_PER_BLOCK;

/// The claim after a block.
pub fn block_claim(block: &L2BlockRef, header: &Header, cursor: Cursor) -> BlockClaim {
    BlockClaim {
        block_hash: block.hash,
        state_root: header.state_root,
        withdrawals_root: header.withdrawals_root.unwrap_or_default(),
        cursor,
        origin_hash: block.origin.hash,
        sequence_number: block.sequence_number,
        number: block.number,
    }
}

/// The claims about one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockClaims {
    /// After each of its slices but the last; empty if it has one.
    pub slices: Vec<SliceClaim>,
    /// After the block.
    pub claim: BlockClaim,
}

/// The blocks between two proposals, as we derived and executed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// After the block before the first, which both sides of a dispute take for true.
    pub parent: BlockClaim,
    /// Block by block.
    pub blocks: Vec<BlockClaims>,
    /// The tree over the claims of all segments.
    pub tree: Commitment,
    /// After the last block.
    pub last: BlockClaim,
}

impl Interval {
    /// The interval of these blocks. `None` if there are none, or more than [`INTERVAL_MAX`].
    pub fn new(parent: BlockClaim, blocks: Vec<BlockClaims>) -> Option<Self> {
        let last = blocks.last()?.claim;
        let tree = Commitment::of_runs(SEGMENTS_HEIGHT, blocks.iter().flat_map(runs))?;
        Some(Self { parent, blocks, tree, last })
    }

    /// What a proposal of this interval has as its `segmentsRoot`.
    pub fn root(&self) -> B256 {
        self.tree.root()
    }

    /// The siblings of the last leaf, from the bottom up: with the last claim they give the root.
    pub fn proof_of_last(&self) -> Vec<B256> {
        self.tree.proof_of_last()
    }
}

/// Number of the block in its interval, and the place in the block.
const fn split(leaf: usize) -> (usize, usize) {
    (leaf / PLACES, leaf % PLACES)
}

const PLACES: usize = 32;
const _: () = assert!(PLACES as u64 == PLACES_PER_BLOCK, "one number");

/// The places of a block: its slices, and then itself to the end.
pub(crate) fn leaves(block: &BlockClaims) -> impl Iterator<Item = B256> {
    let of_run =
        |(word, count)| std::iter::repeat_n(word, usize::try_from(count).unwrap_or(PLACES));
    runs(block).flat_map(of_run)
}

/// The same, each with the number of places in which it stands.
pub(crate) fn runs(block: &BlockClaims) -> impl Iterator<Item = (B256, u64)> {
    let slices = block.slices.iter().take(PLACES);
    let rest = PLACES_PER_BLOCK - slices.len() as u64;
    slices.map(|slice| (slice.hash(), 1)).chain([(block.claim.hash(), rest)])
}
