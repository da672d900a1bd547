//! The batcher's side of derivation: consecutive L2 blocks become a batch.
//!
//! Not here: compression, carriers, when to post, where to cut a block. Invariant: deriving the batch on its parent
//! gives exactly the blocks it was built from; for a block in parts, so do the batches with its parts in their order.
use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes};
use protocol::{Batch, BatchBlock, BlockId, BlockOpening, batch::check_of};

/// Collects consecutive L2 blocks, or a part of one.
#[derive(Clone, Debug, Default)]
pub struct BatchBuilder {
    blocks: Vec<BatchBlock>,
    ends: Option<Ends>,
    skip: u32,
    unfinished: bool,
}

/// Some of a block's user transactions, when they are too many for one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockPart {
    /// How many of them the batches right before this one carry.
    pub skip: u32,
    /// Those that this batch carries.
    pub transactions: Vec<Bytes>,
    /// Whether the block ends with them. If not, the batch holds nothing else.
    pub is_last: bool,
}

/// The first and the last block.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first_block: u64,
    parent_hash: B256,
    last: Last,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    number: u64,
    timestamp: u64,
    origin: BlockId,
    sequence_number: u64,
}

impl BatchBuilder {
    /// Begins an empty batch.
    pub const fn new() -> Self {
        Self { blocks: Vec::new(), ends: None, skip: 0, unfinished: false }
    }

    /// Appends the next block: its opening, the log indexes of its epoch's deposits (none unless it is the
    /// first of its epoch), and its user transactions as they were signed.
    pub fn push(
        &mut self,
        opening: &BlockOpening,
        deposit_log_indexes: Vec<u32>,
        transactions: Vec<Bytes>,
    ) -> Result<(), BatchBuildError> {
        let number = opening.number;
        let last = Last {
            number,
            timestamp: opening.timestamp,
            origin: opening.origin.id(),
            sequence_number: opening.sequence_number,
        };
        if self.unfinished {
            return Err(BatchBuildError::Alone { number });
        }
        let origin_advances = opening.sequence_number == 0;
        let rising = deposit_log_indexes.is_sorted_by(|earlier, later| earlier < later);
        if !rising || (!origin_advances && !deposit_log_indexes.is_empty()) {
            return Err(BatchBuildError::Hints { number });
        }
        match &mut self.ends {
            Some(ends) if !last.follows(&ends.last) => {
                return Err(BatchBuildError::NotNext { number, last: ends.last.number });
            }
            Some(ends) => ends.last = last,
            None => {
                let parent_hash = opening.parent_hash;
                self.ends = Some(Ends { first_block: number, parent_hash, last });
            }
        }
        self.blocks.push(BatchBlock { origin_advances, deposit_log_indexes, transactions });
        Ok(())
    }

    /// Appends a part of the next block; the arguments besides are those of the whole block. A part that is not the
    /// first of its block begins the batch, one that is not the last is all of it.
    pub fn push_part(
        &mut self,
        opening: &BlockOpening,
        deposit_log_indexes: Vec<u32>,
        part: BlockPart,
    ) -> Result<(), BatchBuildError> {
        let number = opening.number;
        let BlockPart { skip, transactions, is_last } = part;
        let alone = skip > 0 || !is_last;
        if (alone && !self.is_empty()) || (!is_last && transactions.is_empty()) {
            return Err(BatchBuildError::Alone { number });
        }
        self.push(opening, deposit_log_indexes, transactions)?;
        self.unfinished = !is_last;
        if let [block] = &mut self.blocks[..]
            && skip > 0
        {
            // The first part says this, once.
            block.origin_advances = false;
            block.deposit_log_indexes.clear();
            self.skip = skip;
        }
        Ok(())
    }

    /// Number of blocks so far.
    pub const fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether there is no block yet.
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The batch. `None` without a block, because a batch holds at least one.
    pub fn build(self) -> Option<Batch> {
        let Ends { first_block, parent_hash, last } = self.ends?;
        Some(Batch {
            first_block,
            skip: self.skip,
            unfinished: self.unfinished,
            parent_check: check_of(parent_hash),
            origin_check: check_of(last.origin.hash),
            blocks: self.blocks,
        })
    }
}

impl Last {
    fn follows(&self, before: &Self) -> bool {
        let origin_fits = if self.sequence_number == 0 {
            before.origin.number.checked_add(1) == Some(self.origin.number)
        } else {
            before.origin == self.origin
                && before.sequence_number.checked_add(1) == Some(self.sequence_number)
        };
        origin_fits
            && before.number.checked_add(1) == Some(self.number)
            && before.timestamp < self.timestamp
    }
}

/// A block that does not fit into the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchBuildError {
    /// It does not follow the last block of the batch.
    #[error("block {number} does not follow block {last}")]
    NotNext {
        /// Number of the block.
        number: u64,
        /// Number of the last block in the batch.
        last: u64,
    },
    /// A part cannot stand where it was to stand: it does not begin the batch, another block stands beside an
    /// unfinished one, or an unfinished one has no transactions.
    #[error("block {number} cannot stand in this batch together with a part")]
    Alone {
        /// Number of the block.
        number: u64,
    },
    /// Its deposit log indexes do not rise strictly, or it has some in the middle of an epoch.
    #[error("block {number} has deposit log indexes that no batch can carry")]
    Hints {
        /// Number of the block.
        number: u64,
    },
}
