//! Questions over JSON-RPC, one or many at once. Not the way that transactions are measured: `run::link` is.

use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use serde_json::{Value, json};

/// Questions that are asked at once.
pub const ASKED_AT_ONCE: usize = 100;
/// Longest wait for an answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// A question without a usable answer.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The address is none.
    #[error("not an address of an endpoint: {0}")]
    Url(String),
    /// No client could be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    /// No answer.
    #[error("{url} does not answer {method}")]
    Transport {
        /// Who was asked.
        url: String,
        /// What.
        method: &'static str,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is an error.
    #[error("{method} failed with {code}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The code of JSON-RPC.
        code: i64,
        /// What was said.
        message: String,
    },
    /// The answer is no such answer.
    #[error("{method} was answered with {answer}")]
    Unexpected {
        /// What was asked.
        method: &'static str,
        /// The beginning of the answer.
        answer: String,
    },
}

impl RpcError {
    /// Whether the endpoint does not have what was asked for: -32601, and what other nodes say instead.
    #[must_use]
    pub const fn is_unknown_method(&self) -> bool {
        matches!(self, Self::Refused { code: -32_601 | -32_600 | -32_004 | -32_000, .. })
    }
}

/// The HTTP address of an endpoint: `ws` becomes `http`.
///
/// # Errors
/// When it has another scheme.
pub fn http_url(url: &str) -> Result<String, RpcError> {
    with_scheme(url, "http")
}

/// The WebSocket address of an endpoint: `http` becomes `ws`.
///
/// # Errors
/// When it has another scheme.
pub fn ws_url(url: &str) -> Result<String, RpcError> {
    with_scheme(url, "ws")
}

fn with_scheme(url: &str, scheme: &str) -> Result<String, RpcError> {
    let rest = ["http", "ws"].iter().find_map(|known| {
        let rest = url.strip_prefix(known)?;
        (rest.starts_with("://") || rest.starts_with("s://")).then_some(rest)
    });
    rest.map(|rest| format!("{scheme}{rest}")).ok_or_else(|| RpcError::Url(url.to_owned()))
}

/// A client of one endpoint.
#[derive(Debug, Clone)]
pub struct Rpc {
    client: reqwest::Client,
    url: String,
}

impl Rpc {
    /// Of an HTTP or WebSocket address; asks nothing.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(url: &str) -> Result<Self, RpcError> {
        let client = reqwest::Client::builder().timeout(ANSWER_PATIENCE).build();
        Ok(Self { client: client.map_err(RpcError::Client)?, url: http_url(url)? })
    }

    /// The address that is asked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The client that asks.
    pub(crate) const fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Asks one question.
    ///
    /// # Errors
    /// When there is no answer, or the answer is an error.
    pub async fn ask(&self, method: &'static str, params: Value) -> Result<Value, RpcError> {
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
        result(method, self.post(method, &body).await?)
    }

    /// Asks many at once; the answers are in the order of the questions.
    ///
    /// # Errors
    /// When there is no answer, or it is none to a batch.
    pub async fn ask_all(
        &self,
        method: &'static str,
        params: Vec<Value>,
    ) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let mut answers = Vec::with_capacity(params.len());
        for part in params.chunks(ASKED_AT_ONCE) {
            let calls = part.iter().enumerate();
            let calls: Vec<Value> = calls
                .map(|(id, params)| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
                .collect();
            let answer = self.post(method, &Value::Array(calls)).await?;
            answers.extend(in_order(method, answer, part.len())?);
        }
        Ok(answers)
    }

    async fn post(&self, method: &'static str, body: &Value) -> Result<Value, RpcError> {
        let failed = |source| RpcError::Transport { url: self.url.clone(), method, source };
        let answer = self.client.post(&self.url).json(body).send().await.map_err(failed)?;
        answer.json().await.map_err(failed)
    }

    /// The chain's id.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        let answer = self.ask("eth_chainId", json!([])).await?;
        number("eth_chainId", &answer)
    }

    /// What the endpoint calls itself; `None` where it does not.
    pub async fn client_version(&self) -> Option<String> {
        let answer = self.ask("web3_clientVersion", json!([])).await.ok()?;
        answer.as_str().map(str::to_owned)
    }

    /// What gas costs in the newest block, in wei.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn base_fee(&self) -> Result<u64, RpcError> {
        let method = "eth_getBlockByNumber";
        let block = self.ask(method, json!(["latest", false])).await?;
        number(method, &block["baseFeePerGas"])
    }

    /// What an account owns, in wei.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn balance(&self, account: Address) -> Result<U256, RpcError> {
        let method = "eth_getBalance";
        let answer = self.ask(method, json!([account, "latest"])).await?;
        let balance = answer.as_str().and_then(|text| text.parse().ok());
        balance.ok_or_else(|| unexpected(method, &answer))
    }

    /// Whether there is a contract.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn has_code(&self, account: Address) -> Result<bool, RpcError> {
        let code = self.ask("eth_getCode", json!([account, "latest"])).await?;
        Ok(code.as_str().is_some_and(|code| code.len() > 2))
    }

    /// The nonces of accounts at a block.
    ///
    /// # Errors
    /// When one is not told.
    pub async fn nonces(&self, accounts: &[Address], at: &str) -> Result<Vec<u64>, RpcError> {
        let method = "eth_getTransactionCount";
        let params = accounts.iter().map(|account| json!([account, at])).collect();
        let answers = self.ask_all(method, params).await?;
        answers.into_iter().map(|answer| number(method, &answer?)).collect()
    }

    /// Receipts; `None` for what has none.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn receipts(&self, hashes: &[B256]) -> Result<Vec<Option<Receipt>>, RpcError> {
        let method = "eth_getTransactionReceipt";
        let params = hashes.iter().map(|hash| json!([hash])).collect();
        let answers = self.ask_all(method, params).await?;
        let receipt = |answer: Value| {
            if answer.is_null() {
                return Ok(None);
            }
            Ok(Some(Receipt {
                block: number(method, &answer["blockNumber"])?,
                index: number(method, &answer["transactionIndex"])?,
                is_success: answer["status"] == "0x1",
                from: serde_json::from_value(answer["from"].clone())
                    .map_err(|_| unexpected(method, &answer))?,
            }))
        };
        answers.into_iter().map(|answer| receipt(answer?)).collect()
    }
}

