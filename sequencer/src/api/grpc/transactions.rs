//! `TransactionService`: submit one, submit a stream, ask what became of one.

use std::{pin::Pin, sync::Arc, time::Duration};

use alloy::primitives::{B256, Bytes};
use futures::{Stream, StreamExt};
use lanes::Hasher;
use proto::v1::{
    GetTransactionStatusRequest, GetTransactionStatusResponse, Rejection as ProtoRejection,
    SubmitRequest, SubmitResponse, SubmitStreamRequest, SubmitStreamResponse, TransactionStage,
    WatchTransactionStatusRequest, WatchTransactionStatusResponse,
    transaction_service_server::TransactionService,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Request, Response, Status, Streaming};

use super::{
    chain::{Messages, progress, streaming},
    convert::{copy, located_result, stage_of},
    status::{invalid, read_failed, reason, rejected, wait_ended},
};
use crate::{
    api::{
        Api,
        errors::rejection_text,
        limits::{
            STREAM_BYTES_MAX, STREAM_REQUESTS_MAX, STREAM_TRANSACTIONS_MAX, SYNC_TIMEOUT_DEFAULT,
            SYNC_TIMEOUT_MAX,
        },
    },
    mempool::Rejection,
    quota::Client,
};

/// Answers the service.
#[derive(Debug)]
pub(super) struct TransactionApi {
    pub(super) api: Api,
}

#[tonic::async_trait]
impl TransactionService for TransactionApi {
    type SubmitStreamStream =
        Pin<Box<dyn Stream<Item = Result<SubmitStreamResponse, Status>> + Send + 'static>>;
    type WatchTransactionStatusStream = Messages<WatchTransactionStatusResponse>;

