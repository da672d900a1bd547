//! A signature and what it signs.

use alloy_primitives::{B256, Signature, U256};

/// A signed hash. The signature need not be one of anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub hash: B256,
    /// The x coordinate of a point R, which is below the order of the group in any transaction's signature.
    pub r: U256,
    /// The other half of the signature.
    pub s: U256,
    /// Whether R's y is odd.
    pub odd_y: bool,
}

/// Whether an `s` above half the order of the group is one: every signature has a twin there, which EIP-2 refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighS {
    /// As in transactions.
    Refused,
    /// As the `ecrecover` precompile takes it.
    Allowed,
}

impl Signed {
    /// A hash with the signature of it.
    pub fn new(hash: B256, signature: &Signature) -> Self {
        Self { hash, r: signature.r(), s: signature.s(), odd_y: signature.v() }
    }

    /// Word `i` of the hash as a number, the lowest first.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn hash_word(&self, i: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.hash[24 - 8 * i..32 - 8 * i]);
        u64::from_be_bytes(bytes)
    }
}
