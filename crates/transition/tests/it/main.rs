//! The transition against the native chain: every claim of random histories, one by one, from nothing but preimages.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;
mod l1;
mod l2;
mod machine;
mod properties;
mod tx;
mod world;
