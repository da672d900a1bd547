//! The batcher's side of derivation: consecutive L2 blocks become a batch.
//!
//! Not here: compression, carriers, when to post. Invariant: deriving the batch on its parent gives
//! exactly the blocks it was built from.
use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes};
use protocol::{Batch, BatchBlock, BlockId, BlockOpening, batch::check_of};

/// Collects consecutive L2 blocks.
#[derive(Clone, Debug, Default)]
pub struct BatchBuilder {
    blocks: Vec<BatchBlock>,
    ends: Option<Ends>,
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
        Self { blocks: Vec::new(), ends: None }
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
    /// Its deposit log indexes do not rise strictly, or it has some in the middle of an epoch.
    #[error("block {number} has deposit log indexes that no batch can carry")]
    Hints {
        /// Number of the block.
        number: u64,
    },
}
