//! The state as one transaction finds it by what an access list claims.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use state::{Account, StateReader};

use super::claims::{Claims, ClaimsError};

/// A reader for one thread, which runs one transaction after the other on it.
#[derive(Debug)]
pub(super) struct ClaimedView<R> {
    claims: Arc<Claims<R>>,
    index: u64,
}

impl<R> ClaimedView<R> {
    /// The state before everything.
    pub(super) const fn new(claims: Arc<Claims<R>>) -> Self {
        Self { claims, index: 0 }
    }

    /// The next transaction runs at `index`.
    pub(super) const fn begin(&mut self, index: u64) {
        self.index = index;
    }
}

impl<R: StateReader> StateReader for ClaimedView<R> {
    type Error = ClaimsError<R::Error>;

    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
        self.claims.account(address, self.index)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
        self.claims.slot(address, slot, self.index)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
        self.claims.code(hash)
    }

    fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
        self.claims.block_hash(number)
    }
}
