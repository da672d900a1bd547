//! The verifier: derives the L2 chain from L1 alone, executes every block, and judges each proposal. With a key it proposes.
//!
//! ```text
//!  L1 ─ tip ─▶ Follower ── derived block ─▶ Chain (execution, trie) ── record ─▶ Writer ─▶ Postgres
//!                 │  ▲ prefetched L1 blocks, access lists                                  │
//!                 └──┴─ Judge: proposals on L1 against the derived claims ◀────────────────┤
//!                       Proposer, given a key: the next interval ─▶ outbox ─▶ L1 ◀─────────┘
//! ```
//!
//! It reads L1 and its own database, never links sequencer code and believes nobody but L1. Access lists, where somebody
//! gives them, make it quicker: a block is executed by a list that proves right on the way, or serially.
//! What it derived it can claim: [`claims`] gives the tree over an interval that a proposal must have, and [`Segments`] the
//! run of any segment of it, for the machine of a dispute.
//! With both of them the [`player`] plays disputes on L1.
//! Not here: the rules (`derivation`, `executor`, `dispute`).
//!
//! Invariant: a verdict is given only about blocks that this process or an earlier one derived and executed itself.

mod chain;
pub mod claims;
mod config;
mod error;
mod follower;
mod kept;
pub mod lies;
mod lists;
mod metrics;
mod node;
pub mod player;
mod prefetch;
mod program;
mod progress;
mod proposals;
mod proposer;
mod restart;
mod segment;
mod status;
mod tip;
mod transactions;
mod writer;

pub use config::{ConfigError, VerifierConfig};
pub use error::VerifierError;
pub use lists::{AccessListSource, RecordedLists};
pub use node::{Deps, VerifierHandle, run};
pub use program::{first_machine, initial_state, segment_image};
pub use proposer::ProposerDeps;
pub use segment::{Pins, Segment, SegmentError, SegmentRequest, SegmentRun, Segments};
pub use status::{Disagreement, Status, router};
pub use tip::watch_tip;

#[cfg(test)]
mod tests;
