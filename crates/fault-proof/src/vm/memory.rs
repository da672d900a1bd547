//! The machine's 4 GiB, all zeros at first, with their root: a hash tree of height 27 over words of 32 bytes.
//!
//! In three trees above one another: a page of 128 words, a group of 1,024 pages, and 1,024 groups. Pages and groups come
//! about when something is written in them. Who keeps something that follows from the bytes of a page watches it, and
//! is told of the next write. Invariant: the root depends on the bytes alone, not on the way there.

use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::B256;

use super::{
    page::Page,
    tree::{Tree, parent, zeros},
};

/// Height of the tree over the whole memory.
pub const MEMORY_HEIGHT: usize = 27;
/// Bytes of the memory.
pub const MEMORY_BYTES: u64 = 32 << MEMORY_HEIGHT;

pub(super) const PAGE_HEIGHT: usize = 7;
pub(super) const PAGE_BYTES: usize = 32 << PAGE_HEIGHT;
/// Pages of the memory.
pub(super) const PAGES: usize = 1 << (MEMORY_HEIGHT - PAGE_HEIGHT);
const GROUP_HEIGHT: usize = 10;
const PAGES_PER_GROUP: usize = 1 << GROUP_HEIGHT;
const GROUPS: usize = PAGES / PAGES_PER_GROUP;
/// The place of a page that is not there.
const NOWHERE: u32 = 0;

/// The memory.
#[derive(Debug, Clone)]
pub struct Memory {
    zeros: [B256; MEMORY_HEIGHT + 1],
    /// For each page up to the last there is: one more than where in `pages` it is, or `NOWHERE`.
    places: Vec<u32>,
    pages: Vec<Page>,
    groups: Vec<Option<Box<Tree>>>,
    top: Tree,
    /// Places of pages that changed since the root was asked for, each once.
    changed: Vec<u32>,
    /// Pages that were watched and then written, each once.
    overwritten: Vec<u32>,
}

impl Default for Memory {
    fn default() -> Self {
        let zeros = zeros();
        let top = Tree::new(
            MEMORY_HEIGHT - PAGE_HEIGHT - GROUP_HEIGHT,
            PAGE_HEIGHT + GROUP_HEIGHT,
            &zeros,
        );
        Self {
            zeros,
            places: Vec::new(),
            pages: Vec::new(),
            groups: vec![None; GROUPS],
            top,
            changed: Vec::new(),
            overwritten: Vec::new(),
        }
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
        const { assert!(SIZE.is_power_of_two() && SIZE <= 32) };
        if !is_within(address, SIZE) {
            return None;
        }
        let (page, offset) = split(address);
        Some(self.there(page).map_or([0; SIZE], |page| page.read(offset)))
    }

    /// Writes `SIZE` bytes. Does nothing, and says so by `None`, where [`Self::read`] has nothing to give.
    #[inline]
    pub fn write<const SIZE: usize>(&mut self, address: u64, bytes: [u8; SIZE]) -> Option<()> {
        const { assert!(SIZE.is_power_of_two() && SIZE <= 32) };
        if !is_within(address, SIZE) {
            return None;
        }
        let (number, offset) = split(address);
        let place = self.places.get(number).copied().unwrap_or(NOWHERE);
        let page = match self.pages.get_mut((place as usize).wrapping_sub(1)) {
            Some(page) if page.is_open() => page,
            _ => self.open(number),
        };
        page.write(offset, bytes);
        Some(())
    }

    /// The root of the tree. Costs in proportion to what was written since it was asked for last.
    pub fn root(&mut self) -> B256 {
        let mut groups = Vec::new();
        for place in core::mem::take(&mut self.changed) {
            let page = &mut self.pages[place as usize];
            let (group, index) = in_group(page.number);
            let tree = self.groups[group]
                .get_or_insert_with(|| Box::new(Tree::new(GROUP_HEIGHT, PAGE_HEIGHT, &self.zeros)));
            if !tree.is_stale() {
                groups.push(group);
            }
            page.set_open(false);
            *tree.word_mut(index) = page.root(&self.zeros);
        }
        for group in groups {
            if let Some(tree) = &mut self.groups[group] {
                *self.top.word_mut(group) = tree.root();
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
        let (number, offset) = split(address);
        let (group, index) = (number / PAGES_PER_GROUP, number % PAGES_PER_GROUP);
        let mut siblings: [B256; MEMORY_HEIGHT] = core::array::from_fn(|height| self.zeros[height]);
        let (low, high) = siblings.split_at_mut(PAGE_HEIGHT);
        let (middle, high) = high.split_at_mut(GROUP_HEIGHT);
        if let Some(page) = self.there(number) {
            fill(low, page.siblings(offset / 32));
        }
        if let Some(tree) = &self.groups[group] {
            fill(middle, tree.siblings(index));
        }
        fill(high, self.top.siblings(group));
        Some(siblings)
    }

    /// Asks to be told of the next write in a page.
    pub(super) fn watch(&mut self, number: u32) {
        let page = self.page(number);
        page.is_watched = true;
        page.set_open(false);
    }

    /// Whether a page that was watched has been written; each is watched no longer.
    #[inline]
    pub(super) const fn is_overwritten(&self) -> bool {
        !self.overwritten.is_empty()
    }

    /// The pages that were watched and have been written since this was asked, each once.
    pub(super) fn take_overwritten(&mut self) -> Vec<u32> {
        core::mem::take(&mut self.overwritten)
    }

    /// Tells whoever has to know that a page is about to be written.
    #[cold]
    #[inline(never)]
    fn open(&mut self, page: usize) -> &mut Page {
        #[expect(clippy::cast_possible_truncation, reason = "there are 2^20 pages")]
        let number = page as u32;
        self.page(number);
        let place = self.places[page] - 1;
        let page = &mut self.pages[place as usize];
        if !page.is_stale() {
            self.changed.push(place);
        }
        if core::mem::take(&mut page.is_watched) {
            self.overwritten.push(number);
        }
        page.set_open(true);
        page
    }

    /// A page, if it is there.
    #[inline]
    fn there(&self, number: usize) -> Option<&Page> {
        let place = *self.places.get(number)?;
        self.pages.get((place as usize).wrapping_sub(1))
    }

    /// A page, which comes about if it is not there.
    fn page(&mut self, number: u32) -> &mut Page {
        let index = number as usize;
        if index >= self.places.len() {
            self.places.resize(index + 1, NOWHERE);
        }
        let place = &mut self.places[index];
        if *place == NOWHERE {
            self.pages.push(Page::new(number));
            #[expect(clippy::cast_possible_truncation, reason = "there are 2^20 pages at most")]
            let places = self.pages.len() as u32;
            *place = places;
        }
        &mut self.pages[*place as usize - 1]
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

#[inline]
pub(super) const fn is_within(address: u64, size: usize) -> bool {
    address < MEMORY_BYTES && address.is_multiple_of(size as u64)
}

/// The number of a page and the place in it.
#[inline]
const fn split(address: u64) -> (usize, usize) {
    ((address >> 12) as usize, (address & 0xfff) as usize)
}

const fn in_group(page: u32) -> (usize, usize) {
    (page as usize / PAGES_PER_GROUP, page as usize % PAGES_PER_GROUP)
}

fn fill(places: &mut [B256], nodes: impl Iterator<Item = B256>) {
    for (place, node) in places.iter_mut().zip(nodes) {
        *place = node;
    }
}
