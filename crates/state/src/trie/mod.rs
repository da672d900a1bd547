//! The Merkle Patricia trie of a whole state, in memory, kept up to date by diffs.
//!
//! Sixteen shards by the first nibble of the hashed address, each with its accounts and their storage tries; the root
//! is a branch over them. Nothing is written to disk: after a start the trie is built again from accounts and slots.
//! It cannot list what it holds by address: keys are hashes. Flat state answers reads, this answers roots and proofs.
//!
//! Invariant: the root depends on accounts and slots alone, not on the way there, nor on the number of threads.

mod build;
mod encode;
mod forest;
mod load;
mod nibbles;
mod outlook;
mod proof;
mod reference;
mod shard;
mod threads;
mod walk;
mod witness;

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::{Address, B256, b256, keccak256};

use crate::{AccountDiff, StateDiff, keccak::Batch};
pub use build::StateTrieBuilder;
pub use proof::{AccountProof, StorageProof};
use shard::Shard;
pub use walk::{SlotWalk, WalkError};
pub use witness::Reads;

/// The root of a trie without entries.
pub const EMPTY_ROOT: B256 =
    b256!("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

const SHARDS: usize = 16;

/// Below this many accounts and slots, starting threads costs more than it saves.
const THREADS_FROM_CHANGES: usize = 256;

/// The accounts and storage of one state, with its root.
#[derive(Clone, Debug)]
pub struct StateTrie {
    shards: Box<[Shard]>,
    root: B256,
    threads: usize,
}

impl Default for StateTrie {
    fn default() -> Self {
        Self { shards: alloc::vec![Shard::default(); SHARDS].into(), root: EMPTY_ROOT, threads: 1 }
    }
}

impl StateTrie {
    /// The trie of the empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads [`Self::apply`] may use for a large diff; one unless told otherwise. Without `std` always one.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = core::cmp::max(threads, 1);
    }

    /// Makes the changes of a diff and gives the new root.
    pub fn apply(&mut self, diff: &StateDiff) -> B256 {
        let mut work: [Vec<(B256, &AccountDiff)>; SHARDS] = Default::default();
        let mut hashes = Batch::new();
        for (address, change) in &diff.accounts {
            let mut sort = |change, key: B256| work[shard_of(&key)].push((key, change));
            hashes.push(address.as_slice(), change, &mut sort);
        }
        hashes.flush(|change, key| work[shard_of(&key)].push((key, change)));
        let changes: usize = diff.accounts.values().map(|change| 1 + change.storage.len()).sum();
        let threads = if changes < THREADS_FROM_CHANGES { 1 } else { self.threads };
        threads::for_each(threads, self.shards.iter_mut().zip(work), |(shard, mut changes)| {
            if !changes.is_empty() {
                changes.sort_unstable_by_key(|(key, _)| *key);
                shard.apply(&changes);
            }
        });
        self.root = self.hash_root();
        self.root
    }

    /// The root.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// The storage root of an account; that of the empty trie where there is none.
    pub fn storage_root(&self, address: &Address) -> B256 {
        let key = keccak256(address);
        self.shards[shard_of(&key)].account(&key).map_or(EMPTY_ROOT, |(_, root)| root)
    }

    /// What the trie holds, and what that costs.
    pub fn size(&self) -> TrieSize {
        let mut size = TrieSize::default();
        for (accounts, slots, bytes) in self.shards.iter().map(Shard::size) {
            size.accounts += accounts;
            size.slots += slots;
            size.memory_bytes += bytes;
        }
        size
    }

    fn hash_root(&self) -> B256 {
        let mut root = Vec::new();
        if let Some(only) = self.only_shard() {
            only.encode_top(&mut root, 0);
        } else if self.live_shards().next().is_some() {
            self.encode_root(&mut root);
        } else {
            return EMPTY_ROOT;
        }
        keccak256(root)
    }

    fn live_shards(&self) -> impl Iterator<Item = (usize, &Shard)> {
        self.shards.iter().enumerate().filter(|(_, shard)| shard.reference().is_some())
    }

    /// The shard that holds everything, if one does: then the root is not a branch.
    fn only_shard(&self) -> Option<&Shard> {
        let mut live = self.live_shards();
        let (_, only) = live.next()?;
        live.next().is_none().then_some(only)
    }

    /// Writes the branch over the shards.
    fn encode_root(&self, out: &mut Vec<u8>) {
        let references = self.shards.iter().enumerate();
        encode::branch(out, references.filter_map(|(i, shard)| Some((i, shard.reference()?))));
    }
}

/// The contents of a trie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrieSize {
    /// Accounts.
    pub accounts: usize,
    /// Slots that are not zero, of all accounts.
    pub slots: usize,
    /// Bytes of memory for both.
    pub memory_bytes: usize,
}

fn shard_of(key: &B256) -> usize {
    nibbles::nibble(key, 0)
}
