//! The service on a real Postgres and a scripted L1, compared with an execution in memory that shares nothing with it
//! but the core.

mod claims;
mod kept;
mod large_state;
mod lists;
mod oracle;
mod proposals;
mod reorg;
mod restart;
mod run;
mod sync;
mod views;
mod world;
