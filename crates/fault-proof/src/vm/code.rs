//! Instructions that were decoded once, a page of them at a time.

use alloc::{boxed::Box, vec::Vec};

use super::{
    Instruction, Memory,
    memory::{PAGE_BYTES, PAGES},
};

/// Words of code in a page.
pub(super) const PAGE_INSTRUCTIONS: usize = PAGE_BYTES / 4;
/// A register that is written instead of number 0, and never read.
pub(super) const SINK: u8 = 32;
/// The place of a page that was not decoded.
const NOWHERE: u32 = 0;

/// A page of instructions; `None` is none, and traps. The result for register 0 goes to [`SINK`].
pub(super) type Page = [Option<Instruction>; PAGE_INSTRUCTIONS];

/// The decoded pages. Invariant: a page is here only while the memory watches it and was not written since.
#[derive(Debug)]
pub(super) struct Code {
    /// For each page of the memory up to the last that is here: one more than where in `pages` it is, or `NOWHERE`.
    places: Vec<u32>,
    pages: Vec<Box<Page>>,
    /// Places of pages that nothing points to.
    free: Vec<u32>,
}

impl Code {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), pages: Vec::new(), free: Vec::new() }
    }

    /// The instructions of the page that an address is in; `None` beyond the end of the memory.
    #[inline]
    pub(super) fn page(&mut self, memory: &mut Memory, address: u64) -> Option<&Page> {
        let number = u32::try_from(address >> 12).ok()?;
        let mut place = self.places.get(number as usize).copied().unwrap_or(NOWHERE);
        if place == NOWHERE {
            place = self.decode(memory, number)?;
        }
        self.pages.get(place as usize - 1).map(|page| &**page)
    }

    /// Forgets the pages that were written.
    pub(super) fn refresh(&mut self, memory: &mut Memory) {
        for number in memory.take_overwritten() {
            // It may have been watched for another keeper of decoded pages, before the memory was copied.
            if let Some(place) = self.places.get_mut(number as usize)
                && *place != NOWHERE
            {
                self.free.push(core::mem::replace(place, NOWHERE));
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn decode(&mut self, memory: &mut Memory, number: u32) -> Option<u32> {
        if number as usize >= PAGES {
            return None;
        }
        memory.watch(number);
        let place = self.free.pop().unwrap_or_else(|| {
            self.pages.push(Box::new([None; PAGE_INSTRUCTIONS]));
            #[expect(clippy::cast_possible_truncation, reason = "no more pages than memory has")]
            let places = self.pages.len() as u32;
            places
        });
        let page = &mut self.pages[place as usize - 1];
        for (address, instruction) in (u64::from(number) << 12..).step_by(4).zip(page.iter_mut()) {
            let word = memory.read(address).map(u32::from_le_bytes);
            *instruction = word.and_then(Instruction::decode).map(sunk);
        }
        if number as usize >= self.places.len() {
            self.places.resize(number as usize + 1, NOWHERE);
        }
        self.places[number as usize] = place;
        Some(place)
    }
}

const fn sunk(instruction: Instruction) -> Instruction {
    match instruction.rd {
        0 => Instruction { rd: SINK, ..instruction },
        _ => instruction,
    }
}
