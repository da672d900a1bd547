//! The verifier: derives the L2 chain from L1 alone, executes every block serially, and judges each proposal.
//!
//! ```text
//!  L1 ─ tip ─▶ Follower ── derived block ─▶ Chain (serial execution, trie) ── record ─▶ Writer ─▶ Postgres
//!                 │  ▲ prefetched L1 blocks                                                │
//!                 └──┴─ Judge: proposals on L1 against the derived output roots ◀──────────┘
//! ```
//!
//! It reads L1 and its own database and nothing else: it never links sequencer code and believes nobody but L1.
//! Not here: the rules (`derivation`, `executor`), and disputing a wrong proposal on L1.
//!
//! Invariant: a verdict is given only about blocks that this process or an earlier one derived and executed itself.

mod chain;
mod config;
mod error;
mod follower;
mod metrics;
mod node;
mod prefetch;
mod progress;
mod proposals;
mod restart;
mod status;
mod tip;
mod writer;

pub use config::{ConfigError, VerifierConfig};
pub use error::VerifierError;
pub use node::{Deps, VerifierHandle, run};
pub use proposals::{ProposalSource, RecordedProposals};
pub use status::{Disagreement, Status, router};
pub use tip::watch_tip;

#[cfg(test)]
mod tests;
