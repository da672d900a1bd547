//! Where derivation stands right after an L2 block, as that block's claim says it (`docs/spec/derivation.md`, section 8).
//!
//! Not here: how derivation goes on from there (`machine`). Invariant: a cursor is a function of L1 and of the block's
//! number, so everybody who derives the block names the same one.
use crate::DerivedHead;

/// The L1 block that an L2 block was derived from, and how much of its inbox entries has been used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Number of the L1 block.
    pub l1_number: u64,
    /// How many of that L1 block's entries have been looked at, or [`Cursor::ALL`].
    pub entries: u32,
    /// How many blocks of the last of these entries have been taken; zero if none of them is left.
    pub blocks: u32,
}

impl Cursor {
    /// All entries of the L1 block, however many: so it is said of a forced block, and of block 0.
    pub const ALL: u32 = u32::MAX;

    /// Right after block 0 of a chain whose first origin has this number.
    pub const fn genesis(l1_number: u64) -> Self {
        Self::all_of(l1_number)
    }

    /// Behind all entries of an L1 block.
    pub(crate) const fn all_of(l1_number: u64) -> Self {
        Self { l1_number, entries: Self::ALL, blocks: 0 }
    }

    /// Whether the L1 block is done for this head: then it is the head's own origin, as only block 0 has it.
    pub const fn is_genesis(&self, head: &DerivedHead) -> bool {
        self.l1_number == head.block.origin.number && self.entries == Self::ALL && self.blocks == 0
    }
}
