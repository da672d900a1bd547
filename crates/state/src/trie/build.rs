//! Builds a trie from flat state: chunk by chunk into the shards, side by side, and hashed once at the end.
//!
//! Invariant: the result equals a trie that applied the same state as diffs, for any number of threads.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256, keccak256};

use super::{SHARDS, StateTrie, THREADS_FROM_CHANGES, shard_of, threads};
use crate::{Account, keccak::Batch};

/// Accounts, or slots, that are held until they are put into the shards together.
const CHUNK: usize = 1 << 18;

/// An account by hashed address.
pub(super) type HashedAccount = (B256, Account);

/// A slot by hashed address and hashed slot.
pub(super) type HashedSlot = (B256, B256, U256);

/// Takes a state in any order of addresses, and makes its trie. The accounts come before their slots.
#[derive(Debug)]
pub struct StateTrieBuilder {
    trie: StateTrie,
    threads: usize,
    accounts: Vec<(Address, Account)>,
    slots: Vec<(Address, U256, U256)>,
}

impl StateTrieBuilder {
    /// A builder that uses up to that many threads. Without `std` it is always one.
    pub fn new(threads: usize) -> Self {
        Self { trie: StateTrie::new(), threads, accounts: Vec::new(), slots: Vec::new() }
    }

    /// Adds an account.
    pub fn account(&mut self, address: Address, account: Account) {
        self.accounts.push((address, account));
        if self.accounts.len() == CHUNK {
            self.load_accounts();
        }
    }

    /// Adds a slot of an account added before; one of an account that does not exist is left out, and so is zero.
    pub fn slot(&mut self, address: Address, slot: U256, value: U256) {
        self.slots.push((address, slot, value));
        if self.slots.len() == CHUNK {
            self.load_slots();
        }
    }

    /// The trie of all that was added.
    pub fn finish(mut self) -> StateTrie {
        self.load_accounts();
        self.load_slots();
        let size = self.trie.size();
        let threads = self.threads_for(size.accounts + size.slots);
        let mut trie = self.trie;
        threads::for_each(threads, trie.shards.iter_mut(), |shard| shard.finish_load());
        trie.root = trie.hash_root();
        trie
    }

    fn load_accounts(&mut self) {
        let chunk = core::mem::take(&mut self.accounts);
        let threads = self.threads_for(chunk.len());
        let sorted = by_shard(&chunk, threads, hash_accounts);
        let shards = self.trie.shards.iter_mut().zip(sorted);
        threads::for_each(threads, shards, |(shard, work)| shard.load_accounts(work));
    }

    fn load_slots(&mut self) {
        if self.slots.is_empty() {
            return;
        }
        // Slots find their accounts in the trie, so these go in first.
        self.load_accounts();
        let chunk = core::mem::take(&mut self.slots);
        let threads = self.threads_for(chunk.len());
        let sorted = by_shard(&chunk, threads, hash_slots);
        let shards = self.trie.shards.iter_mut().zip(sorted);
        threads::for_each(threads, shards, |(shard, work)| shard.load_slots(work));
    }

    const fn threads_for(&self, items: usize) -> usize {
        if items < THREADS_FROM_CHANGES || self.threads == 0 { 1 } else { self.threads }
    }
}

impl StateTrie {
    /// Builds the trie of a state, on all threads the machine has; see [`StateTrieBuilder`] for what is taken.
    pub fn from_state(
        accounts: impl Iterator<Item = (Address, Account)>,
        storage: impl Iterator<Item = (Address, U256, U256)>,
    ) -> Self {
        let mut builder = StateTrieBuilder::new(threads::available());
        accounts.for_each(|(address, account)| builder.account(address, account));
        storage.for_each(|(address, slot, value)| builder.slot(address, slot, value));
        builder.finish()
    }
}

fn hash_accounts(piece: &[(Address, Account)], shards: &mut [Vec<HashedAccount>]) {
    let mut hashes = Batch::new();
    for (address, account) in piece {
        hashes.push(address.as_slice(), *account, |account, key| {
            shards[shard_of(&key)].push((key, account));
        });
    }
    hashes.flush(|account, key| shards[shard_of(&key)].push((key, account)));
}

fn hash_slots(piece: &[(Address, U256, U256)], shards: &mut [Vec<HashedSlot>]) {
    let mut hashes = Batch::new();
    let mut put = |(account, value): (B256, U256), slot: B256| {
        shards[shard_of(&account)].push((account, slot, value));
    };
    // Slots of one account mostly come together.
    let mut last = None;
    for (address, slot, value) in piece {
        let key = match last {
            Some((known, key)) if known == *address => key,
            _ => keccak256(address),
        };
        last = Some((*address, key));
        hashes.push(&slot.to_be_bytes::<32>(), (key, *value), &mut put);
    }
    hashes.flush(put);
}

/// Hashes a chunk, a piece per thread, and sorts the pieces to the shards, in the order they came in.
fn by_shard<T: Sync, H: Send + Clone>(
    chunk: &[T],
    threads: usize,
    hash: impl Fn(&[T], &mut [Vec<H>]) + Sync,
) -> Vec<Vec<H>> {
    let pieces = chunk.chunks(core::cmp::max(chunk.len().div_ceil(threads), 1));
    let mut hashed = alloc::vec![alloc::vec![Vec::new(); SHARDS]; pieces.len()];
    let work = pieces.zip(hashed.iter_mut());
    threads::for_each(threads, work, |(piece, shards)| hash(piece, shards));
    let mut sorted = alloc::vec![Vec::new(); SHARDS];
    for (shard, mut piece) in hashed.into_iter().flat_map(|shards| shards.into_iter().enumerate()) {
        sorted[shard].append(&mut piece);
    }
    sorted
}
