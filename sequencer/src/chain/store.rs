//! The recent chain in memory, behind one lock with short critical sections.
//!
//! Blocks enter when they are sealed, become `latest` when they are durable, and may leave once they are
//! written and old enough; what they changed stays until it is in the state that Postgres has, the indexed one. Not here: who
//! decides any of that. Invariants: the blocks are consecutive; no block above the written one is ever dropped, and no
//! changes above the indexed one; `finalized ≤ safe ≤ latest ≤ newest sealed`.

mod inner;
mod places;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use alloy::primitives::{B256, map::HashMap};
use executor::BlockRules;
use parking_lot::RwLock;
use protocol::{Heads, L1FeeParams, L2BlockRef, SafetyLevel};
use state::StateDiff;

use self::{inner::Inner, places::Places};
use super::{BaseState, Body, ChainBlock, Located, PendingBlock, StateView, layer::Layer};
use crate::{builder::Covered, mempool::AdmissionState};

/// Hashes of blocks that L1 took back which are remembered, the newest.
const REMOVED_HASHES_MAX: usize = 4_096;

/// Bounds of the store.
#[derive(Debug, Clone, Copy)]
pub struct StoreLimits {
    /// Indexed blocks that stay in memory for readers.
    pub recent_blocks_max: usize,
    /// Their transactions; blocks leave earlier where they hold more.
    pub recent_transactions_max: usize,
}

/// The number of a block with what it changed.
pub(crate) type NumberedDiff = (u64, Arc<StateDiff>);

/// The recent chain.
#[derive(Debug)]
pub struct ChainStore {
    inner: RwLock<Inner>,
    base: Arc<BaseState>,
    limits: StoreLimits,
    /// The projection is as far behind as it may be.
    projection_full: AtomicBool,
}

impl ChainStore {
    /// A store whose newest block is `latest`, which is durable; `blocks` end with it and are consecutive.
    /// Postgres holds the state of block `indexed`.
    pub fn new(
        base: Arc<BaseState>,
        limits: StoreLimits,
        blocks: Vec<Arc<ChainBlock>>,
        heads: Heads,
        indexed: u64,
    ) -> Self {
        let inner = Inner {
            blocks: VecDeque::new(),
            changes: VecDeque::new(),
            by_hash: HashMap::default(),
            transactions: Places::default(),
            pending: None,
            pending_layers: Vec::new(),
            heads,
            indexed,
            written: indexed,
            version: 0,
            removed: VecDeque::new(),
        };
        let inner = RwLock::new(inner);
        let store = Self { inner, base, limits, projection_full: AtomicBool::new(false) };
        store.replace(blocks, heads, indexed, 0);
        store
    }

    /// Starts again from other blocks, after a reset; `version` is that of the pending state from here on.
    pub fn replace(&self, blocks: Vec<Arc<ChainBlock>>, heads: Heads, indexed: u64, version: u64) {
        let layers: Vec<_> = blocks.iter().map(|block| Layer::new(block.diff.clone())).collect();
        let mut inner = self.inner.write();
        inner.version = version;
        self.base.forget_hashes();
        inner.blocks.clear();
        inner.changes.clear();
        inner.pending_layers.clear();
        inner.by_hash.clear();
        inner.transactions.clear();
        inner.pending = None;
        (inner.heads, inner.indexed, inner.written) = (heads, indexed, indexed);
        for (block, layer) in blocks.into_iter().zip(layers) {
            self.base.add_hash(block.number(), block.hash);
            let bytes = raw_bytes(&block);
            inner.push(block.clone(), layer, bytes);
            inner.remember(block.number(), &block.transactions);
        }
    }

    /// These blocks were shown and are no longer part of the chain.
    pub fn remember_removed(&self, blocks: &[Arc<ChainBlock>]) {
        let mut inner = self.inner.write();
        inner.removed.extend(blocks.iter().map(|block| block.hash));
        let beyond = inner.removed.len().saturating_sub(REMOVED_HASHES_MAX);
        inner.removed.drain(..beyond);
    }

    /// Whether a hash that no block has now was that of a block which was taken back, as far as this process remembers.
    pub fn was_removed(&self, hash: &B256) -> bool {
        self.inner.read().removed.contains(hash)
    }

    /// A block was sealed. It is not `latest` before [`Self::set_latest`].
    pub fn push_sealed(&self, block: Arc<ChainBlock>) {
        self.base.add_hash(block.number(), block.hash);
        // Made before the lock is held.
        let (layer, bytes) = (Layer::new(block.diff.clone()), raw_bytes(&block));
        self.inner.write().push(block, layer, bytes);
    }

    /// The open block has another sub-block.
    pub fn set_pending(&self, pending: Arc<PendingBlock>) {
        let known = self.inner.read().pending_layers_of(&pending);
        let new = pending.diffs[known..].iter().map(|diff| Layer::new(diff.clone()));
        let new: Vec<_> = new.collect();
        let mut inner = self.inner.write();
        inner.pending_layers.truncate(known);
        inner.pending_layers.extend(new);
        inner.pending = Some(pending);
    }

