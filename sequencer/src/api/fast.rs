//! The fast path of `eth_sendRawTransaction`, alone or in a JSON-RPC batch: one parse of the body without copies,
//! one admission for all of it.
//!
//! It takes a body only if every call in it has the plain form that clients send; anything else is left to the
//! general stack. Invariant: the answer is byte for byte the one that the general stack gives.

use std::time::Instant;

use alloy::primitives::{B256, Bytes, hex};
use jsonrpsee::{core::RpcResult, server::MethodResponse, types::Id};
use serde::Deserialize;

use super::{
    errors,
    limits::BATCH_CALLS_MAX,
    methods::{Failed, Meter},
};
use crate::{Submitter, quota::Client};

const METHOD: &str = "eth_sendRawTransaction";

/// The way around the general stack. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Fast {
    submitter: Submitter,
    meter: Meter,
}

/// A call in its plain form; what is escaped, missing or more does not parse as one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: CallId<'a>,
    method: &'a str,
    #[serde(borrow)]
    params: [&'a str; 1],
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum CallId<'a> {
    Number(u64),
    Text(&'a str),
}

impl<'a> CallId<'a> {
    fn get(self) -> Id<'a> {
        match self {
            Self::Number(number) => Id::Number(number),
            Self::Text(text) => Id::Str(text.into()),
        }
    }
}

impl Call<'_> {
    /// The transaction, if this is such a call.
    fn raw(&self) -> Option<Bytes> {
        if self.method != METHOD || self.jsonrpc != "2.0" {
            return None;
        }
        hex::decode(self.params[0].strip_prefix("0x")?).ok().map(Bytes::from)
    }
}

/// What the fast path answers with: JSON, and whether it is a single call that failed.
type Answer = (String, Option<Failed>);

impl Fast {
    pub(super) const fn new(submitter: Submitter, meter: Meter) -> Self {
        Self { submitter, meter }
    }

    /// Answers a body that holds nothing but plain calls of the method; `None` for any other.
    pub(super) async fn answer(&self, body: &[u8]) -> Option<Answer> {
        let began = Instant::now();
        let (calls, single) = parse(body)?;
        let raws: Vec<Bytes> = calls.iter().map(Call::raw).collect::<Option<_>>()?;
        Client::current().more_requests(calls.len() - 1);
        let results = self.submitter.submit_many(raws.clone()).await;
        let mut json = String::with_capacity(calls.len().saturating_mul(128));
        let mut failed = None;
        json.push_str(if single { "" } else { "[" });
        for (index, ((call, raw), result)) in calls.iter().zip(raws).zip(results).enumerate() {
            let result: RpcResult<B256> =
                result.map_err(|rejection| errors::rejection(&rejection, &raw));
            failed = result.as_ref().err().map(|error| Failed {
                code: error.code(),
                retry_after: errors::retry_after(error),
            });
            self.meter.record(METHOD, failed.map(|failed| failed.code), began);
            if index > 0 {
                json.push(',');
            }
            write(&mut json, call.id, result);
        }
        json.push_str(if single { "" } else { "]" });
        Some((json, failed.filter(|_| single)))
    }
}

fn parse(body: &[u8]) -> Option<(Vec<Call<'_>>, bool)> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    match first {
        b'{' => Some((vec![serde_json::from_slice(body).ok()?], true)),
        b'[' => {
            let calls: Vec<Call<'_>> = serde_json::from_slice(body).ok()?;
            let taken = 1..=BATCH_CALLS_MAX as usize;
            taken.contains(&calls.len()).then_some((calls, false))
        }
        _ => None,
    }
}

fn write(json: &mut String, id: CallId<'_>, result: RpcResult<B256>) {
    match (id, result) {
        // By far the most common answer, written without a serializer.
        (CallId::Number(id), Ok(hash)) => {
            json.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
            json.push_str(&id.to_string());
            json.push_str(",\"result\":\"");
            json.push_str(&hex::encode_prefixed(hash));
            json.push_str("\"}");
        }
        (id, Ok(hash)) => {
            let payload = jsonrpsee::ResponsePayload::success(hash);
            json.push_str(MethodResponse::response(id.get(), payload, usize::MAX).as_ref());
        }
        (id, Err(error)) => json.push_str(MethodResponse::error(id.get(), error).as_ref()),
    }
}
