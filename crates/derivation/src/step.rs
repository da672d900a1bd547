//! What a step of derivation gives its caller.
//!
//! Not here: how it comes about (`machine`). Invariant: every step names the L1 block that it follows
//! from, so that the caller can tell how final it is.
use alloc::{boxed::Box, vec::Vec};

use alloy_primitives::B256;
use protocol::{BlockId, BlockInputs, L2BlockRef};

use crate::{AbsentReason, Cursor, DerivedHead};

/// The next thing that derivation needs or has found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing can be derived before this L1 block is added.
    NeedL1 {
        /// Number of the L1 block.
        number: u64,
    },
    /// A block to execute. The same step comes again until `executed` is called.
    Execute(Box<DerivedBlock>),
    /// A batch was passed over.
    Absent(AbsentBatch),
    /// An L1 block is done: it will yield nothing more.
    Processed(L1Processed),
}

/// The inputs of one L2 block, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedBlock {
    /// What to execute.
    pub inputs: BlockInputs,
    /// The L1 block whose processing gave this block. It is as final as that one.
    pub derived_from: BlockId,
    /// Where derivation stands after it.
    pub cursor: Cursor,
    /// Whether a batch holds it.
    pub cause: Cause,
    /// What a person should look at. It changes nothing in the block.
    pub alarms: Vec<Alarm>,
}

impl DerivedBlock {
    /// The reference to this block, once executing it has given its hash.
    pub const fn reference(&self, hash: B256) -> L2BlockRef {
        DerivedHead::after(&self.inputs.opening, hash).block
    }
}

/// Why a block was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A batch holds it.
    Batch {
        /// The number of the batch in the inbox.
        index: u64,
    },
    /// No batch came within the sequencing window: L1 attributes and deposits only.
    WindowPassed,
}

/// Something that does not change the derived chain, but that an honest batcher does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The batch names other log indexes for the deposits of an epoch than L1 does. The hints decide the
    /// hashes of the deposit transactions, so wallets will not find them where they look.
    HintMismatch {
        /// The origin of the epoch.
        origin: BlockId,
        /// What the batch says.
        hints: Vec<u32>,
        /// What L1 says.
        log_indexes: Vec<u32>,
    },
    /// A message of the epoch forms no deposit and was skipped, which the Portal should never allow.
    DepositSkipped {
        /// The origin of the epoch.
        origin: BlockId,
        /// How many messages were skipped.
        count: usize,
    },
}

/// A posted batch that counts as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentBatch {
    /// The number of the batch in the inbox.
    pub index: u64,
    /// The L1 block that carries it.
    pub l1: BlockId,
    /// The rule it breaks.
    pub reason: AbsentReason,
}

/// An L1 block was processed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1Processed {
    /// The L1 block.
    pub l1: BlockId,
    /// The safe head after it: finalized as soon as the L1 block is. Together with `l1` it is what a
    /// restart begins from.
    pub head: DerivedHead,
}
