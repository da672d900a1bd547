//! Opens the doors of a real sequencer, on a real database and a recorded L1, and speaks to them over sockets.

mod errors;
mod fast;
mod grpc;
mod rpc;
mod support;
mod ws;
