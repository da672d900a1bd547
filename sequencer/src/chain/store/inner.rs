//! What the lock of the store guards, and what each of its parts says of the others.
//!
//! Invariants: the blocks are consecutive, and each has its layer in the same place.

use std::{collections::VecDeque, sync::Arc};

use alloy::primitives::{B256, map::HashMap};
use protocol::Heads;

use crate::chain::{Body, ChainBlock, IncludedRef, PendingBlock, layer::Layer};

#[derive(Debug)]
pub(super) struct Inner {
    /// Consecutive; the first may be long indexed.
    pub(super) blocks: VecDeque<Arc<ChainBlock>>,
    /// What each of them changed.
    pub(super) layers: VecDeque<Layer>,
    pub(super) by_hash: HashMap<B256, u64>,
    /// Durable transactions of the blocks above, and of the open block.
    pub(super) transactions: HashMap<B256, (u64, IncludedRef)>,
    pub(super) pending: Option<Arc<PendingBlock>>,
    /// What each of its sub-blocks changed.
    pub(super) pending_layers: Vec<Layer>,
    pub(super) heads: Heads,
    pub(super) indexed: u64,
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

    pub(super) fn push(&mut self, block: Arc<ChainBlock>, layer: Layer) {
        if let Some(last) = self.blocks.back() {
            assert_eq!(last.number() + 1, block.number(), "blocks are consecutive");
            assert_eq!(last.hash, block.header.parent_hash, "each block is the child of the last");
        }
        self.by_hash.insert(block.hash, block.number());
        self.blocks.push_back(block);
        self.layers.push_back(layer);
    }

    /// Lets these transactions be found by hash.
    pub(super) fn remember(&mut self, block: u64, transactions: &Body) {
        self.transactions.reserve(transactions.len());
        for included in transactions.iter_shared() {
            self.transactions.insert(included.hash, (block, included));
        }
    }

    pub(super) fn pop_front(&mut self) {
        let Some(block) = self.blocks.pop_front() else { return };
        self.layers.pop_front();
        self.by_hash.remove(&block.hash);
        for included in &block.transactions {
            self.transactions.remove(&included.hash);
        }
    }

    pub(super) fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.blocks.front()?.number())?).ok()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Arc<ChainBlock>> {
        self.blocks.get(self.place(number)?)
    }

    /// Diffs from block `number` down to the first that Postgres does not have, newest first.
    pub(super) fn layers_of(&self, number: u64) -> Option<Vec<Layer>> {
        if number < self.indexed {
            return None;
        }
        self.get(number)?;
        let layers = (self.indexed + 1..=number).rev();
        layers.map(|number| self.layers.get(self.place(number)?).cloned()).collect()
    }
}
