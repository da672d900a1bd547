//! Which messages go through the lanes together, and which alone.

use alloy_primitives::{B256, keccak256};

use super::blocks;
#[cfg(target_arch = "x86_64")]
use crate::Cpu;

/// Nanoseconds of a permutation in eight lanes, in parts of one alone: 65 · 8 against 231, in halves.
const LANES_COST: usize = 9;
const ALONE_COST: usize = 4;

/// Hashes many messages at a time. Keeps its memory between calls.
#[derive(Debug)]
pub struct Hasher {
    #[cfg(target_arch = "x86_64")]
    cpu: Option<Cpu>,
    /// Numbers of messages, those of most blocks first.
    order: Vec<u32>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// A hasher that uses lanes where this CPU has them.
    pub fn new() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            cpu: Cpu::detect(),
            order: Vec::new(),
        }
    }

    /// One that does without lanes.
    pub const fn portable() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            cpu: None,
            order: Vec::new(),
        }
    }

    /// Whether this one uses lanes.
    pub const fn is_wide(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        let wide = self.cpu.is_some();
        #[cfg(not(target_arch = "x86_64"))]
        let wide = false;
        wide
    }

    /// Keccak-256 of each message, in order. What `hashes` held is forgotten.
    ///
    /// ```
    /// let mut hashes = Vec::new();
    /// lanes::Hasher::new().hash(&[b"one", b"another"], &mut hashes);
    /// assert_eq!(hashes[1], alloy_primitives::keccak256(b"another"));
    /// ```
    pub fn hash(&mut self, messages: &[&[u8]], hashes: &mut Vec<B256>) {
        hashes.clear();
        #[cfg(target_arch = "x86_64")]
        if let Some(cpu) = self.cpu {
            hashes.resize(messages.len(), B256::ZERO);
            self.sort(messages);
            let alone = alone(messages, &self.order);
            let (alone, together) = self.order.split_at(alone);
            for &index in alone {
                hashes[index as usize] = keccak256(messages[index as usize]);
            }
            cpu.run(super::wide::HashAll { messages, order: together, hashes });
            return;
        }
        hashes.extend(messages.iter().map(keccak256));
    }

    /// Long messages first, so that the lanes end together.
    fn sort(&mut self, messages: &[&[u8]]) {
        let count = u32::try_from(messages.len()).expect("messages are counted in 32 bits");
        self.order.clear();
        self.order.extend(0..count);
        let of = |index: u32| blocks(messages[index as usize]);
        if messages.windows(2).any(|two| blocks(two[0]) != blocks(two[1])) {
            self.order.sort_unstable_by_key(|&index| core::cmp::Reverse(of(index)));
        }
    }
}

/// How many of the longest messages are sooner hashed alone: one that is long beside all others would keep
/// one lane busy and seven idle, and so does the last one left.
fn alone(messages: &[&[u8]], order: &[u32]) -> usize {
    let blocks = |place: usize| order.get(place).map_or(0, |&at| blocks(messages[at as usize]));
    let mut left: usize = (0..order.len()).map(blocks).sum();
    for place in 0..order.len() {
        let longest = blocks(place);
        let lanes = |longest, total: usize| core::cmp::max(longest, total.div_ceil(8)) * LANES_COST;
        let with = lanes(longest, left);
        left -= longest;
        let without = longest * ALONE_COST + lanes(blocks(place + 1), left);
        if with <= without {
            return place;
        }
    }
    order.len()
}
