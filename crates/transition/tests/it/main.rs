//! The transition against the native chain: every claim of random histories, one by one, from nothing but preimages.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;
#[expect(dead_code, reason = "the measurements have more of them")]
mod inputs;
mod l1;
mod l2;
mod machine;
mod postings;
mod precompiles;
mod properties;
mod tx;
mod vm;
mod world;
