//! `trace_*`: the flat traces that OpenEthereum began with, for explorers and indexers.

mod blocks;
mod calls;
mod parity;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::{
    blocks::{BlockMethods, TraceBlocksServer},
    calls::{CallMethods, TraceCallsServer},
};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(BlockMethods(api.clone()).into_rpc())?;
    methods.merge(CallMethods(api.clone()).into_rpc())
}
