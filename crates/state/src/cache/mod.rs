//! A bounded memory of what was read, above a reader that is slow. It holds nothing that the reader does not know:
//! changes that are not stored yet belong into an overlay above it.
//!
//! Coherence: [`ReadCache::apply`] is called when the reader shows a diff, not before. Until the call returns, a read
//! may give the state before or after the diff; afterwards only the state after. A read that was under way meanwhile
//! leaves nothing behind: each shard counts its changes, and what was read across one is not kept.

mod clock;
#[cfg(test)]
mod tests;

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, DefaultHashBuilder},
};
use core::{
    fmt,
    hash::BuildHasher,
    sync::atomic::{AtomicU64, Ordering},
};
use parking_lot::RwLock;

use crate::{Account, StateDiff, StateReader};
use clock::Clock;

/// Parts of the cache with a lock each.
const SHARDS: usize = 64;

/// What a cache may hold. Each bound is shared out evenly to the shards, at least one entry to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Accounts, present or absent; about 170 bytes each.
    pub accounts_max: usize,
    /// Slots, also zero ones; about 200 bytes each.
    pub slots_max: usize,
    /// Bytes of code. Code of more than a 64th of it is not held.
    pub code_bytes_max: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { accounts_max: 1 << 20, slots_max: 1 << 21, code_bytes_max: 256 << 20 }
    }
}

/// What a cache holds, and how often that helped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Reads that were answered from memory.
    pub hits: u64,
    /// Reads that went to the reader below, one by one or prefetched.
    pub misses: u64,
    /// Accounts held.
    pub accounts: usize,
    /// Slots held.
    pub slots: usize,
    /// Bytes of code held.
    pub code_bytes: usize,
}

/// A bounded cache of the reader `R`, for many threads.
pub struct ReadCache<R> {
    reader: R,
    limits: CacheLimits,
    shards: Box<[Shard]>,
    hasher: DefaultHashBuilder,
}

impl<R: fmt::Debug> fmt::Debug for ReadCache<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reader, limits, .. } = self;
        let mut debug = f.debug_struct("ReadCache");
        debug.field("reader", reader).field("limits", limits).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shard {
    content: RwLock<Content>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug)]
struct Content {
    accounts: Clock<Address, Option<Account>>,
    slots: Clock<(Address, U256), U256>,
    codes: Clock<B256, Bytes>,
    /// How many slots of an address are held, so that clearing one that has none costs nothing.
    slots_of: AddressMap<usize>,
    changes: u64,
}

impl<R> ReadCache<R> {
    /// An empty cache above a reader.
    pub fn new(reader: R, limits: CacheLimits) -> Self {
        let shards = (0..SHARDS).map(|_| Shard {
            content: RwLock::new(Content::new(limits)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        });
        let hasher = DefaultHashBuilder::default();
        Self { reader, limits, shards: shards.collect(), hasher }
    }

    /// The reader below.
    pub const fn reader(&self) -> &R {
        &self.reader
    }

    /// Takes over a diff that the reader shows from now on.
    pub fn apply(&self, diff: &StateDiff) {
        for (address, change) in &diff.accounts {
            if change.clears_storage() {
                self.shards.iter().for_each(|shard| shard.content.write().clear_slots(address));
            }
            self.shard(address).content.write().set_account(*address, change.account);
            for (slot, value) in change.storage.iter().filter(|_| change.account.is_some()) {
                let key = (*address, *slot);
                self.shard(&key).content.write().set_slot(key, *value);
            }
        }
        for (hash, code) in &diff.codes {
            self.shard(hash).content.write().put_code(*hash, code.clone());
        }
    }

    /// Forgets everything, for when the reader jumps to another state. Reads under way leave nothing behind.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut content = shard.content.write();
            let changes = content.changes + 1;
            *content = Content { changes, ..Content::new(self.limits) };
        }
    }

    /// What is held, and how often that helped.
    pub fn stats(&self) -> CacheStats {
        let mut stats = CacheStats::default();
        for shard in &self.shards {
            stats.hits += shard.hits.load(Ordering::Relaxed);
            stats.misses += shard.misses.load(Ordering::Relaxed);
            let content = shard.content.read();
            stats.accounts += content.accounts.len();
            stats.slots += content.slots.len();
            stats.code_bytes += content.codes.weight();
        }
        stats
    }

    fn shard(&self, key: &impl core::hash::Hash) -> &Shard {
        // The remainder of 64 fits any integer.
        let index = self.hasher.hash_one(key) % SHARDS as u64;
        #[expect(clippy::cast_possible_truncation, reason = "below 64")]
        let index = index as usize;
        &self.shards[index]
    }
}

