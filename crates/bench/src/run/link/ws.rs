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
    outage::Outage,
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

pub(super) async fn drive(
    mut lane: Lane,
    options: &RunOptions,
    batch: usize,
) -> Result<Tally, LinkError> {
    let url = ws_url(&options.url).map_err(LinkError::Address)?;
    let window = lane::window(options);
    let mut outage = Outage::new(options.patience);
    let mut first = Some(Socket::open(&url).await?);
    loop {
        let socket = match first.take() {
            Some(socket) => Ok(socket),
            None => Socket::open(&url).await,
        };
        let error = match socket {
            Ok(mut socket) => match socket.play(&mut lane, batch, window, &mut outage).await {
                Ok(()) => {
                    // The endpoint need not hear it.
                    let _closed = socket.socket.close(None).await;
                    return Ok(lane.tally);
                }
                Err(error) => {
                    let said = error.to_string();
                    for waiting in socket.waiting {
                        lane.lost(waiting.items, &said);
                    }
                    error
                }
            },
            Err(error) => error,
        };
        if !error.may_pass() {
            return Err(error);
        }
        outage.rest(&mut lane, error).await?;
    }
}

fn failed(error: Error) -> LinkError {
    LinkError::WebSocket(Box::new(error))
}

impl Socket {
    async fn open(url: &str) -> Result<Self, LinkError> {
        let (socket, _) = tokio_tungstenite::connect_async(url).await.map_err(failed)?;
        Ok(Self { socket, waiting: VecDeque::new() })
    }

    /// Sends what the lane has until there is nothing more.
    async fn play(
        &mut self,
        lane: &mut Lane,
        batch: usize,
        window: usize,
        outage: &mut Outage,
    ) -> Result<(), LinkError> {
        let (mut id, mut is_more) = (0, true);
        while is_more || !self.waiting.is_empty() {
            tokio::select! {
                items = lane.next(batch), if is_more && self.waiting.len() < window => {
                    let Some(items) = items else { is_more = false; continue };
                    let text = answer::calls(&items, id, batch);
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
        Ok(())
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
