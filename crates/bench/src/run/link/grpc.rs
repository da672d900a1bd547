//! Braid's `SubmitStream`: many raw transactions in a message, acknowledged in order as received or as durable.

use std::collections::VecDeque;

use proto::v1::{
    SubmitStreamRequest, SubmitStreamResponse, TransactionStage,
    transaction_service_client::TransactionServiceClient,
};
use tokio::sync::mpsc;

use super::{
    super::{
        RunOptions,
        lane::{self, Item, Lane},
        tally::Tally,
    },
    LinkError,
    answer::{self, Answer},
    outage::{self, Connection, Outage},
};
use crate::rpc::http_url;

/// Longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Reasons that will pass.
const LATER: [&str; 7] =
    ["POOL_FULL", "SENDER_FULL", "NONCE_TOO_HIGH", "QUOTA", "BUSY", "NOT_TAKING", "STATE"];
/// Reasons that say it is there already.
const KNOWN: [&str; 2] = ["ALREADY_KNOWN", "NONCE_TOO_LOW"];

/// Where streams go, and what goes through them.
#[derive(Debug)]
struct Way {
    url: String,
    /// Transactions in a message.
    batch: usize,
    /// When a message is acknowledged.
    stage: TransactionStage,
    /// Messages unanswered at most.
    window: usize,
}

pub(super) async fn drive(
    lane: Lane,
    options: &RunOptions,
    batch: usize,
    is_durable: bool,
) -> Result<Tally, LinkError> {
    let url = http_url(options.grpc_url.as_deref().unwrap_or(&options.url));
    let url = url.map_err(LinkError::Address)?;
    let stage = if is_durable { TransactionStage::Durable } else { TransactionStage::Received };
    let way = Way { url, batch, stage, window: lane::window(options) };
    outage::drive::<Stream>(&way, lane, options.patience).await
}

/// An open stream.
struct Stream {
    requests: mpsc::Sender<SubmitStreamRequest>,
    answers: tonic::Streaming<SubmitStreamResponse>,
    /// What has no answer yet, oldest first.
    waiting: VecDeque<Vec<Item>>,
}

fn failed(status: tonic::Status) -> LinkError {
    LinkError::Stream(Box::new(status))
}

impl Connection for Stream {
    type Way = Way;

    async fn open(way: &Way) -> Result<Self, LinkError> {
        let client = TransactionServiceClient::connect(way.url.clone()).await;
        let mut client = client
            .map_err(LinkError::Connect)?
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        let (requests, queue) = mpsc::channel(way.window);
        let queue = futures::stream::unfold(queue, |mut queue| async move {
            queue.recv().await.map(|request| (request, queue))
        });
        let answers = client.submit_stream(queue).await.map_err(failed)?.into_inner();
        Ok(Self { requests, answers, waiting: VecDeque::new() })
    }

    async fn play(
        &mut self,
        way: &Way,
        lane: &mut Lane,
        outage: &mut Outage,
    ) -> Result<(), LinkError> {
        let mut is_more = true;
        while is_more || !self.waiting.is_empty() {
            tokio::select! {
                items = lane.next(way.batch), if is_more && self.waiting.len() < way.window => {
                    let Some(items) = items else { is_more = false; continue };
                    let request = SubmitStreamRequest {
                        transactions: items.iter().map(|item| item.raw.clone()).collect(),
                        wait_for: way.stage.into(),
                    };
                    self.waiting.push_back(items);
                    // Where the stream has ended, its status says why.
                    if self.requests.send(request).await.is_err() {
                        return Err(match self.answers.message().await {
                            Err(status) => failed(status),
                            Ok(_) => LinkError::Closed(self.waiting.len()),
                        });
                    }
                }
                answer = self.answers.message(), if !self.waiting.is_empty() => {
                    let answer = answer.map_err(failed)?;
                    let answer = answer.ok_or(LinkError::Closed(self.waiting.len()))?;
                    let items = self.waiting.pop_front().ok_or(LinkError::Closed(0))?;
                    let said = said(&answer, items.len());
                    lane.answered(items, said);
                    outage.is_over();
                    // Something may have to be sent again.
                    is_more = true;
                }
            }
        }
        Ok(())
    }

    fn unanswered(self) -> impl Iterator<Item = Vec<Item>> {
        self.waiting.into_iter()
    }
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
