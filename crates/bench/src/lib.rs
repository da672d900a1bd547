//! `braid bench`: pre-signed workloads, and what an Ethereum node makes of them.
//!
//! Not a place for rules of the chain, and no part of the node: it knows an endpoint by what any client can ask it, so
//! it measures other chains as it measures Braid.
//!
//! - [`workload`]: what is sent by whom, from a seed; pure.
//! - [`file`](mod@file): the workload on disk; pure.
//! - [`generate`](mod@generate): signs a workload on all cores.
//! - [`run`](mod@run): prepares a chain, sends a workload through one door, and looks afterwards whether all is there.
//! - [`histogram`]: latencies in little memory.
//! - [`report`]: what came of it, as text, JSON and a picture.
//! - [`compare`](mod@compare): two endpoints in turn.
//! - [`stages`]: what a running Braid node says of its own costs.
//! - [`rpc`]: questions over JSON-RPC.

pub mod compare;
pub mod file;
pub mod generate;
pub mod histogram;
pub mod report;
pub mod rpc;
pub mod run;
pub mod stages;
pub mod workload;

pub use compare::Comparison;
pub use file::{FileError, Workload};
pub use generate::{ChainFacts, GenerateError, generate};
pub use histogram::Histogram;
pub use report::RunReport;
pub use rpc::{Rpc, RpcError};
pub use run::{Pace, RunError, RunOptions, Transport, run};
pub use stages::Stages;
pub use workload::{Kind, Spec, SpecError};
