//! The machine against the contract that takes one of its steps: the committed bytecode, executed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod contract;
mod gas;
mod instructions;
mod openings;
mod program;
mod states;
mod tampering;
mod vectors;
