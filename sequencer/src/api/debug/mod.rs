//! `debug_*`: what happened inside transactions, and the bytes of blocks.

mod trace;
mod tracer;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::trace::{DebugTraceServer, TraceMethods};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(TraceMethods(api.clone()).into_rpc())
}
