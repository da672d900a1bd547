//! Many Keccak-256 hashes at a time, each with a tag that says what it is for.
//!
//! Where the processor can hash eight messages at once (`lanes`), short messages wait for others of the same length in
//! blocks. Elsewhere, and without `std`, each is hashed when it comes.
//!
//! Invariant: every message pushed comes out once, with its hash, at the latest at `flush`.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod lanes;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use alloy_primitives::{B256, keccak256};

/// Bytes that one permutation takes in.
const RATE_BYTES: usize = 136;

/// Words of eight bytes in a block.
const RATE_WORDS: usize = RATE_BYTES / 8;

/// Messages hashed at once.
const LANES: usize = 8;

/// Messages of more blocks than the longest branch of a trie has do not wait.
const BLOCKS_MAX: usize = 4;

/// The same word of eight messages.
type Word = [u64; LANES];

/// Messages waiting to be hashed together.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    /// By number of blocks, less one.
    queues: [Queue<T>; BLOCKS_MAX],
    wide: bool,
}

#[derive(Debug)]
struct Queue<T> {
    words: Vec<Word>,
    tags: Vec<T>,
}

impl<T> Batch<T> {
    /// Nothing waiting.
    pub(crate) fn new() -> Self {
        let queues = core::array::from_fn(|_| Queue { words: Vec::new(), tags: Vec::new() });
        Self { queues, wide: is_wide() }
    }

    /// Adds a message; `done` gets whatever is hashed on this occasion.
    pub(crate) fn push(&mut self, message: &[u8], tag: T, mut done: impl FnMut(T, B256)) {
        // Padding takes at least one byte.
        let blocks = message.len() / RATE_BYTES + 1;
        match self.queues.get_mut(blocks - 1) {
            Some(queue) if self.wide => {
                queue.put(message, blocks, tag);
                if queue.tags.len() == LANES {
                    queue.hash(done);
                }
            }
            _ => done(tag, keccak256(message)),
        }
    }

    /// Hashes what is waiting.
    pub(crate) fn flush(&mut self, mut done: impl FnMut(T, B256)) {
        for queue in self.queues.iter_mut().filter(|queue| !queue.tags.is_empty()) {
            queue.hash(&mut done);
        }
    }
}

impl<T> Queue<T> {
    /// Writes a message and its padding into the next lane, word by word.
    fn put(&mut self, message: &[u8], blocks: usize, tag: T) {
        let lane = self.tags.len();
        self.tags.push(tag);
        self.words.resize(blocks * RATE_WORDS, [0; LANES]);
        let mut words = self.words.iter_mut().map(|word| &mut word[lane]);
        let mut chunks = message.chunks_exact(8);
        // The chunks end first, and must be asked first: `zip` drops what it took from the other.
        for (chunk, word) in chunks.by_ref().zip(words.by_ref()) {
            *word = chunk.try_into().map_or(0, u64::from_le_bytes);
        }
        let mut last = [0; 8];
        let rest = chunks.remainder();
        last[..rest.len()].copy_from_slice(rest);
        last[rest.len()] = 1;
        let mut padding = u64::from_le_bytes(last);
        for word in words {
            *word = core::mem::take(&mut padding);
        }
        if let Some(word) = self.words.last_mut() {
            word[lane] |= 1 << 63;
        }
    }

    fn hash(&mut self, mut done: impl FnMut(T, B256)) {
        let digests = hash_words(&self.words);
        for (lane, tag) in self.tags.drain(..).enumerate() {
            let mut hash = B256::ZERO;
            for (bytes, word) in hash.chunks_exact_mut(8).zip(&digests) {
                bytes.copy_from_slice(&word[lane].to_le_bytes());
            }
            done(tag, hash);
        }
    }
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
fn is_wide() -> bool {
    lanes::available()
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
fn hash_words(words: &[Word]) -> [Word; 4] {
    lanes::hash(words)
}

#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
const fn is_wide() -> bool {
    false
}

#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
fn hash_words(_words: &[Word]) -> [Word; 4] {
    unreachable!("nothing waits where nothing is hashed together")
}
