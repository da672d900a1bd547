//! Braid's `SubmitStream`: many raw transactions in a message, acknowledged in order as received or as durable.

use std::collections::VecDeque;

use proto::v1::{
    SubmitStreamRequest, SubmitStreamResponse, TransactionStage,
    transaction_service_client::TransactionServiceClient,
};

use super::{
    super::{
        RunOptions,
        lane::{self, Item, Lane},
        tally::Tally,
    },
    LinkError,
    answer::{self, Answer},
};
use crate::rpc::http_url;

/// Longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Reasons that will pass.
const LATER: [&str; 7] =
    ["POOL_FULL", "SENDER_FULL", "NONCE_TOO_HIGH", "QUOTA", "BUSY", "NOT_TAKING", "STATE"];
/// Reasons that say it is there already.
const KNOWN: [&str; 2] = ["ALREADY_KNOWN", "NONCE_TOO_LOW"];

pub(super) async fn drive(
    mut lane: Lane,
    options: &RunOptions,
    batch: usize,
    is_durable: bool,
) -> Result<Tally, LinkError> {
    let url = http_url(options.grpc_url.as_deref().unwrap_or(&options.url));
    let url = url.map_err(LinkError::Address)?;
    let failed = |status: tonic::Status| LinkError::Stream(Box::new(status));
    let client = TransactionServiceClient::connect(url).await.map_err(LinkError::Connect)?;
    let mut client = client
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let window = lane::window(options);
    let stage = if is_durable { TransactionStage::Durable } else { TransactionStage::Received };
    let (requests, queue) = tokio::sync::mpsc::channel(window);
    let queue = futures::stream::unfold(queue, |mut queue| async move {
        queue.recv().await.map(|request| (request, queue))
    });
    let mut answers = client.submit_stream(queue).await.map_err(failed)?.into_inner();
    let mut waiting: VecDeque<Vec<Item>> = VecDeque::new();
    let mut is_more = true;
    while is_more || !waiting.is_empty() {
        tokio::select! {
            items = lane.next(batch), if is_more && waiting.len() < window => {
                let Some(items) = items else { is_more = false; continue };
                let request = SubmitStreamRequest {
                    transactions: items.iter().map(|item| item.raw.clone()).collect(),
                    wait_for: stage.into(),
                };
                waiting.push_back(items);
                // Where the stream has ended, its status says why.
                if requests.send(request).await.is_err() {
                    let left = waiting.len();
                    return Err(match answers.message().await {
                        Err(status) => failed(status),
                        Ok(_) => LinkError::Closed(left),
                    });
                }
            }
            answer = answers.message(), if !waiting.is_empty() => {
                let left = waiting.len();
                let answer = answer.map_err(failed)?.ok_or(LinkError::Closed(left))?;
                let items = waiting.pop_front().ok_or(LinkError::Closed(left))?;
                let said = said(&answer, items.len());
                lane.answered(items, said);
                // Something may have to be sent again.
                is_more = true;
            }
        }
    }
    Ok(lane.tally)
}

/// What one acknowledgement says to each transaction of its request.
fn said(answer: &SubmitStreamResponse, count: usize) -> Vec<Answer> {
    let mut said = vec![Answer::Accepted; count];
    for rejection in &answer.rejections {
        let Some(place) = said.get_mut(rejection.index as usize) else { continue };
        let (code, message) = (rejection.reason.clone(), rejection.message.clone());
        *place = if KNOWN.contains(&code.as_str()) {
            Answer::Known { code, message }
        } else {
            let is_later = LATER.contains(&code.as_str());
            answer::of(code, message, is_later)
        };
    }
    said
}
