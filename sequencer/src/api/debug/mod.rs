//! `debug_*`: what happened inside transactions, the bytes of blocks, and what it takes to execute them.

mod raw;
mod trace;
mod tracer;
mod witness;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::{
    raw::{DebugRawServer, RawMethods},
    trace::{DebugTraceServer, TraceMethods},
    witness::{DebugWitnessServer, WitnessMethods},
};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(RawMethods(api.clone()).into_rpc())?;
    methods.merge(TraceMethods(api.clone()).into_rpc())?;
    methods.merge(WitnessMethods(api.clone()).into_rpc())
}
