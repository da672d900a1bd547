//! gRPC beyond submitting: logs and progress as they come, accounts, and what browsers speak.

use std::time::Duration;

use alloy::primitives::{Address, B256, U256, keccak256};
use proto::v1::{
    BlockTag, GetAccountRequest, GetHeadsRequest, TopicFilter, TransactionStage, WatchLogsRequest,
    WatchLogsResponse, WatchTransactionStatusRequest, WatchTransactionStatusResponse,
    account_service_client::AccountServiceClient, chain_service_client::ChainServiceClient,
    get_account_request::Block, transaction_service_client::TransactionServiceClient,
};
use serde_json::json;
use tonic::{Code, Streaming, codec::CompressionEncoding, transport::Channel};
use tonic_types::StatusExt;

use super::support::{LOGGER, NOBODY, Node, key, log, quantity, transfer};

async fn channel(node: &Node) -> Channel {
    Channel::from_shared(node.url()).unwrap().connect().await.unwrap()
}

async fn next<T>(stream: &mut Streaming<T>) -> T {
    let next = tokio::time::timeout(Duration::from_secs(20), stream.message());
    next.await.expect("a message in time").unwrap().expect("an open stream")
}

/// The next stage of a transaction.
async fn stage(
    stream: &mut Streaming<WatchTransactionStatusResponse>,
) -> WatchTransactionStatusResponse {
    loop {
        let message = next(stream).await;
        if !message.heartbeat {
            return message;
        }
    }
}

