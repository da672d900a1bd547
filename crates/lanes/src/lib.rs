//! Eight 64-bit numbers at a time, where the CPU has AVX-512 with IFMA, and Keccak-256 of many messages with them.
//!
//! Not here: what is computed with the lanes beside hashes (public keys: `recovery`). What is `unsafe` is here, but for the
//! trie's older hasher (`state::keccak`), behind one rule that the types hold up: only [`Cpu::detect`] gives out a
//! [`Cpu`], only a [`Cpu`] makes a [`Lanes`], and so whoever holds one may execute the instructions.
//!
//! Speed has a rule too, which no type holds up: whatever computes with lanes is `#[inline(always)]`, down from the
//! `run` of a [`Kernel`], and no closure. Anything else is compiled without AVX-512, with right results, twenty times slower.

#[cfg(target_arch = "x86_64")]
mod cpu;
mod keccak;
#[cfg(target_arch = "x86_64")]
mod vector;
#[cfg(target_arch = "x86_64")]
mod words;

#[cfg(target_arch = "x86_64")]
pub use cpu::{Cpu, Kernel};
pub use keccak::Hasher;
#[cfg(target_arch = "x86_64")]
pub use keccak::permute;
#[cfg(target_arch = "x86_64")]
pub use vector::{Lanes, Mask, prefetch};
#[cfg(target_arch = "x86_64")]
pub use words::{M52, first_lane, limbs_from_words, transpose, window, words_from_limbs};

/// `[expression for i in 0..n]`, without a closure.
///
/// ```
/// assert_eq!(lanes::each!(3, i => i * i), [0, 1, 4]);
/// ```
#[macro_export]
macro_rules! each {
    ($n:expr, $i:ident => $e:expr) => {{
        let mut all = [{
            let $i = 0_usize;
            let _ = $i;
            $e
        }; $n];
        let mut $i = 1_usize;
        while $i < $n {
            all[$i] = $e;
            $i += 1;
        }
        all
    }};
}
