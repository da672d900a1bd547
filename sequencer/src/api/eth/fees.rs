//! `eth_*` methods that tell what a transaction should pay.

use std::sync::Arc;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{U64, U256},
    rpc::types::FeeHistory,
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::Deserialize;

use super::fee_history::{TIP_BLOCKS, fee_history, suggested_tip};
use crate::{
    api::{
        Api, errors,
        limits::{FEE_HISTORY_BLOCKS_MAX, FEE_HISTORY_PERCENTILES_MAX},
    },
    chain::ChainBlock,
};

/// A block count; clients send a number or hexadecimal text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum Count {
    /// A JSON number.
    Number(u64),
    /// Hexadecimal text.
    Hex(U64),
}

impl Count {
    fn get(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Hex(number) => number.to(),
        }
    }
}

/// Prices.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthFees {
    /// Base fee of the next block plus the suggested tip.
    #[method(name = "gasPrice")]
    async fn gas_price(&self) -> RpcResult<U256>;
    /// The suggested tip.
    #[method(name = "maxPriorityFeePerGas")]
    async fn max_priority_fee_per_gas(&self) -> RpcResult<U256>;
    /// Base fees, use and tips of recent blocks; the last base fee is that of the next block.
    #[method(name = "feeHistory")]
    async fn fee_history(
        &self,
        blocks: Count,
        newest: BlockNumberOrTag,
        percentiles: Option<Vec<f64>>,
    ) -> RpcResult<FeeHistory>;
    /// Price of blob gas: there are no blobs on L2, so the least there is.
    #[method(name = "blobBaseFee")]
    fn blob_base_fee(&self) -> RpcResult<U256>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct FeeMethods(pub(crate) Api);

impl FeeMethods {
    async fn recent(&self, newest: u64, count: u64) -> RpcResult<Vec<Arc<ChainBlock>>> {
        let mut blocks = Vec::new();
        for number in (newest + 1).saturating_sub(count)..=newest {
            blocks.extend(self.0.block(number.into()).await?);
        }
        Ok(blocks)
    }

    pub(super) async fn tip(&self) -> RpcResult<U256> {
        let newest = self.0.view.heads().unsafe_head().number;
        Ok(suggested_tip(&self.recent(newest, TIP_BLOCKS).await?))
    }

    pub(super) fn base_fee_next(&self) -> u64 {
        self.0.base_fee_after(&self.0.view.latest())
    }
}

#[jsonrpsee::core::async_trait]
impl EthFeesServer for FeeMethods {
    async fn gas_price(&self) -> RpcResult<U256> {
        Ok(self.tip().await? + U256::from(self.base_fee_next()))
    }

    async fn max_priority_fee_per_gas(&self) -> RpcResult<U256> {
        self.tip().await
    }

    async fn fee_history(
        &self,
        blocks: Count,
        newest: BlockNumberOrTag,
        percentiles: Option<Vec<f64>>,
    ) -> RpcResult<FeeHistory> {
        if let Some(percentiles) = &percentiles {
            if percentiles.len() > FEE_HISTORY_PERCENTILES_MAX {
                return Err(errors::argument(
                    2,
                    format!("over the limit of {FEE_HISTORY_PERCENTILES_MAX} percentiles"),
                ));
            }
            let in_range = percentiles.iter().all(|percentile| (0.0..=100.0).contains(percentile));
            if !in_range || !percentiles.is_sorted() {
                return Err(errors::argument(2, "percentiles must rise and lie between 0 and 100"));
            }
        }
        let Some(last) = self.0.block(newest.into()).await? else {
            return Err(errors::unknown_block(newest));
        };
        let count = std::cmp::min(blocks.get(), FEE_HISTORY_BLOCKS_MAX);
        if count == 0 {
            return Ok(FeeHistory::default());
        }
        let recent = self.recent(last.header.number, count).await?;
        Ok(fee_history(&recent, self.0.base_fee_after(&last), percentiles.as_deref()))
    }

    fn blob_base_fee(&self) -> RpcResult<U256> {
        Ok(U256::from(1))
    }
}
