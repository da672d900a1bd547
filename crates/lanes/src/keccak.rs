//! Keccak-256 of many messages: eight at a time where the CPU can, one by one elsewhere.

mod hasher;
#[cfg(target_arch = "x86_64")]
mod permutation;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use hasher::Hasher;
#[cfg(target_arch = "x86_64")]
pub use permutation::permute;

/// Bytes of a message that one permutation takes in.
const RATE: usize = 136;

/// Permutations that a message takes; the padding needs at least a byte.
const fn blocks(message: &[u8]) -> usize {
    message.len() / RATE + 1
}

#[cfg(test)]
mod tests;
