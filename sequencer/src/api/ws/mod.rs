//! JSON-RPC over WebSocket: one loop that reads, one that writes, and a task for each message that is answered.
//!
//! ```text
//!  messages ─▶ read ─ room? ─▶ task ─ answers ─┐
//!                                              ├▶ write ─▶ client
//!            subscriptions ─ notices (bounded) ┘
//! ```
//! The library's own loop starts a task for every message, however many wait for an answer, and does not show what it
//! could not parse. Invariant: a message has its place (`room.rs`) until its answer is written, so a client that asks and
//! does not read costs bounded memory. A reader that takes nothing for too long is closed.

mod room;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{
        FromRequestParts, Request,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{Extensions, Response},
    response::IntoResponse,
};
use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use jsonrpsee::{
    MethodResponse,
    core::middleware::RpcServiceBuilder,
    server::{ConnectionPermit, MethodSink, Methods, StopHandle},
};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::room::{Place, Room};
use super::{
    answer::{Counted, answer, refusal},
    dispatch::Dispatch,
    errors,
    limits::{
        CLOSE_WAIT_MAX, PING_INTERVAL, REQUEST_BYTES_MAX, REQUEST_DRAIN_BYTES_MAX,
        SLOW_READER_WAIT_MAX, SUBSCRIPTION_MESSAGES_MAX,
    },
    methods::{Meter, Methods as Measured, MethodsLayer},
};
use crate::quota::{Client, Running};

/// "Service restart": clients come back.
const CLOSE_RESTART: u16 = 1_012;
/// A client answers pings; one that is silent for longer than this is gone.
const SILENCE_MAX: Duration = Duration::from_secs(2 * PING_INTERVAL.as_secs());

/// Bytes that a connection reads or writes at once. The library's default would keep 128 KiB for each that is idle.
const BUFFER_BYTES: usize = 16 << 10;

/// Ends the WebSocket connection whose subscription cannot keep up.
#[derive(Debug, Clone)]
pub(super) struct ConnectionEnd(pub(super) CancellationToken);

/// What a connection has from the door.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) methods: Methods,
    pub(super) meter: Meter,
    pub(super) client: Client,
    pub(super) running: Running,
    pub(super) permit: ConnectionPermit,
    pub(super) stop: StopHandle,
}

/// Why reading ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// The client has closed the connection.
    Closed,
    /// Nothing can be said to the client any more.
    Lost,
    /// The doors close.
    Restart,
}

/// An answer and the place that it frees once it is written.
type Answer = (Box<RawValue>, Place);

impl Connection {
    /// Turns a request into a connection that is served from then on.
    pub(super) async fn upgrade(self, request: Request) -> Response<Body> {
        let (mut parts, _) = request.into_parts();
        let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => upgrade,
            Err(refused) => return refused.into_response(),
        };
        let extensions = parts.extensions;
        upgrade
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            // Longer than is answered, so that the client is told.
            .max_message_size(REQUEST_DRAIN_BYTES_MAX)
            .max_frame_size(REQUEST_DRAIN_BYTES_MAX)
            .on_upgrade(move |socket| self.serve(socket, extensions))
    }

    async fn serve(self, socket: WebSocket, mut extensions: Extensions) {
        let Self { methods, meter, client, running: _running, permit: _permit, stop } = self;
        let (to_client, from_client) = socket.split();
        let (notify, notices) = mpsc::channel(SUBSCRIPTION_MESSAGES_MAX as usize);
        // Never full: who sends an answer has a place.
        let (answers, answered) = mpsc::unbounded_channel();
        let (finish, finished) = oneshot::channel();
        let end = CancellationToken::new();
        extensions.insert(ConnectionEnd(end.clone()));
        let sink = MethodSink::new(notify);
        let layer = MethodsLayer { notifies: true, client: client.clone(), meter };
        let dispatch = Dispatch::with_subscriptions(methods, sink.clone());
        let service = RpcServiceBuilder::new().layer(layer).service(dispatch);
        let reader = Reader {
            service: Arc::new(service),
            client,
            extensions,
            room: Arc::new(Room::default()),
            sink,
            answers,
        };
        let mut writer = tokio::spawn(write(to_client, notices, answered, finished));
        let ended = tokio::select! {
            ended = reader.read(from_client, stop.clone()) => ended,
            () = end.cancelled() => Ended::Lost,
            _ = &mut writer => return,
        };
        if ended != Ended::Lost {
            let restart = ended == Ended::Restart;
            if restart {
                // What was asked is answered, if that does not take long.
                let _ = tokio::time::timeout(CLOSE_WAIT_MAX, reader.room.empty()).await;
            }
            let _ = finish.send(restart.then_some(CLOSE_RESTART));
            let _ = tokio::time::timeout(CLOSE_WAIT_MAX, &mut writer).await;
        }
        // With it goes whatever still waits to be written, and so every task of this connection.
        writer.abort();
    }
}

