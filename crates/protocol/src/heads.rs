//! How safe a block is (the three heads, in order) and how far a transaction has come. Values only: what
//! moves them is the business of sequencer and verifier.
//!
//! Invariant: `finalized ≤ safe ≤ unsafe` by block number; two heads at one number are one block.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::block::L2BlockRef;

/// Safety of a block, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SafetyLevel {
    /// Ordered by the sequencer, not yet derivable from L1.
    Unsafe,
    /// Derivable from L1.
    Safe,
    /// Derivable from finalized L1 blocks.
    Finalized,
}

impl fmt::Display for SafetyLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
            Self::Finalized => "finalized",
        })
    }
}

/// How far a transaction has come; each step includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifeCycle {
    /// In the mempool; no place is promised.
    Received,
    /// It has its place in a sub-block.
    Ordered,
    /// It has run in that place; a crash may still lose it.
    Executed,
    /// Its sub-block is in the journal.
    Durable,
    /// A batch with its block is on L1.
    Posted,
    /// An output root that covers its block is claimed on L1.
    Proposed,
    /// That claim can no longer be disputed.
    Final,
}

impl fmt::Display for LifeCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Received => "received",
            Self::Ordered => "ordered",
            Self::Executed => "executed",
            Self::Durable => "durable",
            Self::Posted => "posted",
            Self::Proposed => "proposed",
            Self::Final => "final",
        })
    }
}

/// The three heads of a chain, always in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    unsafe_head: L2BlockRef,
    safe_head: L2BlockRef,
    finalized_head: L2BlockRef,
}

/// A set of heads that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadsError {
    /// A safer head would stand above a less safe one.
    #[error("{above} head {above_number} would be above the {below} head {below_number}")]
    OutOfOrder {
        /// The safer head.
        above: SafetyLevel,
        /// Its block number.
        above_number: u64,
        /// The less safe head.
        below: SafetyLevel,
        /// Its block number.
        below_number: u64,
    },
    /// Two heads at one number name different blocks.
    #[error("{upper} and {lower} head disagree about block {number}")]
    Fork {
        /// The safer head.
        upper: SafetyLevel,
        /// The less safe head.
        lower: SafetyLevel,
        /// The block number that both have.
        number: u64,
    },
    /// The finalized head would move back.
    #[error("finalized head would go back from {from} to {to}")]
    FinalizedBack {
        /// Number of the finalized head.
        from: u64,
        /// Number it would get.
        to: u64,
    },
}

impl Heads {
    /// All three heads at one block: a chain at genesis.
    pub const fn at(block: L2BlockRef) -> Self {
        Self { unsafe_head: block, safe_head: block, finalized_head: block }
    }

    /// Three heads, checked.
    pub fn new(
        unsafe_head: L2BlockRef,
        safe_head: L2BlockRef,
        finalized_head: L2BlockRef,
    ) -> Result<Self, HeadsError> {
        check(SafetyLevel::Safe, &safe_head, SafetyLevel::Unsafe, &unsafe_head)?;
        check(SafetyLevel::Finalized, &finalized_head, SafetyLevel::Safe, &safe_head)?;
        Ok(Self { unsafe_head, safe_head, finalized_head })
    }

    /// Newest block ordered by the sequencer.
    pub const fn unsafe_head(&self) -> L2BlockRef {
        self.unsafe_head
    }

    /// Newest block derived from L1.
    pub const fn safe_head(&self) -> L2BlockRef {
        self.safe_head
    }

    /// Newest block derived from finalized L1.
    pub const fn finalized_head(&self) -> L2BlockRef {
        self.finalized_head
    }

    /// The head of a safety level.
    pub const fn head(&self, level: SafetyLevel) -> L2BlockRef {
        match level {
            SafetyLevel::Unsafe => self.unsafe_head,
            SafetyLevel::Safe => self.safe_head,
            SafetyLevel::Finalized => self.finalized_head,
        }
    }

    /// The safest level that covers a block number, if the chain has it at all.
    pub const fn level_of(&self, number: u64) -> Option<SafetyLevel> {
        if number <= self.finalized_head.number {
            Some(SafetyLevel::Finalized)
        } else if number <= self.safe_head.number {
            Some(SafetyLevel::Safe)
        } else if number <= self.unsafe_head.number {
            Some(SafetyLevel::Unsafe)
        } else {
            None
        }
    }

    /// Moves the unsafe head, forward or back, not below the safe head.
    pub fn set_unsafe(&mut self, block: L2BlockRef) -> Result<(), HeadsError> {
        *self = Self::new(block, self.safe_head, self.finalized_head)?;
        Ok(())
    }

    /// Moves the safe head. Where it passes the unsafe head, or L1 says otherwise about that block, the
    /// unsafe head goes with it: what L1 says wins.
    pub fn set_safe(&mut self, block: L2BlockRef) -> Result<(), HeadsError> {
        let follows = block.number > self.unsafe_head.number
            || (block.number == self.unsafe_head.number && block.hash != self.unsafe_head.hash);
        let unsafe_head = if follows { block } else { self.unsafe_head };
        *self = Self::new(unsafe_head, block, self.finalized_head)?;
        Ok(())
    }

    /// Moves the finalized head forward; it never goes back.
    pub fn set_finalized(&mut self, block: L2BlockRef) -> Result<(), HeadsError> {
        let from = self.finalized_head.number;
        if block.number < from {
            return Err(HeadsError::FinalizedBack { from, to: block.number });
        }
        *self = Self::new(self.unsafe_head, self.safe_head, block)?;
        Ok(())
    }

    /// Takes unsafe and safe head back to a block after an L1 reorg.
    pub fn unwind(&mut self, block: L2BlockRef) -> Result<(), HeadsError> {
        *self = Self::new(block, block, self.finalized_head)?;
        Ok(())
    }
}

fn check(
    upper: SafetyLevel,
    safer: &L2BlockRef,
    lower: SafetyLevel,
    weaker: &L2BlockRef,
) -> Result<(), HeadsError> {
    if safer.number > weaker.number {
        return Err(HeadsError::OutOfOrder {
            above: upper,
            above_number: safer.number,
            below: lower,
            below_number: weaker.number,
        });
    }
    if safer.number == weaker.number && safer.hash != weaker.hash {
        return Err(HeadsError::Fork { upper, lower, number: safer.number });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
