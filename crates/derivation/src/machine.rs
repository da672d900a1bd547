//! The derivation machine: L1 blocks in, block inputs out, one step at a time.
//!
//! Not here: the rules for batches (`plan`). The caller owns every wait: it fetches the L1 block that a
//! step asks for, executes the block that a step gives, and tells the machine the hash.
//!
//! Invariant: between two L1 blocks the machine is a function of the L1 blocks up to there, so
//! `unwind` restores it exactly.
mod within;

use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};

use alloy_primitives::B256;
use protocol::{BlockId, L2BlockRef, PostedBatch, RollupConfig};

use crate::{
    AbsentBatch, AbsentReason, Cursor, DerivedBlock, DerivedHead, L1Block, L1Processed, L1Refused,
    OriginBlock, Origins, StartError, Step, UnexpectedBlock, UnwindTooDeep,
    declared::Declared,
    form,
    history::{History, Snapshot},
    partial::PartialBlock,
    plan::{Looked, PlannedBlock, look},
};

/// Derives the L2 chain from L1 blocks.
///
/// ```
/// # use std::sync::Arc;
/// # use derivation::{Cause, Derivation, L1Block, Step};
/// # use alloy_primitives::B256;
/// # use protocol::{BlockId, L1Origin, RollupConfig};
/// # let hash = |number: u64| B256::with_last_byte(number as u8);
/// # let l1 = |number: u64| L1Block {
/// #     origin: L1Origin { number, hash: hash(number), timestamp: number * 12, ..Default::default() },
/// #     parent_hash: hash(number.wrapping_sub(1)),
/// #     batches: Vec::new(),
/// #     messages: Vec::new(),
/// # };
/// # let zero = Default::default();
/// # let config = RollupConfig {
/// #     l1_chain_id: 1, l2_chain_id: 2, block_time: 12, sequencing_window: 4, sequencer_drift_max: 600,
/// #     proposal_interval: 16, dispute_window: 60, blob_schedule: Vec::new(),
/// #     fees: protocol::Eip1559Params { elasticity: 6, denominator: 250, base_fee_min: 1 },
/// #     contracts: protocol::L1Contracts {
/// #         system_config: zero, batch_inbox: zero, portal: zero, output_oracle: zero,
/// #     },
/// #     genesis: protocol::Genesis {
/// #         l1: BlockId { number: 0, hash: hash(0) }, timestamp: 0, gas_limit: 30_000_000,
/// #         base_fee: 1, system_config: Default::default(), alloc: Default::default(),
/// #     },
/// # };
/// // Nobody posts in L1 blocks 1 to 6, so the window passes and blocks are forced.
/// let mut derivation = Derivation::genesis(Arc::new(config), hash(200));
/// while derivation.processed().l1.number < 6 {
///     match derivation.step() {
///         Step::NeedL1 { number } => derivation.add_l1(l1(number))?,
///         Step::Execute(block) => {
///             assert_eq!(block.cause, Cause::WindowPassed);
///             let hash = hash(block.inputs.opening.number); // executing it gives its hash
///             derivation.executed(block.reference(hash))?;
///         }
///         Step::Absent(batch) => println!("batch {} is absent: {}", batch.index, batch.reason),
///         Step::Processed(done) => println!("{} gives head {}", done.l1.number, done.head.block.number),
///     }
/// }
/// assert_eq!(derivation.head().block.number, 4);
/// assert_eq!(derivation.unwind(5)?.number, 0);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    config: Arc<RollupConfig>,
    /// The safe head: the last block that was executed.
    head: DerivedHead,
    /// The L1 block up to which everything is derived already; those before it only serve as origins.
    start: BlockId,
    /// The L1 blocks that were processed, from the origin of the oldest head in `history`.
    origins: Origins,
    history: History,
    /// The postings of those L1 blocks and of the one in work, as far as they were looked at.
    declared: Declared,
    /// What the newest postings carry of a block whose last part has not come yet.
    partial: Option<PartialBlock>,
    /// The L1 block in work. It is no origin yet: nothing that is posted in it may use it.
    current: Option<Current>,
    /// The block that the caller is executing.
    pending: Option<Box<DerivedBlock>>,
    /// Where to go on in the L1 block after `start`, until that block is added.
    within: Option<Cursor>,
}

/// An L1 block in work.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    origin: OriginBlock,
    /// Batches not looked at yet.
    batches: VecDeque<PostedBatch>,
    /// How many batches were looked at.
    entries: u32,
    /// The valid batch in work.
    planned: Option<Planned>,
    /// Whether a block was forced here: then the chain catches up with L1.
    catches_up: bool,
}

/// A valid batch in work.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Planned {
    index: u64,
    /// How many of its blocks were taken.
    taken: u32,
    blocks: VecDeque<PlannedBlock>,
}

impl Derivation {
    /// Begins with L2 block 0, whose hash follows from the genesis state.
    pub fn genesis(config: Arc<RollupConfig>, hash: B256) -> Self {
        let (head, start) = (DerivedHead::genesis(&config, hash), config.genesis.l1);
        Self::at(config, head, start)
    }

