//! How a wrong claim is found out: the machine that a dispute is about.
//!
//! ```text
//!  Machine::advance ─▶ word of Memory ─▶ Instruction ─▶ registers, Memory, pc ─▶ hash of the state
//!                                           └ Ecall ─▶ Call ─▶ Host ─▶ Effect on the same
//! Machine::proof ─▶ bytes with which a contract takes the same step
//! Runner ─▶ the same states at speed ─▶ Commitment over them
//! ```
//! The rules are in `docs/spec/fault-proof.md`. Not here: the programs (`program/`); nor the players (`crates/dispute`). Invariant: every word of code and every
//! pair of operands has exactly one meaning; what is no instruction, and no place in memory, is said to be none, and never a
//! panic.
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod commitment;
mod image;
pub mod vm;

pub use image::{IMAGE_PAGE_BYTES, Image, ImageError};
