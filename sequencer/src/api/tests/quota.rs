//! Quotas at every door: who asks for too much is told so early, in the words of that door, and for how long.

use jsonrpsee::{
    core::client::{ClientT, Error},
    rpc_params,
    ws_client::WsClientBuilder,
};
use proto::v1::{
    GetHeadsRequest, SubmitRequest, SubmitStreamRequest, chain_service_client::ChainServiceClient,
    transaction_service_client::TransactionServiceClient,
};
use serde_json::{Value, json};
use service::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, transport::Channel};
use tonic_types::StatusExt;

use super::{
    support::{LOOP, Node, transfer},
    ws::{answers, frame, hello},
};
use crate::quota::{ApiKey, ClientQuota, QuotaConfig, Rate};

const KEY: &str = "0123456789abcdef";
/// Three requests, and then one in a second.
const FEW: Rate = Rate { per_second: 1, burst: 3 };

async fn node(change: impl FnOnce(&mut QuotaConfig)) -> Node {
    Node::with(|config| change(&mut config.quotas)).await
}

fn call(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Posts a body; status, `Retry-After` and answer.
async fn post(node: &Node, key: Option<&str>, body: String) -> (u16, Option<u64>, Value) {
    let mut request = node.http.post(node.url()).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let answer = request.body(body).send().await.unwrap();
    let header = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().parse().unwrap();
    let wait = answer.headers().get("retry-after").map(header);
    (answer.status().as_u16(), wait, answer.json().await.unwrap())
}

/// A refusal by quota over HTTP; how long to wait, in milliseconds.
fn refused((status, wait, answer): (u16, Option<u64>, Value), text: &str) -> u64 {
    assert_eq!((status, &answer["error"]["code"]), (429, &json!(-32_005)), "{answer}");
    assert_eq!(answer["error"]["message"], format!("rate limit exceeded: {text}"));
    let millis = answer["error"]["data"]["retryAfterMs"].as_u64().unwrap();
    assert_eq!(wait, Some(std::cmp::max(millis.div_ceil(1_000), 1)), "{answer}");
    millis
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_http() {
    let node = &node(|quotas| quotas.client.requests = FEW).await;
    // A batch is let in and paid for: seven more than there were, so eight seconds for the next.
    let batch: Vec<Value> = (0..10).map(|id| call(id, "eth_chainId", json!([]))).collect();
    let (status, _, answers) = post(node, None, json!(batch).to_string()).await;
    assert_eq!((status, answers.as_array().unwrap().len()), (200, 10));
    let wait = refused(post(node, None, "not even JSON".into()).await, "too many requests");
    assert!((6_000..=8_000).contains(&wait), "{wait}");

    // The answer does not wait for the body.
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 429");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fast_path_counts_the_same() {
    let node = &node(|quotas| quotas.client.requests = FEW).await;
    let send = |nonce| call(nonce, "eth_sendRawTransaction", json!([transfer(1, nonce)]));
    let batch: Vec<Value> = (0..10).map(send).collect();
    let (status, _, answers) = post(node, None, json!(batch).to_string()).await;
    assert_eq!(status, 200);
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["result"].is_string()));
    let wait = refused(post(node, None, send(10).to_string()).await, "too many requests");
    assert!((6_000..=8_000).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gas_and_senders() {
    let node = &node(|quotas| {
        // Each transfer has a limit of 100,000.
        quotas.client.gas = Rate { per_second: 1_000, burst: 500_000 };
        quotas.sender.requests = Rate { per_second: 1, burst: 2 };
    })
    .await;
    for method in ["eth_sendRawTransaction", r"eth_sendRawTransactio\u006e"] {
        let from = if method.contains('\\') { 2 } else { 1 };
        let body = |nonce| {
            let raw = transfer(from, nonce);
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":["{raw}"]}}"#)
        };
        assert_eq!(post(node, None, body(0)).await.0, 200);
        assert_eq!(post(node, None, body(1)).await.0, 200);
        let text = if from == 1 { "too many transactions of this sender" } else { "too much gas" };
        refused(post(node, None, body(2)).await, text);
    }
    // In a batch the refusals are only codes.
    let send = |id: u64| call(id, "eth_sendRawTransaction", json!([transfer(3, id)]));
    let (status, _, answers) = post(node, None, json!([send(0), send(1)]).to_string()).await;
    assert_eq!((status, &answers[1]["error"]["code"]), (200, &json!(-32_005)), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_pay_with_what_they_used() {
    let node = &node(|quotas| {
        quotas.client.gas = Rate { per_second: 1_000_000, burst: 10_000_000 };
    })
    .await;
    let endless = call(1, "eth_call", json!([{ "to": LOOP }]));
    let (status, _, answer) = post(node, None, endless.to_string()).await;
    assert_eq!((status, &answer["error"]["message"]), (200, &json!("out of gas")));
    // Fifty million were used, forty more than there were.
    let wait = refused(post(node, None, endless.to_string()).await, "too much gas");
    assert!((30_000..=40_001).contains(&wait), "{wait}");
    // Other things are still answered.
    assert_eq!(post(node, None, call(1, "eth_chainId", json!([])).to_string()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn computation_is_paid_for_too() {
    let cpu_us = Rate { per_second: 1, burst: 10 };
    let node = &node(|quotas| quotas.client.cpu_us = cpu_us).await;
    let endless = call(1, "eth_call", json!([{ "to": LOOP }]));
    assert_eq!(post(node, None, endless.to_string()).await.0, 200);
    refused(post(node, None, endless.to_string()).await, "too much computation");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_websocket() {
    let node = &node(|quotas| quotas.client.requests = FEW).await;
    let url = format!("ws://{}", node.address);
    // Connecting is a request as well.
    let client = WsClientBuilder::default().build(&url).await.unwrap();
    for _ in 0..2 {
        client.request::<Value, _>("eth_chainId", rpc_params![]).await.unwrap();
    }
    let error = client.request::<Value, _>("eth_chainId", rpc_params![]).await.unwrap_err();
    let Error::Call(error) = error else { panic!("{error:?}") };
    assert_eq!(
        (error.code(), error.message()),
        (-32_005, "rate limit exceeded: too many requests")
    );
    let data: Value = serde_json::from_str(error.data().unwrap().get()).unwrap();
    assert!(data["retryAfterMs"].as_u64().unwrap() <= 1_000, "{data}");
    assert!(client.is_connected());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_counts_over_websocket() {
    let node = &node(|quotas| quotas.client.requests = FEW).await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    stream.write_all(hello(node.address).as_bytes()).await.unwrap();
    let mut codes = Vec::new();
    for _ in 0..3 {
        stream.write_all(&frame("nothing")).await.unwrap();
        codes.push(answers(&mut stream, 1).await[0]["error"]["code"].clone());
    }
    assert_eq!(codes, [-32_700, -32_700, -32_005]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_grpc() {
    let node = &node(|quotas| {
        quotas.client.requests = Rate { per_second: 1, burst: 5 };
        quotas.client.gas = Rate { per_second: 1_000, burst: 200_000 };
    })
    .await;
    let channel = Channel::from_shared(node.url()).unwrap().connect().await.unwrap();
    let mut sending = TransactionServiceClient::new(channel.clone());
    let transactions = (0..3).map(|nonce| transfer(1, nonce).0).collect();
    let request = SubmitStreamRequest { transactions, wait_for: 0 };
    let answers = sending.submit_stream(futures::stream::iter([request])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    assert_eq!((answer.accepted, answer.rejections.len()), (2, 1));
    assert_eq!(answer.rejections[0].reason, "QUOTA");
    assert_eq!(answer.rejections[0].message, "rate limit exceeded: too much gas");

    // The fifth request. Alone, the refusal of the transaction is one of the call.
    let transaction = transfer(1, 2).0;
    let request = SubmitRequest { transaction, wait_for: 0, timeout_ms: 0 };
    let status = sending.submit(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.get_details_retry_info().unwrap().retry_delay.unwrap().as_secs() > 50);

    let mut chain = ChainServiceClient::new(channel);
    let status = chain.get_heads(GetHeadsRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "rate limit exceeded: too many requests");
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("QUOTA", "braid"));
    assert_eq!(info.metadata["quota"], "requests");
    assert!(status.get_details_retry_info().unwrap().retry_delay.unwrap().as_millis() <= 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys() {
    let node = &node(|quotas| {
        quotas.client.requests = Rate { per_second: 1, burst: 1 };
        let quota = ClientQuota { requests: Rate { per_second: 1, burst: 100 }, ..quotas.client };
        quotas.keys = vec![ApiKey { name: "test".into(), key: Secret::new(KEY.into()), quota }];
    })
    .await;
    let ask = call(1, "eth_chainId", json!([])).to_string();
    for _ in 0..10 {
        assert_eq!(post(node, Some(KEY), ask.clone()).await.0, 200);
    }
    // A wrong key is told so, without a reason to try again, and is paid for by the address.
    let (status, wait, answer) = post(node, Some("another"), ask.clone()).await;
    assert_eq!((status, wait, &answer["error"]["code"]), (401, None, &json!(-32_001)));
    refused(post(node, Some("another"), ask.clone()).await, "too many requests");
    refused(post(node, None, ask.clone()).await, "too many requests");
    let address = format!("{}?api_key={KEY}", node.url());
    let request = node.http.post(address).header("content-type", "application/json").body(ask);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_much_at_a_time() {
    let node = &node(|quotas| quotas.client.running_max = 1).await;
    let url = format!("ws://{}", node.address);
    let client = WsClientBuilder::default().build(&url).await.unwrap();
    let ask = call(1, "eth_chainId", json!([])).to_string();
    refused(post(node, None, ask.clone()).await, "too many requests at a time");
    // The connection itself is not hindered, and leaves room when it is over.
    client.request::<Value, _>("eth_chainId", rpc_params![]).await.unwrap();
    drop(client);
    for _ in 0..500 {
        if post(node, None, ask.clone()).await.0 == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no room after the connection was closed");
}
