//! The RV64IM machine of a dispute. The rules are those of the RISC-V unprivileged specification, 20191213 and later, for
//! the base I and the extension M, 64 bits wide; without compressed code, atomics or control registers.

mod arithmetic;
mod calls;
mod code;
mod host;
mod instruction;
mod keys;
mod machine;
mod memory;
mod page;
mod proof;
mod runner;
mod tree;

pub use arithmetic::{compute, is_taken};
pub use calls::{Call, Effect, KECCAK_BYTES_MAX, RECOVER_BYTES, Words, buffer_height};
pub use host::{Host, NotRecorded, Openings, Recorded};
pub use instruction::{Instruction, Operation};
pub use keys::{BLOB_ELEMENTS, BlobElement, PrecompileCall, blob_point, keccak_key, local_key};
pub use machine::{Machine, Progress, STATE_BYTES, TRAP_CODE};
pub use memory::{MEMORY_BYTES, MEMORY_HEIGHT, Memory, root_of};
pub use runner::Runner;
pub(crate) use tree::parent;

#[cfg(test)]
mod tests;
