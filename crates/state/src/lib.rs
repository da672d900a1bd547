//! State: accounts, the diffs between states, the readers above them, and the trie that gives a state its root.
//!
//! Nothing here does I/O, reads a clock or starts a task; the stores behind [`StateReader`] live in adapters.
//! Without `std` there is no [`ReadCache`] and the trie works on one thread, with the same results.
//!
//! ```
//! use alloy_primitives::{Address, U256};
//! use state::{Account, AccountDiff, EMPTY_ROOT, MemoryState, Overlay, StateDiff, StateReader, StateTrie};
//!
//! let rich = Account { balance: U256::from(7), ..Account::default() };
//! let change = AccountDiff { account: Some(rich), ..AccountDiff::default() };
//! let diff = StateDiff { accounts: [(Address::ZERO, change)].into(), ..StateDiff::default() };
//!
//! let before = MemoryState::new();
//! let mut state = Overlay::new(&before);
//! state.apply(&diff);
//! assert_eq!(state.account(&Address::ZERO)?, Some(rich));
//!
//! let mut trie = StateTrie::new();
//! assert_ne!(trie.apply(&diff), EMPTY_ROOT);
//! assert_eq!(trie.apply(&diff.undo(&before)?), EMPTY_ROOT);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod partial;
mod reader;
mod trie;

pub use account::Account;
#[cfg(feature = "std")]
pub use cache::{CacheLimits, CacheStats, ReadCache};
pub use diff::{AccountDiff, DiffDecodeError, PackedDiff, StateDiff, UndoError};
pub use memory::{MemoryState, MemoryStateError};
pub use overlay::{Mark, Overlay};
pub use partial::{ByHash, PartialError, PartialState};
pub use reader::{PrecompileFailed, PrecompileResult, StateReader};
pub use trie::{
    AccountProof, EMPTY_ROOT, Reads, SlotWalk, StateTrie, StateTrieBuilder, StorageProof, TrieSize,
    WalkError,
};