    /// These transactions are durable now and may be found by hash.
    pub fn add_durable(&self, block: u64, transactions: &Body) {
        self.inner.write().remember(block, transactions);
    }

    /// All of this sealed block is durable.
    pub fn set_latest(&self, reference: L2BlockRef) -> Heads {
        let mut inner = self.inner.write();
        if let Err(error) = inner.heads.set_unsafe(reference) {
            tracing::error!(%error, block = reference.number, "unsafe head refused");
        }
        inner.heads
    }

    /// Moves safe and finalized head. Returns all heads if that changed them.
    pub fn set_safe(&self, safe: L2BlockRef, finalized: L2BlockRef) -> Option<Heads> {
        let mut inner = self.inner.write();
        let before = inner.heads;
        match Heads::new(before.unsafe_head(), safe, finalized) {
            Ok(heads) => inner.heads = heads,
            Err(error) => tracing::error!(%error, "safe head refused"),
        }
        (inner.heads != before).then_some(inner.heads)
    }

    /// Postgres holds this block now, and all before it; they may leave, by [`Self::let_go`].
    pub fn set_written(&self, number: u64) {
        self.inner.write().written = number;
    }

    /// Postgres holds the state of this block now.
    pub fn set_indexed(&self, number: u64) {
        let changes = self.inner.write().set_indexed(number);
        // Dropped after the lock.
        drop(changes);
    }

    /// Lets old blocks go that Postgres has, one after the other, so that readers come in between. Takes some milliseconds for
    /// a large block.
    pub fn let_go(&self) {
        loop {
            let left = self.inner.write().pop_old(&self.limits);
            // What has left is dropped after the lock.
            if left.is_none() {
                break;
            }
        }
    }

    /// The projection has to catch up before more is built, or has done so.
    pub fn set_projection_full(&self, is_full: bool) {
        self.projection_full.store(is_full, Ordering::Relaxed);
    }

    /// Whether no more may be built before the projection has caught up.
    pub fn is_projection_full(&self) -> bool {
        self.projection_full.load(Ordering::Relaxed)
    }

    /// The base below all states.
    pub const fn base(&self) -> &Arc<BaseState> {
        &self.base
    }

    /// All heads.
    pub fn heads(&self) -> Heads {
        self.inner.read().heads
    }

    /// The newest durable block.
    pub fn latest(&self) -> Arc<ChainBlock> {
        let inner = self.inner.read();
        let number = inner.heads.unsafe_head().number;
        let latest = inner.get(number).or(inner.blocks.back());
        latest.cloned().expect("the store begins with a block and never drops the latest")
    }

    /// The newest sealed block, durable or not.
    pub fn newest(&self) -> Arc<ChainBlock> {
        let inner = self.inner.read();
        inner
            .blocks
            .back()
            .cloned()
            .expect("the store begins with a block and never drops the last")
    }

    /// The open block, if there is one.
    pub fn pending(&self) -> Option<Arc<PendingBlock>> {
        self.inner.read().pending.clone()
    }

    /// The number of the newest block whose state Postgres holds.
    pub fn indexed(&self) -> u64 {
        self.inner.read().indexed
    }

    /// A sealed block that is held in memory, durable or not.
    pub fn sealed(&self, number: u64) -> Option<Arc<ChainBlock>> {
        self.inner.read().get(number).cloned()
    }

    /// A durable block that is held in memory.
    pub fn block(&self, number: u64) -> Option<Arc<ChainBlock>> {
        let inner = self.inner.read();
        inner.get(number).filter(|_| number <= inner.heads.unsafe_head().number).cloned()
    }

    /// The same by hash.
    pub fn block_by_hash(&self, hash: &B256) -> Option<Arc<ChainBlock>> {
        let number = *self.inner.read().by_hash.get(hash)?;
        self.block(number).filter(|block| block.hash == *hash)
    }

    /// A durable transaction that is held in memory.
    pub fn transaction(&self, hash: &B256) -> Option<Located> {
        let inner = self.inner.read();
        let (number, included) = inner.durable(hash)?;
        if let Some(block) = inner.get(number) {
            let shown = number <= inner.heads.unsafe_head().number;
            return Some(Located {
                included,
                block_number: number,
                timestamp: block.header.timestamp,
                base_fee: block.header.base_fee_per_gas.unwrap_or_default(),
                opening: block.opening,
                rules: block.rules(),
                block_hash: shown.then_some(block.hash),
            });
        }
        let open = inner.pending.as_ref().filter(|open| open.opening.number == number)?;
        Some(Located {
            included,
            block_number: number,
            timestamp: open.opening.timestamp,
            base_fee: open.base_fee,
            opening: open.opening,
            rules: BlockRules::Rollup,
            block_hash: None,
        })
    }

