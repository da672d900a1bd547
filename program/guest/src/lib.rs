//! What every program needs in the machine of a dispute: an entry, a heap, host calls, and the crypto that they replace.
//!
//! ```text
//!  _start ─▶ entry!(run) ─▶ run() ─▶ commit(word), exit 0        a panic, and an error, exit 1
//! ```
//! One hart and no interrupts, so nothing here is ever entered twice; that is why globals are sound without locks.
//! Invariant: every pointer that a host call is given is aligned as the call demands.
#![no_std]

extern crate alloc;

mod calls;
mod entry;
mod heap;
mod keccak;
mod oracle;
mod recovery;
mod scratch;

pub use entry::finish;
pub use oracle::{blob_element, keccak_key, local, precompile, preimage, preimage_head};
#[cfg(feature = "evm")]
pub use recovery::install_for_evm;
#[cfg(feature = "transactions")]
pub use recovery::install_for_transactions;
pub use recovery::recover;