    /// Goes on from a known point: `head` was the safe head when `start`, an L1 block, was processed to its
    /// end. [`Step::Processed`] gives such pairs.
    ///
    /// The machine first asks again for the L1 blocks from the head's origin up to `start`, because
    /// they can be origins of the next blocks, and because they carry the parts of a block that was not
    /// complete after `start`; nothing is derived from them again. If one of them is refused, L1 was
    /// reorganized before `start`: begin again with an older pair.
    pub fn resume(
        config: Arc<RollupConfig>,
        head: DerivedHead,
        start: BlockId,
    ) -> Result<Self, StartError> {
        if start.number < head.block.origin.number {
            let origin = head.block.origin.number;
            return Err(StartError::BeforeOrigin { start: start.number, origin });
        }
        Ok(Self::at(config, head, start))
    }

    const fn at(config: Arc<RollupConfig>, head: DerivedHead, start: BlockId) -> Self {
        Self {
            config,
            head,
            start,
            origins: Origins::new(),
            declared: Declared::new(),
            history: History::starting_at(L1Processed { l1: start, head }),
            partial: None,
            current: None,
            pending: None,
            within: None,
        }
    }

    /// The safe head: the last derived block that was executed.
    pub const fn head(&self) -> &DerivedHead {
        &self.head
    }

    /// The last L1 block that was processed to its end, and the safe head then.
    pub fn processed(&self) -> &L1Processed {
        self.history.last()
    }

    /// The safe head as of the end of this L1 block: the finalized head, if the L1 block is finalized.
    /// `None` if it was not processed, or more than [`crate::L1_REORG_DEPTH_MAX`] blocks ago.
    pub fn safe_head_at(&self, l1_number: u64) -> Option<L2BlockRef> {
        self.history.safe_head(l1_number)
    }

    /// Number of the block whose parts have begun to be posted and are not all there, if the newest postings carry
    /// such parts. Nobody has to remember it for a restart.
    pub fn unfinished_block(&self) -> Option<u64> {
        self.partial.as_ref().map(PartialBlock::number)
    }

    /// The L1 blocks that are kept as origins.
    pub const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Goes on as far as one thing to tell.
    pub fn step(&mut self) -> Step {
        loop {
            if let Some(pending) = &self.pending {
                return Step::Execute(pending.clone());
            }
            let Some(mut current) = self.current.take() else {
                return Step::NeedL1 { number: self.next_l1_number() };
            };
            let l1 = current.origin.id();
            if let Some((at, block)) = current.next_planned() {
                self.pending =
                    Some(Box::new(form::from_batch(&self.config, &self.head, l1, at, block)));
            } else if let Some(posted) = current.next_posted() {
                match self.look_at(l1.number, &posted) {
                    Ok(Looked::Batch(blocks)) => {
                        let (index, blocks) = (posted.index, blocks.into());
                        current.planned = Some(Planned { index, taken: 0, blocks });
                    }
                    Ok(Looked::Part(partial)) => self.partial = Some(partial),
                    Err(reason) => {
                        self.current = Some(current);
                        return Step::Absent(AbsentBatch { index: posted.index, l1, reason });
                    }
                }
            } else if let Some(origin) = self.forced_origin(&current) {
                current.catches_up = true;
                self.pending = Some(Box::new(form::forced(&self.config, &self.head, l1, &origin)));
            } else {
                return Step::Processed(self.finish(current));
            }
            self.current = Some(current);
        }
    }

    /// Looks at the next posting of the L1 block in work.
    fn look_at(&mut self, l1_number: u64, posted: &PostedBatch) -> Result<Looked, AbsentReason> {
        let (held, first_block) = (self.partial.take(), posted.first_block);
        let DerivedHead { block: head, .. } = &self.head;
        let is_next = head.number.checked_add(1) == Some(first_block);
        let is_full = is_next && self.declared.is_full(head.origin.number, first_block);
        self.declared.push(l1_number, posted);
        if is_full {
            return Err(AbsentReason::TooManyPostings { first_block });
        }
        look(&self.config, &self.head, &self.origins, l1_number, posted, held)
    }

    /// Adds the L1 block that [`Step::NeedL1`] asked for.
    pub fn add_l1(&mut self, block: L1Block) -> Result<(), L1Refused> {
        let number = block.origin.number;
        let expected = self.next_l1_number();
        if self.current.is_some() || number != expected {
            return Err(L1Refused::OutOfOrder { expected, number });
        }
        self.check_chain(&block)?;
        let origin = OriginBlock {
            origin: block.origin,
            parent_hash: block.parent_hash,
            messages: block.messages,
        };
        if number > self.start.number {
            let mut current = Current::new(origin, block.batches);
            if let Some(cursor) = self.within.take() {
                self.go_on_within(&mut current, cursor)?;
            }
            self.current = Some(current);
        } else {
            let (held, batches) = (self.partial.take(), &block.batches);
            batches.iter().for_each(|posted| self.declared.push(number, posted));
            self.partial = PartialBlock::recall(&self.config, &self.head, held, number, batches);
            if number == self.start.number {
                self.history.set_start_partial(self.partial.clone());
            }
            self.origins.push_linked(origin);
        }
        Ok(())
    }