    /// Whether a transaction was executed in a block that is not durable as a whole yet.
    pub fn is_executed(&self, hash: &B256) -> bool {
        let inner = self.inner.read();
        let latest = inner.heads.unsafe_head().number;
        let sealed = inner.blocks.iter().rev().take_while(|block| block.number() > latest);
        let sealed = sealed.flat_map(|block| block.transactions.iter());
        let open = inner.pending.iter().flat_map(|open| open.transactions.iter());
        sealed.chain(open).any(|included| included.hash == *hash)
    }

    /// The state after a block that is in memory, and that Postgres has not gone past or is about to.
    pub fn state_after(&self, number: u64) -> Option<StateView> {
        let inner = self.inner.read();
        if number < self.base.newest_possible() {
            return None;
        }
        Some(self.view(number, inner.layers_of(number)?))
    }

    /// The state inside the open block; after the newest sealed block where none is open.
    pub fn pending_state(&self) -> StateView {
        let inner = self.inner.read();
        let newest = inner.blocks.back().map_or(0, |block| block.number());
        let mut layers: Vec<Layer> = Vec::new();
        if inner.pending.as_ref().is_some_and(|open| open.opening.number == newest + 1) {
            layers.extend(inner.pending_layers.iter().rev().cloned());
        }
        layers.extend(inner.layers_of(newest).unwrap_or_default());
        self.view(newest, layers)
    }

    /// What is known to have changed after a block, or after the indexed block where that is newer; the index has that
    /// block's undo diff, and those before it.
    pub(super) fn changes_above(&self, number: u64) -> Option<ChangesAbove> {
        let inner = self.inner.read();
        let newest = inner.blocks.back()?.number();
        // Where Postgres is on its way to a newer block, no older state can be read.
        let floor = std::cmp::max(inner.indexed, self.base.newest_possible());
        let floor = std::cmp::max(number, floor);
        let state = self.view(floor, inner.layers_of(floor)?);
        let sealed = inner.changes_between(floor, newest)?;
        let mut diffs: Vec<_> = sealed.iter().map(|of| of.layer.diff().clone()).collect();
        let open = inner.pending.as_ref().filter(|open| open.opening.number == newest + 1);
        let open = open.map_or(&[][..], |open| &open.diffs[..]);
        diffs.extend(open.iter().cloned());
        Some(ChangesAbove {
            state,
            diffs,
            covered: Covered { sealed: newest, sub_blocks: open.len() },
        })
    }

    /// What each block after `from` up to `to` changed, in order, and the hash of the last of them; `None` where not all of it
    /// is in memory.
    pub(crate) fn diffs_between(&self, from: u64, to: u64) -> Option<(Vec<NumberedDiff>, B256)> {
        let inner = self.inner.read();
        let changes = inner.changes_between(from, to)?;
        let hash = changes.last()?.hash;
        Some((changes.iter().map(|of| (of.number, of.layer.diff().clone())).collect(), hash))
    }

    /// What admission takes from the open block.
    pub fn admission_state(&self) -> AdmissionState {
        let inner = self.inner.read();
        let newest = inner.blocks.back();
        let (opening, gas_limit, version) = match (&inner.pending, newest) {
            (Some(open), _) => (open.opening, open.gas_limit, open.version),
            (None, Some(block)) => (block.opening, block.header.gas_limit, inner.version),
            (None, None) => Default::default(),
        };
        AdmissionState { gas_limit, l1_fees: L1FeeParams::from_opening(&opening), version }
    }

    /// How far blocks are ahead of the index: blocks, and bytes of their user transactions.
    pub fn index_lag(&self) -> (u64, usize) {
        let inner = self.inner.read();
        inner.changes.iter().fold((0, 0), |(blocks, bytes), of| (blocks + 1, bytes + of.bytes))
    }

    /// The block numbers in memory that readers may see.
    pub fn recent(&self) -> std::ops::RangeInclusive<u64> {
        let inner = self.inner.read();
        let first = inner.blocks.front().map_or(0, |block| block.number());
        first..=inner.heads.head(SafetyLevel::Unsafe).number
    }

    fn view(&self, number: u64, layers: Vec<Layer>) -> StateView {
        StateView::new(self.base.clone(), number, layers)
    }
}

/// Bytes of the user transactions of a block.
fn raw_bytes(block: &ChainBlock) -> usize {
    block.raw.iter().map(|raw| raw.len()).sum()
}

/// The state after a block, and everything that changed since, in order.
#[derive(Debug)]
pub(super) struct ChangesAbove {
    pub(super) state: StateView,
    pub(super) diffs: Vec<Arc<StateDiff>>,
    /// How far the diffs go.
    pub(super) covered: Covered,
}

#[cfg(test)]
mod tests;
