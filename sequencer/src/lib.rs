//! The sequencer: takes transactions, orders and executes them, makes them durable, seals blocks, and follows L1.
//!
//! ```text
//!  doors ─▶ Submitter ─▶ mempool ─▶ builder ─▶ journal ─▶ publisher ─▶ doors
//!                                      │  ▲
//!                                      ▼  └── follower ◀── L1
//!                                   indexer ─▶ Postgres
//! ```
//! Not here: what a block means (`protocol`, `executor`, `derivation`), SQL (`db`), L1 access (`l1`).
//! Invariant: what was published is durable, and what is durable is in the chain that every restart builds.
#![expect(
    clippy::result_large_err,
    reason = "a rejection carries its numbers and is made once, at the end of an admission"
)]

pub mod api;
pub mod builder;
pub mod chain;
mod check;
mod config;
#[cfg(test)]
mod conformance;
mod error;
pub mod follower;
mod indexer;
pub mod mempool;
mod metrics;
mod node;
mod operator;
mod predictions;
pub mod publisher;
pub mod quota;
mod restart;
mod submitter;

pub use config::{
    AdmissionConfig, BuilderConfig, ConfigError, ExecutionChoice, ReaderConfig, SequencerConfig,
};
pub use error::SequencerError;
pub use node::{SequencerHandle, SequencerParts, run};
pub use operator::{Operator, OperatorError};
pub use submitter::{Submitter, WaitError};