    /// Tells the machine that the pending block was executed, and became this one.
    pub fn executed(&mut self, block: L2BlockRef) -> Result<(), UnexpectedBlock> {
        let unexpected = UnexpectedBlock { number: block.number };
        let pending = self.pending.take().ok_or(unexpected)?;
        if pending.reference(block.hash) != block {
            self.pending = Some(pending);
            return Err(unexpected);
        }
        self.head = DerivedHead::after(&pending.inputs.opening, block.hash);
        self.partial = self.partial.take().filter(|partial| partial.concerns(&self.head));
        Ok(())
    }

    /// Goes back to the end of this L1 block, because L1 no longer has what came after it, and
    /// returns the safe head then. Has no effect if nothing after it was added.
    ///
    /// A block that is being executed is dropped: the caller must not call `executed` for it.
    pub fn unwind(&mut self, to_l1_number: u64) -> Result<L2BlockRef, UnwindTooDeep> {
        if self.last_added().is_some_and(|last| last > to_l1_number) {
            let Snapshot { processed, partial } = self.history.unwind(to_l1_number)?;
            self.head = processed.head;
            self.partial = partial;
            self.origins.truncate_after(to_l1_number);
            self.declared.truncate_after(to_l1_number);
            self.current = None;
            self.pending = None;
        }
        Ok(self.head.block)
    }

    /// Number of the newest L1 block that was added, processed or not.
    fn last_added(&self) -> Option<u64> {
        let newest = self.current.as_ref().map(|current| &current.origin);
        newest.or(self.origins.last().map(AsRef::as_ref)).map(|block| block.origin.number)
    }

    /// Number of the L1 block after the newest processed one.
    fn next_l1_number(&self) -> u64 {
        let next = self.origins.last().map(|last| last.origin.number.saturating_add(1));
        next.unwrap_or(self.head.block.origin.number)
    }

    /// Whether the block belongs to the L1 chain that the machine has followed so far.
    fn check_chain(&self, block: &L1Block) -> Result<(), L1Refused> {
        let id = block.id();
        let reorg = |expected, found| L1Refused::Reorg { number: id.number, expected, found };
        match self.origins.last() {
            Some(last) if last.origin.hash != block.parent_hash => {
                return Err(reorg(last.origin.hash, block.parent_hash));
            }
            // The first block that is asked for is the origin of the head.
            None if self.head.block.origin.hash != id.hash => {
                return Err(reorg(self.head.block.origin.hash, id.hash));
            }
            _ => {}
        }
        if id.number == self.start.number && id.hash != self.start.hash {
            return Err(reorg(self.start.hash, id.hash));
        }
        Ok(())
    }

    /// The origin of the next block, if that block is to be forced in the L1 block in work.
    ///
    /// The first one is forced because no batch can hold it any more: a batch in this L1 block or later could
    /// give it the candidate as its origin, or an older one, and for both the window is over. With it the
    /// sequencer's own chain is void, so the chain goes on up to L1's present. If it stayed behind, at the
    /// very end of the window, no batch could ever be in time again.
    fn forced_origin(&self, current: &Current) -> Option<Arc<OriginBlock>> {
        let kept = self.head.block.origin.number;
        let timestamp = self.head.next_timestamp(&self.config);
        let next = kept.checked_add(1).and_then(|number| self.origins.get(number));
        let candidate = next
            .filter(|next| next.origin.timestamp <= timestamp)
            .or_else(|| self.origins.get(kept))
            .expect("origins are pruned only below the origin of every kept head");
        let distance = if current.catches_up { 1 } else { self.config.sequencing_window };
        let last = candidate.origin.number.saturating_add(distance);
        (current.origin.origin.number > last).then(|| Arc::clone(candidate))
    }

    /// The L1 block in work yields nothing more: from now on it can be an origin.
    fn finish(&mut self, current: Current) -> L1Processed {
        let processed = L1Processed { l1: current.origin.id(), head: self.head };
        self.origins.push_linked(current.origin);
        self.history.push(Snapshot { processed, partial: self.partial.clone() });
        let oldest = self.history.oldest().head.block.origin.number;
        self.origins.prune_before(oldest);
        self.declared.prune_before(oldest);
        processed
    }
}

impl Current {
    fn new(origin: OriginBlock, batches: Vec<PostedBatch>) -> Self {
        Self { origin, batches: batches.into(), entries: 0, planned: None, catches_up: false }
    }

    /// The next block of the batch in work, with the batch's index and where derivation stands after the block.
    fn next_planned(&mut self) -> Option<((u64, Cursor), PlannedBlock)> {
        let Planned { index, taken, blocks } = self.planned.as_mut()?;
        let block = blocks.pop_front()?;
        *taken += 1;
        let left = if blocks.is_empty() { 0 } else { *taken };
        let l1_number = self.origin.origin.number;
        Some(((*index, Cursor { l1_number, entries: self.entries, blocks: left }), block))
    }

    fn next_posted(&mut self) -> Option<PostedBatch> {
        let posted = self.batches.pop_front()?;
        self.entries = self.entries.saturating_add(1);
        Some(posted)
    }
}
