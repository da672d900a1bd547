//! How a wrong claim is found out: the machine that a dispute is about.
//!
//! ```text
//!  Machine::advance ─▶ word of Memory ─▶ Instruction ─▶ registers, Memory, pc ─▶ hash of the state
//!                                           └ Ecall ─▶ Call ─▶ Host ─▶ Effect on the same
//! Machine::proof ─▶ bytes with which a contract takes the same step
//! ```
//! The rules are in `docs/spec/fault-proof.md`. Not here yet: the program, the game. Invariant: every word of code and every
//! pair of operands has exactly one meaning; what is no instruction, and no place in memory, is said to be none, and never a
//! panic.
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod image;
pub mod vm;

pub use image::{IMAGE_PAGE_BYTES, Image, ImageError};
