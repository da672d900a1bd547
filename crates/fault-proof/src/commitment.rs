//! What a player puts in a tournament: the root over the words of a trace, and whatever it is asked of that tree later.
//!
//! ```text
//!  Machine ─▶ Strides ─▶ Commitment over a state every 2^18 steps ─▶ the first stride that differs
//!          ─▶ steps_of_stride ─▶ Commitment over every state of it ─▶ the first step that differs
//! ```
//! The bytes are in `docs/spec/disputes.md`. Invariant: a run that has ended repeats its last state, so every trace is
//! as long as its tree is wide.

mod trace;
mod tree;

pub use trace::{
    STRIDE_HEIGHT, STRIDE_STEPS, STRIDES_HEIGHT, Strides, before_stride, steps_of_stride,
};
pub use tree::Commitment;

#[cfg(test)]
mod tests;
