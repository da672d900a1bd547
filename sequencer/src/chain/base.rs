//! The state that Postgres holds, behind a cache; the lowest layer of every recent state.
//!
//! Postgres moves on as the indexer writes. Before it does, [`BaseState::begin_move`] says how far it may come, so that
//! a reader of an older state notices. Invariant: what is read is the state of a block no newer than
//! [`BaseState::newest_possible`] says after the read.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use alloy::primitives::{Address, B256, Bytes, U256};
use db::PgStateReader;
use parking_lot::RwLock;
use state::{Account, CacheLimits, CacheStats, ReadCache, StateDiff, StateReader};

use super::ReadError;

/// Block hashes that are kept in memory; `BLOCKHASH` reaches 256 back.
const HASHES_MAX: usize = 1_024;

/// The indexed state with its cache.
#[derive(Debug)]
pub struct BaseState {
    cache: ReadCache<PgStateReader>,
    newest_possible: AtomicU64,
    resets: AtomicU64,
    hashes: RwLock<BTreeMap<u64, B256>>,
}

impl BaseState {
    /// The state that `stored` reads, which is that of block `number`.
    pub fn new(stored: PgStateReader, limits: CacheLimits, number: u64) -> Self {
        Self {
            cache: ReadCache::new(stored, limits),
            newest_possible: AtomicU64::new(number),
            resets: AtomicU64::new(0),
            hashes: RwLock::default(),
        }
    }

    /// The newest block whose changes a read may have seen.
    pub fn newest_possible(&self) -> u64 {
        self.newest_possible.load(Ordering::SeqCst)
    }

    /// From now on reads may see changes up to this block.
    pub fn begin_move(&self, number: u64) {
        self.newest_possible.fetch_max(number, Ordering::SeqCst);
    }

    /// Postgres holds these changes now, all of them moves that were begun.
    pub fn apply(&self, diff: &StateDiff) {
        self.cache.apply(diff);
    }

    /// How often Postgres was taken back. What was read across a reset is of no one state.
    pub fn resets(&self) -> u64 {
        self.resets.load(Ordering::SeqCst)
    }

    /// Postgres was taken back to this block, or is about to be.
    pub fn reset(&self, number: u64) {
        self.resets.fetch_add(1, Ordering::SeqCst);
        self.cache.clear();
        self.newest_possible.store(number, Ordering::SeqCst);
    }

    /// Reads accounts and slots into the cache with few questions. What fails is read again when it is needed.
    pub fn prefetch(&self, accounts: &[Address], slots: &[(Address, U256)]) {
        if let Err(error) = self.cache.prefetch(accounts, slots) {
            tracing::debug!(%error, "prefetch failed");
        }
    }

    /// The account, if it is in memory.
    pub fn held_account(&self, address: &Address) -> Option<Option<Account>> {
        self.cache.held_account(address)
    }

    /// The slot, if it is in memory.
    pub fn held_storage(&self, address: &Address, slot: &U256) -> Option<U256> {
        self.cache.held_storage(address, slot)
    }

    /// The code, if it is in memory.
    pub fn held_code(&self, hash: &B256) -> Option<Bytes> {
        self.cache.held_code(hash)
    }

    /// How well the cache does.
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// A block was sealed or loaded.
    pub fn add_hash(&self, number: u64, hash: B256) {
        let mut hashes = self.hashes.write();
        hashes.insert(number, hash);
        if hashes.len() > HASHES_MAX {
            hashes.pop_first();
        }
    }

    /// The chain may have other blocks now.
    pub fn forget_hashes(&self) {
        self.hashes.write().clear();
    }

    pub(super) fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        self.cache.account(address).map_err(ReadError::state("an account"))
    }

    pub(super) fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        self.cache.storage(address, slot).map_err(ReadError::state("a slot"))
    }

    pub(super) fn accounts(
        &self,
        addresses: &[Address],
    ) -> Result<Vec<Option<Account>>, ReadError> {
        self.cache.accounts(addresses).map_err(ReadError::state("accounts"))
    }

    pub(super) fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, ReadError> {
        self.cache.slots(slots).map_err(ReadError::state("slots"))
    }

    pub(super) fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        self.cache.code(hash).map_err(ReadError::state("code"))
    }

    pub(super) fn block_hash(&self, number: u64) -> Result<B256, ReadError> {
        if let Some(hash) = self.hashes.read().get(&number) {
            return Ok(*hash);
        }
        self.cache.block_hash(number).map_err(ReadError::state("a block hash"))
    }
}
