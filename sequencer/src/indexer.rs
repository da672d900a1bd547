//! Writes sealed, durable blocks to the index, behind the chain: the truth per block, then the current state.
//!
//! It runs behind; when it falls too far behind, the builder waits for it (`StoreLimits`, `BuilderConfig`). The current
//! state is kept a few blocks behind the newest, so that a reader's view of `latest` stays good for that long.
//! Not here: the projection, which follows by itself. Invariant: blocks are written in order, each once; before
//! the current state moves, readers of older states are told.

use std::{sync::Arc, time::Duration};

use alloy::{eips::Encodable2718, primitives::B256};
use db::{
    BlockParts, Classify, CurrentState, Fence, Index, IndexError, IndexedReceipt, PackedBlock,
    Severity, StateStep, WithdrawalNodes,
};
use executor::ChainSpec;
use service::{Backoff, error_chain};
use state::PackedDiff;
use tokio::{sync::mpsc, time::Instant};

#[cfg(test)]
use crate::check::Difference;
use crate::{
    SequencerError,
    builder::BlockEngine,
    chain::{ChainBlock, ChainStore, Included},
    check::{CheckPace, Checked, check},
    follower::BuilderControl,
    metrics,
    publisher::{Published, Publisher},
};

/// Blocks that the current state stays behind the newest.
const STATE_LAG_BLOCKS: u64 = 4;
/// Blocks by which the current state moves at least: what changes in several of them is written once.
const STATE_STEP_BLOCKS: u64 = 8;

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// The check that a block must pass before it is written, and what happens when it does not.
#[derive(Debug)]
pub(crate) struct SerialCheck {
    /// The chain's rules.
    pub(crate) spec: ChainSpec,
    /// What has executed the block, and is not believed any more after a difference.
    pub(crate) engine: Arc<BlockEngine>,
    /// Who builds the block again.
    pub(crate) builder: BuilderControl,
    /// Which blocks it looks at.
    pub(crate) pace: CheckPace,
    /// Who is told of the access lists that it writes; `None`: it writes none.
    pub(crate) lists: Option<Arc<Publisher>>,
    /// A block that is to be found different once.
    #[cfg(test)]
    pub(crate) doubted: Option<u64>,
}

/// The task that writes the index.
#[derive(Debug)]
pub(crate) struct Indexer {
    /// The first tier.
    pub(crate) index: Index,
    /// The state tables.
    pub(crate) current: CurrentState,
    /// The right to write.
    pub(crate) fence: Fence,
    /// The chain in memory.
    pub(crate) store: Arc<ChainStore>,
    /// Looks at each block before it is written; `None`: nobody does.
    pub(crate) check: Option<SerialCheck>,
    /// Where its health is shown.
    pub(crate) health: service::Component,
}

impl Indexer {
    /// Works until the queue is closed and empty.
    ///
    /// # Errors
    /// When this process may not write any more, or the index contradicts it.
    pub(crate) async fn run(
        mut self,
        mut blocks: mpsc::Receiver<Arc<ChainBlock>>,
    ) -> Result<(), SequencerError> {
        self.health.up("nothing written yet");
        while let Some(block) = blocks.recv().await {
            if !self.passes(&block).await? {
                // The session ends: this block and those behind it are taken back.
                return Ok(());
            }
            // The check has a time of its own.
            let started = Instant::now();
            let packed = self.pack(block.clone()).await?;
            self.write(&packed, &block.kept).await?;
            self.store.set_written(block.number());
            self.advance_state(block.number()).await?;
            metrics::indexed(started.elapsed());
            self.health.up(format!("block {}", block.number()));
        }
        Ok(())
    }

    /// Whether a block is what serial execution makes of it. If not, it is built again, serially.
    async fn passes(&mut self, block: &Arc<ChainBlock>) -> Result<bool, SequencerError> {
        let Some(checking) = &mut self.check else { return Ok(true) };
        #[cfg(test)]
        let doubted = checking.doubted;
        let SerialCheck { spec, engine, builder, pace, lists, .. } = checking;
        if !pace.takes(block.transactions.len(), Instant::now().into_std()) {
            metrics::unchecked(block.transactions.len());
            return Ok(true);
        }
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        let Checked { difference, access_list } = loop {
            let (spec, store, checked) = (*spec, self.store.clone(), block.clone());
            let lists = lists.is_some();
            let check = move || check(&spec, &store, &checked, lists);
            match tokio::task::spawn_blocking(check).await {
                Ok(Ok(checked)) => break checked,
                Ok(Err(error)) => {
                    let (block, error) = (block.number(), error_chain(&error));
                    tracing::warn!(block, error, "cannot execute a block again, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(_) => return Err(SequencerError::Lost { what: "check of a block" }),
            }
        };
        // Serial execution is beyond doubt.
        #[cfg(test)]
        let difference = difference.or_else(|| {
            let is_doubted = doubted == Some(block.number()) && engine.is_trusted();
            is_doubted.then_some(Difference::State { address: None })
        });
        let Some(difference) = difference else {
            if let (Some(list), Some(publisher)) = (access_list, lists) {
                let list = alloy::rlp::encode(&list);
                metrics::access_list(list.len());
                // A block that was queued again after a reset has the same one.
                block.access_list.get_or_init(|| list.into());
                publisher.send(Published::AccessList(block.clone()));
            }
            return Ok(true);
        };
        metrics::check_differed();
        engine.distrust();
        let number = block.number();
        tracing::error!(number, %difference, "a block differs from its serial execution");
        self.health.down("a block differs from its serial execution and is built again");
        let cause = format!("block {number} differs from its serial execution: {difference}");
        builder.rebuild(number.saturating_sub(1), cause).await?;
        Ok(false)
    }

    /// Packs a block on a blocking thread: the way back reads the state before it.
    async fn pack(&self, block: Arc<ChainBlock>) -> Result<PackedBlock, SequencerError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            let (store, packing) = (self.store.clone(), block.clone());
            let packing = move || {
                store.let_go();
                pack(&store, &packing)
            };
            let packed = tokio::task::spawn_blocking(packing).await;
            match packed {
                Ok(Ok(packed)) => return Ok(packed),
                Ok(Err(PackError::Inconsistent(error))) => {
                    return Err(SequencerError::Index(error));
                }
                Ok(Err(error)) => {
                    metrics::index_failed();
                    tracing::warn!(
                        block = block.number(),
                        error = %error_chain(&error),
                        "cannot read the state before a block, trying again"
                    );
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(_) => return Err(SequencerError::Lost { what: "index packing" }),
            }
        }
    }

    async fn write(
        &self,
        packed: &PackedBlock,
        kept: &WithdrawalNodes,
    ) -> Result<(), SequencerError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.index.write(self.fence, packed, kept).await {
                Ok(_) => return Ok(()),
                Err(error) if error.severity() == Severity::Temporary => {
                    self.failed(packed.number(), &error);
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(error) => return Err(SequencerError::Index(error)),
            }
        }
    }

