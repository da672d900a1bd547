//! JSON-RPC over a WebSocket: several requests on their way, answered in any order.

use std::collections::VecDeque;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message},
};

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
use crate::rpc::ws_url;

/// A request without its answer.
struct Waiting {
    /// The id of its first call.
    first: u64,
    items: Vec<Item>,
}

/// An open WebSocket.
struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// In the order they were sent.
    waiting: VecDeque<Waiting>,
}

/// Where requests go.
#[derive(Debug)]
struct Way {
    url: String,
    /// Calls in a message.
    batch: usize,
    /// Messages unanswered at most.
    window: usize,
}

pub(super) async fn drive(
    lane: Lane,
    options: &RunOptions,
    batch: usize,
) -> Result<Tally, LinkError> {
    let url = ws_url(&options.url).map_err(LinkError::Address)?;
    let way = Way { url, batch, window: lane::window(options) };
    outage::drive::<Socket>(&way, lane, options.patience).await
}

fn failed(error: Error) -> LinkError {
    LinkError::WebSocket(Box::new(error))
}

impl Connection for Socket {
    type Way = Way;

    async fn open(way: &Way) -> Result<Self, LinkError> {
        let opening = tokio_tungstenite::connect_async(&way.url);
        let (socket, _) = opening.await.map_err(failed)?;
        Ok(Self { socket, waiting: VecDeque::new() })
    }

    async fn play(
        &mut self,
        way: &Way,
        lane: &mut Lane,
        outage: &mut Outage,
    ) -> Result<(), LinkError> {
        let (mut id, mut is_more) = (0, true);
        while is_more || !self.waiting.is_empty() {
            tokio::select! {
                items = lane.next(way.batch), if is_more && self.waiting.len() < way.window => {
                    let Some(items) = items else { is_more = false; continue };
                    let text = answer::calls(&items, id, way.batch);
                    let first = id;
                    id += items.len() as u64;
                    self.waiting.push_back(Waiting { first, items });
                    self.socket.send(Message::text(text)).await.map_err(failed)?;
                }
                message = self.socket.next(), if !self.waiting.is_empty() => {
                    let closed = LinkError::Closed(self.waiting.len());
                    match message.ok_or(closed)?.map_err(failed)? {
                        Message::Text(text) => {
                            let (items, said) = matched(text.as_bytes(), &mut self.waiting)?;
                            lane.answered(items, said);
                            outage.is_over();
                            // Something may have to be sent again.
                            is_more = true;
                        }
                        Message::Close(_) => return Err(LinkError::Closed(self.waiting.len())),
                        // Pings are answered by the library.
                        _ => {}
                    }
                }
            }
        }
        // The endpoint need not hear it.
        let _closed = self.socket.close(None).await;
        Ok(())
    }

    fn unanswered(self) -> impl Iterator<Item = Vec<Item>> {
        self.waiting.into_iter().map(|waiting| waiting.items)
    }
}

/// The request that a message answers. Most are answered in order, so it is looked for from the oldest.
fn matched(
    text: &[u8],
    waiting: &mut VecDeque<Waiting>,
) -> Result<(Vec<Item>, Vec<Answer>), LinkError> {
    let found = waiting
        .iter()
        .enumerate()
        .find_map(|(place, one)| Some((place, answer::answers(text, one.first, one.items.len())?)));
    let taken = found.and_then(|(place, said)| Some((waiting.remove(place)?, said)));
    match taken {
        Some((one, said)) => Ok((one.items, said)),
        None => Err(LinkError::Answer(String::from_utf8_lossy(text).chars().take(200).collect())),
    }
}
