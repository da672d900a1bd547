//! Derivation: from L1 blocks to the inputs of L2 blocks, and nothing else.
//!
//! ```text
//!  L1 block N ─▶ add_l1 ─▶ batches of N, in log order ─▶ forced blocks ─▶ N is processed
//!                             │ whole batch checked          │ window passed
//!                             ▼                              ▼
//!                          Step::Execute(inputs) ─▶ the caller executes ─▶ executed(block)
//! ```
//!
//! Not here: fetching L1, executing blocks, storing heads. The machine is synchronous, reads no clock
//! and does no I/O: the sequencer, the verifier and the fault-proof program run the same code.
//!
//! A block may be posted in parts: then the machine keeps them, without a word, until the last one comes.
//!
//! Invariant: the chain of block inputs is a function of the L1 blocks alone. Nothing that anyone
//! posts can stop it, and `unwind` is the exact twin of `step`. The rules: `docs/spec/derivation.md`.
//!
//! The sequencer and the batcher use the same rules from the other side: [`OriginSelector`] and
//! [`OriginBlock`] tell what the next block must look like, [`BatchBuilder`] turns blocks into a batch.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod absent;
mod batch_builder;
mod cursor;
mod declared;
mod errors;
mod form;
mod head;
mod history;
mod l1_block;
mod machine;
mod origins;
mod partial;
mod plan;
mod selector;
mod step;

pub use absent::AbsentReason;
pub use batch_builder::{BatchBuildError, BatchBuilder, BlockPart};
pub use cursor::Cursor;
pub use declared::{POSTINGS_WEIGHT_MAX, posting_weight};
pub use errors::{L1Refused, StartError, UnexpectedBlock};
pub use head::DerivedHead;
pub use history::{L1_REORG_DEPTH_MAX, PARTS_KEPT_BYTES_MAX, UnwindTooDeep};
pub use l1_block::{L1Block, OriginBlock};
pub use machine::Derivation;
pub use origins::{OriginGap, Origins};
pub use selector::{OriginChoice, OriginSelector};
pub use step::{AbsentBatch, Alarm, Cause, DerivedBlock, L1Processed, Step};
