//! Puts the chain on L1: batches with the inputs of its blocks. What follows from them is proposed by a verifier.
//!
//! ```text
//! journal, heads ─▶ source ─▶ poster: batch → compress → carrier ─▶ outbox ─▶ l1::tx ─▶ L1
//! ```
//!
//! Not here: ordering, execution, and the rules of batches (`protocol`, `derivation`). Invariant: whatever goes to L1
//! is in the outbox first, and a payload that is posted has been decoded again and found equal.

// The future of the whole service is nested deeper than the compiler follows by itself when it optimises.
#![recursion_limit = "256"]

mod carrier;
mod compress;
mod config;
mod error;
mod keys;
mod limit;
mod metrics;
mod node;
mod part;
mod poster;
mod source;

pub use carrier::{Carrier, CarrierPolicy, L1Prices, blobs_cost, calldata_cost, choose};
pub use compress::{CompressError, CompressionPolicy, payload};
pub use config::BatcherConfig;
pub use error::BatcherError;
pub use node::{Deps, run};
