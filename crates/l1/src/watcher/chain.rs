//! The recent piece of the L1 chain that the watcher remembers, and where a new branch belongs on it. Pure.
//!
//! Invariant: the remembered blocks are consecutive, each the parent of the next, and at most `blocks_max`.

use std::collections::VecDeque;

use protocol::BlockId;

use super::L1Head;

/// Where a branch, given from its head downwards, stands relative to the remembered chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// Nothing is remembered yet.
    First,
    /// The head is remembered already, or so old that the endpoint must lag behind.
    Stale,
    /// The parent of the lowest block of the branch is this remembered block.
    Attaches(BlockId),
    /// Not known before the parent of the lowest block has been read.
    NeedsParent,
    /// The branch leaves the remembered chain below its oldest block.
    BelowWindow,
    /// More blocks are missing between the remembered tip and the branch than are worth walking.
    FarAhead,
}

/// Consecutive recent blocks, oldest first.
#[derive(Clone, Debug)]
pub(super) struct RecentChain {
    blocks: VecDeque<BlockId>,
    blocks_max: usize,
}

impl RecentChain {
    pub(super) fn new(blocks_max: usize) -> Self {
        Self { blocks: VecDeque::new(), blocks_max: std::cmp::max(blocks_max, 1) }
    }

    pub(super) const fn blocks_max(&self) -> usize {
        self.blocks_max
    }

    pub(super) fn tip(&self) -> Option<BlockId> {
        self.blocks.back().copied()
    }

    /// Remembered blocks from the newest to the oldest.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = BlockId> + '_ {
        self.blocks.iter().rev().copied()
    }

    fn contains(&self, block: BlockId) -> bool {
        self.blocks
            .front()
            .and_then(|oldest| block.number.checked_sub(oldest.number))
            .and_then(|offset| usize::try_from(offset).ok())
            .and_then(|offset| self.blocks.get(offset))
            .is_some_and(|known| *known == block)
    }

    /// Places a branch, newest block first, each the parent of the one before it.
    pub(super) fn place(&self, branch: &[L1Head]) -> Placement {
        let (Some(oldest), Some(tip)) = (self.blocks.front(), self.tip()) else {
            return Placement::First;
        };
        let (Some(head), Some(lowest)) = (branch.first(), branch.last()) else {
            return Placement::Stale;
        };
        if self.contains(head.id) || head.id.number < oldest.number {
            return Placement::Stale;
        }
        let Some(parent) = parent(lowest) else { return Placement::BelowWindow };
        if self.contains(parent) {
            Placement::Attaches(parent)
        } else if parent.number <= oldest.number {
            Placement::BelowWindow
        } else if self.is_far_above(tip, head) {
            Placement::FarAhead
        } else {
            Placement::NeedsParent
        }
    }

    fn is_far_above(&self, tip: BlockId, head: &L1Head) -> bool {
        let gap = head.id.number.saturating_sub(tip.number);
        usize::try_from(gap).map_or(true, |gap| gap > self.blocks_max)
    }

    /// Forgets everything above `ancestor` and puts the branch, newest block first, on top of it.
    pub(super) fn attach(&mut self, ancestor: BlockId, branch: &[L1Head]) {
        while self.blocks.back().is_some_and(|block| block.number > ancestor.number) {
            self.blocks.pop_back();
        }
        debug_assert_eq!(self.tip(), Some(ancestor), "a branch attaches to a remembered block");
        self.blocks.extend(branch.iter().rev().map(|head| head.id));
        self.trim();
    }

    /// Forgets everything and remembers the branch, newest block first.
    pub(super) fn restart(&mut self, branch: &[L1Head]) {
        self.blocks = branch.iter().rev().map(|head| head.id).collect();
        self.trim();
    }

    /// Forgets everything and remembers one block that the caller has built on.
    pub(super) fn start_at(&mut self, block: BlockId) {
        self.blocks = VecDeque::from([block]);
    }

    fn trim(&mut self) {
        while self.blocks.len() > self.blocks_max {
            self.blocks.pop_front();
        }
    }
}

fn parent(head: &L1Head) -> Option<BlockId> {
    let number = head.id.number.checked_sub(1)?;
    Some(BlockId { number, hash: head.parent_hash })
}

#[cfg(test)]
mod tests;
