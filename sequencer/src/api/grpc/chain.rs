//! `ChainService`: sub-blocks and blocks as they come, with resume, and the heads.

mod access_lists;
mod blocks;
mod logs;
pub(super) mod progress;
mod sub_blocks;

use std::pin::Pin;

use futures::Stream;
use proto::v1::{
    GetHeadsRequest, GetHeadsResponse, WatchAccessListsRequest, WatchAccessListsResponse,
    WatchBlocksRequest, WatchBlocksResponse, WatchLogsRequest, WatchLogsResponse,
    WatchSubBlocksRequest, WatchSubBlocksResponse, chain_service_server::ChainService,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    convert::reference,
    status::{closed, not_kept, read_failed},
};
use crate::{
    api::{Api, limits::HEARTBEAT_INTERVAL},
    chain::ChainBlock,
    publisher::{Closed, Published, Subscription},
};

/// Messages that wait for a slow reader before the stream stops reading events.
const MESSAGES_WAITING_MAX: usize = 64;

/// A stream of messages.
pub(super) type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

/// Answers the service.
#[derive(Debug)]
pub(super) struct ChainApi {
    pub(super) api: Api,
}

#[tonic::async_trait]
impl ChainService for ChainApi {
    type WatchSubBlocksStream = Messages<WatchSubBlocksResponse>;
    type WatchBlocksStream = Messages<WatchBlocksResponse>;
    type WatchAccessListsStream = Messages<WatchAccessListsResponse>;
    type WatchLogsStream = Messages<WatchLogsResponse>;

    async fn watch_sub_blocks(
        &self,
        request: Request<WatchSubBlocksRequest>,
    ) -> Result<Response<Self::WatchSubBlocksStream>, Status> {
        let from = request.into_inner().from;
        Ok(streaming(&self.api, move |watch| sub_blocks::run(watch, from)))
    }

    async fn watch_blocks(
        &self,
        request: Request<WatchBlocksRequest>,
    ) -> Result<Response<Self::WatchBlocksStream>, Status> {
        let from = request.into_inner().from_block;
        Ok(streaming(&self.api, move |watch| blocks::run(watch, from)))
    }

    async fn watch_access_lists(
        &self,
        request: Request<WatchAccessListsRequest>,
    ) -> Result<Response<Self::WatchAccessListsStream>, Status> {
        let from = request.into_inner().from_block;
        Ok(streaming(&self.api, move |watch| access_lists::run(watch, from)))
    }

    async fn watch_logs(
        &self,
        request: Request<WatchLogsRequest>,
    ) -> Result<Response<Self::WatchLogsStream>, Status> {
        let (filter, from) = (logs::filter(request.get_ref())?, request.get_ref().from_block);
        Ok(streaming(&self.api, move |watch| logs::run(watch, filter, from)))
    }

    async fn get_heads(
        &self,
        _request: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        let heads = self.api.view.heads();
        Ok(Response::new(GetHeadsResponse {
            unsafe_head: Some(reference(&heads.unsafe_head())),
            safe_head: Some(reference(&heads.safe_head())),
            finalized_head: Some(reference(&heads.finalized_head())),
        }))
    }
}

/// Runs `watch` as long as there is a reader; what it ends with ends the stream.
pub(super) fn streaming<T, F>(api: &Api, watch: impl FnOnce(Watch<T>) -> F) -> Response<Messages<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<(), Ended>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
    let last = sender.clone();
    let watching = watch(Watch { api: api.clone(), sender });
    tokio::spawn(async move {
        if let Err(Ended::Because(status)) = watching.await {
            // The reader may be gone, and then nobody needs the reason.
            let _ = last.send(Err(*status)).await;
        }
    });
    Response::new(Box::pin(ReceiverStream::new(receiver)))
}

/// Why a stream ended.
pub(super) enum Ended {
    /// The reader has gone; nothing is left to do.
    Gone,
    /// The reader is told this.
    Because(Box<Status>),
}

impl From<Status> for Ended {
    fn from(status: Status) -> Self {
        Self::Because(Box::new(status))
    }
}

/// One stream and what it reads from.
pub(super) struct Watch<T> {
    api: Api,
    sender: mpsc::Sender<Result<T, Status>>,
}

/// Something to look at, or nothing for a while.
enum Tick {
    Event(Published),
    Silence,
}

impl<T> Watch<T> {
    async fn deliver(&self, message: T) -> Result<(), Ended> {
        self.sender.send(Ok(message)).await.map_err(|_| Ended::Gone)
    }

    fn head(&self) -> u64 {
        self.api.view.heads().unsafe_head().number
    }

    fn subscribe(&self) -> Subscription {
        self.api.submitter.subscribe()
    }

    /// A block that is part of the chain, however old.
    async fn past(&self, number: u64) -> Result<std::sync::Arc<ChainBlock>, Ended> {
        let found = self.api.block_numbered(number).await;
        let found = found.map_err(|error| read_failed(&error))?;
        found.ok_or_else(|| not_kept(number).into())
    }

    /// The next event; silence when none came for so long that the reader wants a sign of life.
    async fn next(
        &self,
        events: &mut Subscription,
        deadline: tokio::time::Instant,
    ) -> Result<Tick, Ended> {
        let event = tokio::select! {
            () = self.sender.closed() => return Err(Ended::Gone),
            () = self.api.closing.cancelled() => return Err(closed(Closed::Shutdown).into()),
            () = tokio::time::sleep_until(deadline) => return Ok(Tick::Silence),
            event = events.next() => event,
        };
        event.map(Tick::Event).map_err(|reason| closed(reason).into())
    }
}

/// When a stream that sent something now has been silent for too long.
fn heartbeat() -> tokio::time::Instant {
    tokio::time::Instant::now() + HEARTBEAT_INTERVAL
}
