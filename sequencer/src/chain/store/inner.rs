//! What the lock of the store guards, and what each of its parts says of the others.
//!
//! Invariants: the blocks are consecutive, and so are the changes, which are those of all blocks after the indexed one. A block
//! may leave once it is written, its changes once they are in the state that Postgres has.

use std::{collections::VecDeque, sync::Arc};

use alloy::primitives::{B256, map::HashMap};
use protocol::Heads;

use super::{
    StoreLimits,
    places::{Place, Places},
};
use crate::chain::{Body, ChainBlock, Included, IncludedRef, PendingBlock, layer::Layer};

/// Where a transaction of a block is. A block has far fewer than 2^32.
fn place(block: u64, included: &Included) -> Place {
    Place { block, index: u32::try_from(included.index).unwrap_or(u32::MAX) }
}

/// What a block changed.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) number: u64,
    pub(super) hash: B256,
    /// Bytes of its user transactions: the builder asks at every sub-block.
    pub(super) bytes: usize,
    pub(super) layer: Layer,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// Consecutive; the first may be long indexed.
    pub(super) blocks: VecDeque<Arc<ChainBlock>>,
    /// Of the blocks whose changes are not in the state that Postgres has.
    pub(super) changes: VecDeque<Changes>,
    pub(super) by_hash: HashMap<B256, u64>,
    /// Durable transactions of the blocks above, and of the open block.
    pub(super) transactions: Places,
    pub(super) pending: Option<Arc<PendingBlock>>,
    /// What each of its sub-blocks changed.
    pub(super) pending_layers: Vec<Layer>,
    pub(super) heads: Heads,
    /// Postgres has the state after this block.
    pub(super) indexed: u64,
    /// Postgres has this block and all before it.
    pub(super) written: u64,
    /// Version of the pending state while no block is open.
    pub(super) version: u64,
    /// Blocks that were shown once and are no longer part of the chain, oldest first.
    pub(super) removed: VecDeque<B256>,
}

impl Inner {
    /// How many layers of the open block are those of this one too, which is the same block further on, or another one.
    pub(super) fn pending_layers_of(&self, open: &PendingBlock) -> usize {
        let same = self.pending_layers.iter().zip(&open.diffs);
        same.take_while(|(layer, diff)| Arc::ptr_eq(layer.diff(), diff)).count()
    }

    pub(super) fn push(&mut self, block: Arc<ChainBlock>, layer: Layer, bytes: usize) {
        if let Some(last) = self.blocks.back() {
            assert_eq!(last.number() + 1, block.number(), "blocks are consecutive");
            assert_eq!(last.hash, block.header.parent_hash, "each block is the child of the last");
        }
        let (number, hash) = (block.number(), block.hash);
        self.by_hash.insert(hash, number);
        self.blocks.push_back(block);
        if number > self.indexed {
            self.changes.push_back(Changes { number, hash, bytes, layer });
        }
    }

    /// Lets these transactions be found by hash.
    pub(super) fn remember(&mut self, block: u64, transactions: &Body) {
        self.transactions.reserve(transactions.len());
        for included in transactions {
            self.transactions.insert(&included.hash, place(block, included));
        }
    }

    /// The transaction with this hash and the number of its block, if it is durable.
    pub(super) fn durable(&self, hash: &B256) -> Option<(u64, IncludedRef)> {
        self.transactions.of(hash).find_map(|Place { block, index }| {
            let open = || self.pending.as_ref().filter(|open| open.opening.number == block);
            let body = match self.get(block) {
                Some(sealed) => &sealed.transactions,
                None => &open()?.transactions,
            };
            let included = body.share(index as usize)?;
            (included.hash == *hash).then_some((block, included))
        })
    }

    /// Postgres holds the state of this block now. What comes back is no longer needed.
    #[must_use]
    pub(super) fn set_indexed(&mut self, number: u64) -> Vec<Changes> {
        self.indexed = number;
        let indexed = self.changes.iter().take_while(|of| of.number <= number).count();
        self.changes.drain(..indexed).collect()
    }

    /// Takes the first block out, if Postgres has it and there are more than readers are promised.
    pub(super) fn pop_old(&mut self, limits: &StoreLimits) -> Option<Arc<ChainBlock>> {
        let newest = std::cmp::min(self.written, self.heads.unsafe_head().number);
        let over = self.blocks.len() > limits.recent_blocks_max
            || self.transactions.len() > limits.recent_transactions_max;
        let block = self.blocks.pop_front_if(|first| over && first.number() < newest)?;
        self.by_hash.remove(&block.hash);
        for included in &block.transactions {
            self.transactions.remove(&included.hash, place(block.number(), included));
        }
        Some(block)
    }

    pub(super) fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.blocks.front()?.number())?).ok()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Arc<ChainBlock>> {
        self.blocks.get(self.place(number)?)
    }

    /// What the blocks after `from` up to `to` changed, in order; `None` where not all of it is here.
    pub(super) fn changes_between(&self, from: u64, to: u64) -> Option<Vec<&Changes>> {
        let changes = self.changes.iter().skip_while(|of| of.number <= from);
        let changes: Vec<_> = changes.take_while(|of| of.number <= to).collect();
        (changes.len() as u64 == to.saturating_sub(from)).then_some(changes)
    }

    /// Diffs from block `number` down to the first that Postgres does not have, newest first.
    pub(super) fn layers_of(&self, number: u64) -> Option<Vec<Layer>> {
        let newest = self.blocks.back()?.number();
        if !(self.indexed..=newest).contains(&number) {
            return None;
        }
        let changes = self.changes_between(self.indexed, number)?;
        Some(changes.iter().rev().map(|of| of.layer.clone()).collect())
    }
}
