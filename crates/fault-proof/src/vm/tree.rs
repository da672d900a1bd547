//! A full binary hash tree over a power of two of words, which hashes again only what is above a word that changed.
//!
//! A word stands for itself, an inner node for `keccak256(left ‖ right)`. The depth is fixed, so a word cannot be taken for
//! an inner node. Nodes lie as in a heap: node `i` has the children `2i` and `2i + 1`, the root is node 1.

use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, keccak256};

/// `ZEROS[k]`: the root of a tree of height `k` over words of zeros.
pub(super) fn zeros<const HEIGHTS: usize>() -> [B256; HEIGHTS] {
    let mut zeros = [B256::ZERO; HEIGHTS];
    for height in 1..HEIGHTS {
        zeros[height] = parent(&zeros[height - 1], &zeros[height - 1]);
    }
    zeros
}

/// The node above two.
pub(crate) fn parent(left: &B256, right: &B256) -> B256 {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left.as_slice());
    both[32..].copy_from_slice(right.as_slice());
    keccak256(both)
}

/// The tree.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<B256>,
    /// One bit for each inner node: it has to be hashed again. Where a bit is set, so are those above it.
    stale: Vec<u64>,
}

impl Tree {
    /// A tree of this height whose words are roots of height `from` over zeros.
    pub(super) fn new(height: usize, from: usize, zeros: &[B256]) -> Self {
        let words = 1 << height;
        let mut nodes = vec![B256::ZERO; 2 * words];
        for level in 0..=height {
            let first = 1 << (height - level);
            nodes[first..2 * first].fill(zeros[from + level]);
        }
        Self { nodes, stale: vec![0; words.div_ceil(64)] }
    }

    /// A word that is about to change.
    pub(super) fn word_mut(&mut self, index: usize) -> &mut B256 {
        let place = self.nodes.len() / 2 + index;
        let mut above = place / 2;
        while above > 0 && self.stale[above / 64] >> (above % 64) & 1 == 0 {
            self.stale[above / 64] |= 1 << (above % 64);
            above /= 2;
        }
        &mut self.nodes[place]
    }

    /// Whether anything has changed since the root was asked for.
    pub(super) fn is_stale(&self) -> bool {
        self.stale[0] & 2 != 0
    }

    /// The root.
    pub(super) fn root(&mut self) -> B256 {
        // Children have larger numbers than their parents.
        for block in (0..self.stale.len()).rev() {
            while self.stale[block] != 0 {
                let bit = 63 - self.stale[block].leading_zeros() as usize;
                self.stale[block] &= !(1 << bit);
                let node = block * 64 + bit;
                self.nodes[node] = parent(&self.nodes[2 * node], &self.nodes[2 * node + 1]);
            }
        }
        self.nodes[1]
    }

    /// The nodes beside the way from a word to the root, lowest first. The root was asked for since the last change.
    pub(super) fn siblings(&self, index: usize) -> impl Iterator<Item = B256> + '_ {
        let place = self.nodes.len() / 2 + index;
        let way = core::iter::successors(Some(place), |node| Some(node / 2));
        way.take_while(|node| *node > 1).map(|node| self.nodes[node ^ 1])
    }
}
