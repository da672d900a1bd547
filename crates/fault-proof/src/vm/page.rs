//! 4 KiB of memory with the hashes over its 128 words.

use alloc::boxed::Box;
use alloy_primitives::{B256, keccak256};

use super::memory::{PAGE_BYTES, PAGE_HEIGHT};

const PAGE_WORDS: usize = 1 << PAGE_HEIGHT;

/// A page. Invariant: a word whose bit is not set in `stale` is what the nodes above it were made of.
#[derive(Debug, Clone)]
pub(super) struct Page {
    bytes: [u8; PAGE_BYTES],
    /// One bit for each word that changed since the root was asked for.
    stale: [u64; 2],
    /// Which page of the memory this is.
    pub(super) number: u32,
    /// Somebody keeps the instructions that are in here, and wants to hear of the next write.
    pub(super) is_watched: bool,
    /// Nobody has to be told of the next write.
    is_open: bool,
    /// The inner nodes as in a heap, the root at 1; nothing before the root was asked for.
    nodes: Option<Box<[[u8; 32]; PAGE_WORDS]>>,
}

impl Page {
    pub(super) const fn new(number: u32) -> Self {
        Self {
            bytes: [0; PAGE_BYTES],
            stale: [0; 2],
            number,
            is_watched: false,
            is_open: false,
            nodes: None,
        }
    }

    /// The bytes at an offset that is a multiple of their number.
    #[inline]
    pub(super) fn read<const SIZE: usize>(&self, offset: usize) -> [u8; SIZE] {
        // Written so that the compiler sees that it is within the page.
        let at = offset & (PAGE_BYTES - SIZE);
        let mut bytes = [0; SIZE];
        bytes.copy_from_slice(&self.bytes[at..at + SIZE]);
        bytes
    }

    /// Writes at an offset that is a multiple of the number of bytes, of which there are 32 at most.
    #[inline]
    pub(super) fn write<const SIZE: usize>(&mut self, offset: usize, bytes: [u8; SIZE]) {
        let at = offset & (PAGE_BYTES - SIZE);
        self.bytes[at..at + SIZE].copy_from_slice(&bytes);
        self.stale[at >> 11 & 1] |= 1 << (at >> 5 & 63);
    }

    /// Whether a write would be news to nobody.
    #[inline]
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Everybody who has to be told of the next write was told, or (`false`) somebody has to be.
    pub(super) const fn set_open(&mut self, open: bool) {
        self.is_open = open;
    }

    /// Whether it was written since its root was asked for.
    pub(super) fn is_stale(&self) -> bool {
        self.stale != [0; 2]
    }

    /// The root over its words.
    pub(super) fn root(&mut self, zeros: &[B256]) -> B256 {
        let nodes = self.nodes.get_or_insert_with(|| empty(zeros));
        let mut stale = u128::from(self.stale[0]) | u128::from(self.stale[1]) << 64;
        self.stale = [0; 2];
        let mut width = PAGE_WORDS;
        while width > 1 {
            let mut above = 0;
            while stale != 0 {
                let pair = stale.trailing_zeros() as usize / 2;
                stale &= !(3 << (2 * pair));
                above |= 1 << pair;
                let below = if width == PAGE_WORDS {
                    &self.bytes[64 * pair..64 * pair + 64]
                } else {
                    nodes[width + 2 * pair..width + 2 * pair + 2].as_flattened()
                };
                nodes[width / 2 + pair] = keccak256(below).0;
            }
            stale = above;
            width /= 2;
        }
        nodes[1].into()
    }

    /// The nodes beside the way from a word to the root, lowest first. The root was asked for since the last change.
    pub(super) fn siblings(&self, word: usize) -> impl Iterator<Item = B256> + '_ {
        let beside = self.read::<32>(32 * (word ^ 1)).into();
        let way = core::iter::successors(Some((PAGE_WORDS + word) / 2), |node| Some(node / 2));
        let nodes = way.take_while(|node| *node > 1).filter_map(|node| {
            let nodes = self.nodes.as_ref()?;
            Some(nodes[node ^ 1].into())
        });
        core::iter::once(beside).chain(nodes)
    }
}

fn empty(zeros: &[B256]) -> Box<[[u8; 32]; PAGE_WORDS]> {
    let mut nodes = Box::new([[0; 32]; PAGE_WORDS]);
    for (height, zero) in (1..=PAGE_HEIGHT).zip(&zeros[1..]) {
        let first = PAGE_WORDS >> height;
        nodes[first..2 * first].fill(zero.0);
    }
    nodes
}
