//! The account as the state trie knows it, without its storage: storage has its own readers and its own trie.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256};

/// Nonce, balance and code hash of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
    /// Keccak of the code; `KECCAK256_EMPTY` where there is none.
    pub code_hash: B256,
}

impl Account {
    /// Whether code lives at this address.
    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK256_EMPTY
    }

    /// Empty in the sense of EIP-161: such an account is removed once it is touched.
    pub fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && !self.has_code()
    }
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}
