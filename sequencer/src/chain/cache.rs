//! Older blocks and transactions that were read from Postgres, kept for the next who asks, within a number of bytes.
//!
//! An indexed block does not change but by being taken back. Invariant: what is kept was read within one [`Round`], and is
//! found in that round alone. That a block is not there is never kept.

use std::{mem::size_of, sync::Arc};

use alloy::{
    consensus::{Transaction as _, TxReceipt as _},
    primitives::{B256, Log},
};
use db::Database;
use quick_cache::{Weighter, sync::Cache};
use state::{AccountDiff, StateDiff};

use super::{ChainBlock, Included, Located};

/// What an entry takes besides its block or transaction.
const ENTRY_BYTES: usize = 200;
/// A usual entry, for a first guess of how many entries there will be.
const ENTRY_BYTES_USUAL: u64 = 8 << 10;
/// Parts with a lock each. What is larger than a part is not kept, so they are few.
const SHARDS: usize = 4;

/// What was read.
#[derive(Debug)]
pub(super) struct BlockCache {
    database: Database,
    kept: Cache<(u64, Key), Kept, Bytewise>,
}

/// A time in which no block is taken back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    cache: &'a BlockCache,
    /// `None`: blocks are just being taken back; nothing is found or kept.
    number: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Block(u64),
    BlockHash(B256),
    Transaction(B256),
}

#[derive(Debug, Clone)]
enum Kept {
    Block(Arc<ChainBlock>),
    Number(u64),
    Transaction(Arc<Located>),
}

/// The bytes of an entry.
#[derive(Debug, Clone, Copy)]
struct Bytewise;

impl Weighter<(u64, Key), Kept> for Bytewise {
    fn weight(&self, _: &(u64, Key), kept: &Kept) -> u64 {
        let bytes = match kept {
            Kept::Block(block) => block_bytes(block),
            Kept::Number(_) => 0,
            Kept::Transaction(located) => size_of::<Located>() + included_bytes(&located.included),
        };
        (ENTRY_BYTES + bytes) as u64
    }
}

impl BlockCache {
    /// For what is read from `database`.
    pub(super) fn new(database: Database, bytes_max: u64) -> Self {
        let entries = usize::try_from(bytes_max / ENTRY_BYTES_USUAL).unwrap_or(usize::MAX);
        let mut options = quick_cache::OptionsBuilder::new();
        options.shards(SHARDS).estimated_items_capacity(entries).weight_capacity(bytes_max);
        let options = options.build().expect("both capacities are given");
        let kept = Cache::with_options(options, Bytewise, Default::default(), Default::default());
        Self { database, kept }
    }

    /// The time from now on. What is read after this call may be kept in it.
    pub(super) fn round(&self) -> Round<'_> {
        Round { cache: self, number: self.database.unwinds() }
    }
}

impl Round<'_> {
    /// A block.
    pub(super) fn block(&self, number: u64) -> Option<Arc<ChainBlock>> {
        match self.get(Key::Block(number))? {
            Kept::Block(block) => Some(block),
            _ => None,
        }
    }

    /// The number of a block.
    pub(super) fn number(&self, hash: B256) -> Option<u64> {
        match self.get(Key::BlockHash(hash))? {
            Kept::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A transaction.
    pub(super) fn transaction(&self, hash: B256) -> Option<Located> {
        match self.get(Key::Transaction(hash))? {
            Kept::Transaction(located) => Some(Located::clone(&located)),
            _ => None,
        }
    }

    /// Keeps a block that was read in this round, unless that is over.
    pub(super) fn keep_block(&self, block: &Arc<ChainBlock>) {
        self.keep(Key::Block(block.number()), Kept::Block(block.clone()));
        self.keep(Key::BlockHash(block.hash), Kept::Number(block.number()));
    }

    /// The same with a transaction.
    pub(super) fn keep_transaction(&self, located: &Located) {
        let kept = Kept::Transaction(Arc::new(located.clone()));
        self.keep(Key::Transaction(located.included.hash), kept);
    }

    fn get(&self, key: Key) -> Option<Kept> {
        self.cache.kept.get(&(self.number?, key))
    }

    fn keep(&self, key: Key, kept: Kept) {
        if let Some(number) = self.number.filter(|_| self.cache.database.unwinds() == self.number) {
            self.cache.kept.insert((number, key), kept);
        }
    }
}

/// The bytes of a block in memory, about.
fn block_bytes(block: &ChainBlock) -> usize {
    let transactions = block.transactions.iter().map(included_bytes);
    let raw = block.raw.iter().map(|raw| raw.len());
    size_of::<ChainBlock>()
        + transactions.chain(raw).sum::<usize>()
        + diff_bytes(&block.diff)
        + block.access_list.get().map_or(0, |list| list.len())
}

fn included_bytes(included: &Included) -> usize {
    let logs = included.outcome.receipt.logs().iter();
    let logs = logs.map(|log| size_of::<Log>() + size_of_val(log.topics()) + log.data.data.len());
    let access_list = included.transaction.access_list().map_or(0, |list| list.size());
    size_of::<Included>() + included.transaction.input().len() + access_list + logs.sum::<usize>()
}

fn diff_bytes(diff: &StateDiff) -> usize {
    /// A slot with its value, and its part of a node of the map.
    const SLOT_BYTES: usize = 80;
    let accounts = diff.accounts.values();
    accounts
        .map(|change| size_of::<AccountDiff>() + change.storage.len() * SLOT_BYTES)
        .sum::<usize>()
        + diff.codes.values().map(|code| code.len()).sum::<usize>()
}

#[cfg(test)]
mod tests;