    /// Moves the current state up to a few blocks behind `newest`.
    async fn advance_state(&self, newest: u64) -> Result<(), SequencerError> {
        let target = newest.saturating_sub(STATE_LAG_BLOCKS);
        let from = self.store.indexed();
        if target.saturating_sub(from) < STATE_STEP_BLOCKS {
            return Ok(());
        }
        let (step, hash) = self.step(from, target).await?;
        self.store.base().begin_move(target);
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.current.advance_by(&step, hash).await {
                Ok(()) => break,
                Err(error) if error.severity() == Severity::Temporary => {
                    self.failed(target, &error);
                    tokio::time::sleep(backoff.pause()).await;
                }
                Err(error) => return Err(SequencerError::Index(error)),
            }
        }
        let store = self.store.clone();
        let taking = move || {
            store.base().apply(step.merged());
            store.set_indexed(target);
        };
        let taken = tokio::task::spawn_blocking(taking).await;
        taken.map_err(|_| SequencerError::Lost { what: "a step of the state" })
    }

    /// What the blocks after `from` up to `to` changed, and the hash of the last of them.
    async fn step(&self, from: u64, to: u64) -> Result<(StateStep, B256), SequencerError> {
        let lost = SequencerError::Lost { what: "a step of the state" };
        let Some((diffs, hash)) = self.store.diffs_between(from, to) else { return Err(lost) };
        let merging = move || StateStep::new(diffs.iter().map(|(number, diff)| (*number, &**diff)));
        let step = tokio::task::spawn_blocking(merging).await.ok().flatten();
        step.map(|step| (step, hash)).ok_or(lost)
    }

    fn failed(&self, number: u64, error: &IndexError) {
        metrics::index_failed();
        self.health.down("Postgres does not take the index");
        let error = error_chain(error);
        tracing::warn!(block = number, %error, "index write failed, trying again");
    }
}

/// The rows of a block, with the way back to the state before it.
fn pack(store: &ChainStore, block: &ChainBlock) -> Result<PackedBlock, PackError> {
    let number = block.number();
    let before =
        store.state_after(number.saturating_sub(1)).ok_or(PackError::Unknown { number })?;
    let undo = PackedDiff::undo(&block.diff, &before)
        .map_err(|source| PackError::Undo { number, source })?;
    packed(block, undo).map_err(PackError::Inconsistent)
}

/// The rows of a block whose way back is known.
pub(crate) fn packed(block: &ChainBlock, undo: PackedDiff) -> Result<PackedBlock, IndexError> {
    let deposits = block.transactions.len() - block.raw.len();
    let own = block.transactions.iter().take(deposits);
    let own: Vec<_> = own.map(|included| included.transaction.encoded_2718().into()).collect();
    let mut rest = &block.raw[..];
    let journaled = block.sub_block_lengths.iter().map(|length| {
        let (row, after) = rest.split_at(std::cmp::min(*length, rest.len()));
        rest = after;
        row
    });
    PackedBlock::new(BlockParts {
        header: &block.header,
        hash: block.hash,
        own: &own,
        journaled: journaled.collect(),
        receipts: block.transactions.iter().map(|tx| (tx.hash, indexed_receipt(tx))),
        diff: &block.diff,
        undo,
        access_list: block.access_list.get(),
    })
}

/// A receipt as the index keeps it.
pub(crate) fn indexed_receipt(included: &Included) -> IndexedReceipt {
    let outcome = &included.outcome;
    IndexedReceipt {
        receipt: outcome.receipt.clone(),
        sender: included.sender,
        created: outcome.created,
        gas_used: outcome.gas_used,
        effective_gas_price: outcome.effective_gas_price,
        l1_fee: outcome.l1_fee,
        operator_fee: outcome.operator_fee,
        first_log_index: included.log_index_first,
    }
}

/// Why a block could not be packed.
#[derive(Debug, thiserror::Error)]
enum PackError {
    #[error("the state before block {number} is not in memory")]
    Unknown { number: u64 },
    #[error("a block does not fit together")]
    Inconsistent(#[source] IndexError),
    #[error("cannot find the way back from block {number}")]
    Undo {
        number: u64,
        #[source]
        source: state::UndoError<crate::chain::ReadError>,
    },
}
