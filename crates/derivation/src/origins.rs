//! The recent L1 blocks that can be the origin of an L2 block.
//!
//! Not here: which of them is chosen. Invariant: the blocks are consecutive, each the parent of the
//! next.
use alloc::{collections::VecDeque, sync::Arc};

use alloy_primitives::B256;

use crate::OriginBlock;

/// Consecutive L1 blocks, linked by parent hash.
///
/// Derivation keeps those from the origin of the oldest head that it can unwind to, up to the last
/// processed L1 block: at most `sequencing_window + L1_REORG_DEPTH_MAX + 2`, because blocks are forced
/// as soon as the head falls further behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    blocks: VecDeque<Arc<OriginBlock>>,
}

impl Origins {
    /// Keeps nothing yet.
    pub const fn new() -> Self {
        Self { blocks: VecDeque::new() }
    }

    /// The block with this number, if it is kept.
    pub fn get(&self, number: u64) -> Option<&Arc<OriginBlock>> {
        let first = self.blocks.front()?.origin.number;
        self.blocks.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The newest block.
    pub fn last(&self) -> Option<&Arc<OriginBlock>> {
        self.blocks.back()
    }

    /// How many blocks are kept.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether no block is kept.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Appends the child of the newest block.
    pub fn push(&mut self, block: OriginBlock) -> Result<(), OriginGap> {
        if let Some(last) = self.last() {
            let follows = last.origin.number.checked_add(1) == Some(block.origin.number);
            if !follows || block.parent_hash != last.origin.hash {
                return Err(OriginGap {
                    last: last.origin.number,
                    number: block.origin.number,
                    expected: last.origin.hash,
                    parent_hash: block.parent_hash,
                });
            }
        }
        self.push_linked(block);
        Ok(())
    }

    /// Appends a block that is known to be the child of the newest.
    pub(crate) fn push_linked(&mut self, block: OriginBlock) {
        self.blocks.push_back(Arc::new(block));
    }

    /// Forgets the blocks above this number, after a reorg.
    pub fn truncate_after(&mut self, number: u64) {
        while self.blocks.back().is_some_and(|block| block.origin.number > number) {
            self.blocks.pop_back();
        }
    }

    /// Forgets the blocks below this number, which no block can have as its origin any more.
    pub fn prune_before(&mut self, number: u64) {
        while self.blocks.front().is_some_and(|block| block.origin.number < number) {
            self.blocks.pop_front();
        }
    }
}

/// A block is not the child of the newest kept L1 block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("L1 block {number} has parent {parent_hash}, but block {last} is {expected}")]
pub struct OriginGap {
    /// Number of the newest kept block.
    pub last: u64,
    /// Number of the block that was to be appended.
    pub number: u64,
    /// Hash of the newest kept block.
    pub expected: B256,
    /// Parent hash of the block that was to be appended.
    pub parent_hash: B256,
}
