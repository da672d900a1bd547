//! A full binary tree over words, many of them the same as the one before. Costs in proportion to the number of others.
//!
//! Words are held as runs of equal ones. Below most nodes of a wide tree is one word alone, and such a node is that word
//! hashed with itself as often as the node is high; the others are *mixed*, and kept. Invariant: a mixed node is kept, and
//! no other; runs that touch differ.

use alloc::vec::Vec;
use alloy_primitives::B256;

use crate::vm::parent;

/// The tree over a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    height: usize,
    runs: Vec<Run>,
    /// The mixed nodes of each height, from 1 on, by their places from the left.
    mixed: Vec<Vec<(u64, B256)>>,
}

/// A word that stands in a row of leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    word: B256,
    /// The leaf behind the last of them.
    end: u64,
}

impl Commitment {
    /// The tree of this height over words, of which the last is repeated. `None` without words, or with more than 2^height.
    pub fn new(height: usize, words: impl IntoIterator<Item = B256>) -> Option<Self> {
        Self::of_runs(height, words.into_iter().map(|word| (word, 1)))
    }

    /// The tree of this height over words, each so many times in a row, of which the last is repeated. `None` without words,
    /// or with more than 2^height.
    pub fn of_runs(height: usize, words: impl IntoIterator<Item = (B256, u64)>) -> Option<Self> {
        let (leaves, mut runs) = (1_u64.checked_shl(u32::try_from(height).ok()?)?, Vec::new());
        for (word, count) in words {
            push(&mut runs, word, count)?;
        }
        Self::over(height, leaves, runs)
    }

    /// The tree that has the same words before leaf `from`, and these from there on, of which the last is repeated. `None`
    /// without these, or with more words than leaves.
    pub fn continued(&self, from: u64, words: impl IntoIterator<Item = B256>) -> Option<Self> {
        let mut runs = Vec::from(&self.runs[..self.run_of(from)]);
        if let Some(cut) = self.runs.get(runs.len()) {
            let begun = runs.last().map_or(0, |run| run.end);
            push(&mut runs, cut.word, from.checked_sub(begun)?)?;
        }
        let mut words = words.into_iter().peekable();
        words.peek()?;
        for word in words {
            push(&mut runs, word, 1)?;
        }
        Self::over(self.height, 1 << self.height, runs)
    }

    fn over(height: usize, leaves: u64, mut runs: Vec<Run>) -> Option<Self> {
        let last = runs.last_mut().filter(|last| last.end <= leaves)?;
        last.end = leaves;
        let mut tree = Self { height, runs, mixed: Vec::with_capacity(height) };
        // A node is mixed where a run ends within it. Of more such ends in one node, one leads to all the nodes above it.
        let ends = tree.runs.iter().map(|run| run.end);
        let mut ends: Vec<u64> = ends.filter(|end| *end < leaves).collect();
        for height in 1..=height {
            let mut level: Vec<(u64, B256)> = Vec::new();
            let mut below = Below::new(&tree, height - 1);
            ends.retain(|end| {
                let index = end >> height;
                if index << height == *end {
                    return true;
                }
                let is_new = level.last().is_none_or(|(newest, _)| *newest < index);
                if is_new {
                    let (left, right) = (below.node(2 * index), below.node(2 * index + 1));
                    level.push((index, parent(&left, &right)));
                }
                is_new
            });
            tree.mixed.push(level);
        }
        Some(tree)
    }

    /// Its height.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The root.
    pub fn root(&self) -> B256 {
        self.at(self.height, 0)
    }

    /// Leaf `index`; `None` beyond the last.
    pub fn leaf(&self, index: usize) -> Option<B256> {
        self.node(0, index)
    }

    /// The node at a height above the leaves, counted from the left; `None` where there is none.
    pub fn node(&self, height: usize, index: usize) -> Option<B256> {
        let is_there = height <= self.height && index >> (self.height - height) == 0;
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
        Some((0..self.height).map(|height| self.at(height, index >> height ^ 1)).collect())
    }

    /// The siblings of the last leaf, lowest first.
    pub fn proof_of_last(&self) -> Vec<B256> {
        let index = (1 << self.height) - 1;
        (0..self.height).map(|height| self.at(height, index >> height ^ 1)).collect()
    }

    /// The first leaf that is another one in a tree of the same height, if there is one.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        if self.height != other.height || self.root() == other.root() {
            return None;
        }
        let mut index = 0;
        for height in (0..self.height).rev() {
            index *= 2;
            index += usize::from(self.at(height, index) == other.at(height, index));
        }
        Some(index)
    }

    fn at(&self, height: usize, index: usize) -> B256 {
        let index = index as u64;
        let level = height.checked_sub(1).and_then(|level| self.mixed.get(level));
        let mixed = level.and_then(|level| {
            let place = level.binary_search_by_key(&index, |(index, _)| *index).ok()?;
            Some(level[place].1)
        });
        mixed.unwrap_or_else(|| {
            let run = self.run_of(index << height);
            repeated(self.runs[run].word, height)
        })
    }

    /// Which run a leaf stands in; their number beyond the last leaf.
    fn run_of(&self, leaf: u64) -> usize {
        self.runs.partition_point(|run| run.end <= leaf)
    }
}

/// The nodes of one height, asked for from the left to the right.
struct Below<'a> {
    tree: &'a Commitment,
    height: usize,
    /// The next mixed node, and the run that was come to.
    mixed: usize,
    run: usize,
}

impl<'a> Below<'a> {
    const fn new(tree: &'a Commitment, height: usize) -> Self {
        Self { tree, height, mixed: 0, run: 0 }
    }

    fn node(&mut self, index: u64) -> B256 {
        let level = self.height.checked_sub(1).and_then(|level| self.tree.mixed.get(level));
        let mut level = level.into_iter().flatten().skip(self.mixed).peekable();
        while level.next_if(|(place, _)| *place < index).is_some() {
            self.mixed += 1;
        }
        if let Some((_, node)) = level.next_if(|(place, _)| *place == index) {
            return *node;
        }
        let runs = &self.tree.runs;
        while runs[self.run].end <= index << self.height {
            self.run += 1;
        }
        repeated(runs[self.run].word, self.height)
    }
}

/// Adds a word so many times. `None` where that is more than can be counted.
fn push(runs: &mut Vec<Run>, word: B256, count: u64) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let end = runs.last().map_or(0, |run| run.end).checked_add(count)?;
    match runs.last_mut() {
        Some(run) if run.word == word => run.end = end,
        _ => runs.push(Run { word, end }),
    }
    Some(())
}

/// The node of this height that has one word alone below it.
fn repeated(word: B256, height: usize) -> B256 {
    (0..height).fold(word, |node, _| parent(&node, &node))
}
