//! State: accounts, the diffs between states, the readers above them, and the trie that gives a state its root.
//!
//! Nothing here does I/O, reads a clock or starts a task; the stores behind [`StateReader`] live in adapters.
//! Without `std` there is no [`ReadCache`] and the trie works on one thread, with the same results.
//!
//! Invariant: a state reached by diffs has the root that a trie built from its accounts and slots has.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod account;
#[cfg(feature = "std")]
mod cache;
mod diff;
mod keccak;
mod memory;
mod overlay;
mod reader;
mod trie;

pub use account::Account;
#[cfg(feature = "std")]
pub use cache::{BatchReader, CacheLimits, CacheStats, ReadCache};
pub use diff::{AccountDiff, DiffDecodeError, StateDiff, UndoError};
pub use memory::{MemoryState, MemoryStateError};
pub use overlay::{Mark, Overlay};
pub use reader::StateReader;
pub use trie::{AccountProof, EMPTY_ROOT, StateTrie, StateTrieBuilder, StorageProof, TrieSize};
