//! Roots and proofs of the state after any recent block, and of what a simulation makes of it.
//!
//! There is one trie, on the root thread, and it is ahead of whatever is asked about. So every question comes with the way
//! back from there as a diff, and the trie answers as if that were applied (`state::StateTrie::root_with`). The way back
//! is made of undo diffs below the indexed block and of old values above it.
//!
//! Invariant: an answer is given only if the way back covers everything that the trie has applied.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::{Address, B256, Bytes, U256};
use db::Index;
use parking_lot::Mutex;
use state::{AccountProof, Reads, StateDiff, StateTrie, UndoError};
use tokio::runtime::Handle;

use super::{ChainStore, ReadError};
use crate::builder::{Covered, RootHandle};

/// How far back the state may be that is asked about, in blocks.
pub const OUTLOOK_BLOCKS_MAX: u64 = 1_024;
/// Accounts and slots that may differ from the trie's: what one question may cost the root thread.
pub const OUTLOOK_CHANGES_MAX: usize = 16_384;
/// How often the way back is looked for again because the chain went on meanwhile.
const ATTEMPTS_MAX: usize = 64;

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OutlookError {
    /// Something could not be read.
    #[error("cannot find the way back")]
    Read(#[source] ReadError),
    /// More differs than may.
    #[error("more than {OUTLOOK_CHANGES_MAX} accounts and slots differ, or the block is too old")]
    TooLarge,
    /// The chain moves on faster than it is looked at.
    #[error("the chain moved on {ATTEMPTS_MAX} times")]
    Busy,
    /// The thread with the trie has ended.
    #[error("the state root thread has ended")]
    Gone,
}

/// The trie as it was after one block. Asking it may block the thread: never on the async runtime.
#[derive(Debug)]
pub struct StateOutlook {
    store: Arc<ChainStore>,
    index: Index,
    root: RootHandle,
    runtime: Handle,
    number: u64,
    way: Mutex<Option<Arc<WayBack>>>,
}

/// How the state after the block differs from all that is known of the chain after it.
#[derive(Debug)]
struct WayBack {
    back: StateDiff,
    covered: Covered,
    resets: u64,
}

impl StateOutlook {
    pub(super) fn new(store: Arc<ChainStore>, index: Index, root: RootHandle, number: u64) -> Self {
        let runtime = Handle::current();
        Self { store, index, root, runtime, number, way: Mutex::new(None) }
    }

    /// The root of the block's state after a diff.
    ///
    /// # Errors
    /// When too much differs, or something cannot be read.
    pub fn root_with(&self, diff: &StateDiff) -> Result<B256, OutlookError> {
        self.ask(diff, |trie, diff| trie.root_with(diff))
    }

    /// Proves an account and slots of it in the block's state.
    ///
    /// # Errors
    /// When too much differs, or something cannot be read.
    pub fn proof(&self, address: Address, slots: &[U256]) -> Result<AccountProof, OutlookError> {
        let slots = slots.to_vec();
        self.ask(&StateDiff::default(), move |trie, diff| trie.proof_with(diff, &address, &slots))
    }

    /// The nodes of the block's state that it takes to read `reads`, to apply `next` and to find the root.
    ///
    /// # Errors
    /// When too much differs, or something cannot be read.
    pub fn witness(
        &self,
        reads: Reads,
        next: Arc<StateDiff>,
    ) -> Result<BTreeSet<Bytes>, OutlookError> {
        let reads = Arc::new(reads);
        self.ask(&StateDiff::default(), move |trie, diff| trie.witness_with(diff, &reads, &next))
    }

    fn ask<T, F>(&self, diff: &StateDiff, question: F) -> Result<T, OutlookError>
    where
        T: Send + 'static,
        F: Fn(&StateTrie, &StateDiff) -> T + Clone + Send + 'static,
    {
        for _ in 0..ATTEMPTS_MAX {
            let way = self.way()?;
            let mut all = way.back.clone();
            all.merge(diff);
            if changes(&all) > OUTLOOK_CHANGES_MAX {
                return Err(OutlookError::TooLarge);
            }
            let question = question.clone();
            let asked = self.root.ask(way.covered, move |trie| question(trie, &all));
            match asked.map_err(|_| OutlookError::Gone)? {
                Some(answer) if self.store.base().resets() == way.resets => return Ok(answer),
                _ => *self.way.lock() = None,
            }
            std::thread::yield_now();
        }
        Err(OutlookError::Busy)
    }

    fn way(&self) -> Result<Arc<WayBack>, OutlookError> {
        if let Some(way) = &*self.way.lock() {
            return Ok(way.clone());
        }
        for _ in 0..ATTEMPTS_MAX {
            match self.find_way() {
                Err(OutlookError::Read(ReadError::Passed { .. })) => {}
                found => {
                    let way = Arc::new(found?);
                    *self.way.lock() = Some(way.clone());
                    return Ok(way);
                }
            }
        }
        Err(OutlookError::Busy)
    }

    fn find_way(&self) -> Result<WayBack, OutlookError> {
        let resets = self.store.base().resets();
        let above = self.store.changes_above(self.number);
        let above =
            above.ok_or(OutlookError::Read(ReadError::BlockUnknown { number: self.number }))?;
        let mut merged = StateDiff::default();
        above.diffs.iter().for_each(|diff| merged.merge(diff));
        let mut back = merged.undo(&above.state).map_err(|error| match error {
            UndoError::Read(source) => OutlookError::Read(source),
            // No rule that holds since Cancun clears such an account.
            UndoError::StorageUnknown { .. } => OutlookError::TooLarge,
        })?;
        let floor = above.state.number();
        if self.number < floor {
            if floor - self.number > OUTLOOK_BLOCKS_MAX {
                return Err(OutlookError::TooLarge);
            }
            let undo = self.runtime.block_on(self.index.undo_between(self.number, floor));
            let failed = ReadError::index("the way back to a block");
            back.merge(&undo.map_err(|error| OutlookError::Read(failed(error)))?);
        }
        Ok(WayBack { back, covered: above.covered, resets })
    }
}

fn changes(diff: &StateDiff) -> usize {
    diff.accounts.values().map(|change| 1 + change.storage.len()).sum()
}
