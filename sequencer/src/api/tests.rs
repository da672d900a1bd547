//! Opens the doors of a real sequencer, on a real database and a recorded L1, and speaks to them over sockets.

mod admin;
mod debug;
mod errors;
mod fast;
mod getters;
mod grpc;
mod ots;
mod quota;
mod raw;
mod reorg;
mod rollup;
mod rpc;
mod scene;
mod simulate;
mod streams;
mod support;
mod trace;
mod withdrawals;
mod witness;
mod ws;
