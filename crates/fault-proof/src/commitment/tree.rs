//! A full binary tree over words of which the last is repeated to its end. Costs in proportion to the words that are given.

use alloc::vec::Vec;
use alloy_primitives::B256;

use crate::vm::parent;

/// The tree over a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Of each height the nodes that have a given word below them, from the left.
    nodes: Vec<Vec<B256>>,
    /// Of each height the node that has none: the last word alone is below it.
    repeated: Vec<B256>,
}

impl Commitment {
    /// The tree of this height over words, of which the last is repeated. `None` without words, or with more than 2^height.
    pub fn new(height: usize, words: Vec<B256>) -> Option<Self> {
        let mut filler = *words.last()?;
        if words.len() > 1 << height {
            return None;
        }
        let (mut nodes, mut repeated) = (Vec::from([words]), Vec::from([filler]));
        for below in 0..height {
            let pairs = nodes[below].chunks(2);
            let above = pairs.map(|pair| parent(&pair[0], pair.get(1).unwrap_or(&filler)));
            let above = above.collect();
            nodes.push(above);
            filler = parent(&filler, &filler);
            repeated.push(filler);
        }
        Some(Self { nodes, repeated })
    }

    /// Its height.
    pub const fn height(&self) -> usize {
        self.repeated.len() - 1
    }

    /// The root.
    pub fn root(&self) -> B256 {
        self.at(self.height(), 0)
    }

    /// Leaf `index`; `None` beyond the last.
    pub fn leaf(&self, index: usize) -> Option<B256> {
        self.node(0, index)
    }

    /// The node at a height above the leaves, counted from the left; `None` where there is none.
    pub fn node(&self, height: usize, index: usize) -> Option<B256> {
        let is_there = height <= self.height() && index >> (self.height() - height) == 0;
        is_there.then(|| self.at(height, index))
    }

    /// The two nodes below one; `None` below a leaf, and where there is none.
    pub fn children(&self, height: usize, index: usize) -> Option<[B256; 2]> {
        let below = height.checked_sub(1)?;
        self.node(height, index)?;
        Some([self.at(below, 2 * index), self.at(below, 2 * index + 1)])
    }

    /// The nodes beside the way from a leaf to the root, lowest first; `None` beyond the last leaf.
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        self.leaf(index)?;
        Some((0..self.height()).map(|height| self.at(height, index >> height ^ 1)).collect())
    }

    /// The first leaf that is another one in a tree of the same height, if there is one.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        if self.height() != other.height() || self.root() == other.root() {
            return None;
        }
        let mut index = 0;
        for height in (0..self.height()).rev() {
            index *= 2;
            index += usize::from(self.at(height, index) == other.at(height, index));
        }
        Some(index)
    }

    fn at(&self, height: usize, index: usize) -> B256 {
        *self.nodes[height].get(index).unwrap_or(&self.repeated[height])
    }
}
