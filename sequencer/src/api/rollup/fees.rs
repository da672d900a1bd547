//! What a transaction pays besides its gas, before it is sent.

use std::sync::Arc;

use alloy::{
    consensus::Transaction as _,
    primitives::{Bytes, U256},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use protocol::CARRIED_TRANSACTION_BYTES_MAX;
use serde::Serialize;

use crate::{
    api::{Api, errors},
    mempool::Rejection,
};

/// The part of the namespace that is about fees.
#[rpc(server, namespace = "rollup")]
pub(crate) trait Fees {
    /// What this signed transaction would pay for L1 data and to the operator in the block that is open.
    #[method(name = "estimateL1Fee")]
    fn estimate_l1_fee(&self, raw: Bytes) -> RpcResult<L1Fee>;
}

/// What is paid besides gas, in wei.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct L1Fee {
    l1_fee: U256,
    /// If all its gas is used; less otherwise.
    operator_fee_max: U256,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct FeeMethods(pub(crate) Api);

impl FeesServer for FeeMethods {
    fn estimate_l1_fee(&self, raw: Bytes) -> RpcResult<L1Fee> {
        let (bytes, bytes_max) = (raw.len(), CARRIED_TRANSACTION_BYTES_MAX);
        if bytes > bytes_max {
            return Err(errors::rejection(&Rejection::TooLarge { bytes, bytes_max }, &raw));
        }
        let tx = protocol::decode_user_transaction(&raw)
            .map_err(|error| errors::rejection(&Rejection::Undecodable(Arc::new(error)), &raw))?;
        let fees = self.0.view.store().admission_state().l1_fees;
        Ok(L1Fee {
            l1_fee: fees.l1_fee(protocol::data_size(&raw)),
            operator_fee_max: fees.operator_fee(tx.gas_limit()),
        })
    }
}
