//! The machine against the contract that takes one of its steps: the committed bytecode, executed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod contract;
mod exit;
mod gas;
mod gas_starvation;
mod interpreter_against_solidity;
mod openings;
mod preimages;
mod states;
mod tampering;
mod totality_of_the_step;
mod vectors;
