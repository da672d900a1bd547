//! The gRPC interface in Rust, generated from the `.proto` files beside it. Nothing is written by hand here.

/// `braid.sequencer.v1`.
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    clippy::use_self,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("braid.sequencer.v1");
}

/// The descriptors of all services, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
