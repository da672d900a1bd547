//! Subscriptions over WebSocket.

use std::{net::SocketAddr, time::Duration};

use alloy::primitives::{B256, keccak256};
use jsonrpsee::{
    core::client::{ClientT, Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::support::{LOGGER, Node, log, quantity, transfer};
use crate::api::limits::CALLS_UNANSWERED_MAX;

pub(super) async fn connect(node: &Node) -> WsClient {
    WsClientBuilder::default().build(format!("ws://{}", node.address)).await.unwrap()
}

pub(super) async fn subscribe(client: &WsClient, params: &[Value]) -> Subscription<Value> {
    let mut given = jsonrpsee::core::params::ArrayParams::new();
    params.iter().for_each(|param| given.insert(param).unwrap());
    client.subscribe("eth_subscribe", given, "eth_unsubscribe").await.unwrap()
}

pub(super) async fn next(subscription: &mut Subscription<Value>) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(20), subscription.next());
    next.await.expect("a notification in time").expect("an open subscription").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_logs_transactions_and_sub_blocks() {
    let node = Node::start().await;
    let client = connect(&node).await;
    let mut heads = subscribe(&client, &[json!("newHeads")]).await;
    let topic = B256::repeat_byte(9);
    let filter = json!({ "address": LOGGER, "topics": [topic] });
    let mut logs = subscribe(&client, &[json!("logs"), filter]).await;
    let mut hashes = subscribe(&client, &[json!("newPendingTransactions")]).await;
    let mut whole = subscribe(&client, &[json!("newPendingTransactions"), json!(true)]).await;
    let mut sub_blocks = subscribe(&client, &[json!("subBlocks")]).await;
    let wanted = json!({ "transactionHashes": [keccak256(log(1, 1, topic))] });
    let mut named = subscribe(&client, &[json!("transactionReceipts"), wanted]).await;
    let mut syncing = subscribe(&client, &[json!("syncing")]).await;
    assert_eq!(next(&mut syncing).await, false);

    let (other, raw) = (log(1, 0, B256::ZERO), log(1, 1, topic));
    for raw in [&other, &raw] {
        node.call("eth_sendRawTransaction", json!([raw])).await;
    }
    assert_eq!(next(&mut hashes).await, json!(keccak256(&other)));
    assert_eq!(next(&mut hashes).await, json!(keccak256(&raw)));
    assert_eq!(next(&mut whole).await["hash"], json!(keccak256(&other)));
    let found = next(&mut logs).await;
    assert_eq!(found["transactionHash"], json!(keccak256(&raw)));
    assert_eq!(found["removed"], false);
    let (first, second) = (next(&mut heads).await, next(&mut heads).await);
    assert_eq!(second["parentHash"], first["hash"]);
    assert_eq!(quantity(&second["number"]), quantity(&first["number"]) + 1);
    loop {
        let sub_block = next(&mut sub_blocks).await;
        let mut receipts = sub_block["receipts"].as_array().unwrap().iter();
        if receipts.any(|receipt| receipt["transactionHash"] == json!(keccak256(&raw))) {
            break;
        }
    }
    let receipts = next(&mut named).await;
    assert_eq!(receipts[0]["transactionHash"], json!(keccak256(&raw)));
    assert_eq!(receipts.as_array().unwrap().len(), 1, "the other one was not asked for");
    heads.unsubscribe().await.unwrap();

    let wrong =
        client.subscribe::<Value, _>("eth_subscribe", rpc_params!["rain"], "eth_unsubscribe");
    let error = wrong.await.unwrap_err().to_string();
    assert!(error.contains("subscription in eth namespace"), "{error}");
    let id: Value = client.request("eth_subscribe", rpc_params!["newHeads"]).await.unwrap();
    let id = id.as_str().expect("ids are text");
    // A quantity, as some clients write it back.
    assert!(id.starts_with("0x") && !id.starts_with("0x0") && id.len() <= 34, "{id}");
    let ended: bool = client.request("eth_unsubscribe", rpc_params![id]).await.unwrap();
    assert!(ended);
    let missing: Result<Value, _> = client.request("eth_nothing", rpc_params![]).await;
    assert!(missing.unwrap_err().to_string().contains("the method eth_nothing does not exist"));
}

/// One masked text frame of a client.
pub(super) fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// The request that turns a connection into a WebSocket.
pub(super) fn hello(address: SocketAddr) -> String {
    format!(
        "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_doors_tell_clients_to_come_back() {
    let mut node = Node::start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    stream.write_all(hello(node.address).as_bytes()).await.unwrap();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    stream.write_all(&frame(&call.to_string())).await.unwrap();
    let (mut seen, answer) = (Vec::new(), br#""result":"0xa455"}"#);
    // A ping may be right behind it.
    while !seen.windows(answer.len()).any(|bytes| bytes == answer) {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "closed too early");
    }
    node.doors.take().unwrap().close().await;
    seen.clear();
    stream.read_to_end(&mut seen).await.unwrap();
    // A close frame with two bytes: 1012, "service restart".
    assert!(seen.ends_with(&[0x88, 2, 0x03, 0xf4]), "{seen:x?}");
}

/// Reads answers of the server, none of them in parts, until there are so many.
pub(super) async fn answers(stream: &mut TcpStream, number: usize) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut answers = Vec::new();
    while answers.len() < number {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "closed too early");
        if answers.is_empty() && seen.starts_with(b"HTTP") {
            let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            seen.drain(..end + 4);
        }
        while let [0x81, length, rest @ ..] = seen.as_slice() {
            let (start, length) = match (length, rest) {
                (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
                (126, _) => break,
                (short, _) => (2, usize::from(*short)),
            };
            let Some(json) = seen.get(start..start + length) else { break };
            answers.push(serde_json::from_slice(json).unwrap());
            seen.drain(..start + length);
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_calls_of_a_connection_may_be_unanswered() {
    let node = Node::start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    stream.write_all(hello(node.address).as_bytes()).await.unwrap();
    // Behind a gap, so that each of them waits.
    let raw = transfer(6, 1);
    let call = |id: usize| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransactionSync", "params": [raw] });
    let most = CALLS_UNANSWERED_MAX as usize;
    let calls: Vec<u8> = (0..most + 40).flat_map(|id| frame(&call(id).to_string())).collect();
    stream.write_all(&calls).await.unwrap();
    let answers = answers(&mut stream, most + 40).await;
    let (waited, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer["error"]["code"] == 6);
    assert!(waited.len() >= most && !refused.is_empty(), "{} {}", waited.len(), refused.len());
    for refusal in refused {
        let text = "rate limit exceeded: too many unanswered calls on this connection";
        assert_eq!(refusal["error"]["code"], -32_005, "{refusal}");
        assert_eq!(refusal["error"]["message"], text, "{refusal}");
        assert!(refusal["id"].as_u64().unwrap() >= most as u64, "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_is_told_so() {
    let node = Node::start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    stream.write_all(hello(node.address).as_bytes()).await.unwrap();
    let big = format!("[{}]", "1,".repeat(1_000) + "1");
    let told = [
        ("nothing", json!(null), -32_700),
        ("{", json!(null), -32_700),
        (r#"{"id": 7}"#, json!(7), -32_600),
        ("[]", json!(null), -32_600),
        ("[{", json!(null), -32_700),
        (&big, json!(null), -32_010),
        (r#"{"jsonrpc":"2.0","id":8,"method":"eth_nothing"}"#, json!(8), -32_601),
    ];
    for (message, id, code) in told {
        stream.write_all(&frame(message)).await.unwrap();
        let answer = &answers(&mut stream, 1).await[0];
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{answer}");
    }
    // A notification has no answer, and the next call has one.
    let asks = [
        r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"eth_chainId"}"#,
    ];
    for ask in asks {
        stream.write_all(&frame(ask)).await.unwrap();
    }
    assert_eq!(answers(&mut stream, 1).await[0]["id"], 9);
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_chainId"},3]"#;
    stream.write_all(&frame(batch)).await.unwrap();
    let answer = &answers(&mut stream, 1).await[0];
    assert_eq!(
        (&answer[0]["result"], &answer[1]["error"]["code"]),
        (&json!("0xa455"), &json!(-32_600))
    );
    assert_eq!(answer.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_is_closed() {
    let node = Node::start().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(node.address).await.unwrap();
    stream.write_all(hello(node.address).as_bytes()).await.unwrap();
    // Many subscriptions make every transaction many messages, more than sockets and queue hold.
    for id in 0..500 {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "eth_subscribe", "params": ["newPendingTransactions", true] });
        stream.write_all(&frame(&call.to_string())).await.unwrap();
    }
    for nonce in 0..40 {
        node.call("eth_sendRawTransaction", json!([transfer(6, nonce)])).await;
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut bytes = vec![0; 1 << 16];
    let draining = async {
        let mut total = 0_usize;
        while let Ok(read @ 1..) = stream.read(&mut bytes).await {
            total += read;
        }
        total
    };
    let total = tokio::time::timeout(Duration::from_secs(20), draining).await.expect("an end");
    assert!(total > 100_000, "what was in the queue came, {total} bytes");
    assert!(node.number().await > 0, "others are served");
}
