//! Starts real Braid processes for tests and sees to it that none outlives its test.
//!
//! Not a mock of anything: the `braid` binary, anvil and Postgres as users run them, on free ports, each test with
//! its own. Invariant: when a test ends, by success, panic or kill, its processes end too.

mod artifacts;
mod devnet;
mod logs;
mod process;
mod wait;

pub use artifacts::{contracts, published_code};
pub use devnet::{Devnet, DevnetInfo, Funded};
pub use logs::Logs;
pub use process::{Process, braid_binary, init};
pub use wait::eventually;
