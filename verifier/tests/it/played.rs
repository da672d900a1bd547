//! Lies about a whole history, each played to its end: the real program in the real contracts, with a verifier's own data.
//!
//! Not here: reading L1 and sending to it (`verifier/tests/player`), and processes (`braid devnet --drill`).

mod arena;
mod invalid;
mod kinds;
mod many;
mod site;
