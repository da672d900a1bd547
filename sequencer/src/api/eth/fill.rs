//! `eth_fillTransaction`: completes a transaction, so that a wallet sends it after one request instead of five.

use alloy::{
    consensus::{SignableTransaction, TypedTransaction},
    eips::{BlockId, Encodable2718},
    primitives::{Bytes, Signature, U256},
    rpc::types::TransactionRequest,
};
use executor::BlockContext;
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use serde::Serialize;

use super::{call::Run, fees::FeeMethods};
use crate::{
    api::{Api, errors},
    chain::State,
};

const METHOD: &str = "eth_fillTransaction";

/// A completed transaction.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Filled {
    /// Its encoding, with an empty signature.
    raw: Bytes,
    /// The same in fields.
    tx: TypedTransaction,
}

/// Completing.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthFill {
    /// Adds nonce, gas limit, fees and chain id where they are missing.
    #[method(name = "fillTransaction")]
    async fn fill_transaction(&self, request: TransactionRequest) -> RpcResult<Filled>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct FillMethods(pub(crate) Api);

#[async_trait]
impl EthFillServer for FillMethods {
    async fn fill_transaction(&self, mut request: TransactionRequest) -> RpcResult<Filled> {
        let sender = request.from.unwrap_or_default();
        request.chain_id.get_or_insert(self.0.config.l2_chain_id);
        if request.nonce.is_none() {
            request.nonce = Some(self.0.nonce(METHOD, sender, BlockId::pending()).await?);
        }
        if request.gas_price.is_none() {
            let fees = FeeMethods(self.0.clone());
            let tip = match request.max_priority_fee_per_gas {
                Some(tip) => U256::from(tip),
                None => fees.tip().await?,
            };
            let tip = u128::try_from(tip).unwrap_or(u128::MAX);
            request.max_priority_fee_per_gas = Some(tip);
            // Twice the base fee lasts through several full blocks.
            let cap = u128::from(fees.base_fee_next()) * 2;
            request.max_fee_per_gas.get_or_insert(cap.saturating_add(tip));
        }
        if request.gas.is_none() {
            let mut priceless = request.clone();
            (priceless.max_fee_per_gas, priceless.max_priority_fee_per_gas) = (None, None);
            priceless.gas_price = None;
            let run = Run::new(priceless, None, None)?;
            // After what the sender has sent already, which may be in the open block.
            let work = move |state: &State, context: &BlockContext| run.estimate(state, context);
            request.gas = Some(self.0.with_state(METHOD, BlockId::pending(), work).await?);
        }
        if request.to.is_none() {
            request.to = Some(alloy::primitives::TxKind::Create);
        }
        let tx = request
            .build_typed_tx()
            .map_err(|_| errors::params("the fields do not make a transaction"))?;
        Ok(Filled { raw: unsigned_encoding(&tx), tx })
    }
}

/// The transaction with a zero signature, as geth returns it.
fn unsigned_encoding(tx: &TypedTransaction) -> Bytes {
    let signature = Signature::new(U256::ZERO, U256::ZERO, false);
    let raw = match tx.clone() {
        TypedTransaction::Legacy(tx) => tx.into_signed(signature).encoded_2718(),
        TypedTransaction::Eip2930(tx) => tx.into_signed(signature).encoded_2718(),
        TypedTransaction::Eip1559(tx) => tx.into_signed(signature).encoded_2718(),
        TypedTransaction::Eip4844(tx) => tx.into_signed(signature).encoded_2718(),
        TypedTransaction::Eip7702(tx) => tx.into_signed(signature).encoded_2718(),
    };
    raw.into()
}
