//! `debug_*`: what happened inside transactions, and the bytes of blocks.

mod raw;
mod trace;
mod tracer;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::{
    raw::{DebugRawServer, RawMethods},
    trace::{DebugTraceServer, TraceMethods},
};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(RawMethods(api.clone()).into_rpc())?;
    methods.merge(TraceMethods(api.clone()).into_rpc())
}
