//! The gRPC door: acknowledgements in order, resume, errors with reasons, health, reflection.

use std::time::Duration;

use alloy::{eips::eip7928::BlockAccessList, primitives::keccak256, rlp::Decodable};
use proto::v1::{
    Cursor, GetHeadsRequest, GetTransactionStatusRequest, SubmitRequest, SubmitStreamRequest,
    TransactionStage, WatchAccessListsRequest, WatchBlocksRequest, WatchSubBlocksRequest,
    WatchSubBlocksResponse, chain_service_client::ChainServiceClient,
    transaction_service_client::TransactionServiceClient,
};
use protocol::predeploys::L1_BLOCK;
use tonic::{Code, Streaming, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

use super::support::{Node, transfer};

async fn channel(node: &Node) -> Channel {
    Channel::from_shared(node.url()).unwrap().connect().await.unwrap()
}

fn request(transactions: Vec<bytes::Bytes>, wait_for: TransactionStage) -> SubmitStreamRequest {
    SubmitStreamRequest { transactions, wait_for: wait_for.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transaction() {
    let node = Node::start().await;
    let mut client = TransactionServiceClient::new(channel(&node).await);
    let raw = transfer(1, 0);
    let submit =
        |transaction: &alloy::primitives::Bytes, wait_for: TransactionStage| SubmitRequest {
            transaction: transaction.0.clone(),
            wait_for: wait_for.into(),
            timeout_ms: 200,
        };
    let durable = TransactionStage::Durable;
    let request = SubmitRequest { timeout_ms: 5_000, ..submit(&raw, durable) };
    let answer = client.submit(request).await.unwrap().into_inner();
    assert_eq!(&answer.hash[..], keccak256(&raw).as_slice());
    assert_eq!(answer.stage(), durable);
    assert!(answer.result.unwrap().success);
    let hash = answer.hash;
    let status = client.get_transaction_status(GetTransactionStatusRequest { hash }).await.unwrap();
    assert_eq!(status.get_ref().stage(), durable);

    let reason = |status: &tonic::Status| {
        status.metadata().get("braid-reason").map(|reason| reason.to_str().unwrap().to_owned())
    };
    let low = client.submit(submit(&transfer(1, 0), TransactionStage::Received)).await.unwrap_err();
    assert_eq!(low.code(), Code::FailedPrecondition);
    assert_eq!(reason(&low).as_deref(), Some("NONCE_TOO_LOW"));
    let waiting = client.submit(submit(&transfer(2, 1), durable)).await.unwrap_err();
    assert_eq!(waiting.code(), Code::FailedPrecondition);
    assert_eq!(reason(&waiting).as_deref(), Some("NONCE_GAP"));
    let info = waiting.get_details_error_info().unwrap();
    assert_eq!((info.domain.as_str(), info.metadata["expectedNonce"].as_str()), ("braid", "0"));
    let late = SubmitRequest { timeout_ms: 1, ..submit(&transfer(3, 0), durable) };
    let late = client.submit(late).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let hash = late.get_details_error_info().unwrap().metadata["hash"].clone();
    assert_eq!(hash, keccak256(transfer(3, 0)).to_string());
    let garbage = submit(&alloy::primitives::Bytes::from_static(&[2]), durable);
    let garbage = client.submit(garbage).await.unwrap_err();
    let fields = garbage.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "transaction");
    let known = submit(&transfer(2, 1), TransactionStage::Received);
    assert_eq!(client.submit(known).await.unwrap_err().code(), Code::AlreadyExists);
    let far = client.submit(submit(&transfer(2, 0), TransactionStage::Final)).await.unwrap_err();
    assert_eq!(far.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_transactions() {
    let node = Node::start().await;
    let mut client = TransactionServiceClient::new(channel(&node).await);
    let mut requests: Vec<_> = (0..20)
        .map(|chunk: u64| {
            let transactions = (0..10).map(|n| transfer(1, chunk * 10 + n).0).collect();
            request(transactions, TransactionStage::Received)
        })
        .collect();
    // A refused one in the middle, and one answer that comes late.
    requests.push(request(
        vec![transfer(3, 0).0, bytes::Bytes::from_static(&[0x02]), transfer(3, 1).0],
        TransactionStage::Durable,
    ));
    requests.push(request(vec![transfer(4, 0).0], TransactionStage::Received));
    let answers = client.submit_stream(futures::stream::iter(requests)).await.unwrap();
    let mut answers = answers.into_inner();
    for index in 0..20 {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!((answer.request_index, answer.accepted), (index, 10));
        assert!(answer.rejections.is_empty());
    }
    let mixed = answers.message().await.unwrap().unwrap();
    assert_eq!((mixed.request_index, mixed.accepted), (20, 2));
    assert_eq!(mixed.stage(), TransactionStage::Durable);
    assert_eq!(mixed.rejections[0].index, 1);
    assert_eq!(mixed.rejections[0].reason, "UNDECODABLE");
    let last = answers.message().await.unwrap().unwrap();
    assert_eq!((last.request_index, last.accepted), (21, 1));
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_stream_overlap() {
    let node = Node::start().await;
    let mut client = TransactionServiceClient::new(channel(&node).await);
    // Each waits for a transaction that becomes durable only when the last requests have come.
    let alone = |from, nonce| request(vec![transfer(from, nonce).0], TransactionStage::Durable);
    let waiting = (1..30).flat_map(|nonce| (1..=4).map(move |from| alone(from, nonce)));
    let requests: Vec<_> = waiting.chain((1..=4).map(|from| alone(from, 0))).collect();
    let count = requests.len() as u64;
    let answers = client.submit_stream(futures::stream::iter(requests)).await.unwrap();
    let mut answers = answers.into_inner();
    let all = async {
        for index in 0..count {
            let answer = answers.message().await.unwrap().unwrap();
            assert_eq!(answer.request_index, index);
            assert_eq!(answer.stage(), TransactionStage::Durable);
        }
    };
    tokio::time::timeout(Duration::from_secs(8), all).await.expect("they do not wait in a row");
}

/// Everything up to the first sub-block of a block, without the heartbeats.
async fn until(
    stream: &mut Streaming<WatchSubBlocksResponse>,
    block: u64,
) -> Vec<WatchSubBlocksResponse> {
    let mut seen = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(20), stream.message());
        let message = next.await.expect("a message in time").unwrap().unwrap();
        match &message.sub_block {
            Some(sub_block) if sub_block.block_number >= block => return seen,
            Some(_) => seen.push(message),
            None => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_blocks_from_any_place() {
    let node = Node::start().await;
    let mut chain = ChainServiceClient::new(channel(&node).await);
    let from = |block_number, sub_block_index| WatchSubBlocksRequest {
        from: Some(Cursor { block_number, sub_block_index }),
    };
    let mut live = chain.watch_sub_blocks(from(1, 0)).await.unwrap().into_inner();
    for nonce in 0..30 {
        node.call("eth_sendRawTransaction", serde_json::json!([transfer(1, nonce)])).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let seen = until(&mut live, 4).await;
    // Each comes once and in order; the cursor names the one after it.
    let mut place = (1, 0);
    for message in &seen {
        let sub_block = message.sub_block.as_ref().unwrap();
        if sub_block.block_number > place.0 {
            place = (place.0 + 1, 0);
        }
        assert_eq!((sub_block.block_number, sub_block.index), place);
        place.1 += 1;
    }
    let count = |seen: &[WatchSubBlocksResponse]| -> usize {
        seen.iter().map(|message| message.sub_block.as_ref().unwrap().transactions.len()).sum()
    };
    assert!(count(&seen) >= 3 + 20, "attributes and transfers: {}", count(&seen));

    // The past, told later, is what was told live; from the middle on it is the rest.
    let mut past = chain.watch_sub_blocks(from(1, 0)).await.unwrap().into_inner();
    let told: Vec<_> = until(&mut past, 4).await.into_iter().map(|m| m.sub_block).collect();
    let was: Vec<_> = seen.iter().map(|m| m.sub_block.clone()).collect();
    assert_eq!(told, was);
    let middle = seen.len() / 2;
    let cursor = WatchSubBlocksRequest { from: seen[middle].next };
    let mut rest = chain.watch_sub_blocks(cursor).await.unwrap().into_inner();
    let rest: Vec<_> = until(&mut rest, 4).await.into_iter().map(|m| m.sub_block).collect();
    assert_eq!(rest, was[middle + 1..]);

    let mut ahead = chain.watch_sub_blocks(from(1_000_000, 0)).await.unwrap().into_inner();
    assert_eq!(ahead.message().await.unwrap_err().code(), Code::OutOfRange);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_heads_health_and_reflection() {
    let mut node = Node::start().await;
    let channel = channel(&node).await;
    let mut chain = ChainServiceClient::new(channel.clone());
    node.until_block(2).await;
    let request = WatchBlocksRequest { from_block: 1 };
    let mut blocks = chain.watch_blocks(request).await.unwrap().into_inner();
    let mut parent = None;
    for number in 1..=4 {
        let message = blocks.message().await.unwrap().unwrap();
        let Some(block) = message.block else { continue };
        let reference = block.reference.unwrap();
        assert_eq!((reference.number, message.next_block), (number, number + 1));
        assert_eq!(reference.hash, keccak256(&block.header).as_slice());
        assert!(parent.is_none_or(|parent| parent == reference.parent_hash));
        parent = Some(reference.hash);
    }
    // Lists begin in the past and go on as they are written.
    let request = WatchAccessListsRequest { from_block: 1 };
    let mut lists = chain.watch_access_lists(request).await.unwrap().into_inner();
    let mut expected = 1;
    while expected <= 6 {
        let message = lists.message().await.unwrap().unwrap();
        let Some(list) = message.access_list else { continue };
        assert_eq!((list.block.unwrap().number, message.next_block), (expected, expected + 1));
        let list = BlockAccessList::decode(&mut &list.list[..]).unwrap();
        assert!(list.iter().any(|account| account.address == L1_BLOCK), "{list:?}");
        expected += 1;
    }
    let heads = chain.get_heads(GetHeadsRequest {}).await.unwrap().into_inner();
    assert!(heads.unsafe_head.unwrap().number >= 4);
    assert_eq!(heads.finalized_head.unwrap().number, 0);

    let mut health = HealthClient::new(channel.clone());
    for service in ["", "braid.sequencer.v1.TransactionService", "braid.sequencer.v1.ChainService"]
    {
        let service = service.to_owned();
        let status = health.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(status.get_ref().status(), ServingStatus::Serving);
    }
    reflect(channel).await;

    // Doors that close end their streams and say why.
    let closing = tokio::spawn(node.doors.take().unwrap().close());
    let ended = loop {
        match blocks.message().await {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(status) => break Some(status.code()),
        }
    };
    assert_eq!(ended, Some(Code::Unavailable));
    tokio::time::timeout(Duration::from_secs(6), closing).await.unwrap().unwrap();
}

async fn reflect(channel: Channel) {
    use tonic_reflection::pb::{v1, v1alpha};
    let list = v1::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let text = format!("{answer:?}");
    assert!(text.contains("braid.sequencer.v1.ChainService"), "{text}");

    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request =
        v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    assert!(format!("{answer:?}").contains("grpc.health.v1.Health"));
}