/// The next message that is no heartbeat.
async fn logs(stream: &mut Streaming<WatchLogsResponse>) -> WatchLogsResponse {
    loop {
        let message = next(stream).await;
        if message.block.is_some() {
            return message;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_from_the_past_and_as_they_come() {
    let node = Node::start().await;
    let mut chain = ChainServiceClient::new(channel(&node).await);
    let (wanted, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let first = node.send(&log(1, 0, wanted)).await;
    node.send(&log(1, 1, other)).await;
    let alternatives = vec![bytes::Bytes::copy_from_slice(wanted.as_slice())];
    let request = |from_block| WatchLogsRequest {
        from_block,
        addresses: vec![bytes::Bytes::copy_from_slice(LOGGER.as_slice())],
        topics: vec![TopicFilter { alternatives: alternatives.clone() }],
    };
    let mut stream = chain.watch_logs(request(1)).await.unwrap().into_inner();
    let told = logs(&mut stream).await;
    let place = told.block.as_ref().unwrap();
    assert_eq!(place.number, quantity(&first["blockNumber"]));
    assert_eq!((told.next_block, told.logs.len(), told.removed), (place.number + 1, 1, false));
    let emitted = told.logs[0].log.as_ref().unwrap();
    assert_eq!(
        (&emitted.address[..], &emitted.topics[0][..]),
        (LOGGER.as_slice(), wanted.as_slice())
    );
    assert_eq!(json!(B256::from_slice(&told.logs[0].transaction_hash)), first["transactionHash"]);
    assert_eq!(u64::from(told.logs[0].log_index), quantity(&first["logs"][0]["logIndex"]));

    // The one in between does not match; the next comes live, and again to whoever resumes there.
    let later = node.send(&log(1, 2, wanted)).await;
    let live = logs(&mut stream).await;
    assert_eq!(live.block.as_ref().unwrap().number, quantity(&later["blockNumber"]));
    let mut resumed = chain.watch_logs(request(told.next_block)).await.unwrap().into_inner();
    assert_eq!(logs(&mut resumed).await, live);

    let mut wrong = request(1);
    wrong.addresses[0] = bytes::Bytes::from_static(&[1, 2]);
    let status = chain.watch_logs(wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "addresses");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_transaction() {
    let node = Node::start().await;
    let mut client = TransactionServiceClient::new(channel(&node).await);
    let (raw, waits) = (transfer(1, 0), transfer(1, 1));
    let request =
        |raw: &alloy::primitives::Bytes, until: TransactionStage| WatchTransactionStatusRequest {
            hash: bytes::Bytes::copy_from_slice(keccak256(raw).as_slice()),
            until: until.into(),
            known: TransactionStage::Unspecified.into(),
        };
    let durable = TransactionStage::Durable;
    let mut stream =
        client.watch_transaction_status(request(&waits, durable)).await.unwrap().into_inner();
    assert_eq!(stage(&mut stream).await.stage(), TransactionStage::Unspecified);
    node.call("eth_sendRawTransaction", json!([waits])).await;
    assert_eq!(stage(&mut stream).await.stage(), TransactionStage::Received);
    node.call("eth_sendRawTransaction", json!([raw])).await;
    let last = stage(&mut stream).await;
    assert_eq!(last.stage(), durable);
    assert!(last.result.unwrap().success);
    assert!(stream.message().await.unwrap().is_none(), "the wanted stage ends the stream");

    // Who knows the stage already hears the next one, here nothing but a sign of life.
    let known = durable.into();
    let request =
        WatchTransactionStatusRequest { known, ..request(&waits, TransactionStage::Posted) };
    let mut stream = client.watch_transaction_status(request).await.unwrap().into_inner();
    let alive = next(&mut stream).await;
    assert_eq!((alive.stage(), alive.heartbeat), (durable, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts() {
    let node = Node::start().await;
    let mut client = AccountServiceClient::new(channel(&node).await);
    let before = node.number().await;
    let receipt = node.send(&log(1, 0, B256::repeat_byte(1))).await;
    let request = |address: Address, block| GetAccountRequest {
        address: bytes::Bytes::copy_from_slice(address.as_slice()),
        with_code: true,
        slots: vec![bytes::Bytes::from_static(&[0; 32])],
        block,
    };
    let contract = client.get_account(request(LOGGER, None)).await.unwrap().into_inner();
    assert_eq!(U256::from_be_slice(&contract.values[0]), U256::from(1));
    assert_eq!(
        json!(alloy::primitives::Bytes::from(contract.code)),
        node.call("eth_getCode", json!([LOGGER, "latest"])).await
    );
    let past = Some(Block::Number(quantity(&receipt["blockNumber"]) - 1));
    let past = client.get_account(request(LOGGER, past)).await.unwrap().into_inner();
    assert_eq!(U256::from_be_slice(&past.values[0]), U256::ZERO);
    let sender = key(1).address();
    let now = client.get_account(request(sender, None)).await.unwrap().into_inner();
    assert_eq!(now.nonce, 1);
    let balance = node.call("eth_getBalance", json!([sender, "latest"])).await;
    assert_eq!(json!(U256::from_be_slice(&now.balance)), balance);
    node.call("eth_sendRawTransaction", json!([transfer(1, 1)])).await;
    let pending = Some(Block::Tag(BlockTag::Pending.into()));
    let pending = client.get_account(request(sender, pending)).await.unwrap().into_inner();
    assert_eq!(pending.nonce, 2);
    let nobody = client.get_account(request(NOBODY, Some(Block::Number(before)))).await.unwrap();
    assert_eq!(nobody.into_inner().nonce, 0);
    let far = client.get_account(request(sender, Some(Block::Number(1 << 40)))).await.unwrap_err();
    assert_eq!(far.code(), Code::NotFound);
    assert_eq!(far.get_details_error_info().unwrap().reason, "NO_SUCH_BLOCK");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_and_compression() {
    let node = Node::start().await;
    // gRPC-Web: HTTP/1.1, an empty message, and the status as a last frame.
    let url = format!("{}braid.sequencer.v1.ChainService/GetHeads", node.url());
    let ask = node.http.post(url).header("content-type", "application/grpc-web+proto");
    let ask = ask.header("origin", "https://example.org").header("x-grpc-web", "1");
    let answer = ask.body(vec![0; 5]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/grpc-web+proto");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    assert!(exposed.contains("grpc-status"), "{exposed}");
    let body = answer.bytes().await.unwrap();
    assert_eq!(body[0], 0, "a message comes first");
    let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
    let trailers = &body[5 + usize::try_from(length).unwrap()..];
    assert_eq!(trailers[0], 0x80);
    let trailers = String::from_utf8_lossy(&trailers[5..]).into_owned();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");

    let mut client = ChainServiceClient::new(channel(&node).await)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let heads = client.get_heads(GetHeadsRequest {}).await.unwrap();
    assert_eq!(heads.metadata().get("grpc-encoding").unwrap(), "gzip");
    assert!(heads.into_inner().unsafe_head.is_some());
}
