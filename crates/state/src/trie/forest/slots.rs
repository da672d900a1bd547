//! The children of all branches of a forest, in one array: a branch owns a run with room for 2, 4, … 16 of them.
//!
//! A random trie has fewer than four children per branch, so runs cost a third of what sixteen fixed places would.
//! Freed runs are chained through their first slot and used again for branches of the same size.

use alloc::vec::Vec;

use super::{Node, to_id};

/// A child and its reference inside the parent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) node: Node,
    pub(super) reference: [u8; 32],
}

const VACANT: Slot = Slot { node: Node::NONE, reference: [0; 32] };

/// Runs of slots.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// First slot of the first free run, by half its size less one.
    free: [Node; 8],
}

impl Default for Slots {
    fn default() -> Self {
        Self { slots: Vec::new(), free: [Node::NONE; 8] }
    }
}

impl Slots {
    /// Room for `count` children, rounded up to an even number: its first slot and its size.
    pub(super) fn take(&mut self, count: usize) -> (u32, u8) {
        let capacity = core::cmp::max(count, 1).next_multiple_of(2);
        let free = &mut self.free[capacity / 2 - 1];
        let first = if *free == Node::NONE {
            let first = to_id(self.slots.len());
            self.slots.resize(self.slots.len() + capacity, VACANT);
            first
        } else {
            let first = free.0;
            *free = self.slots[first as usize].node;
            first
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
        (first, capacity as u8)
    }

    /// Gives a run back.
    pub(super) fn give_back(&mut self, first: u32, capacity: u8) {
        let free = &mut self.free[usize::from(capacity) / 2 - 1];
        self.slots[first as usize].node = *free;
        *free = Node(first);
    }

    /// The first `count` slots of a run.
    pub(super) fn run(&self, first: u32, count: usize) -> &[Slot] {
        &self.slots[first as usize..first as usize + count]
    }

    /// The first `count` slots of a run, to change.
    pub(super) fn run_mut(&mut self, first: u32, count: usize) -> &mut [Slot] {
        &mut self.slots[first as usize..first as usize + count]
    }

    /// Copies the first `count` slots of a run to another.
    pub(super) fn copy(&mut self, from: u32, to: u32, count: usize) {
        self.slots.copy_within(from as usize..from as usize + count, to as usize);
    }

    /// Bytes of memory held.
    pub(super) const fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }

    /// Gives unused memory back.
    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
    }

    /// All slots, used or not.
    #[cfg(test)]
    pub(super) const fn count(&self) -> usize {
        self.slots.len()
    }

    /// Slots in free runs.
    #[cfg(test)]
    pub(super) fn free_count(&self) -> usize {
        let mut count = 0;
        for (index, mut run) in self.free.into_iter().enumerate() {
            while run != Node::NONE {
                count += 2 * (index + 1);
                run = self.slots[run.0 as usize].node;
            }
        }
        count
    }
}
