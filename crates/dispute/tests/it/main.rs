//! Players against the real contracts: the committed bytecode, executed, with the machine's real step.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../verifier/src/player/calls.rs"]
mod calls;
#[path = "../../../../verifier/src/player/views.rs"]
#[expect(unreachable_pub, reason = "where it is from it is reached")]
mod views;

mod arena;
mod chain;
mod lies;
mod passing;
mod program;
mod silence;
mod truth;
mod words;
