//! The machine's 4 GiB, all zeros at first, with their root: a hash tree of height 27 over words of 32 bytes.
//!
//! In three trees above one another: a page of 128 words, a group of 1,024 pages, and 1,024 groups. Pages and groups come
//! about when something is written in them. Invariant: the root depends on the bytes alone, not on the way there.

use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::B256;

use super::tree::{Tree, parent, zeros};

/// Height of the tree over the whole memory.
pub const MEMORY_HEIGHT: usize = 27;
/// Bytes of the memory.
pub const MEMORY_BYTES: u64 = 32 << MEMORY_HEIGHT;

const PAGE_HEIGHT: usize = 7;
const GROUP_HEIGHT: usize = 10;
const PAGE_BYTES: u64 = 32 << PAGE_HEIGHT;
const PAGES_PER_GROUP: usize = 1 << GROUP_HEIGHT;
const GROUPS: usize = 1 << (MEMORY_HEIGHT - PAGE_HEIGHT - GROUP_HEIGHT);

/// The memory.
#[derive(Debug, Clone)]
pub struct Memory {
    zeros: [B256; MEMORY_HEIGHT + 1],
    groups: Vec<Option<Box<Group>>>,
    top: Tree,
    /// Groups that changed since the root was asked for, each once.
    changed: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Group {
    pages: Vec<Option<Box<Tree>>>,
    tree: Tree,
    /// Pages that changed, each once.
    changed: Vec<usize>,
}

/// Where a byte is.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: usize,
    page: usize,
    word: usize,
    byte: usize,
}

impl Place {
    const fn of(address: u64) -> Self {
        let page = (address / PAGE_BYTES) as usize;
        Self {
            group: page / PAGES_PER_GROUP,
            page: page % PAGES_PER_GROUP,
            word: (address % PAGE_BYTES / 32) as usize,
            byte: (address % 32) as usize,
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        let zeros = zeros();
        let mut groups = Vec::new();
        groups.resize_with(GROUPS, || None);
        let top = Tree::new(
            MEMORY_HEIGHT - PAGE_HEIGHT - GROUP_HEIGHT,
            PAGE_HEIGHT + GROUP_HEIGHT,
            &zeros,
        );
        Self { zeros, groups, top, changed: Vec::new() }
    }
}

impl Memory {
    /// Memory of zeros.
    pub fn new() -> Self {
        Self::default()
    }

    /// The `SIZE` bytes at an address; `None` if that is not a multiple of `SIZE`, or beyond the end.
    #[inline]
    pub fn read<const SIZE: usize>(&self, address: u64) -> Option<[u8; SIZE]> {
        if !is_within(address, SIZE) {
            return None;
        }
        let Place { group, page, word, byte } = Place::of(address);
        let page = self.groups[group].as_ref().and_then(|group| group.pages[page].as_ref());
        let Some(page) = page else { return Some([0; SIZE]) };
        page.words()[word][byte..byte + SIZE].try_into().ok()
    }

    /// Writes `SIZE` bytes. Does nothing, and says so by `None`, where [`Self::read`] has nothing to give.
    #[inline]
    pub fn write<const SIZE: usize>(&mut self, address: u64, bytes: [u8; SIZE]) -> Option<()> {
        if !is_within(address, SIZE) {
            return None;
        }
        let Place { group, page, word, byte } = Place::of(address);
        let group_at = group;
        let group = self.groups[group_at].get_or_insert_with(|| Box::new(Group::new(&self.zeros)));
        if group.changed.is_empty() {
            self.changed.push(group_at);
        }
        let tree = group.pages[page]
            .get_or_insert_with(|| Box::new(Tree::new(PAGE_HEIGHT, 0, &self.zeros)));
        if !tree.is_stale() {
            group.changed.push(page);
        }
        tree.word_mut(word)[byte..byte + SIZE].copy_from_slice(&bytes);
        Some(())
    }

    /// The root of the tree. Costs in proportion to what was written since it was asked for last.
    pub fn root(&mut self) -> B256 {
        for index in core::mem::take(&mut self.changed) {
            if let Some(group) = &mut self.groups[index] {
                *self.top.word_mut(index) = group.root();
            }
        }
        self.top.root()
    }

    /// The nodes beside the way from the word at an address to the root, lowest first; `None` beyond the end.
    pub fn proof(&mut self, address: u64) -> Option<[B256; MEMORY_HEIGHT]> {
        if address >= MEMORY_BYTES {
            return None;
        }
        self.root();
        let Place { group, page, word, .. } = Place::of(address);
        let mut siblings: [B256; MEMORY_HEIGHT] = core::array::from_fn(|height| self.zeros[height]);
        let (low, high) = siblings.split_at_mut(PAGE_HEIGHT);
        let (middle, high) = high.split_at_mut(GROUP_HEIGHT);
        if let Some(group) = &self.groups[group] {
            if let Some(page) = &group.pages[page] {
                fill(low, page.siblings(word));
            }
            fill(middle, group.tree.siblings(page));
        }
        fill(high, self.top.siblings(group));
        Some(siblings)
    }
}

impl Group {
    fn new(zeros: &[B256]) -> Self {
        let mut pages = Vec::new();
        pages.resize_with(PAGES_PER_GROUP, || None);
        Self { pages, tree: Tree::new(GROUP_HEIGHT, PAGE_HEIGHT, zeros), changed: Vec::new() }
    }

    fn root(&mut self) -> B256 {
        for index in core::mem::take(&mut self.changed) {
            if let Some(page) = &mut self.pages[index] {
                *self.tree.word_mut(index) = page.root();
            }
        }
        self.tree.root()
    }
}

/// The root over a word and the nodes beside its way: what a contract computes from a proof.
pub fn root_of(address: u64, word: B256, siblings: &[B256; MEMORY_HEIGHT]) -> B256 {
    let mut index = address / 32;
    siblings.iter().fold(word, |node, sibling| {
        let is_right = index & 1 == 1;
        index >>= 1;
        if is_right { parent(sibling, &node) } else { parent(&node, sibling) }
    })
}

const fn is_within(address: u64, size: usize) -> bool {
    address < MEMORY_BYTES && address.is_multiple_of(size as u64)
}

fn fill(places: &mut [B256], nodes: impl Iterator<Item = B256>) {
    for (place, node) in places.iter_mut().zip(nodes) {
        *place = node;
    }
}
