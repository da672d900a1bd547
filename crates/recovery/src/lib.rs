//! Who signed many hashes: the public keys of secp256k1 signatures, as addresses; and so, who sent many transactions.
//!
//! Eight at a time where the CPU can (`wide`, eight times as fast), by libsecp256k1 elsewhere and for a signature that
//! comes alone. Both give the same answers, which the tests hold to. All inputs are public, so nothing here takes
//! the same time for all of them; but no input takes longer than others by much, because anybody can send any input.

mod portable;
mod recoverer;
mod senders;
mod signed;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use recoverer::Recoverer;
pub use senders::{Decoded, Senders, decode, with_hash};
pub use signed::{HighS, Signed};
