//! JSON-RPC over HTTP, one request at a time. It stands where a dApp has ethers' `Provider`, whose crate
//! cannot be had without vulnerable dependencies (see `Cargo.toml`).

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ethers_core::types::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use thiserror::Error;

/// A request that takes longer has failed.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// More than any answer to this test.
const RESPONSE_BYTES_MAX: u64 = 1 << 20;

/// A node behind its URL.
#[derive(Debug)]
pub(crate) struct Node {
    agent: ureq::Agent,
    url: String,
    next_id: AtomicU64,
}

/// Why a request has no result.
#[derive(Debug, Error)]
pub(crate) enum NodeError {
    /// The request cannot be written as JSON.
    #[error("cannot encode the request {method}")]
    Encode {
        method: &'static str,
        #[source]
        source: serde_json::Error,
    },
    /// No answer came.
    #[error("cannot reach the node for {method}")]
    Reach {
        method: &'static str,
        #[source]
        source: ureq::Error,
    },
    /// The answer is not what ethers expects.
    #[error("cannot decode the answer to {method}: {text}")]
    Decode {
        method: &'static str,
        text: String,
        #[source]
        source: serde_json::Error,
    },
    /// The answer belongs to another request.
    #[error("the answer to {method} has the id {id}")]
    Id { method: &'static str, id: u64 },
    /// The node refuses.
    #[error("{method} is refused with {code}: {message}")]
    Refused { method: &'static str, code: i64, message: String, data: Option<Value> },
}

#[derive(Serialize)]
struct Request<P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'static str,
    params: P,
}

#[derive(Deserialize)]
struct Response {
    id: u64,
    #[serde(default)]
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
    data: Option<Value>,
}

impl Node {
    /// Connects when the first request is made. Proxies of the environment are ignored: the node is near.
    pub(crate) fn new(url: String) -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIME_MAX)).proxy(None);
        Self { agent: config.build().into(), url, next_id: AtomicU64::new(1) }
    }

    /// Asks and waits. `params` is a tuple or an array; the result has one of ethers' types.
    pub(crate) fn request<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, NodeError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        // serde writes `()` as null, which is no list of parameters.
        let mut params =
            serde_json::to_value(params).map_err(|source| NodeError::Encode { method, source })?;
        if params.is_null() {
            params = Value::Array(Vec::new());
        }
        let body = serde_json::to_vec(&Request { jsonrpc: "2.0", id, method, params })
            .map_err(|source| NodeError::Encode { method, source })?;
        let text = self.post(&body).map_err(|source| NodeError::Reach { method, source })?;
        answer(method, id, text)
    }

    fn post(&self, body: &[u8]) -> Result<String, ureq::Error> {
        let mut response =
            self.agent.post(&self.url).content_type("application/json").send(body)?;
        response.body_mut().with_config().limit(RESPONSE_BYTES_MAX).read_to_string()
    }
}

fn answer<R: DeserializeOwned>(
    method: &'static str,
    asked: u64,
    text: String,
) -> Result<R, NodeError> {
    let decoded: Result<Response, _> = serde_json::from_str(&text);
    let response = match decoded {
        Ok(response) => response,
        Err(source) => return Err(NodeError::Decode { method, text, source }),
    };
    if response.id != asked {
        return Err(NodeError::Id { method, id: response.id });
    }
    if let Some(Refusal { code, message, data }) = response.error {
        return Err(NodeError::Refused { method, code, message, data });
    }
    serde_json::from_value(response.result).map_err(|source| NodeError::Decode {
        method,
        text,
        source,
    })
}

impl NodeError {
    /// What the contract reverted with, where ethers looks for it: a hex string in the error's `data`.
    pub(crate) fn revert_data(&self) -> Option<Bytes> {
        let Self::Refused { data: Some(data), .. } = self else { return None };
        data.as_str()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;

    fn decode(text: &str) -> Result<U256, NodeError> {
        answer("eth_test", 7, text.to_owned())
    }

    #[test]
    fn result() {
        assert_eq!(decode(r#"{"jsonrpc":"2.0","id":7,"result":"0x10"}"#).unwrap(), U256::from(16));
    }

    #[test]
    fn refusal_keeps_its_data() {
        let error = decode(
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":3,"message":"execution reverted","data":"0x08c379a0"}}"#,
        )
        .unwrap_err();
        assert!(matches!(error, NodeError::Refused { code: 3, .. }), "{error}");
        assert_eq!(error.revert_data().unwrap().to_vec(), [0x08, 0xc3, 0x79, 0xa0]);
    }

    #[test]
    fn surprises() {
        let other = decode(r#"{"jsonrpc":"2.0","id":8,"result":"0x10"}"#).unwrap_err();
        assert!(matches!(other, NodeError::Id { id: 8, .. }), "{other}");
        for text in
            ["", "{}", r#"{"jsonrpc":"2.0","id":7}"#, r#"{"jsonrpc":"2.0","id":7,"result":[]}"#]
        {
            let error = decode(text).unwrap_err();
            assert!(matches!(error, NodeError::Decode { .. }), "{text}: {error}");
        }
    }
}
