//! `ots_*` and what else Otterscan asks: the interface of its level 8.
//!
//! Otterscan sends plain JSON numbers where Ethereum has hexadecimal text; both are taken.

mod accounts;
mod blocks;
mod params;
mod traces;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::{
    accounts::{AccountMethods, EthByNonceServer, OtsAccountsServer},
    blocks::{BlockMethods, ErigonServer, OtsBlocksServer},
    traces::{OtsTracesServer, TraceMethods},
};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(OtsBlocksServer::into_rpc(BlockMethods(api.clone())))?;
    methods.merge(ErigonServer::into_rpc(BlockMethods(api.clone())))?;
    methods.merge(TraceMethods(api.clone()).into_rpc())?;
    methods.merge(OtsAccountsServer::into_rpc(AccountMethods(api.clone())))?;
    methods.merge(EthByNonceServer::into_rpc(AccountMethods(api.clone())))
}