/// Reads messages and has them answered.
#[derive(Debug)]
struct Reader {
    service: Arc<Measured<Dispatch>>,
    client: Client,
    extensions: Extensions,
    room: Arc<Room>,
    sink: MethodSink,
    answers: mpsc::UnboundedSender<Answer>,
}

impl Reader {
    async fn read(&self, mut from_client: SplitStream<WebSocket>, stop: StopHandle) -> Ended {
        let stopped = stop.shutdown();
        tokio::pin!(stopped);
        loop {
            let next = tokio::select! {
                () = &mut stopped => return Ended::Restart,
                next = tokio::time::timeout(SILENCE_MAX, from_client.next()) => next,
            };
            let message = match next {
                Ok(Some(Ok(Message::Text(text)))) => Bytes::from(text),
                Ok(Some(Ok(Message::Binary(bytes)))) => bytes,
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Ok(Some(Ok(Message::Close(_)))) => return Ended::Closed,
                Ok(None | Some(Err(_))) | Err(_) => return Ended::Lost,
            };
            if !self.take(message).await {
                metrics::counter!("braid_rpc_slow_readers_closed_total").increment(1);
                return Ended::Lost;
            }
        }
    }

    /// Has a message answered. False if the client does not even take refusals.
    async fn take(&self, message: Bytes) -> bool {
        let refused = if message.len() > REQUEST_BYTES_MAX as usize {
            refusal(&[], errors::request_too_large())
        } else if let Some(place) = self.room.enter() {
            self.answer(message, place);
            return true;
        } else {
            crate::metrics::refused("unanswered");
            refusal(&message, errors::unanswered())
        };
        self.sink.send_timeout(refused, SLOW_READER_WAIT_MAX).await.is_ok()
    }

    fn answer(&self, message: Bytes, mut place: Place) {
        let (service, client) = (self.service.clone(), self.client.clone());
        let (extensions, answers, sink) =
            (self.extensions.clone(), self.answers.clone(), self.sink.clone());
        tokio::spawn(async move {
            let answering = answer(&*service, &client, Counted::No, &message, &extensions);
            // Nobody is there to read an answer once the connection is closed.
            let json = tokio::select! {
                response = answering => response.map(MethodResponse::into_json),
                () = sink.closed() => return,
            };
            if let Some(json) = json {
                place.hold(json.get().len());
                let _ = answers.send((json, place));
            }
        });
    }
}

/// Writes answers and notices until it is told to finish, perhaps with a close code, or nobody reads any more.
async fn write(
    mut to_client: SplitSink<WebSocket, Message>,
    mut notices: mpsc::Receiver<Box<RawValue>>,
    mut answers: mpsc::UnboundedReceiver<Answer>,
    mut finished: oneshot::Receiver<Option<u16>>,
) {
    let first = tokio::time::Instant::now() + PING_INTERVAL;
    let mut pings = tokio::time::interval_at(first, PING_INTERVAL);
    let text = |json: Box<RawValue>| Message::Text(String::from(Box::<str>::from(json)).into());
    loop {
        let (message, _place) = tokio::select! {
            Some((json, place)) = answers.recv() => (text(json), Some(place)),
            Some(json) = notices.recv() => (text(json), None),
            _ = pings.tick() => (Message::Ping(Bytes::new()), None),
            code = &mut finished => {
                if let Ok(Some(code)) = code {
                    let frame = CloseFrame { code, reason: "".into() };
                    let _ = to_client.send(Message::Close(Some(frame))).await;
                }
                let _ = to_client.close().await;
                return;
            }
        };
        if to_client.send(message).await.is_err() {
            return;
        }
    }
}
