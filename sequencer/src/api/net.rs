//! `net_*` and `web3_*`: what old clients and health checks ask first.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes, keccak256};
use jsonrpsee::{
    RpcModule,
    core::{RegisterMethodError, RpcResult},
    proc_macros::rpc,
};

/// Names the program to clients.
pub(crate) const CLIENT_VERSION: &str = concat!("braid/v", env!("CARGO_PKG_VERSION"), "/rust");

/// `net_*`.
#[rpc(server, namespace = "net")]
pub(crate) trait Net {
    /// The chain id in decimal.
    #[method(name = "version")]
    fn version(&self) -> RpcResult<String>;
    /// Whether the node listens for connections.
    #[method(name = "listening")]
    fn listening(&self) -> RpcResult<bool>;
    /// Always zero: there is no peer-to-peer network.
    #[method(name = "peerCount")]
    fn peer_count(&self) -> RpcResult<String>;
}

/// `web3_*`.
#[rpc(server, namespace = "web3")]
pub(crate) trait Web3 {
    /// Program and version.
    #[method(name = "clientVersion")]
    fn client_version(&self) -> RpcResult<String>;
    /// Keccak-256 of the given bytes.
    #[method(name = "sha3")]
    fn sha3(&self, data: Bytes) -> RpcResult<B256>;
}

/// Answers both.
#[derive(Debug)]
pub(crate) struct NetApi {
    pub(crate) chain_id: u64,
}

impl NetServer for NetApi {
    fn version(&self) -> RpcResult<String> {
        Ok(self.chain_id.to_string())
    }

    fn listening(&self) -> RpcResult<bool> {
        Ok(true)
    }

    fn peer_count(&self) -> RpcResult<String> {
        Ok("0x0".to_owned())
    }
}

impl Web3Server for NetApi {
    fn client_version(&self) -> RpcResult<String> {
        Ok(CLIENT_VERSION.to_owned())
    }

    fn sha3(&self, data: Bytes) -> RpcResult<B256> {
        Ok(keccak256(data))
    }
}

/// `rpc_modules`: the namespaces of all methods that are there, as geth's console and cast ask for them.
pub(super) fn register_modules(methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    let names = methods.method_names().chain(["rpc_modules"]);
    let namespaces = names.filter_map(|name| Some(name.split_once('_')?.0));
    let modules: BTreeMap<String, &str> =
        namespaces.map(|namespace| (namespace.to_owned(), "1.0")).collect();
    methods.register_method("rpc_modules", move |_, _, _| RpcResult::Ok(modules.clone()))?;
    Ok(())
}
