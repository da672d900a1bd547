//! What the node can say of itself: the rules in force (EIP-7910), what history it has, the next block's price.

use alloy::primitives::{U64, U256};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use serde_json::{Value, json};

use self::forks::ForkList;
use crate::{
    api::{Api, errors},
    chain::OUTLOOK_BLOCKS_MAX,
};

mod forks;

/// Configuration.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthConfig {
    /// The rules in force, and those to come.
    #[method(name = "config")]
    async fn config(&self) -> RpcResult<Value>;
    /// How far back what can be asked for.
    #[method(name = "capabilities")]
    fn capabilities(&self) -> RpcResult<Value>;
    /// Base fee of the next block, in wei.
    #[method(name = "baseFee")]
    fn base_fee(&self) -> RpcResult<U256>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct ConfigMethods(pub(crate) Api);

#[async_trait]
impl EthConfigServer for ConfigMethods {
    async fn config(&self) -> RpcResult<Value> {
        let api = &self.0;
        let now = api.view.latest().header.timestamp;
        if let Some(chain) = api.view.ethereum() {
            return Ok(ForkList::of_ethereum(&chain.config, chain.genesis_hash).at(now));
        }
        let genesis = api.view.require(0).await;
        let genesis = genesis.map_err(|error| errors::read("eth_config", &error))?;
        Ok(ForkList::of_rollup(&api.config, genesis.hash).at(now))
    }

    fn capabilities(&self) -> RpcResult<Value> {
        let latest = self.0.view.latest();
        let all = json!({ "disabled": false, "oldestBlock": U64::ZERO });
        let proven = U64::from(latest.number().saturating_sub(OUTLOOK_BLOCKS_MAX));
        let window = json!({ "type": "window", "retentionBlocks": U64::from(OUTLOOK_BLOCKS_MAX) });
        Ok(json!({
            "head": { "number": U64::from(latest.number()), "hash": latest.hash },
            "state": all,
            "tx": all,
            "logs": all,
            "receipts": all,
            "blocks": all,
            "stateproofs": { "disabled": false, "oldestBlock": proven, "deleteStrategy": window },
        }))
    }

    fn base_fee(&self) -> RpcResult<U256> {
        let newest = self.0.view.store().newest();
        Ok(U256::from(self.0.base_fee_after(&newest)))
    }
}