impl<R: StateReader> ReadCache<R> {
    /// Reads what is missing of accounts and slots, each kind in one question, so that reading them one by one is a hit.
    pub fn prefetch(
        &self,
        addresses: &[Address],
        slots: &[(Address, U256)],
    ) -> Result<(), R::Error> {
        let missing = self.missing(addresses, |c, key| c.accounts.contains(key));
        self.fill(missing, |keys| self.reader.accounts(keys), Content::put_account)?;
        let missing = self.missing(slots, |c, key| c.slots.contains(key));
        self.fill(missing, |keys| self.reader.slots(keys), Content::put_slot)?;
        Ok(())
    }

    /// What is held, and the rest in one question to the reader.
    fn many<K: Copy + core::hash::Hash, V: Copy>(
        &self,
        keys: &[K],
        held: impl Fn(&Content, &K) -> Option<V>,
        read: impl FnOnce(&[K]) -> Result<Vec<V>, R::Error>,
        put: impl Fn(&mut Content, K, V),
    ) -> Result<Vec<V>, R::Error> {
        let mut missing = Vec::new();
        let look = |key: &K| {
            let found = self.shard(key).look(|content| held(content, key));
            found.map_err(|seen| missing.push((*key, seen))).ok()
        };
        let found: Vec<Option<V>> = keys.iter().map(look).collect();
        let mut read = self.fill(missing, read, put)?.into_iter();
        Ok(found.into_iter().map_while(|found| found.or_else(|| read.next())).collect())
    }

    /// Reads what is not held, each with the changes its shard had seen before, and keeps it.
    fn fill<K: Copy + core::hash::Hash, V: Copy>(
        &self,
        missing: Vec<(K, u64)>,
        read: impl FnOnce(&[K]) -> Result<Vec<V>, R::Error>,
        put: impl Fn(&mut Content, K, V),
    ) -> Result<Vec<V>, R::Error> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = missing.iter().map(|(key, _)| *key).collect();
        let values = read(&keys)?;
        for ((key, seen), value) in missing.into_iter().zip(&values) {
            self.shard(&key).keep(seen, |content| put(content, key, *value));
        }
        Ok(values)
    }

    /// The keys that are not held, with the changes their shards had seen before the reader was asked.
    fn missing<K: Copy + core::hash::Hash>(
        &self,
        keys: &[K],
        held: impl Fn(&Content, &K) -> bool,
    ) -> Vec<(K, u64)> {
        let look = |key: &K| {
            let shard = self.shard(key);
            let content = shard.content.read();
            if held(&content, key) {
                return None;
            }
            shard.misses.fetch_add(1, Ordering::Relaxed);
            Some((*key, content.changes))
        };
        keys.iter().filter_map(look).collect()
    }
}

impl<R> ReadCache<R> {
    /// The account, if it is held: nothing is read and nobody waits.
    pub fn held_account(&self, address: &Address) -> Option<Option<Account>> {
        self.shard(address).held(|content| content.accounts.get(address).copied())
    }

    /// The slot, if it is held.
    pub fn held_storage(&self, address: &Address, slot: &U256) -> Option<U256> {
        let key = (*address, *slot);
        self.shard(&key).held(|content| content.slots.get(&key).copied())
    }

    /// The code of that hash, if it is held.
    pub fn held_code(&self, hash: &B256) -> Option<Bytes> {
        self.shard(hash).held(|content| content.codes.get(hash).cloned())
    }
}

impl<R: StateReader> StateReader for ReadCache<R> {
    type Error = R::Error;

