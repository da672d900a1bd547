//! Derivation driven by a scripted L1: every rule by an example, and the properties over random chains.
//!
//! The tests use the crate as its callers do. `reference` is a second, naive derivation that looks
//! every block up in all of L1; the machine must agree with it on whatever is posted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod absent;
mod builder;
mod drive;
mod forced;
mod l1;
mod l2;
mod machine;
mod parts;
mod properties;
mod reference;
mod rules;
mod script;
mod selector;
