//! The crate against a real anvil, and against HTTP servers that lie.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anvil;
mod beacon;
mod capacity;
mod endpoints;
mod evidence;
mod harness;
mod memory_store;
mod outages;
mod outputs;
mod proposals;
mod reader;
mod running_sender;
mod sender;
mod tip;
mod watcher;