    fn account(&self, address: &Address) -> Result<Option<Account>, Self::Error> {
        let shard = self.shard(address);
        let seen = match shard.look(|content| content.accounts.get(address).copied()) {
            Ok(account) => return Ok(account),
            Err(seen) => seen,
        };
        let account = self.reader.account(address)?;
        shard.keep(seen, |content| content.put_account(*address, account));
        Ok(account)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Self::Error> {
        let key = (*address, *slot);
        let shard = self.shard(&key);
        let seen = match shard.look(|content| content.slots.get(&key).copied()) {
            Ok(value) => return Ok(value),
            Err(seen) => seen,
        };
        let value = self.reader.storage(address, slot)?;
        shard.keep(seen, |content| content.put_slot(key, value));
        Ok(value)
    }

    fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, Self::Error> {
        self.many(
            addresses,
            |content, address| content.accounts.get(address).copied(),
            |missing| self.reader.accounts(missing),
            Content::put_account,
        )
    }

    fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, Self::Error> {
        self.many(
            slots,
            |content, slot| content.slots.get(slot).copied(),
            |missing| self.reader.slots(missing),
            Content::put_slot,
        )
    }

    fn code(&self, hash: &B256) -> Result<Bytes, Self::Error> {
        let shard = self.shard(hash);
        if let Ok(code) = shard.look(|content| content.codes.get(hash).cloned()) {
            return Ok(code);
        }
        let code = self.reader.code(hash)?;
        // The same hash is the same code before and after any change.
        shard.content.write().put_code(*hash, code.clone());
        Ok(code)
    }

    /// Not cached: an overlay above knows recent blocks, and a reorg would have to be told here.
    fn block_hash(&self, number: u64) -> Result<B256, Self::Error> {
        self.reader.block_hash(number)
    }
}

impl Shard {
    /// What is held, or else how many changes were seen so far.
    fn look<V>(&self, get: impl FnOnce(&Content) -> Option<V>) -> Result<V, u64> {
        let content = self.content.read();
        let found = get(&content).ok_or(content.changes);
        let counter = if found.is_ok() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// What is held. Where nothing is, nobody has missed it: nothing is read.
    fn held<V>(&self, get: impl FnOnce(&Content) -> Option<V>) -> Option<V> {
        let held = get(&self.content.read());
        self.hits.fetch_add(u64::from(held.is_some()), Ordering::Relaxed);
        held
    }

    /// Keeps what was read, unless a change came in between.
    fn keep(&self, seen: u64, put: impl FnOnce(&mut Content)) {
        let mut content = self.content.write();
        if content.changes == seen {
            put(&mut content);
        }
    }
}

impl Content {
    fn new(limits: CacheLimits) -> Self {
        let share = |all: usize| core::cmp::max(all / SHARDS, 1);
        Self {
            accounts: Clock::new(share(limits.accounts_max)),
            slots: Clock::new(share(limits.slots_max)),
            codes: Clock::new(share(limits.code_bytes_max)),
            slots_of: AddressMap::default(),
            changes: 0,
        }
    }

    fn clear_slots(&mut self, address: &Address) {
        self.changes += 1;
        if self.slots_of.remove(address).is_some() {
            self.slots.remove_if(|(of, _)| of == address);
        }
    }

    fn set_account(&mut self, address: Address, account: Option<Account>) {
        self.changes += 1;
        self.put_account(address, account);
    }

    fn set_slot(&mut self, key: (Address, U256), value: U256) {
        self.changes += 1;
        self.put_slot(key, value);
    }

    fn put_account(&mut self, address: Address, account: Option<Account>) {
        self.accounts.insert(address, account, 1);
    }

    fn put_slot(&mut self, key: (Address, U256), value: U256) {
        if !self.slots.contains(&key) {
            *self.slots_of.entry(key.0).or_default() += 1;
        }
        for (address, _) in self.slots.insert(key, value, 1) {
            if let Some(count) = self.slots_of.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    self.slots_of.remove(&address);
                }
            }
        }
    }

    fn put_code(&mut self, hash: B256, code: Bytes) {
        let weight = core::cmp::max(code.len(), 1);
        self.codes.insert(hash, code, weight);
    }
}