/// What a receipt says of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The block that holds it.
    pub block: u64,
    /// Its place there.
    pub index: u64,
    /// Whether it succeeded.
    pub is_success: bool,
    /// Its sender.
    pub from: Address,
}

fn number(method: &'static str, value: &Value) -> Result<u64, RpcError> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| unexpected(method, value))
}

fn unexpected(method: &'static str, answer: &Value) -> RpcError {
    RpcError::Unexpected { method, answer: answer.to_string().chars().take(300).collect() }
}

fn result(method: &'static str, mut answer: Value) -> Result<Value, RpcError> {
    if let Some(error) = answer.get("error") {
        let code = error["code"].as_i64().unwrap_or_default();
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        return Err(RpcError::Refused { method, code, message });
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(unexpected(method, &answer)),
    }
}

/// The answers to a batch whose ids are the places of its questions.
fn in_order(
    method: &'static str,
    answer: Value,
    count: usize,
) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
    let Value::Array(answers) = answer else {
        // Some say one error for all.
        return Err(result(method, answer).err().unwrap_or(RpcError::Unexpected {
            method,
            answer: "one result to a batch".to_owned(),
        }));
    };
    let mut placed: Vec<Option<Value>> = vec![None; count];
    for answer in answers {
        let place = answer["id"].as_u64().and_then(|id| usize::try_from(id).ok());
        match place.and_then(|place| placed.get_mut(place)) {
            Some(slot) => *slot = Some(answer),
            None => return Err(unexpected(method, &answer)),
        }
    }
    let missing = || unexpected(method, &Value::Null);
    placed.into_iter().map(|answer| Ok(result(method, answer.ok_or_else(missing)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_exchanged() {
        assert_eq!(http_url("ws://a:1/b").unwrap(), "http://a:1/b");
        assert_eq!(ws_url("https://a").unwrap(), "wss://a");
        assert_eq!(http_url("http://a").unwrap(), "http://a");
        assert!(http_url("ftp://a").is_err());
        assert!(http_url("httpx://a").is_err());
    }

    #[test]
    fn answers_are_put_in_order() {
        let answers = json!([{ "id": 1, "result": "b" }, { "id": 0, "error": { "code": -1, "message": "no" } }]);
        let placed = in_order("m", answers, 2).unwrap();
        assert!(matches!(placed[0], Err(RpcError::Refused { code: -1, .. })));
        assert_eq!(placed[1].as_ref().unwrap(), "b");
        assert!(in_order("m", json!([{ "id": 0, "result": 1 }]), 2).is_err());
        assert!(in_order("m", json!([{ "id": 7, "result": 1 }]), 1).is_err());
        let one = in_order("m", json!({ "error": { "code": -32600, "message": "too long" } }), 2);
        assert!(matches!(one, Err(RpcError::Refused { code: -32600, .. })));
    }
}