    async fn submit(
        &self,
        request: Request<SubmitRequest>,
    ) -> Result<Response<SubmitResponse>, Status> {
        let request = request.into_inner();
        let stage = request.wait_for();
        let raw = Bytes::from(request.transaction);
        let submitter = &self.api.submitter;
        match stage {
            TransactionStage::Unspecified | TransactionStage::Received => {
                let hash = submitter.submit(raw).await.map_err(|error| rejected(&error))?;
                let stage = TransactionStage::Received.into();
                Ok(Response::new(SubmitResponse { hash: copy(hash), stage, result: None }))
            }
            // A result is shown only once it is durable, so the earlier stages are answered with the later one.
            TransactionStage::Ordered | TransactionStage::Executed | TransactionStage::Durable => {
                let wait = timeout(request.timeout_ms);
                let located = submitter
                    .submit_and_wait(raw, wait)
                    .await
                    .map_err(|error| wait_ended(&error))?;
                Ok(Response::new(SubmitResponse {
                    hash: copy(located.included.hash),
                    stage: TransactionStage::Durable.into(),
                    result: Some(located_result(&located)),
                }))
            }
            later => Err(beyond(later)),
        }
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let api = self.api.clone();
        let client = request.extensions().get::<Client>().cloned().unwrap_or_default();
        // When the doors close, what was read is still answered.
        let requests = request.into_inner().take_until(api.closing.clone().cancelled_owned());
        let room = Arc::new(Semaphore::new(STREAM_BYTES_MAX));
        let answers = requests
            .then(move |request| {
                let bytes = request.as_ref().map_or(0, bytes);
                let place = room.clone().acquire_many_owned(bytes);
                async move { (request, place.await) }
            })
            .zip(futures::stream::iter(0_u64..))
            .map(move |((request, place), index)| {
                let (api, client) = (api.clone(), client.clone());
                async move { client.scope(acknowledge(&api, index, request?, place.ok())).await }
            })
            // Several are worked on at a time. A client that does not read its answers is not read either.
            .buffered(STREAM_REQUESTS_MAX);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_transaction_status(
        &self,
        request: Request<GetTransactionStatusRequest>,
    ) -> Result<Response<GetTransactionStatusResponse>, Status> {
        let hash = hash(&request.get_ref().hash)?;
        let (stage, located) =
            self.api.life_cycle(hash).await.map_err(|error| read_failed(&error))?;
        Ok(Response::new(GetTransactionStatusResponse {
            stage: stage.map_or(TransactionStage::Unspecified, stage_of).into(),
            result: located.as_ref().map(located_result),
        }))
    }

    async fn watch_transaction_status(
        &self,
        request: Request<WatchTransactionStatusRequest>,
    ) -> Result<Response<Self::WatchTransactionStatusStream>, Status> {
        let request = request.into_inner();
        let hash = hash(&request.hash)?;
        let until = match request.until() {
            TransactionStage::Unspecified => TransactionStage::Posted,
            later @ (TransactionStage::Proposed | TransactionStage::Final) => {
                let why = format!("{} is not known here", later.as_str_name());
                return Err(invalid("until", why));
            }
            stage => stage,
        };
        let known = Some(request.known()).filter(|known| *known != TransactionStage::Unspecified);
        Ok(streaming(&self.api, move |watch| progress::run(watch, hash, known, until)))
    }
}

/// Bytes of the transactions of a request, as far as a stream has room for them.
fn bytes(request: &SubmitStreamRequest) -> u32 {
    let bytes = request.transactions.iter().map(bytes::Bytes::len).sum();
    u32::try_from(std::cmp::min(bytes, STREAM_BYTES_MAX)).unwrap_or(u32::MAX)
}

fn hash(bytes: &[u8]) -> Result<B256, Status> {
    B256::try_from(bytes).map_err(|_| invalid("hash", "32 bytes are wanted"))
}

/// A stage that no submission waits for.
fn beyond(stage: TransactionStage) -> Status {
    let name = stage.as_str_name();
    invalid("wait_for", format!("{name} comes after DURABLE: ask GetTransactionStatus for it"))
}

fn timeout(timeout_ms: u32) -> Duration {
    match timeout_ms {
        0 => SYNC_TIMEOUT_DEFAULT,
        ms => std::cmp::min(Duration::from_millis(u64::from(ms)), SYNC_TIMEOUT_MAX),
    }
}

async fn acknowledge(
    api: &Api,
    request_index: u64,
    request: SubmitStreamRequest,
    place: Option<OwnedSemaphorePermit>,
) -> Result<SubmitStreamResponse, Status> {
    if request.transactions.len() > STREAM_TRANSACTIONS_MAX {
        let given = request.transactions.len();
        let why = format!(
            "request {request_index} has {given}, at most {STREAM_TRANSACTIONS_MAX} are taken"
        );
        return Err(invalid("transactions", why));
    }
    let durable = match request.wait_for() {
        TransactionStage::Unspecified | TransactionStage::Received => false,
        TransactionStage::Ordered | TransactionStage::Executed | TransactionStage::Durable => true,
        later => return Err(beyond(later)),
    };
    let raw: Vec<Bytes> = request.transactions.into_iter().map(Bytes::from).collect();
    // Waiting begins before submitting, or a result could come in between and be missed.
    // Without room for those who wait, the answer tells a lower stage.
    let waiting = durable.then(|| api.submitter.publisher.wait_for_all(&hashes(&raw)).ok());
    let waiting = waiting.flatten();
    let results = match Client::current().request(raw.len()) {
        Ok(()) => api.submitter.submit_many(raw).await,
        Err(refused) => raw.iter().map(|_| Err(Rejection::Quota(refused))).collect(),
    };
    drop(place);
    let mut rejections = Vec::new();
    for (index, result) in (0..).zip(&results) {
        if let Err(rejection) = result {
            rejections.push(proto_rejection(index, rejection));
        }
    }
    let mut stage = TransactionStage::Received;
    if let Some(waiting) = waiting {
        rejections.iter().for_each(|rejection| waiting.leave(rejection.index));
        let settled = tokio::time::timeout(SYNC_TIMEOUT_MAX, waiting.settled()).await;
        // Not an error of the stream: the client learns how far its transactions are known to be.
        if let Ok(Some(dropped)) = settled {
            stage = TransactionStage::Durable;
            let dropped = dropped.iter().map(|(index, reason)| proto_rejection(*index, reason));
            rejections.extend(dropped);
            rejections.sort_unstable_by_key(|rejection| rejection.index);
        }
    }
    let accepted = results.len() - rejections.len();
    Ok(SubmitStreamResponse {
        request_index,
        accepted: u32::try_from(accepted).unwrap_or(u32::MAX),
        rejections,
        stage: stage.into(),
    })
}

fn hashes(raw: &[Bytes]) -> Vec<B256> {
    let raw: Vec<&[u8]> = raw.iter().map(|raw| &raw[..]).collect();
    let mut hashes = Vec::new();
    Hasher::new().hash(&raw, &mut hashes);
    hashes
}

fn proto_rejection(index: u32, rejection: &Rejection) -> ProtoRejection {
    ProtoRejection { index, reason: reason(rejection), message: rejection_text(rejection) }
}
