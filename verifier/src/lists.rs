//! Access lists of blocks that are about to be executed, from a sequencer that streams them.
//!
//! With its list a block is executed on all cores at once. Nothing else depends on one: a list that is late, missing or
//! wrong costs time, and whoever gives such lists is asked less and less often.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy::rlp::Decodable;
use executor::BlockAccessList;
use parking_lot::RwLock;
use proto::v1::{
    WatchAccessListsRequest, WatchAccessListsResponse, chain_service_client::ChainServiceClient,
};
use tokio::time::timeout;
use tonic::{Status, Streaming, transport::Endpoint};

/// Longest wait for a list. Most have come before they are needed.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Bytes of a list. A block of 300 M gas that does nothing but read new slots has 5 MiB; a list that is made to be large
/// may take thirty times its bytes in memory before it is found out.
const LIST_BYTES_MAX: usize = 16 << 20;

/// Bytes of lists that may come before they are asked for.
const AHEAD_BYTES_MAX: u32 = 8 << 20;

/// Blocks that go by without a list at most, after lists that were of no use.
const REST_MAX: u32 = 1_024;

/// Where lists come from.
#[derive(Debug, Clone)]
pub enum AccessListSource {
    /// The gRPC door of a sequencer.
    Sequencer(Box<Endpoint>),
    /// Recorded lists.
    Recorded(Arc<RecordedLists>),
}

impl AccessListSource {
    /// The sequencer at an address such as `http://127.0.0.1:9545`.
    ///
    /// # Errors
    /// When that is no address.
    pub fn sequencer(url: &str) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(url.to_owned())?
            .connect_timeout(WAIT_MAX)
            .initial_stream_window_size(AHEAD_BYTES_MAX)
            .initial_connection_window_size(AHEAD_BYTES_MAX);
        Ok(Self::Sequencer(Box::new(endpoint)))
    }
}

/// Lists by block number, for tests and replays.
#[derive(Debug, Default)]
pub struct RecordedLists {
    lists: RwLock<BTreeMap<u64, BlockAccessList>>,
    of_use: AtomicU64,
}

impl RecordedLists {
    /// The list of a block, in place of any earlier one.
    pub fn insert(&self, number: u64, list: BlockAccessList) {
        self.lists.write().insert(number, list);
    }

    /// How many blocks were executed by lists from here.
    pub fn of_use(&self) -> u64 {
        self.of_use.load(Ordering::SeqCst)
    }
}

/// Gives the lists of blocks in order.
#[derive(Debug)]
pub(crate) struct AccessLists {
    source: Option<AccessListSource>,
    stream: Option<Stream>,
    /// Blocks for which no list is asked for, and how many that will be next time.
    rest: (u32, u32),
}

/// Lists that come in the order of their blocks.
#[derive(Debug)]
struct Stream {
    messages: Streaming<WatchAccessListsResponse>,
    /// The block of the next list.
    next: u64,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error("cannot reach the sequencer")]
    Connect(#[source] tonic::transport::Error),
    #[error("the sequencer ended the stream of access lists")]
    Refused(#[source] Box<Status>),
    #[error("the stream of access lists is over")]
    Over,
    #[error("malformed access list")]
    Malformed(#[source] alloy::rlp::Error),
}

impl AccessLists {
    pub(crate) const fn new(source: Option<AccessListSource>) -> Self {
        Self { source, stream: None, rest: (0, 0) }
    }

    /// The list of a block, if there is one soon. Not to be believed.
    pub(crate) async fn of(&mut self, number: u64) -> Option<BlockAccessList> {
        let source = self.source.clone()?;
        if self.rest.0 > 0 {
            self.rest.0 -= 1;
            return None;
        }
        let endpoint = match source {
            AccessListSource::Recorded(recorded) => {
                return recorded.lists.read().get(&number).cloned();
            }
            AccessListSource::Sequencer(endpoint) => endpoint,
        };
        let error = match timeout(WAIT_MAX, self.receive(&endpoint, number)).await {
            Ok(Ok(list)) => return Some(list),
            Ok(Err(error)) => service::error_chain(&error),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::debug!(block = number, error, "no access list");
        self.stream = None;
        self.was_of_use(false);
        None
    }

    /// Whether the block could be executed by the list.
    pub(crate) fn was_of_use(&mut self, is_of_use: bool) {
        if let (true, Some(AccessListSource::Recorded(recorded))) = (is_of_use, &self.source) {
            recorded.of_use.fetch_add(1, Ordering::SeqCst);
        }
        let next = if is_of_use { 0 } else { (self.rest.1 * 2).clamp(1, REST_MAX) };
        self.rest = (next, next);
    }

    async fn receive(
        &mut self,
        endpoint: &Endpoint,
        number: u64,
    ) -> Result<BlockAccessList, ListError> {
        loop {
            let stream = match &mut self.stream {
                // A reorg leads back.
                Some(stream) if stream.next <= number => stream,
                other => other.insert(watch(endpoint, number).await?),
            };
            let message = stream.messages.message().await;
            let message = message.map_err(|status| ListError::Refused(Box::new(status)))?;
            let message = message.ok_or(ListError::Over)?;
            let Some(list) = message.access_list else { continue };
            stream.next = message.next_block;
            let block = list.block.map_or(0, |block| block.number);
            if block == number {
                return BlockAccessList::decode(&mut &list.list[..]).map_err(ListError::Malformed);
            }
        }
    }
}

async fn watch(endpoint: &Endpoint, from_block: u64) -> Result<Stream, ListError> {
    let channel = endpoint.connect().await.map_err(ListError::Connect)?;
    let mut chain = ChainServiceClient::new(channel).max_decoding_message_size(LIST_BYTES_MAX);
    let messages = chain.watch_access_lists(WatchAccessListsRequest { from_block }).await;
    let messages = messages.map_err(|status| ListError::Refused(Box::new(status)))?.into_inner();
    Ok(Stream { messages, next: from_block })
}
