//! `eth_*` methods that take transactions.

use std::time::Duration;

use alloy::primitives::{B256, Bytes, U64};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde_json::Value;

use crate::api::{
    Api,
    convert::{RpcReceipt, receipt},
    errors,
    limits::{SYNC_TIMEOUT_DEFAULT, SYNC_TIMEOUT_MAX},
};

/// Sending.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthSubmit {
    /// Submits signed bytes; answers with the hash once the transaction is in the mempool.
    #[method(name = "sendRawTransaction")]
    async fn send_raw_transaction(&self, raw: Bytes) -> RpcResult<B256>;
    /// Submits signed bytes and answers with the receipt once it is durable (EIP-7966).
    #[method(name = "sendRawTransactionSync")]
    async fn send_raw_transaction_sync(
        &self,
        raw: Bytes,
        timeout_ms: Option<Value>,
    ) -> RpcResult<RpcReceipt>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct SubmitMethods(pub(crate) Api);

#[jsonrpsee::core::async_trait]
impl EthSubmitServer for SubmitMethods {
    async fn send_raw_transaction(&self, raw: Bytes) -> RpcResult<B256> {
        let submitted = self.0.submitter.submit(raw.clone()).await;
        submitted.map_err(|rejection| errors::rejection(&rejection, &raw))
    }

    async fn send_raw_transaction_sync(
        &self,
        raw: Bytes,
        timeout_ms: Option<Value>,
    ) -> RpcResult<RpcReceipt> {
        let wait = sync_timeout(timeout_ms.as_ref());
        match self.0.submitter.submit_and_wait(raw.clone(), wait).await {
            Ok(located) => Ok(receipt(&located)),
            Err(error) => Err(errors::sync(&error, &raw)),
        }
    }
}

/// The EIP writes a quantity, viem sends a number: both are taken. What is missing or malformed means the
/// default, what is too long means the maximum.
fn sync_timeout(given: Option<&Value>) -> Duration {
    let millis = match given {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse::<U64>().ok().map(|number| number.to()),
        _ => None,
    };
    match millis {
        None | Some(0) => SYNC_TIMEOUT_DEFAULT,
        Some(millis) => std::cmp::min(Duration::from_millis(millis), SYNC_TIMEOUT_MAX),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn timeouts_are_read_in_every_form_that_clients_send() {
        assert_eq!(sync_timeout(None), SYNC_TIMEOUT_DEFAULT);
        assert_eq!(sync_timeout(Some(&Value::Null)), SYNC_TIMEOUT_DEFAULT);
        assert_eq!(sync_timeout(Some(&json!(0))), SYNC_TIMEOUT_DEFAULT);
        assert_eq!(sync_timeout(Some(&json!("soon"))), SYNC_TIMEOUT_DEFAULT);
        assert_eq!(sync_timeout(Some(&json!(1500))), Duration::from_millis(1500));
        assert_eq!(sync_timeout(Some(&json!("0x5dc"))), Duration::from_millis(1500));
        assert_eq!(sync_timeout(Some(&json!(3_600_000))), SYNC_TIMEOUT_MAX);
    }
}
