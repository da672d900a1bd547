//! Eight states, each fed with a message of its own; a lane whose message ends begins the next one.

use alloy_primitives::B256;

use super::{RATE, permute};
use crate::{Cpu, Kernel, Lanes, Mask, each, transpose};

type Block = [u8; RATE];

/// Hashes the messages named by `order`, in that order, into their places in `hashes`.
#[derive(Debug)]
pub(super) struct HashAll<'a> {
    pub(super) messages: &'a [&'a [u8]],
    pub(super) order: &'a [u32],
    pub(super) hashes: &'a mut [B256],
}

/// What a lane has yet to take in.
#[derive(Clone, Copy)]
struct Feed<'a> {
    message: &'a [u8],
    index: usize,
    state: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    /// The block just given was the last one.
    Last,
    /// Nothing is left to hash.
    Idle,
}

impl Kernel for HashAll<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, cpu: Cpu) {
        let Self { messages, order, hashes } = self;
        let mut order = order.iter();
        let mut next = || match order.next() {
            Some(&index) => Feed {
                message: messages[index as usize],
                index: index as usize,
                state: Progress::Running,
            },
            None => Feed { message: &[], index: 0, state: Progress::Idle },
        };
        let mut feeds = [(); 8].map(|()| next());
        let mut padded = [[0; RATE]; 8];
        let mut state = each!(25, i => cpu.zero());
        while feeds.iter().any(|feed| feed.state != Progress::Idle) {
            let mut blocks = [&[0; RATE]; 8];
            for ((block, feed), padded) in blocks.iter_mut().zip(&mut feeds).zip(&mut padded) {
                *block = feed.block(padded);
            }
            absorb(&mut state, &blocks);
            state = permute(state);
            let words = each!(4, i => state[i].store());
            let mut ended: Mask = 0;
            for (lane, feed) in feeds.iter_mut().enumerate() {
                if feed.state == Progress::Last {
                    for (word, to) in words.iter().zip(hashes[feed.index].0.chunks_exact_mut(8)) {
                        to.copy_from_slice(&word[lane].to_le_bytes());
                    }
                    ended |= 1 << lane;
                    *feed = next();
                }
            }
            if ended != 0 {
                state = each!(25, i => state[i].select(ended, cpu.zero()));
            }
        }
    }
}

impl<'a> Feed<'a> {
    /// The next block: of the message itself, or in `padded` where the message ends.
    fn block<'b>(&mut self, padded: &'b mut Block) -> &'b Block
    where
        'a: 'b,
    {
        if let Some((block, rest)) = self.message.split_first_chunk() {
            self.message = rest;
            return block;
        }
        if self.state == Progress::Running {
            let (text, padding) = padded.split_at_mut(self.message.len());
            text.copy_from_slice(self.message);
            padding.fill(0);
            padding[0] = 1;
            padded[RATE - 1] |= 0x80;
            self.state = Progress::Last;
        }
        padded
    }
}

#[inline(always)]
fn absorb(state: &mut [Lanes; 25], blocks: &[&Block; 8]) {
    let cpu = state[0].cpu();
    let mut half = 0;
    while half < 2 {
        let columns = transpose(each!(8, lane => cpu.load(&words(blocks[lane], 8 * half))));
        let mut i = 0;
        while i < 8 {
            state[8 * half + i] = state[8 * half + i].xor(columns[i]);
            i += 1;
        }
        half += 1;
    }
    let last = each!(8, lane => word(blocks[lane], 16));
    state[16] = state[16].xor(cpu.load(&last));
}

#[inline(always)]
fn words(block: &Block, from: usize) -> [u64; 8] {
    each!(8, i => word(block, from + i))
}

#[inline(always)]
fn word(block: &Block, at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&block[8 * at..8 * at + 8]);
    u64::from_le_bytes(bytes)
}
