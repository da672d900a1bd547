//! A program as it stands in memory before its first step: the pages that hold anything, and where it begins.
//!
//! The bytes are in `docs/spec/fault-proof.md`. There is one image for a memory and an entry: what decodes is what
//! [`Image::encode`] gives.

use alloc::{collections::BTreeMap, vec::Vec};
use thiserror::Error;

use crate::vm::{MEMORY_BYTES, Machine, Memory};

/// What an image begins with.
const MAGIC: [u8; 8] = *b"braidim1";
/// Bytes of a page.
pub const IMAGE_PAGE_BYTES: usize = 4_096;
const PAGES: u64 = MEMORY_BYTES / IMAGE_PAGE_BYTES as u64;
/// A page with its number.
const RECORD_BYTES: usize = 4 + IMAGE_PAGE_BYTES;

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    entry: u64,
    /// By number; none of them all zeros.
    pages: BTreeMap<u32, [u8; IMAGE_PAGE_BYTES]>,
}

/// Why bytes are no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ImageError {
    /// They do not begin as one.
    #[error("an image does not begin like this")]
    Magic,
    /// They end within a page.
    #[error("an image does not end within a page")]
    Length,
    /// A page does not follow the one before, or is beyond the memory.
    #[error("page {0} of an image is out of order")]
    Order(u32),
    /// A page that need not be there.
    #[error("page {0} of an image holds nothing")]
    Empty(u32),
    /// A part of a program that does not fit the memory.
    #[error("{length} bytes at {address:#x} are beyond the memory")]
    Beyond {
        /// Where it begins.
        address: u64,
        /// Its bytes.
        length: usize,
    },
}

impl Image {
    /// A program that begins at `entry`, made of parts with their addresses; where they overlap the last one counts.
    ///
    /// # Errors
    /// A part does not fit the memory.
    pub fn new<'a>(
        entry: u64,
        parts: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Result<Self, ImageError> {
        let mut pages = BTreeMap::new();
        for (address, bytes) in parts {
            let length = bytes.len();
            if address > MEMORY_BYTES || length as u64 > MEMORY_BYTES - address {
                return Err(ImageError::Beyond { address, length });
            }
            for (at, byte) in (address..).zip(bytes) {
                let page = pages.entry(number(at)).or_insert([0; IMAGE_PAGE_BYTES]);
                page[offset(at)] = *byte;
            }
        }
        pages.retain(|_, page| *page != [0; IMAGE_PAGE_BYTES]);
        Ok(Self { entry, pages })
    }

    /// The machine before its first step.
    pub fn machine(&self) -> Machine {
        let mut memory = Memory::new();
        for (number, page) in &self.pages {
            let first = u64::from(*number) * IMAGE_PAGE_BYTES as u64;
            for (at, word) in (first..).step_by(32).zip(page.as_chunks::<32>().0) {
                // A page lies within the memory, and its words are aligned.
                let _: Option<()> = memory.write(at, *word);
            }
        }
        Machine::new(memory, self.entry)
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.entry.to_be_bytes());
        for (number, page) in &self.pages {
            bytes.extend(number.to_be_bytes());
            bytes.extend(page);
        }
        bytes
    }

    /// The image that bytes are.
    ///
    /// # Errors
    /// They are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(ImageError::Magic)?;
        let (entry, rest) = rest.split_first_chunk().ok_or(ImageError::Length)?;
        let (records, rest) = rest.as_chunks::<RECORD_BYTES>();
        if !rest.is_empty() {
            return Err(ImageError::Length);
        }
        let mut pages = BTreeMap::new();
        for record in records {
            let ([a, b, c, d], page) = record.split_first_chunk().ok_or(ImageError::Length)?;
            let number = u32::from_be_bytes([*a, *b, *c, *d]);
            let page = page.try_into().map_err(|_| ImageError::Length)?;
            let is_next = pages.last_key_value().is_none_or(|(last, _)| *last < number);
            if !is_next || u64::from(number) >= PAGES {
                return Err(ImageError::Order(number));
            }
            if page == [0; IMAGE_PAGE_BYTES] {
                return Err(ImageError::Empty(number));
            }
            pages.insert(number, page);
        }
        Ok(Self { entry: u64::from_be_bytes(*entry), pages })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "addresses are below 4 GiB")]
const fn number(address: u64) -> u32 {
    (address / IMAGE_PAGE_BYTES as u64) as u32
}

const fn offset(address: u64) -> usize {
    (address & 0xfff) as usize
}

#[cfg(test)]
mod tests;
