//! JSON-RPC over a WebSocket: several requests on their way, answered in any order.

use std::collections::VecDeque;

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{
    super::{
        RunOptions,
        lane::{self, Item, Lane},
        tally::Tally,
    },
    LinkError,
    answer::{self, Answer},
};
use crate::rpc::ws_url;

/// A request without its answer.
struct Waiting {
    /// The id of its first call.
    first: u64,
    items: Vec<Item>,
}

pub(super) async fn drive(
    mut lane: Lane,
    options: &RunOptions,
    batch: usize,
) -> Result<Tally, LinkError> {
    let url = ws_url(&options.url).map_err(LinkError::Address)?;
    let failed = |error: Error| LinkError::WebSocket(Box::new(error));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.map_err(failed)?;
    let window = lane::window(options);
    let mut waiting: VecDeque<Waiting> = VecDeque::new();
    let (mut id, mut is_more) = (0, true);
    while is_more || !waiting.is_empty() {
        tokio::select! {
            items = lane.next(batch), if is_more && waiting.len() < window => {
                let Some(items) = items else { is_more = false; continue };
                let text = answer::calls(&items, id, batch);
                let first = id;
                id += items.len() as u64;
                waiting.push_back(Waiting { first, items });
                socket.send(Message::text(text)).await.map_err(failed)?;
            }
            message = socket.next(), if !waiting.is_empty() => {
                let Some(message) = message else { return Err(LinkError::Closed(waiting.len())) };
                match message.map_err(failed)? {
                    Message::Text(text) => {
                        let (items, said) = matched(text.as_bytes(), &mut waiting)?;
                        lane.answered(items, said);
                        // Something may have to be sent again.
                        is_more = true;
                    }
                    Message::Close(_) => return Err(LinkError::Closed(waiting.len())),
                    // Pings are answered by the library.
                    _ => {}
                }
            }
        }
    }
    // The endpoint need not hear it.
    let _closed = socket.close(None).await;
    Ok(lane.tally)
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
