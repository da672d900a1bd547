//! `net_*` and `web3_*`: what old clients and health checks ask first.

use alloy::primitives::{B256, Bytes, keccak256};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};

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
